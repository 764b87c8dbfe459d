"""The embedded starter set: vulnerabilities and what is affected by them, as a table of facts.

    V  CVE-2021-44228  2021-12-10  CVSS:3.1/...  NVD  CWE-502  GHSA-jfh8-c2jp-5v3q  Log4j looks ...
    K  2021-12-10  2021-12-24  1
    A  DSA-5020-1  Debian:11  apache-log4j2  0 < 2.15.0-1~deb11u1  high

Columns are separated by tabs. K (known to be exploited: listed, due, by ransomware) and A speak of
the V above; the same advisory may stand below several. Ranges: `FROM < FIXED`, `FROM <= LAST`,
`FROM <` without a fix, several separated by `; `.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from openinspector.advisories.feeds.base import FeedError
from openinspector.advisories.feeds.tables import lines
from openinspector.advisories.items import Item, Kev, KevEntry, of_advisory
from openinspector.advisories.osv import (
    Advisory,
    Affected,
    Claim,
    Event,
    PackageName,
    Range,
    Severity,
)


def read(path: Path) -> Iterator[Item]:
    """First every vulnerability, then every advisory. Raises `FeedError` for a wrong row."""
    vulnerabilities: list[Advisory] = []
    advisories: dict[str, Advisory] = {}
    for number, kind, columns in _rows(path):
        try:
            if kind == "V":
                vulnerabilities.append(_vulnerability(*columns))
            elif kind == "A":
                _add(advisories, vulnerabilities[-1], *columns)
            elif kind != "K":
                raise ValueError("is neither V, K nor A")
        except (ValueError, TypeError, IndexError) as error:
            raise FeedError(f"line {number}: {error}") from None
    for advisory in (*vulnerabilities, *advisories.values()):
        yield of_advisory(advisory)


def read_exploited(path: Path) -> Kev:
    """The rows on known exploitation. Raises `FeedError` for a wrong row."""
    entries: list[KevEntry] = []
    cve = ""
    for number, kind, columns in _rows(path):
        if kind == "V":
            cve = columns[0]
        elif kind == "K":
            if len(columns) != 3:
                raise FeedError(f"line {number}: has {len(columns)} columns")
            entries.append(KevEntry(cve, columns[0], columns[1], "", columns[2] == "1"))
    return Kev(max((entry.added for entry in entries), default=""), entries)


def _rows(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    for number, line in enumerate(lines(path), 1):
        if line and not line.startswith("#"):
            kind, *columns = line.split("\t")
            yield number, kind, columns


def _vulnerability(
    identifier: str, published: str, vector: str, source: str, cwes: str, aliases: str, title: str
) -> Advisory:
    return Advisory(
        id=identifier,
        published=published or None,
        aliases=aliases.split(),
        summary=title,
        details=f"{title}.",
        severity=[Severity("CVSS", vector, source)] if vector else None,
        database_specific={"cwe_ids": cwes.split()},
    )


def _add(
    advisories: dict[str, Advisory],
    vulnerability: Advisory,
    identifier: str,
    ecosystem: str,
    packages: str,
    ranges: str,
    severity: str = "",
) -> None:
    """Add a row to its advisory, which it may begin."""
    if identifier == vulnerability.id:
        advisory = vulnerability
    else:
        advisory = advisories.setdefault(identifier, Advisory(id=identifier, upstream=[]))
        advisory.upstream = list(dict.fromkeys((*(advisory.upstream or ()), vulnerability.id)))
        if advisory.published is None:
            advisory.published = vulnerability.published
    events = [event for part in ranges.split("; ") for event in _events(part)]
    claim = Claim(severity=severity) if severity else None
    advisory.affected = [
        *(advisory.affected or ()),
        *(
            Affected(PackageName(ecosystem, name), [Range("ECOSYSTEM", events)], claim=claim)
            for name in packages.split()
        ),
    ]


def _events(part: str) -> list[Event]:
    """`0 < 1.2` and its like as events."""
    introduced, relation, *end = part.split()
    if relation not in ("<", "<=") or len(end) > 1 or (relation == "<=" and not end):
        raise ValueError(f"{part!r} is no range")
    start = Event(introduced=introduced)
    if not end:
        return [start]
    return [start, Event(fixed=end[0]) if relation == "<" else Event(last_affected=end[0])]
