"""SARIF 2.1.0 (OASIS), as GitHub code scanning and other viewers take it.

One rule for each vulnerability or check, one result for each finding with every place that proves
it. Coverage gaps are notifications of the invocation.
"""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from openinspector.assess.observation import Observation
from openinspector.inventory.sbom.json_document import encode
from openinspector.model.finding import Finding, Severity
from openinspector.reports.report import Report, first_sentence, gap_lines, unscanned

_LEVELS: dict[Severity, str] = {
    "CRITICAL": "error",
    "HIGH": "error",
    "MEDIUM": "warning",
    "LOW": "note",
    "INFORMATIONAL": "note",
    "UNTRIAGED": "warning",
}
_SCORES: dict[Severity, str] = {
    "CRITICAL": "9.5",
    "HIGH": "8.0",
    "MEDIUM": "5.5",
    "LOW": "2.0",
    "INFORMATIONAL": "0.1",
}
"""`security-severity` where no score is known: within the range that GitHub gives each word."""

_PLACES = 100
"""Locations of one result."""
_MESSAGE = 1000
_ROOT = "%SRCROOT%"


def render(report: Report) -> bytes:
    """SARIF 2.1.0, indented."""
    assessment = report.assessment
    observations = {each.vulnerability.id: each for each in assessment.observations}
    findings = [*assessment.findings, *assessment.suppressed]
    rules: dict[str, int] = {}
    for finding in findings:
        rules.setdefault(_identity(finding), len(rules))
    described = {_identity(finding): finding for finding in reversed(findings)}
    run = {
        "tool": {
            "driver": {
                "name": "OpenInspector",
                "version": report.version,
                "semanticVersion": report.version,
                "rules": [_rule(described[identity], observations) for identity in rules],
            }
        },
        "automationDetails": {"id": f"openinspector/{_words(report.inventory.target.name, 200)}/"},
        "invocations": [_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(x, rules, observations, report) for x in findings],
    }
    sarif = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return msgspec.json.format(encode(sarif), indent=2) + b"\n"


def _identity(finding: Finding) -> str:
    if finding.package_vulnerability_details is not None:
        return finding.package_vulnerability_details.vulnerability_id
    if finding.code_vulnerability_details is not None:
        return finding.code_vulnerability_details.detector_id
    return finding.type


def _words(text: str, most: int) -> str:
    """Text on one line, without what does not print, and without SARIF's embedded links.

    Those are `[text](target)` (section 3.11.6), which a hostile name must not make.
    """
    line = " ".join("".join(x if x.isprintable() else " " for x in text).split())
    return line.replace("](", "] (")[:most]


def _rule(finding: Finding, observations: dict[str, Observation]) -> dict[str, Any]:
    identity = _identity(finding)
    details = finding.package_vulnerability_details
    code = finding.code_vulnerability_details
    observation = observations.get(identity)
    summary = observation.vulnerability.summary if observation is not None else ""
    short = code.detector_name if code else summary or first_sentence(finding.description)
    severity = "security-severity"
    score = finding.inspector_score
    tags = ["security", "vulnerability" if details else "configuration"]
    cwes = code.cwes if code else observation.vulnerability.cwes if observation else ()
    tags += [f"external/cwe/{cwe.lower()}" for cwe in cwes]
    properties: dict[str, Any] = {"tags": tags, "precision": "very-high"}
    if score is not None or finding.severity in _SCORES:
        properties[severity] = _SCORES[finding.severity] if score is None else f"{score:.1f}"
    rule = {
        "id": identity,
        "name": code.detector_name if code else "VulnerablePackage",
        "shortDescription": {"text": _words(short, 200) or identity},
        "fullDescription": {"text": _words(finding.description, _MESSAGE) or identity},
        "help": {"text": _help(finding)},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": properties,
    }
    url = details.source_url if details else next(iter((code and code.reference_urls) or ()), None)
    return {**rule, "helpUri": url} if url else rule


def _help(finding: Finding) -> str:
    details = finding.package_vulnerability_details
    lines = [_words(finding.description, _MESSAGE)]
    packages = (details.vulnerable_packages or ()) if details else ()
    lines += dict.fromkeys(_words(x.remediation, 300) for x in packages if x.remediation)
    advice = finding.remediation.recommendation
    if advice is not None and advice.text and not details:
        lines.append(_words(advice.text, 300))
    return "\n\n".join(line for line in lines if line and line != "NotAvailable")


def _result(
    finding: Finding,
    rules: dict[str, int],
    observations: dict[str, Observation],
    report: Report,
) -> dict[str, Any]:
    identity = _identity(finding)
    places = list(_places(finding, observations.get(identity)))
    result: dict[str, Any] = {
        "ruleId": identity,
        "ruleIndex": rules[identity],
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": places[:_PLACES] or [_location(report.inventory.target.name)],
        "partialFingerprints": {"findingArn/v1": finding.finding_arn.rpartition("/")[2]},
        "properties": {
            "findingArn": finding.finding_arn,
            "severity": finding.severity,
            "fixAvailable": finding.fix_available,
            "exploitAvailable": finding.exploit_available,
            "epss": finding.epss.score if finding.epss else None,
        },
    }
    if finding.status == "SUPPRESSED":
        result["suppressions"] = [{"kind": "external", "status": "accepted"}]
    result["properties"] = {k: v for k, v in result["properties"].items() if v is not None}
    return result


def _message(finding: Finding) -> str:
    details = finding.package_vulnerability_details
    if details is None:
        return _words(finding.description, _MESSAGE) or "Configuration check"
    named = []
    for package in details.vulnerable_packages or ():
        release = f"-{package.release}" if package.release else ""
        epoch = f"{package.epoch}:" if package.epoch else ""
        fixed = package.fixed_in_version
        advice = "no fix" if fixed in (None, "NotAvailable") else f"fixed in {fixed}"
        installed = f"{epoch}{package.version}{release}"
        named.append(_words(f"{package.name} {installed} ({advice})", 300))
    text = f"{details.vulnerability_id} affects {'; '.join(dict.fromkeys(named))}."
    return text[:_MESSAGE]


def _places(finding: Finding, observation: Observation | None) -> Iterator[dict[str, Any]]:
    """Files that prove a finding; each once."""
    code = finding.code_vulnerability_details
    if code is not None:
        place = code.file_path
        yield _location(place.file_path, place.start_line, place.end_line)
        return
    paths = dict.fromkeys(_paths(finding, observation))
    yield from (_location(path) for path in paths)


def _paths(finding: Finding, observation: Observation | None) -> Iterable[str]:
    if observation is not None:
        return (place.path for match in observation.matches for place in match.package.locations)
    details = finding.package_vulnerability_details
    packages = (details.vulnerable_packages or ()) if details else ()
    return (package.file_path for package in packages if package.file_path)


def _location(path: str, begin: int = 1, end: int = 1) -> dict[str, Any]:
    begin = max(begin, 1)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri(path), "uriBaseId": _ROOT},
            "region": {"startLine": begin, "endLine": max(end, begin)},
        }
    }


def uri(path: str) -> str:
    """A path as a relative URI reference (RFC 3986): nothing in it acts as a scheme or a query.

    Dot segments are encoded too, so that no viewer leaves the root with them; names that are not
    UTF-8 keep their bytes.
    """
    parts = path.encode("utf-8", "surrogateescape").lstrip(b"/").split(b"/")
    return "/".join(
        quote(x, safe="").replace("%21", "!") if x.strip(b".") else _dots(x) for x in parts
    )


def _dots(part: bytes) -> str:
    return "%2E" * len(part)


def _invocation(report: Report) -> dict[str, Any]:
    notifications = [
        {
            "level": "warning" if state == "scanned in part" else "error",
            "message": {"text": _words(f"{part}, {state}: {reason}", _MESSAGE)},
            "descriptor": {"id": "coverage-gap"},
        }
        for part, state, reason in gap_lines(report)
    ]
    failed = any(part.state == "not-scanned" for part in unscanned(report))
    return {
        "executionSuccessful": not failed,
        "endTimeUtc": report.generated_at.strftime("%Y-%m-%dT%H:%M:%S.")
        + f"{report.generated_at.microsecond // 1000:03d}Z",
        "toolExecutionNotifications": notifications,
    }
