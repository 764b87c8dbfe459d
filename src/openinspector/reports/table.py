"""A table for people: grouped by what is upgraded together, worst first, gaps at the end."""

from collections.abc import Iterator

import msgspec

from openinspector.assess.coverage import part_of
from openinspector.model.finding import Finding, Severity
from openinspector.reports.report import (
    Group,
    Issue,
    Report,
    checks_of,
    gap_lines,
    groups_of,
    headline,
    target_of,
)
from openinspector.reports.text import cut, safe, width, wrap

_WORDS: dict[Severity, str] = {"INFORMATIONAL": "INFO"}
_COLOURS: dict[Severity, str] = {
    "CRITICAL": "1;97;41",
    "HIGH": "1;31",
    "MEDIUM": "33",
    "LOW": "36",
    "INFORMATIONAL": "2",
    "UNTRIAGED": "35",
}
"""Select Graphic Rendition parameters (ECMA-48)."""

_NARROWEST = 60
_BEFORE_IDENTITY = 2 + 9 + 2 + 4 + 2
"""Columns that severity and score take."""
_LEAST_FIX = 6
"""Columns under which a fix is left out: `no fix` must fit."""
_LISTED = 3
"""Paths and members that are named before the rest is counted."""


class _Style(msgspec.Struct, frozen=True):
    """How to write: columns, colour, and the characters beyond ASCII."""

    columns: int
    colour: bool
    dot: str
    arrow: str
    ellipsis: str

    def paint(self, text: str, parameters: str) -> str:
        return f"\x1b[{parameters}m{text}\x1b[0m" if self.colour and text and parameters else text


def render(report: Report, *, width: int = 100, colour: bool = False, unicode: bool = True) -> str:
    """The table as text, each line with its line break.

    `width` is the terminal's in columns, `colour` asks for ANSI colours, `unicode` allows
    characters beyond ASCII of our own (names are written as they are, escaped where they are not
    printable).
    """
    columns = max(width, _NARROWEST)
    marks = ("·", "→", "…") if unicode else ("-", "->", "...")
    style = _Style(columns, colour, *marks)
    groups = groups_of(report)
    text = "".join(f"{line}\n" for line in _lines(report, groups, style))
    return text.encode("utf-8", "replace").decode("utf-8")


def _lines(report: Report, groups: list[Group], style: _Style) -> Iterator[str]:
    yield from _heading(report, style)
    identity = max((width(safe(x.identity)) for g in groups for x in g.issues), default=0)
    for group in groups:
        yield ""
        yield from _group(group, min(identity, 24), style)
    checks = checks_of(report)
    if checks:
        yield ""
        yield style.paint("Configuration", "1")
        yield from (_check(finding, style) for finding in checks)
    yield ""
    yield from _summary(report, groups, style)
    yield from _coverage(report, style)


def _heading(report: Report, style: _Style) -> Iterator[str]:
    target = target_of(report)
    noun = "package" if target.packages == 1 else "packages"
    facts = [target.kind, target.system, f"{target.packages:,} {noun}"]
    rest = f" {style.dot} ".join(safe(fact) for fact in facts if fact)
    name = cut(safe(target.name), style.columns, style.ellipsis)
    yield style.paint(name, "1")
    yield from (style.paint(line, "2") for line in wrap(rest, style.columns))


def _group(group: Group, identity: int, style: _Style) -> Iterator[str]:
    name = safe(f"{group.name} {group.version}")
    advice = _advice(group, style)
    if width(name) + width(advice) + 2 <= style.columns:
        gap = " " * (style.columns - width(name) - width(advice))
        yield style.paint(name, "1") + gap + style.paint(advice, "32" if group.upgrade else "2")
    else:
        yield style.paint(cut(name, style.columns, style.ellipsis), "1")
        yield style.paint("  " + cut(advice, style.columns - 2, style.ellipsis), "32")
    below = _whereabouts(group)
    if below:
        yield style.paint("  " + cut(below, style.columns - 2, style.ellipsis), "2")
    fixes = [_fix(issue, group) for issue in group.issues]
    marks = [_marks(issue) for issue in group.issues]
    columns = _columns(identity, fixes, marks, style)
    for issue, fix, mark in zip(group.issues, fixes, marks, strict=True):
        yield _issue(issue, fix, mark, columns, style)


def _columns(
    identity: int, fixes: list[str], marks: list[str], style: _Style
) -> tuple[int, int, int]:
    """Widths of identifier, fix and marks that fit; marks matter more than the fix."""
    room = style.columns - _BEFORE_IDENTITY - identity
    marked = min(max(map(width, marks)), max(room - 2, 0))
    room -= marked + 2 if marked else 0
    fixed = min(max(map(width, fixes)), max(room - 2, 0))
    return identity, fixed if fixed >= _LEAST_FIX else 0, marked


def _advice(group: Group, style: _Style) -> str:
    if group.upgrade is None:
        return "no fix yet"
    upgrade = f"{style.arrow} {safe(group.upgrade)}"
    if group.fixable == len(group.issues):
        return upgrade
    return f"{upgrade} (fixes {group.fixable} of {len(group.issues)})"


def _whereabouts(group: Group) -> str:
    """Binary packages of a source, else the paths of a library."""
    if group.members != [group.name]:
        return _some([safe(name) for name in group.members], 8)
    if part_of(group.ecosystem) == "os-packages":
        return ""
    return _some([safe(path) for path in group.paths], _LISTED)


def _some(names: list[str], shown: int) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def _issue(issue: Issue, fix: str, mark: str, columns: tuple[int, ...], style: _Style) -> str:
    """One line in columns: severity, score, identifier, fix, marks, and what fits of the text."""
    word = _WORDS.get(issue.severity, issue.severity)
    score = "" if issue.score is None else f"{issue.score:.1f}"
    cells = [
        (word, 9, _COLOURS[issue.severity]),
        (f"{score:>4}", 4, ""),
        (cut(safe(issue.identity), columns[0], style.ellipsis), columns[0], ""),
        (cut(fix, columns[1], style.ellipsis), columns[1], "2"),
        (cut(mark, columns[2], style.ellipsis), columns[2], "1;31"),
    ]
    line, used = "", 0
    for text, size, parameters in cells:
        if size:
            line += "  " + style.paint(text, parameters) + " " * (size - width(text))
            used += 2 + size
    room = style.columns - used - 2
    text = cut(safe(issue.text), room, style.ellipsis) if room >= 12 else ""
    return f"{line}  {text}" if text else line.rstrip()


def _fix(issue: Issue, group: Group) -> str:
    """Only what the group's heading does not say already."""
    if issue.fixed is None:
        return "no fix" if group.upgrade is not None else ""
    return "" if issue.fixed == group.upgrade else f"fixed in {safe(issue.fixed)}"


def _marks(issue: Issue) -> str:
    """Exploited or exploitable, and FIRST's probability from one percent."""
    marks = "KEV" if issue.known_exploited else "exploit" if issue.exploit else ""
    if issue.epss is not None and issue.epss >= 0.01:
        marks = f"{marks} EPSS {issue.epss:.0%}".lstrip()
    return marks


def _check(finding: Finding, style: _Style) -> str:
    details = finding.code_vulnerability_details
    assert details is not None
    word = _WORDS.get(finding.severity, finding.severity)
    place = details.file_path
    where = safe(f"{place.file_path}:{place.start_line}")
    start = f"  {style.paint(word, _COLOURS[finding.severity])}{' ' * (9 - len(word))}  "
    text = f"{safe(details.detector_id)}  {where}  {safe(' '.join(finding.description.split()))}"
    return start + cut(text, style.columns - 13, style.ellipsis)


def _summary(report: Report, groups: list[Group], style: _Style) -> Iterator[str]:
    findings = report.assessment.findings
    yield from (style.paint(line, "1") for line in wrap(headline(report), style.columns))
    details = []
    package_findings = {x.finding.finding_arn: x for g in groups for x in g.issues}
    if package_findings:
        fixable = sum(x.fix_available in ("YES", "PARTIAL") for x in findings)
        upgrades = sum(group.upgrade is not None for group in groups)
        noun = "package" if upgrades == 1 else "packages"
        fixed = f"{fixable} can be fixed by upgrading {upgrades} {noun}"
        details.append(fixed if fixable else "none can be fixed by an upgrade yet")
        exploited = sum(x.known_exploited for x in package_findings.values())
        if exploited:
            details.append(f"{exploited} known to be exploited (KEV)")
        public = sum(x.exploit and not x.known_exploited for x in package_findings.values())
        if public:
            details.append(f"{public} with a public exploit")
    suppressed = len(report.assessment.suppressed)
    if suppressed:
        details.append(f"{suppressed} suppressed")
    if details:
        yield from wrap(f" {style.dot} ".join(details), style.columns)
    if report.database:
        yield from (style.paint(x, "2") for x in wrap(safe(report.database), style.columns))


def _coverage(report: Report, style: _Style) -> Iterator[str]:
    """What was not scanned, always; notes after it."""
    gaps = list(gap_lines(report))
    if gaps:
        yield ""
        yield style.paint("Not everything was scanned", "1;33")
    previous = ""
    for part, state, reason in gaps:
        title = f"{part}, {state}"
        if title != previous:
            yield style.paint(f"  {title}:", "33")
        previous = title
        yield from wrap(safe(reason), style.columns, "    ")
    notes = [note for part in report.assessment.coverage for note in part.notes]
    notes += report.assessment.notes
    if notes:
        yield ""
    for note in notes:
        yield from (style.paint(line, "2") for line in wrap(safe(note), style.columns))
