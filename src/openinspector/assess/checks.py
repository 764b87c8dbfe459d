"""Findings that no advisory speaks of: configuration checks, a discontinued operating system.

spec/sbom-generator.md 5.4 and 5.5, 4.6. The Finding type has no configuration checks of its own,
so a check is a CODE_VULNERABILITY at the lines of its file.
"""

from typing import Any

import msgspec

from openinspector.assess.findings import NONE_PROVIDED, Context, clean
from openinspector.assess.resources import finding_arn
from openinspector.model import ConfigurationCheck, Distribution
from openinspector.model.finding import (
    CodeFilePath,
    CodeVulnerabilityDetails,
    Finding,
    PackageVulnerabilityDetails,
    Recommendation,
    Remediation,
    Severity,
    VulnerablePackage,
)

DISCONTINUED = "IN-DISCONTINUED-001"
SOURCE = "AMAZON_INSPECTOR"


class CheckFacts(msgspec.Struct, frozen=True):
    """What is said of a check wherever it fires. `cwes` are identifiers (`CWE-250`)."""

    name: str
    description: str
    severity: Severity
    cwes: tuple[str, ...]
    advice: str = ""
    url: str = ""


_DOCKERFILE = "https://docs.docker.com/build/building/best-practices/"

_CWES = {
    "IN-DOCKER-001": "CWE-1104",
    "IN-DOCKER-002": "CWE-250",
    "IN-DOCKER-003": "CWE-250",
    "IN-DOCKER-004": "CWE-710",
    "IN-DOCKER-005": "CWE-295",
    "IN-DOCKER-006": "CWE-295",
    "IN-DOCKER-007": "CWE-798",
    "IN-DOCKER-008": "CWE-1059",
}
"""The weakness behind each group of checks (cwe.mitre.org)."""

_CERTIFICATE = CheckFacts(
    name="Expired certificate",
    description="The certificate has expired: clients that check it refuse the connection, and "
    "clients that do not can be deceived with it.",
    severity="MEDIUM",
    cwes=("CWE-298", "CWE-324"),
    advice="Replace the certificate, or remove the file if nothing uses it.",
)


def facts_of(check: ConfigurationCheck) -> CheckFacts:
    """What is said of a check; one that is not in the table is told by its identifier."""
    if check.id.startswith("IN-CERTIFICATE"):
        return _CERTIFICATE
    from openinspector.inventory.catalogers.dockerfile import CHECKS

    row: Any = CHECKS.get(check.id)
    cwes = (_CWES.get(check.id[:13], "CWE-16"),)
    if row is None:
        return CheckFacts(check.id, f"The check {check.id} fired.", "UNTRIAGED", cwes)
    raise NotImplementedError(row)


def check_finding(check: ConfigurationCheck, context: Context) -> Finding:
    """The finding of one check at one place."""
    facts = facts_of(check)
    path = clean(check.path, 4096) or "Dockerfile"
    text = facts.description if not check.detail else f"{facts.description} {check.detail}"
    numbers = ",".join(cwe.removeprefix("CWE-") for cwe in facts.cwes)
    identity = (check.id, check.path, str(check.begin_line), str(check.end_line))
    advice = Recommendation(text=facts.advice, url=facts.url or None) if facts.advice else None
    return Finding(
        finding_arn=finding_arn(context.place, context.resource.id, *identity),
        aws_account_id=context.place.account,
        type="CODE_VULNERABILITY",
        title=clean(f"CWE-{numbers} - {facts.name}"),
        description=clean(text),
        severity=facts.severity,
        first_observed_at=context.instant,
        last_observed_at=context.instant,
        updated_at=context.instant,
        status="ACTIVE",
        remediation=Remediation(recommendation=advice) if advice else NONE_PROVIDED,
        resources=[context.resource],
        code_vulnerability_details=CodeVulnerabilityDetails(
            file_path=CodeFilePath(
                file_name=path.rpartition("/")[2] or path,
                file_path=path,
                start_line=check.begin_line,
                end_line=check.end_line,
            ),
            detector_id=check.id,
            detector_name=facts.name,
            rule_id=check.id,
            cwes=list(facts.cwes),
            reference_urls=[facts.url] if facts.url else None,
        ),
    )


def discontinued_finding(distribution: Distribution, context: Context) -> Finding:
    """The finding of an operating system that its vendor no longer supports."""
    name = clean(distribution.name) or "?"
    version = clean(distribution.version) or "?"
    return Finding(
        finding_arn=finding_arn(context.place, context.resource.id, DISCONTINUED),
        aws_account_id=context.place.account,
        type="PACKAGE_VULNERABILITY",
        title=clean(f"{DISCONTINUED} - {name}"),
        description=clean(
            f"Discontinued operating system: support for {name} {version} ended on "
            f"{distribution.end_of_life}. It gets no more security updates, and vulnerabilities "
            "found since may go unreported."
        ),
        severity="CRITICAL",
        first_observed_at=context.instant,
        last_observed_at=context.instant,
        updated_at=context.instant,
        status="ACTIVE",
        remediation=Remediation(
            recommendation=Recommendation(text="Move to a release that its vendor supports.")
        ),
        resources=[context.resource],
        fix_available="NO",
        exploit_available="NO",
        package_vulnerability_details=PackageVulnerabilityDetails(
            vulnerability_id=DISCONTINUED,
            source=SOURCE,
            source_url="https://docs.aws.amazon.com/inspector/latest/user/supported.html",
            cvss=[],
            related_vulnerabilities=[],
            reference_urls=[],
            vendor_severity="CRITICAL",
            vulnerable_packages=[
                VulnerablePackage(
                    name=name,
                    version=version,
                    epoch=0,
                    package_manager="OS",
                    fixed_in_version="NotAvailable",
                    remediation="NotAvailable",
                )
            ],
        ),
    )
