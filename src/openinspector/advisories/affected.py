"""Look-up by package: what all advisories say of one name, as `AffectedPackage` records."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

import msgspec

from openinspector.advisories import dates, names, schema
from openinspector.advisories.publishers import page
from openinspector.model import AffectedPackage, AffectedRange, FixState

_QUERY = """
SELECT s.id, s.advisory, s.qualifier, p.lower, p.upper, p.upper_inclusive, p.lower_version,
       p.upper_version,
       a.identifier, a.source, a.vulnerabilities, a.url, a.published, a.modified
FROM package k
CROSS JOIN affects f ON f.package = k.id
CROSS JOIN statement s ON s.id = f.statement
CROSS JOIN advisory a ON a.id = s.advisory
LEFT JOIN span p ON p.statement = s.id
WHERE k.ecosystem = ? AND k.name = ?
"""
"""The order of joins is said, for it is known: by key from the package outwards."""

_REMEMBERED = 1 << 16

Row = tuple[Any, ...]


class _Advisory(msgspec.Struct, frozen=True):
    """What all statements of one advisory share. `weight`: which of several copies counts."""

    identifier: str
    feed: str
    vulnerabilities: tuple[str, ...]
    url: str | None
    published: str | None
    modified: str | None
    weight: tuple[bool, str, str]


class _Qualifier(msgspec.Struct, frozen=True):
    state: FixState
    arches: tuple[str, ...]
    module: str | None
    severity: str | None
    note: str | None


class Packages:
    """Answers by package from an open database; remembers what many answers share."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._advisories: dict[int, _Advisory] = {}
        self._qualifiers: dict[int, _Qualifier] = {}
        self._ecosystems: dict[str, int] | None = None
        self._sources: dict[int, tuple[str, str]] = {}

    @property
    def ecosystems(self) -> dict[str, int]:
        """Ecosystems with release, and their numbers."""
        if self._ecosystems is None:
            rows = self._connection.execute("SELECT name, id FROM ecosystem").fetchall()
            self._ecosystems = dict(rows)
        return self._ecosystems

    def affected(self, ecosystem: str, name: str) -> list[AffectedPackage]:
        """Every record of a package, in the order of the feeds."""
        number = self.ecosystems.get(ecosystem)
        if number is None:
            return []
        name = names.package(ecosystem, name)
        rows = self._connection.execute(_QUERY, (number, name)).fetchall()
        return self._assemble(rows, ecosystem, name) if rows else []

    def _assemble(self, rows: list[Row], ecosystem: str, name: str) -> list[AffectedPackage]:
        """Records from rows, a row a span; the rows of one statement follow each other."""
        found: list[AffectedPackage] = []
        numbers: list[int] = []
        brought: dict[str, int] = {}
        twice = False
        advisories, qualifiers = self._advisories, self._qualifiers
        position, count = 0, len(rows)
        while position < count:
            row = rows[position]
            statement, number, qualified, lower, upper, inclusive, lower_version, upper_version = (
                row[:8]
            )
            after = position + 1
            versions: tuple[bytes, ...] = ()
            if inclusive == 0 and (after == count or rows[after][0] != statement):
                # Nine of ten statements are one interval that ends before a fix, or never.
                ranges: tuple[AffectedRange, ...] = (
                    AffectedRange(lower, upper, None, lower_version or "0", upper_version),
                )
            else:
                while after < count and rows[after][0] == statement:
                    after += 1
                ranges, versions = _spans(rows[position:after])
            position = after
            advisory = advisories.get(number) or self._advisory(row)
            qualifier = qualifiers.get(qualified) or self._qualifier(qualified)
            if brought.setdefault(advisory.identifier, number) != number:
                twice = True
            numbers.append(number)
            found.append(
                AffectedPackage(
                    advisory.identifier,
                    advisory.feed,
                    ecosystem,
                    name,
                    advisory.vulnerabilities,
                    qualifier.state,
                    ranges,
                    versions,
                    qualifier.arches,
                    qualifier.module,
                    qualifier.severity,
                    advisory.url,
                    advisory.published,
                    advisory.modified,
                    qualifier.note,
                )
            )
        return self._believed(numbers, found) if twice else found

    def _believed(self, numbers: list[int], found: list[AffectedPackage]) -> list[AffectedPackage]:
        """Of an advisory that several sources brought, what the weightiest of them says."""
        held = self._advisories
        best: dict[str, int] = {}
        for number in numbers:
            other = best.setdefault(held[number].identifier, number)
            if held[number].weight > held[other].weight:
                best[held[number].identifier] = number
        return [
            package
            for number, package in zip(numbers, found, strict=True)
            if best[package.advisory] == number
        ]

    def _advisory(self, row: Row) -> _Advisory:
        number, (identifier, source, spoken, url, published, modified) = row[1], row[8:]
        feed, brought = self._source(source)
        vulnerabilities = tuple(spoken.split()) if spoken else (identifier,)
        modified = dates.text(modified)
        advisory = _Advisory(
            identifier,
            feed,
            vulnerabilities,
            url or page(identifier, vulnerabilities, feed),
            dates.text(published),
            modified,
            (feed != "osv", modified or "", brought),
        )
        if len(self._advisories) >= _REMEMBERED:
            # Those of the rows at hand may be needed once more, so only the oldest half goes.
            for old in list(self._advisories)[: _REMEMBERED // 2]:
                del self._advisories[old]
        self._advisories[number] = advisory
        return advisory

    def _source(self, number: int) -> tuple[str, str]:
        if not self._sources:
            rows = self._connection.execute("SELECT id, feed, name FROM source")
            self._sources = {each: (feed, name) for each, feed, name in rows}
        return self._sources[number]

    def _qualifier(self, number: int) -> _Qualifier:
        row = self._connection.execute(
            "SELECT state, arches, module, severity, note FROM qualifier WHERE id = ?", (number,)
        ).fetchone()
        state, arches, module, severity, note = row
        qualifier = _Qualifier(
            state, tuple(arches.split()), module or None, severity or None, note or None
        )
        self._qualifiers[number] = qualifier
        return qualifier


def _spans(rows: Iterable[Row]) -> tuple[tuple[AffectedRange, ...], tuple[bytes, ...]]:
    """Intervals and enumerated versions of the rows of one statement."""
    ranges: list[AffectedRange] = []
    versions: list[bytes] = []
    for row in rows:
        _, _, _, lower, upper, inclusive, lower_version, upper_version = row[:8]
        if inclusive == schema.EXCLUSIVE:
            ranges.append(AffectedRange(lower, upper, None, lower_version or "0", upper_version))
        elif inclusive == schema.INCLUSIVE:
            ranges.append(AffectedRange(lower, None, upper, lower_version or "0", upper_version))
        elif inclusive == schema.ENUMERATED:
            versions.append(lower)
    return tuple(ranges), tuple(versions)
