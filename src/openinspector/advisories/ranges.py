"""From OSV's events to intervals over version keys (the schema's evaluation algorithm).

https://ossf.github.io/osv-schema/#evaluation: a version is affected if it is enumerated, or if an
`introduced` at or below it is not followed by a `fixed` at or below it, or by a `last_affected`
below it. `limit` bounds every interval of its range.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from openinspector.advisories.osv import Affected, Malformed, Range
from openinspector.model import AffectedRange
from openinspector.versions import LOWEST, key

MOST_EVENTS = 100_000
"""Of one package in one advisory; real ones have a few hundred."""

_FIXED, _INTRODUCED, _LAST = range(3)
"""Kinds of event, in the order in which those of one version count."""
_LIMITLESS = "*"
_LAST_KNOWN = re.compile(r"\s*(<=?)\s*(\S{1,200})\s*")


def intervals(affected: Affected, ecosystem: str) -> tuple[AffectedRange, ...]:
    """All affected intervals of a package, from low to high, without duplicates.

    Ranges of type GIT are passed over: commits have no order that we know. Raises `Malformed` for
    a range that never begins.
    """
    usable = [each for each in affected.ranges or () if each.type != "GIT"]
    if len(usable) == 1:
        found = _of_range(usable[0], ecosystem)
    else:
        several = {each: None for range_ in usable for each in _of_range(range_, ecosystem)}
        found = tuple(sorted(several, key=_order))
    if affected.database_specific and found and _is_open(found[-1]):
        return _bounded(found, affected.database_specific, ecosystem)
    return found


def _bounded(
    found: tuple[AffectedRange, ...], specific: object, ecosystem: str
) -> tuple[AffectedRange, ...]:
    """End an open interval where GitHub names the last version known to be affected.

    OSV has no event for "no fix, but later versions were not examined", so GitHub writes
    `last_known_affected_version_range: "<= 1.2.3"` beside a range without end.
    """
    text = specific.get("last_known_affected_version_range") if isinstance(specific, dict) else None
    matched = _LAST_KNOWN.fullmatch(text) if isinstance(text, str) else None
    if matched is None:
        return found
    version = matched[2]
    end = key(ecosystem, version)
    last = found[-1]
    if end < last.introduced:
        return found
    if matched[1] == "<":
        closed = AffectedRange(last.introduced, end, None, last.introduced_version, None)
    else:
        closed = AffectedRange(last.introduced, None, end, last.introduced_version, version)
    return (*found[:-1], closed)


def _is_open(interval: AffectedRange) -> bool:
    return interval.fixed is None and interval.last_affected is None


def enumerated(
    versions: Iterable[str], ranges: Sequence[AffectedRange], ecosystem: str
) -> tuple[bytes, ...]:
    """Keys of the enumerated versions that no interval covers already."""
    keys = {key(ecosystem, version) for version in versions}
    return tuple(sorted(k for k in keys if not any(holds(each, k) for each in ranges)))


def holds(interval: AffectedRange, version: bytes) -> bool:
    """Whether a version key lies in an interval."""
    if version < interval.introduced:
        return False
    if interval.fixed is not None:
        return version < interval.fixed
    return interval.last_affected is None or version <= interval.last_affected


def _order(interval: AffectedRange) -> tuple[bytes, bool, bytes, bool]:
    end = interval.fixed if interval.fixed is not None else interval.last_affected
    return interval.introduced, end is None, end or b"", interval.fixed is None


def _of_range(range_: Range, ecosystem: str) -> tuple[AffectedRange, ...]:
    events = range_.events or []
    if len(events) == 2 and events[0].introduced == "0" and events[1].fixed:
        # Nine of ten ranges look like this.
        fixed = events[1].fixed
        return (AffectedRange(fixed=key(ecosystem, fixed), end_version=fixed),)
    if len(events) > MOST_EVENTS:
        raise Malformed(f"has a range of more than {MOST_EVENTS} events")
    found = _walk(_timeline(range_, ecosystem))
    limits = [e.limit for e in events if e.limit is not None]
    if limits and _LIMITLESS not in limits:
        found = _clip(found, max(key(ecosystem, limit) for limit in limits))
    return found


def _timeline(range_: Range, ecosystem: str) -> list[tuple[bytes, int, str]]:
    """Events as (key, kind, version), by version.

    At the same version a fix comes before an introduction and a last affected version after it.
    """
    timeline: list[tuple[bytes, int, str]] = []
    for event in range_.events or ():
        if event.introduced is not None:
            at = LOWEST if event.introduced == "0" else key(ecosystem, event.introduced)
            timeline.append((at, _INTRODUCED, event.introduced))
        elif event.fixed is not None:
            timeline.append((key(ecosystem, event.fixed), _FIXED, event.fixed))
        elif event.last_affected is not None:
            at = key(ecosystem, event.last_affected)
            if timeline and _is_preview(at, event.last_affected, timeline[-1]):
                timeline[-1] = (at, _INTRODUCED, event.last_affected)
            timeline.append((at, _LAST, event.last_affected))
    if not any(kind == _INTRODUCED for _, kind, _ in timeline):
        raise Malformed("has a range that nothing introduces")
    timeline.sort(key=lambda event: event[:2])
    return timeline


def _is_preview(at: bytes, version: str, introduced: tuple[bytes, int, str]) -> bool:
    """Whether a last affected version is a preview of the release that is said to introduce it.

    `introduced: 4, last_affected: 4.0.0.M3` means the previews of 4 up to that one. As 4 comes
    after them, it would be taken for a beginning without end: for everything since 4.
    """
    start, kind, release = introduced
    return (
        kind == _INTRODUCED
        and at < start
        and version.startswith(release)
        and version[len(release)] in ".-"
    )


def _walk(events: list[tuple[bytes, int, str]]) -> tuple[AffectedRange, ...]:
    """Turn events into intervals; an end without a beginning is void, as is a second beginning."""
    found = []
    start: tuple[bytes, str] | None = None
    void: bytes | None = None
    for at, kind, version in events:
        if kind == _INTRODUCED:
            if at == void and at == events[-1][0]:
                continue  # introduced and fixed in the same version: nothing is affected
            start = start or (at, version)
        elif start is None:
            void = at if kind == _FIXED else None
        else:
            fixed, last = (at, None) if kind == _FIXED else (None, at)
            found.append(AffectedRange(start[0], fixed, last, start[1], version))
            start = None
    if start is not None:
        found.append(AffectedRange(start[0], None, None, start[1], None))
    return tuple(found)


def _clip(found: Iterable[AffectedRange], limit: bytes) -> tuple[AffectedRange, ...]:
    """End intervals at a limit.

    What lies beyond was not examined: an end, but not a fix to upgrade to.
    """
    kept = []
    for each in found:
        if each.introduced >= limit:
            continue
        end = each.fixed if each.fixed is not None else each.last_affected
        if end is None or end >= limit:
            each = AffectedRange(each.introduced, limit, None, each.introduced_version, None)
        kept.append(each)
    return tuple(kept)
