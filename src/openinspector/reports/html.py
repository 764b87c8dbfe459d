"""One self-contained HTML page: no external resource, works without script, prints well.

The only script is our own, admitted by its digest in a content security policy; everything from
the target is escaped by the template engine and made visible where it would hide.
"""

import base64
import hashlib
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

from openinspector.assess.assessment import SEVERITIES
from openinspector.assess.coverage import part_of
from openinspector.model.finding import Finding, Severity
from openinspector.reports.report import (
    PARTS,
    STATES,
    Group,
    Issue,
    Report,
    checks_of,
    groups_of,
    headline,
    target_of,
    unscanned,
)
from openinspector.reports.text import safe

_TEMPLATES = Path(__file__).parent / "templates"
_REFERENCES = 8
"""Links of one vulnerability."""

_WORDS: dict[Severity, str] = {
    "CRITICAL": "Critical",
    "HIGH": "High",
    "MEDIUM": "Medium",
    "LOW": "Low",
    "INFORMATIONAL": "Info",
    "UNTRIAGED": "Untriaged",
}


def render(report: Report) -> bytes:
    """The page."""
    style, script = _resource("report.css"), _resource("report.js")
    policy = (
        "default-src 'none'; "
        f"style-src 'sha256-{_digest(style)}'; script-src 'sha256-{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    groups = groups_of(report)
    counts = report.assessment.summary.severities
    page: str = _template().render(
        style=style,
        script=script,
        policy=policy,
        target=target_of(report),
        headline=headline(report),
        generated=report.generated_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        version=report.version,
        database=report.database,
        counts=[(x, _WORDS[x], counts.get(x, 0)) for x in SEVERITIES],
        signals=_signals(report, groups),
        missing=unscanned(report),
        groups=[_group(group) for group in groups],
        checks=[_check(finding) for finding in checks_of(report)],
        suppressed=[_suppressed(finding) for finding in report.assessment.suppressed],
        coverage=report.assessment.coverage,
        notes=report.assessment.notes,
        parts=PARTS,
        states=STATES,
    )
    return page.encode("utf-8", "replace")


@cache
def _resource(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")


def _digest(text: str) -> str:
    """What a content security policy calls the text of an inline element by."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["safe_text"] = safe
    environment.filters["words"] = _words
    return environment.get_template("report.html")


def _words(text: str) -> str:
    """A text of several lines with what does not print made visible."""
    return "\n".join(safe(line) for line in text.split("\n"))


def _signals(report: Report, groups: list[Group]) -> list[tuple[str, int]]:
    """Facts beside the severities, those that are not zero."""
    issues = {issue.finding.finding_arn: issue for group in groups for issue in group.issues}
    findings = report.assessment.findings
    counted = (
        ("fixable", sum(x.fix_available in ("YES", "PARTIAL") for x in findings)),
        ("known to be exploited", sum(x.known_exploited for x in issues.values())),
        ("with a public exploit", sum(x.exploit for x in issues.values())),
        ("suppressed", len(report.assessment.suppressed)),
    )
    return [(name, number) for name, number in counted if number]


def _group(group: Group) -> dict[str, Any]:
    system = part_of(group.ecosystem) == "os-packages"
    return {
        "name": group.name,
        "version": group.version,
        "ecosystem": group.ecosystem,
        "members": [] if group.members == [group.name] else group.members,
        "paths": [] if system else group.paths,
        "layers": group.layers,
        "upgrade": group.upgrade,
        "fixable": group.fixable,
        "worst": SEVERITIES.index(group.issues[0].severity),
        "epss": max((issue.epss or 0.0 for issue in group.issues), default=0.0),
        "issues": [_issue(issue) for issue in group.issues],
    }


def _issue(issue: Issue) -> dict[str, Any]:
    details = issue.finding.package_vulnerability_details
    urls = [issue.url, *((details.reference_urls or ()) if details else ())]
    vector = issue.finding.inspector_score_details
    return {
        "identity": issue.identity,
        "severity": issue.severity,
        "word": _WORDS[issue.severity],
        "score": None if issue.score is None else f"{issue.score:.1f}",
        "vector": vector.adjusted_cvss.scoring_vector if vector and vector.adjusted_cvss else "",
        "text": issue.text,
        "description": issue.finding.description,
        "fixed": issue.fixed,
        "known_exploited": issue.known_exploited,
        "exploit": issue.exploit,
        "epss": None if issue.epss is None else f"{issue.epss:.2%}",
        "likely": f"{issue.epss:.0%}" if issue.epss is not None and issue.epss >= 0.01 else None,
        "why": issue.why,
        "links": [link for link in dict.fromkeys(urls) if _is_link(link)][:_REFERENCES],
        "related": (details.related_vulnerabilities or []) if details else [],
    }


def _is_link(url: str) -> bool:
    """Only addresses of the web become links; `javascript:` and its like stay text."""
    return url.startswith(("https://", "http://")) and safe(url) == url


def _check(finding: Finding) -> dict[str, Any]:
    details = finding.code_vulnerability_details
    assert details is not None
    place = details.file_path
    advice = finding.remediation.recommendation
    return {
        "identity": details.detector_id,
        "name": details.detector_name,
        "severity": finding.severity,
        "word": _WORDS[finding.severity],
        "place": f"{place.file_path}:{place.start_line}" if place.start_line else place.file_path,
        "description": finding.description,
        "advice": (advice.text or "") if advice else "",
    }


def _suppressed(finding: Finding) -> dict[str, Any]:
    return {"title": finding.title or finding.finding_arn, "word": _WORDS[finding.severity]}
