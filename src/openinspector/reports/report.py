"""What every format renders: an assessment with its inventory, grouped for people by package."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from openinspector.assess.assessment import SEVERITIES, Assessment
from openinspector.assess.coverage import part_of
from openinspector.assess.observation import Observation, PackageMatch
from openinspector.model import Coverage, Inventory
from openinspector.model.finding import Finding, Severity
from openinspector.versions import key

RANKS: dict[Severity, int] = {severity: rank for rank, severity in enumerate(SEVERITIES)}
"""Worst first."""


class Report(msgspec.Struct, frozen=True):
    """An assessment to be rendered.

    `generated_at` is aware; `serial` a UUID (version 4) for formats that want one; `database` says
    in words which advisories were used. The same report always renders to the same bytes.
    """

    assessment: Assessment
    inventory: Inventory
    generated_at: datetime
    serial: str
    version: str
    database: str = ""


class Issue(msgspec.Struct, frozen=True):
    """One vulnerability of one package group, for people.

    `fixed` is the version to go to for this vulnerability, None when there is none. `epss` is
    FIRST's probability (0..1). `why` says which comparison decided.
    """

    finding: Finding
    identity: str
    severity: Severity
    score: float | None
    text: str
    url: str
    fixed: str | None
    known_exploited: bool
    exploit: bool
    epss: float | None
    why: str = ""


class Group(msgspec.Struct):
    """Packages that are upgraded together, and what is wrong with them, worst first.

    Binary packages of one source are one group, and so is a library at several places.
    `members` are the names of the binary packages, `paths` where libraries lie. `upgrade` is the
    lowest version that clears everything that can be cleared, None when nothing can.
    """

    name: str
    version: str
    ecosystem: str
    members: list[str]
    paths: list[str]
    layers: list[str]
    issues: list[Issue]
    upgrade: str | None = None

    @property
    def fixable(self) -> int:
        """How many of the issues an upgrade clears."""
        return sum(issue.fixed is not None for issue in self.issues)


class Target(msgspec.Struct, frozen=True):
    """What was scanned, in words."""

    name: str
    kind: str
    system: str
    packages: int


def target_of(report: Report) -> Target:
    """The target for a heading."""
    inventory = report.inventory
    distribution = inventory.distribution
    system = ""
    if distribution is not None:
        system = f"{distribution.name} {distribution.version}".strip()
        if distribution.codename and distribution.codename not in system.lower():
            system += f" ({distribution.codename})"
    return Target(inventory.target.name, inventory.target.kind, system, len(inventory.packages))


def groups_of(report: Report) -> list[Group]:
    """Findings about packages, by what is upgraded together, worst group first."""
    observations = {each.vulnerability.id: each for each in report.assessment.observations}
    groups: dict[tuple[str, str, str], Group] = {}
    for finding in report.assessment.findings:
        details = finding.package_vulnerability_details
        if details is None:
            continue
        observation = observations.get(details.vulnerability_id)
        if observation is None:
            _add_plain(finding, groups)
        else:
            for match in observation.matches:
                _add_match(finding, observation, match, groups)
    for group in groups.values():
        group.issues.sort(key=_badness)
        group.upgrade = _highest(group)
    merged = _merged(groups.values())
    return sorted(
        merged,
        key=lambda x: (*_badness(x.issues[0])[:2], -len(x.issues), x.name, x.version),
    )


def _merged(groups: Iterable[Group]) -> list[Group]:
    """Put binary packages together that are evidently of one source, where nothing names it.

    Equal version, equal vulnerabilities and equal fixes tell, for packages of one distribution.
    """
    found: dict[tuple[object, ...], Group] = {}
    for group in groups:
        judged = tuple((issue.identity, issue.fixed) for issue in group.issues)
        system = part_of(group.ecosystem) == "os-packages"
        first = found.setdefault(
            (group.ecosystem, group.version, judged, "" if system else group.name), group
        )
        if first is not group:
            first.members += [name for name in group.members if name not in first.members]
            first.paths += [path for path in group.paths if path not in first.paths]
            first.layers += [layer for layer in group.layers if layer not in first.layers]
            first.name = min(first.name, group.name, key=lambda name: (len(name), name))
    return list(found.values())


def _badness(issue: Issue) -> tuple[int, float, str]:
    return RANKS[issue.severity], -(issue.score or 0.0), issue.identity


def _add_match(
    finding: Finding,
    observation: Observation,
    match: PackageMatch,
    groups: dict[tuple[str, str, str], Group],
) -> None:
    package = match.package
    name = package.source_name or package.name
    version = package.source_version or package.version
    group = groups.get((package.ecosystem, name, version))
    if group is None:
        group = Group(name, version, package.ecosystem, [], [], [], [])
        groups[package.ecosystem, name, version] = group
    if package.name not in group.members:
        group.members.append(package.name)
    for place in package.locations:
        if place.path not in group.paths:
            group.paths.append(place.path)
        if place.layer is not None and place.layer not in group.layers:
            group.layers.append(place.layer)
    if not any(issue.finding is finding for issue in reversed(group.issues)):
        group.issues.append(_issue(finding, observation, match))


def _issue(finding: Finding, observation: Observation, match: PackageMatch) -> Issue:
    vulnerability = observation.vulnerability
    details = finding.package_vulnerability_details
    assert details is not None
    return Issue(
        finding=finding,
        identity=details.vulnerability_id,
        severity=finding.severity,
        score=finding.inspector_score,
        text=vulnerability.summary or first_sentence(finding.description),
        url=details.source_url or "",
        fixed=match.fixed_version,
        known_exploited=vulnerability.known_exploited is not None,
        exploit=finding.exploit_available == "YES",
        epss=vulnerability.epss.score if vulnerability.epss else None,
        why=f"{match.compared} · {match.advisory.advisory} ({match.advisory.feed})",
    )


def _add_plain(finding: Finding, groups: dict[tuple[str, str, str], Group]) -> None:
    """A finding without observation: an operating system out of support."""
    details = finding.package_vulnerability_details
    assert details is not None
    for package in details.vulnerable_packages or ():
        issue = Issue(
            finding=finding,
            identity=details.vulnerability_id,
            severity=finding.severity,
            score=finding.inspector_score,
            text=first_sentence(finding.description),
            url=details.source_url or "",
            fixed=None,
            known_exploited=False,
            exploit=finding.exploit_available == "YES",
            epss=finding.epss.score if finding.epss else None,
        )
        new = Group(package.name, package.version, "", [package.name], [], [], [])
        groups.setdefault(("", package.name, package.version), new).issues.append(issue)


def _highest(group: Group) -> str | None:
    fixes = {issue.fixed for issue in group.issues if issue.fixed is not None}
    return max(fixes, key=lambda version: (key(group.ecosystem, version), version), default=None)


def first_sentence(text: str) -> str:
    """The beginning of a description, on one line."""
    line = " ".join(text[:400].split()).removeprefix("Issue summary: ")
    end = line.find(". ")
    return line if end < 0 else line[: end + 1]


def checks_of(report: Report) -> list[Finding]:
    """Findings about configuration, worst first."""
    found = report.assessment.findings
    return [finding for finding in found if finding.code_vulnerability_details is not None]


def unscanned(report: Report) -> list[Coverage]:
    """The parts that were not scanned, or only in part; all of a report's honesty hangs on it."""
    return [part for part in report.assessment.coverage if part.state != "scanned" or part.gaps]


STATES = {"scanned": "scanned", "partial": "scanned in part", "not-scanned": "not scanned"}
"""Coverage states in words."""

PARTS = {
    "os-packages": "operating-system packages",
    "language-packages": "language packages",
    "applications": "applications",
    "configuration": "configuration",
    "advisories": "advisories",
}
"""Parts of a target in words."""


def gap_lines(report: Report) -> Iterator[tuple[str, str, str]]:
    """What was not scanned: part and state in words, and the reason with the file it names."""
    for part in unscanned(report):
        name = PARTS.get(part.part, part.part)
        for gap in part.gaps:
            reason = f"{gap.reason} ({gap.path})" if gap.path else gap.reason
            yield name, STATES[part.state], reason
        if not part.gaps:
            yield name, STATES[part.state], "no reason was given"


def headline(report: Report) -> str:
    """One sentence that says what was found, and never that all is well when not all was seen."""
    counts = report.assessment.summary.severities
    total = len(report.assessment.findings)
    missing = unscanned(report)
    if total:
        told = [f"{counts[s]} {s.lower()}" for s in SEVERITIES if counts.get(s)]
        noun = "finding" if total == 1 else "findings"
        return f"{total} {noun}: {', '.join(told)}"
    if not missing:
        return "No known vulnerabilities"
    return "No known vulnerabilities in what was scanned, but not everything was"
