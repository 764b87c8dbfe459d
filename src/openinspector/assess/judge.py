"""One package version against all that is published of its name: affected, by what, fixed where.

A record is one advisory's word on one package. Records that speak of the same vulnerability are
weighed before they are believed:

- a record on the CVE itself (security trackers) counts for more than a bulletin that mentions it;
- Ubuntu: the ordinary archive's fix counts for a machine without Pro, Pro's for one with it; what
  only Pro fixes affects a machine without it;
- libraries: a record that knows where the affected versions end counts for more than one that
  calls all versions affected (the latter was written before the fix).

Of bulletins that list one binary package several times (rebuilds of a module for each minor
release) the lowest fix counts. The Red Hat family fixes a flaw once in each minor release that is
maintained: a build of a minor release (`2.28-236.el8_9.13`) is clear once it has reached the fixes
of that one, whatever later minor releases needed.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec

from openinspector.advisories.publishers import TRACKER, publisher
from openinspector.assess import streams
from openinspector.assess.observation import Reason
from openinspector.model import AffectedPackage, AffectedRange
from openinspector.patterns import regex

_SILENT = {
    "not-affected": "not-affected",
    "under-investigation": "under-investigation",
}


_MINOR_RELEASE = regex(r"\.(el\d+_\d+)(?![\d_])", re.A)
"""Which minor release of the Red Hat family a build was made for."""


class Subject(msgspec.Struct, frozen=True):
    """What is judged: the key of the version that was compared, and what narrows advisories.

    `rebuilds`: the ecosystem's bulletins list rebuilds of one package (rpm). `pro`: the machine
    has Ubuntu Pro. `version` is the text of `key`.
    """

    version: str
    key: bytes
    arch: str | None = None
    module: str | None = None
    distribution: bool = False
    rebuilds: bool = False
    pro: bool = False


class Verdict(msgspec.Struct, frozen=True):
    """Affected: by which record and interval, fixed where, and which advisories agree."""

    vulnerability: str
    record: AffectedPackage
    range: AffectedRange | None
    fixed_version: str | None
    advisories: tuple[str, ...]


class Dismissal(msgspec.Struct, frozen=True):
    """Not affected by this record, and why."""

    vulnerability: str
    record: AffectedPackage
    reason: Reason
    detail: str


def containing(record: AffectedPackage, key: bytes) -> tuple[bool, AffectedRange | None]:
    """Whether a record's affected versions hold `key`, and the interval that does."""
    for range_ in record.ranges:
        if key < range_.introduced:
            continue
        if range_.fixed is not None:
            if key < range_.fixed:
                return True, range_
        elif range_.last_affected is None or key <= range_.last_affected:
            return True, range_
    return (True, None) if record.versions and key in record.versions else (False, None)


def judge(records: Sequence[AffectedPackage], subject: Subject) -> tuple[Verdict, ...]:
    """Every vulnerability of `records` that affects the subject, in order of identifier."""
    key = subject.key
    suspects: set[str] = set()
    for record in records:
        if record.state in _SILENT:
            continue
        if containing(record, key)[0]:
            suspects.update(record.vulnerabilities)
    if not suspects:
        return ()
    verdicts = []
    for vulnerability in sorted(suspects):
        about = [
            record
            for record in records
            if vulnerability in record.vulnerabilities and _unfit(record, subject) is None
        ]
        verdict = _weigh(vulnerability, _deciding(about, subject), subject)
        if verdict is not None:
            verdicts.append(verdict)
    return tuple(verdicts)


def explain(
    records: Sequence[AffectedPackage], subject: Subject, vulnerabilities: Iterable[str]
) -> tuple[Dismissal, ...]:
    """Why each record about one of `vulnerabilities` does not make the subject affected."""
    dismissals = []
    for vulnerability in vulnerabilities:
        about = [record for record in records if vulnerability in record.vulnerabilities]
        fit = [record for record in about if _unfit(record, subject) is None]
        deciding = _deciding(fit, subject)
        affected = _weigh(vulnerability, deciding, subject) is not None
        for record in about:
            said = _dismiss(record, subject, deciding, affected)
            if said is not None:
                dismissals.append(Dismissal(vulnerability, record, *said))
    return tuple(dismissals)


def _unfit(record: AffectedPackage, subject: Subject) -> tuple[Reason, str] | None:
    """Why an advisory is not about this build of the package at all."""
    if not subject.distribution:
        return None
    if record.arches and subject.arch and subject.arch not in record.arches:
        neutral = {"noarch", "all", "any"}
        if subject.arch not in neutral and not neutral.intersection(record.arches):
            return "architecture", f"is about {', '.join(record.arches)}, not {subject.arch}"
    product = streams.other_product(record, subject.version, subject.module)
    return None if product is None else ("module", product)


def is_cve_level(record: AffectedPackage) -> bool:
    """Whether a record is about one vulnerability (a tracker's), rather than a bulletin."""
    return publisher(record.advisory, record.feed).rank == TRACKER


def is_open(record: AffectedPackage) -> bool:
    """Whether a record calls every version affected, naming no end."""
    return (
        record.state not in _SILENT
        and not record.versions
        and all(
            range_.fixed is None and range_.last_affected is None and not range_.introduced
            for range_ in record.ranges
        )
    )


def _is_pro(record: AffectedPackage) -> bool:
    return record.ecosystem.startswith("Ubuntu:Pro:")


def _prefer(
    records: list[AffectedPackage], wanted: "list[AffectedPackage]"
) -> list[AffectedPackage]:
    return wanted or records


def _deciding(records: list[AffectedPackage], subject: Subject) -> list[AffectedPackage]:
    """Those of the records on one vulnerability that are believed."""
    if len(records) < 2:
        return records
    if not subject.distribution:
        return _prefer(records, [record for record in records if not is_open(record)])
    records = _prefer(records, [record for record in records if is_cve_level(record)])
    return _of_archive(records, subject)


def _of_archive(records: list[AffectedPackage], subject: Subject) -> list[AffectedPackage]:
    """Ubuntu's two archives: see the head of this file."""
    pro = [record for record in records if _is_pro(record)]
    if not pro or len(pro) == len(records):
        return records
    if subject.pro:
        return pro
    own = [record for record in records if not _is_pro(record)]
    return own if any(not is_open(record) for record in own) else pro


def _weigh(vulnerability: str, deciding: list[AffectedPackage], subject: Subject) -> Verdict | None:
    """Whether the records that are believed make the subject affected, and what clears it."""
    hits = []
    for record in deciding:
        if record.state in _SILENT:
            continue
        held, range_ = containing(record, subject.key)
        if held and not (subject.rebuilds and _cleared_by_a_rebuild(record, deciding, subject)):
            hits.append((record, range_))
    if not hits or (subject.rebuilds and _cleared_in_its_minor_release(deciding, subject)):
        return None
    fixed = (
        rebuilt_fix([record for record, _ in hits], subject)
        if subject.rebuilds
        else first_fix(deciding, subject)
    )
    record, range_ = _telling(hits)
    others = {each.advisory for each, _ in hits} - {record.advisory}
    return Verdict(vulnerability, record, range_, fixed, (record.advisory, *sorted(others)))


def _telling(
    hits: list[tuple[AffectedPackage, AffectedRange | None]],
) -> tuple[AffectedPackage, AffectedRange | None]:
    """The hit that says most: with the highest fix if any has one, else the first."""

    def weight(hit: tuple[AffectedPackage, AffectedRange | None]) -> bytes:
        range_ = hit[1]
        return b"" if range_ is None or range_.fixed is None else range_.fixed

    return max(hits, key=weight)


def _cleared_by_a_rebuild(
    record: AffectedPackage, others: list[AffectedPackage], subject: Subject
) -> bool:
    """Whether the same bulletin lists a build of the package that the subject has reached."""
    if is_cve_level(record):
        return False  # not one bulletin's rebuilds, but the fixes of many bulletins over time
    same = [other for other in others if other.advisory == record.advisory]
    ranges = [range_ for other in same for range_ in other.ranges]
    return len(ranges) > 1 and any(
        range_.fixed is not None
        and range_.introduced <= subject.key
        and range_.fixed <= subject.key
        for range_ in ranges
        if not range_.introduced
    )


def _cleared_in_its_minor_release(records: list[AffectedPackage], subject: Subject) -> bool:
    """Whether the subject was built for a minor release and has reached every fix of that one."""
    built_for = _MINOR_RELEASE.search(subject.version)
    if built_for is None:
        return False
    fixes = [
        range_.fixed
        for record in records
        if record.state not in _SILENT
        for range_ in record.ranges
        if range_.fixed is not None
        and built_for[1] in _MINOR_RELEASE.findall(range_.end_version or "")
    ]
    return bool(fixes) and max(fixes) <= subject.key


def first_fix(records: Sequence[AffectedPackage], subject: Subject) -> str | None:
    """The smallest fix above the subject's version that no record calls affected."""
    speaking = [record for record in records if record.state not in _SILENT]
    fixes: dict[bytes, str] = {}
    for record in speaking:
        for range_ in record.ranges:
            if range_.fixed is not None and range_.fixed > subject.key and range_.end_version:
                fixes.setdefault(range_.fixed, range_.end_version)
    for key in sorted(fixes):
        if not any(containing(record, key)[0] for record in speaking):
            return fixes[key]
    return None


def rebuilt_fix(records: Sequence[AffectedPackage], subject: Subject) -> str | None:
    """The version that clears every bulletin: of each its lowest build, of these the highest."""
    lowest: dict[str, tuple[bytes, str]] = {}
    for record in records:
        for range_ in record.ranges:
            if range_.fixed is None or range_.fixed <= subject.key or not range_.end_version:
                continue
            fix = (range_.fixed, range_.end_version)
            lowest[record.advisory] = min(fix, lowest.get(record.advisory, fix))
    if not lowest or len(lowest) < len({record.advisory for record in records}):
        return None
    return max(lowest.values())[1]


def _dismiss(
    record: AffectedPackage, subject: Subject, deciding: list[AffectedPackage], affected: bool
) -> tuple[Reason, str] | None:
    """What to say of one record that did not make the subject affected; None: it did."""
    unfit = _unfit(record, subject)
    if unfit is not None:
        return unfit
    if record.state in _SILENT:
        state: Reason = "not-affected" if record.state == "not-affected" else "under-investigation"
        return state, f"{record.advisory} says so" + (f": {record.note}" if record.note else "")
    held, _ = containing(record, subject.key)
    if not any(record is each for each in deciding):
        by = deciding[0].advisory if deciding else "another record"
        return ("superseded", f"{by} counts for more") if held else _outside(record, subject)
    if held:
        return None if affected else ("fixed", f"{subject.version} is a build with the fix")
    return _outside(record, subject)


def _outside(record: AffectedPackage, subject: Subject) -> tuple[Reason, str]:
    """How a version stands outside the affected ranges of a record."""
    passed = [
        range_
        for range_ in record.ranges
        if range_.introduced <= subject.key and range_.end_version is not None
    ]
    if passed:
        last = max(passed, key=lambda range_: range_.fixed or range_.last_affected or b"")
        if last.fixed is not None:
            return "fixed", f"{subject.version} >= {last.end_version}, the fix"
        return "fixed", f"{subject.version} > {last.end_version}, the last affected version"
    if record.ranges:
        first = min(record.ranges, key=lambda range_: range_.introduced)
        return "not-in-range", f"{subject.version} < {first.introduced_version}, the first affected"
    return "not-in-range", f"{subject.version} is not one of the versions that are named"
