"""CSV in the columns of a findings report of the API (spec/exports.md 3), safe in spreadsheets."""

import csv
import io
import ipaddress
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from openinspector.model.finding import (
    AwsEc2InstanceDetails,
    CvssScore,
    Finding,
    PackageVulnerabilityDetails,
    Resource,
    VulnerablePackage,
)
from openinspector.patterns import regex
from openinspector.reports.report import Report, gap_lines
from openinspector.reports.text import safe as visible

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet take a cell for a formula, also in full width (OWASP CSV injection)."""

_ACTING = regex("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal acts on, and what turns text around; line breaks and tabs are quoted as data."""

NOT_SCANNED = "COVERAGE_GAP"
"""Finding type of the lines that say what was not scanned; no type of the API."""


class _Row(msgspec.Struct):
    """One finding, taken apart for the columns."""

    finding: Finding
    resource: Resource
    details: PackageVulnerabilityDetails | None
    packages: Sequence[VulnerablePackage]
    instance: AwsEc2InstanceDetails | None
    now: datetime


def render(report: Report) -> bytes:
    r"""The findings as CSV (RFC 4180, CRLF, UTF-8), then one line for each gap in coverage.

    A cell that a spreadsheet would run begins with an apostrophe (`'=1+1`), as OWASP advises, and
    what a terminal would act on is shown (`\x1b`); all other cells are unchanged. Lines about gaps
    have the type `COVERAGE_GAP`, no severity, and the reason as title.
    """
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows(report.assessment.findings, report.generated_at):
        writer.writerow(safe(row))
    for row in _gap_rows(report):
        writer.writerow(safe(row))
    return target.getvalue().encode("utf-8")


def rows(findings: Iterable[Finding], now: datetime) -> Iterator[list[str]]:
    """The cells of each finding in the order of `COLUMNS`, as yet unprotected.

    One line for each finding; values of several packages are joined by `, `.
    """
    for finding in findings:
        row = _row(finding, now)
        yield [value(row) for value in _VALUES.values()]


def _gap_rows(report: Report) -> Iterator[list[str]]:
    resource = report.assessment.resource
    account = resource.id.split(":")[4] if resource.id.count(":") > 4 else ""
    told = {"Finding Type": NOT_SCANNED, "Resource ID": resource.id, "AWS Account Id": account}
    told |= {"Resource Type": resource.type, "Region": resource.region or ""}
    for part, state, reason in gap_lines(report):
        cells = {**told, "Title": f"{part}: {state}", "Description": reason}
        yield [cells.get(column, "") for column in COLUMNS]


def safe(row: Iterable[str]) -> list[str]:
    """The cells of a line as they may be written."""
    return [_cell(text) for text in row]


def _cell(text: str) -> str:
    """A cell that no spreadsheet runs and no terminal obeys; NUL and lone surrogates replaced."""
    text = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
    text = _ACTING.sub(lambda found: visible(found[0]), text)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _row(finding: Finding, now: datetime) -> _Row:
    details = finding.package_vulnerability_details
    resource = finding.resources[0]
    return _Row(
        finding=finding,
        resource=resource,
        details=details,
        packages=(details.vulnerable_packages or ()) if details else (),
        instance=resource.details.aws_ec2_instance if resource.details else None,
        now=now,
    )


def _time(seconds: float | None) -> str:
    """ISO 8601 in UTC."""
    if seconds is None:
        return ""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _joined(values: Iterable[str | None]) -> str:
    return ", ".join(value or "" for value in values)


def _version(package: VulnerablePackage) -> str:
    epoch = f"{package.epoch}:" if package.epoch else ""
    release = f"-{package.release}" if package.release else ""
    return f"{epoch}{package.version}{release}"


def _cvss(row: _Row, nvd: bool, major: str) -> CvssScore | None:
    scores = (row.details.cvss or ()) if row.details else ()
    fitting = (x for x in scores if (x.source == "NVD") is nvd and x.version.startswith(major))
    return next(fitting, None)


def _score(nvd: bool, major: str) -> Callable[[_Row], str]:
    def value(row: _Row) -> str:
        score = _cvss(row, nvd, major)
        return str(score.base_score) if score else ""

    return value


def _vector(nvd: bool, major: str) -> Callable[[_Row], str]:
    def value(row: _Row) -> str:
        score = _cvss(row, nvd, major)
        return score.scoring_vector if score else ""

    return value


def _addresses(row: _Row, public: bool) -> str:
    found = []
    for text in (row.instance.ip_v4_addresses or ()) if row.instance else ():
        try:
            if ipaddress.ip_address(text).is_global is public:
                found.append(text)
        except ValueError:
            continue
    return ", ".join(found)


def _platform(row: _Row) -> str:
    details = row.resource.details
    image = details.aws_ecr_container_image if details else None
    function = details.aws_lambda_function if details else None
    if image is not None:
        return image.platform or ""
    if function is not None:
        return function.runtime
    return (row.instance.platform or "") if row.instance else ""


def _image_tags(row: _Row) -> str:
    details = row.resource.details
    image = details.aws_ecr_container_image if details else None
    return _joined(image.image_tags or ()) if image else ""


def _function(row: _Row, member: str) -> str:
    details = row.resource.details
    function = details.aws_lambda_function if details else None
    value = getattr(function, member, None)
    if isinstance(value, float):
        return _time(value)
    return _joined(value) if isinstance(value, list) else value or ""


def _detail(row: _Row, member: str) -> str:
    return getattr(row.details, member, None) or ""


def _remediation(row: _Row) -> str:
    advice = row.finding.remediation.recommendation
    return (advice.text or "") if advice else ""


def _inspector_vector(row: _Row) -> str:
    details = row.finding.inspector_score_details
    return details.adjusted_cvss.scoring_vector if details and details.adjusted_cvss else ""


def _number(value: float | None) -> str:
    return "" if value is None else str(value)


def _path(row: _Row) -> str:
    code = row.finding.code_vulnerability_details
    if code is not None:
        return code.file_path.file_path
    return _joined(x.file_path for x in row.packages if x.file_path)


def _age(row: _Row) -> str:
    return str(max(int((row.now.timestamp() - row.finding.first_observed_at) // 86400), 0))


def _identity(row: _Row) -> str:
    code = row.finding.code_vulnerability_details
    return code.detector_id if code is not None else _detail(row, "vulnerability_id")


def _references(row: _Row) -> str:
    code = row.finding.code_vulnerability_details
    urls = code.reference_urls if code else row.details.reference_urls if row.details else None
    return _joined(urls or ())


def _network_path(row: _Row) -> str:
    network = row.finding.network_reachability_details
    steps = (network.network_path.steps or ()) if network else ()
    return _joined(f"{step.component_id}({step.component_type})" for step in steps)


def _port_range(row: _Row) -> str:
    network = row.finding.network_reachability_details
    return f"{network.open_port_range.begin}-{network.open_port_range.end}" if network else ""


def _last_exploited(row: _Row) -> str:
    details = row.finding.exploitability_details
    return _time(details.last_known_exploit_at) if details else ""


_VALUES: dict[str, Callable[[_Row], str]] = {
    "AWS Account Id": lambda row: row.finding.aws_account_id,
    "Severity": lambda row: row.finding.severity,
    "Fix Available": lambda row: row.finding.fix_available or "",
    "Finding Type": lambda row: row.finding.type,
    "Title": lambda row: row.finding.title or "",
    "Description": lambda row: row.finding.description,
    "Finding ARN": lambda row: row.finding.finding_arn,
    "First Seen": lambda row: _time(row.finding.first_observed_at),
    "Last Seen": lambda row: _time(row.finding.last_observed_at),
    "Last Updated": lambda row: _time(row.finding.updated_at),
    "Resource ID": lambda row: row.resource.id,
    "Container Image Tags": _image_tags,
    "Region": lambda row: row.resource.region or "",
    "Platform": _platform,
    "Resource Tags": lambda row: _joined(
        f"{key}:{value}" for key, value in (row.resource.tags or {}).items()
    ),
    "Affected Packages": lambda row: _joined(x.name for x in row.packages),
    "Package Installed Version": lambda row: _joined(map(_version, row.packages)),
    "Fixed in Version": lambda row: _joined(x.fixed_in_version for x in row.packages),
    "Package Remediation": lambda row: _joined(
        dict.fromkeys(x.remediation for x in row.packages if x.remediation)
    ),
    "File Path": _path,
    "Network Paths": _network_path,
    "Age (Days)": _age,
    "Remediation": _remediation,
    "Inspector Score": lambda row: _number(row.finding.inspector_score),
    "Inspector Score Vector": _inspector_vector,
    "Status": lambda row: row.finding.status,
    "Vulnerability Id": _identity,
    "Vendor": lambda row: _detail(row, "source"),
    "Vendor Severity": lambda row: _detail(row, "vendor_severity"),
    "Vendor Advisory": lambda row: _detail(row, "source_url"),
    "Vendor Advisory Published": lambda row: _time(
        row.details.vendor_created_at if row.details else None
    ),
    "NVD CVSS3 Score": _score(True, "3"),
    "NVD CVSS3 Vector": _vector(True, "3"),
    "NVD CVSS2 Score": _score(True, "2"),
    "NVD CVSS2 Vector": _vector(True, "2"),
    "Vendor CVSS3 Score": _score(False, "3"),
    "Vendor CVSS3 Vector": _vector(False, "3"),
    "Vendor CVSS2 Score": _score(False, "2"),
    "Vendor CVSS2 Vector": _vector(False, "2"),
    "Resource Type": lambda row: row.resource.type,
    "Ami": lambda row: (row.instance.image_id or "") if row.instance else "",
    "Resource Public Ipv4": lambda row: _addresses(row, True),
    "Resource Private Ipv4": lambda row: _addresses(row, False),
    "Resource Ipv6": lambda row: (
        _joined(row.instance.ip_v6_addresses or ()) if row.instance else ""
    ),
    "Resource Vpc": lambda row: (row.instance.vpc_id or "") if row.instance else "",
    "Port Range": _port_range,
    "Epss Score": lambda row: _number(row.finding.epss.score if row.finding.epss else None),
    "Exploit Available": lambda row: row.finding.exploit_available or "",
    "Last Exploited At": _last_exploited,
    "Lambda Layers": lambda row: _function(row, "layers"),
    "Lambda Package Type": lambda row: _function(row, "package_type"),
    "Lambda Last Updated At": lambda row: _function(row, "last_modified_at"),
    "Reference Urls": _references,
    "Detector Name": lambda row: (
        row.finding.code_vulnerability_details.detector_name
        if row.finding.code_vulnerability_details
        else ""
    ),
    "Package Manager": lambda row: _joined(dict.fromkeys(x.package_manager for x in row.packages)),
}
"""The 55 columns of a real export, in its order."""

COLUMNS: tuple[str, ...] = tuple(_VALUES)
