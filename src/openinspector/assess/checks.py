"""Findings that no advisory speaks of: configuration checks, a discontinued operating system.

spec/sbom-generator.md 5.4 and 5.5, 4.6. The Finding type has no configuration checks of its own,
so a check is a CODE_VULNERABILITY at the lines of its file.
"""

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


class Facts(msgspec.Struct, frozen=True):
    """What is said of a check wherever it fires. `cwes` are identifiers (`CWE-250`)."""

    severity: Severity
    title: str
    description: str
    cwes: tuple[str, ...]
    advice: str = ""
    url: str = ""


_CERTIFICATE = Facts(
    "MEDIUM",
    "Expired certificate",
    "The certificate has expired: clients that check it refuse the connection, and clients that "
    "do not can be deceived with it.",
    ("CWE-298", "CWE-324"),
    "Replace the certificate, or remove the file if nothing uses it.",
)


def facts_of(check: ConfigurationCheck) -> Facts:
    """What is said of a check; one that no table knows (of a foreign SBOM) is told by its name."""
    if check.id.startswith("IN-CERTIFICATE"):
        return _CERTIFICATE
    from openinspector.inventory.dockerfile_checks import CHECKS

    row = CHECKS.get(check.id)
    if row is None:
        name = clean(check.id, 128) or "?"
        return Facts("UNTRIAGED", name, f"The check {name} fired.", ("CWE-16",))
    return Facts(row.severity, row.title, row.description, row.cwes, row.advice, row.url)


def identity_of(check: ConfigurationCheck) -> tuple[str, ...]:
    """What tells a check at a place from all others of a resource."""
    return check.id, check.path, str(check.begin_line), str(check.end_line)


def check_finding(check: ConfigurationCheck, context: Context) -> Finding:
    """The finding of one check at one place."""
    facts = facts_of(check)
    path = clean(check.path, 4096) or "Dockerfile"
    text = facts.description if not check.detail else f"{facts.description} {check.detail}"
    numbers = ",".join(cwe.removeprefix("CWE-") for cwe in facts.cwes)
    advice = Recommendation(text=facts.advice, url=facts.url or None) if facts.advice else None
    return Finding(
        finding_arn=finding_arn(context.place, context.resource.id, *identity_of(check)),
        aws_account_id=context.place.account,
        type="CODE_VULNERABILITY",
        title=clean(f"CWE-{numbers} - {facts.title}"),
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
            detector_id=clean(check.id, 128) or "?",
            detector_name=facts.title,
            rule_id=clean(check.id, 128) or "?",
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
