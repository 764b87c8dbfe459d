"""`openinspector findings`: what the service knows, one line a finding, worst first."""

from collections.abc import Callable, Iterator
from typing import Any

import click

from openinspector.cli.client import AS_OF, URL, asked, open_client

_PAGE = 100
_EQUAL = {
    "account": "awsAccountId",
    "severity": "severity",
    "status": "findingStatus",
    "resource": "resourceId",
    "vulnerability": "vulnerabilityId",
}
"""Option -> the criterion that it is an EQUALS of."""
_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED")
_STATUSES = ("ACTIVE", "SUPPRESSED", "CLOSED")
_Command = Callable[..., Any]


def _many(name: str, text: str, *words: str) -> Callable[[_Command], _Command]:
    kind = click.Choice(words, case_sensitive=False) if words else click.STRING
    return click.option(f"--{name}", multiple=True, metavar=name.upper(), type=kind, help=text)


@click.command("findings")
@_many("account", "Of this account only; may be given again, as each of these.")
@_many("severity", f"{', '.join(_SEVERITIES).lower()}.", *_SEVERITIES)
@_many("status", "active (the default), suppressed or closed.", *_STATUSES)
@_many("resource", "Of this resource only.")
@_many("vulnerability", "Of this CVE or advisory only.")
@click.option("-n", "--limit", type=click.IntRange(1), default=50, show_default=True)
@URL
@AS_OF
def command(limit: int, url: str, as_of: str | None, **wanted: tuple[str, ...]) -> None:
    """List findings of a running service, worst first."""
    wanted["status"] = wanted["status"] or ("ACTIVE",)
    criteria = {
        _EQUAL[name]: [{"comparison": "EQUALS", "value": value} for value in values]
        for name, values in wanted.items()
        if values
    }
    client = open_client(url, "inspector2", as_of)
    shown = 0
    for page in pages(client, criteria):
        for finding in page[: limit - shown]:
            click.echo(line_of(finding))
        shown += len(page)
        if shown > limit:
            click.echo(f"... and more; --limit shows more than {limit}.", err=True)
            return
    if not shown:
        click.echo("No findings.", err=True)


def pages(client: Any, criteria: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Findings that meet the criteria, a page at a time, worst first."""
    token: dict[str, str] = {}
    while True:
        answer = asked(client.list_findings, filterCriteria=criteria, maxResults=_PAGE, **token)
        yield answer["findings"]
        if not answer.get("nextToken"):
            return
        token = {"nextToken": answer["nextToken"]}


def line_of(finding: dict[str, Any]) -> str:
    """One finding: severity, score, title, what is affected and the fix, where, status."""
    from openinspector.reports.text import safe

    details = finding.get("packageVulnerabilityDetails") or {}
    packages = [
        f"{each['name']} {each['version']} -> {each.get('fixedInVersion') or 'no fix'}"
        for each in details.get("vulnerablePackages", ())
    ]
    score = finding.get("inspectorScore")
    words = (
        f"{finding['severity']:<13}",
        f"{'' if score is None else score:>4}",
        details.get("vulnerabilityId") or finding.get("title") or finding["type"],
        ", ".join(packages[:2]) + (f" and {len(packages) - 2} more" if packages[2:] else ""),
        finding["resources"][0]["id"],
        "" if finding["status"] == "ACTIVE" else finding["status"],
    )
    return "  ".join(safe(word) for word in words if word).rstrip()
