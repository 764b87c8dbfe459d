"""What a database holds, for people: counts, dates, search results, single advisories."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from openinspector.advisories import dates
from openinspector.advisories.folded import Vulnerabilities
from openinspector.advisories.publishers import page

_MOST_FOUND = 200


class SourceInfo(msgspec.Struct, frozen=True):
    """One compiled file: how many advisories it gave, and what became of the rest."""

    name: str
    feed: str
    kept: int
    withdrawn: int
    ignored: int
    unusable: int
    date: str | None


class Info(msgspec.Struct, frozen=True):
    """What a database holds.

    `advisories` counts identifiers, a record of several feeds once; `newest` is the latest change
    of any of them (RFC 3339). `starter` says that this is the small set that comes with the
    program, and covers only its `advisories` advisories. `problems` are (source, record, reason).
    """

    path: str
    bytes: int
    starter: bool
    advisories: int
    vulnerabilities: int
    newest: str | None
    sources: tuple[SourceInfo, ...]
    ecosystems: tuple[tuple[str, int], ...]
    known_exploited: int
    epss: int
    problems: tuple[tuple[str, str, str], ...] = ()

    @property
    def feeds(self) -> dict[str, int]:
        """How many records each feed gave."""
        totals: dict[str, int] = {}
        for source in self.sources:
            totals[source.feed] = totals.get(source.feed, 0) + source.kept
        return totals


class PackageHit(msgspec.Struct, frozen=True):
    """A package that advisories speak of."""

    ecosystem: str
    name: str
    advisories: int


class Found(msgspec.Struct, frozen=True):
    """What a search found: vulnerabilities by identifier, packages by name."""

    vulnerabilities: tuple[str, ...] = ()
    packages: tuple[PackageHit, ...] = ()


class AdvisoryDetails(msgspec.Struct, frozen=True):
    """One advisory as one source gave it; `packages` are (ecosystem, name)."""

    identifier: str
    feed: str
    source: str
    vulnerabilities: tuple[str, ...]
    aliases: tuple[str, ...]
    severity: str | None
    summary: str
    description: str
    references: tuple[str, ...]
    url: str | None
    published: str | None
    modified: str | None
    packages: tuple[tuple[str, str], ...]


class Describer:
    """Reads an open database for people."""

    def __init__(self, connection: sqlite3.Connection, vulnerabilities: Vulnerabilities) -> None:
        self._connection = connection
        self._vulnerabilities = vulnerabilities

    def info(self, path: str, size: int) -> Info:
        """Counts and dates."""
        one = self._one
        return Info(
            path=path,
            bytes=size,
            starter=bool(self.figure("starter")),
            advisories=self.figure("advisories") or 0,
            vulnerabilities=self.figure("vulnerabilities") or 0,
            newest=dates.text(self.figure("newest")),
            sources=tuple(
                SourceInfo(*row)
                for row in self._connection.execute(
                    "SELECT name, feed, kept, withdrawn, ignored, unusable, date FROM source"
                    " ORDER BY feed, name"
                )
            ),
            ecosystems=tuple(
                self._connection.execute("SELECT name, advisories FROM ecosystem ORDER BY name")
            ),
            known_exploited=one("SELECT count(*) FROM kev") or 0,
            epss=one("SELECT count(*) FROM epss") or 0,
            problems=tuple(
                self._connection.execute(
                    "SELECT s.name, p.key, p.reason FROM problem p JOIN source s ON s.id = p.source"
                    " ORDER BY 1, 2"
                )
            ),
        )

    def figure(self, name: str) -> int | None:
        """A number that was kept when the database was compiled; None where there is none."""
        row = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def search(self, text: str) -> Found:
        """By identifier or alias in any letter case; else by package name or a part of it."""
        wanted = text.strip()
        for spelling in dict.fromkeys((wanted, wanted.upper(), _ghsa(wanted))):
            if self._vulnerabilities.vulnerability(spelling) is not None:
                meant = self._vulnerabilities.meant(spelling)
                return Found(vulnerabilities=tuple(sorted(meant or (spelling,))))
            meant = self._vulnerabilities.meant(spelling)
            if meant:
                return Found(vulnerabilities=tuple(sorted(meant)))
        return Found(packages=tuple(self._packages(wanted)))

    def advisories(self, identifier: str) -> list[AdvisoryDetails]:
        """The advisory of an identifier, once for each source that brought it."""
        rows = self._connection.execute(
            "SELECT a.id, a.identifier, s.feed, s.name, a.vulnerabilities, a.aliases, a.word,"
            " a.facts, a.text, a.url, a.published, a.modified FROM advisory a"
            " JOIN source s ON s.id = a.source WHERE a.id IN"
            " (SELECT advisory FROM name WHERE identifier = ?) AND a.identifier = ?",
            (identifier, identifier),
        ).fetchall()
        return [self._details(row) for row in rows]

    def _details(self, row: tuple[Any, ...]) -> AdvisoryDetails:
        number, identifier, feed, source, spoken, aliases, word, facts, text, url, *times = row
        vulnerabilities = tuple(spoken.split()) if spoken else (identifier,)
        said = self._vulnerabilities.codec.facts(facts) if facts else None
        packages = self._connection.execute(
            "SELECT DISTINCT e.name, p.name FROM statement s JOIN affects f ON f.statement = s.id"
            " JOIN package p ON p.id = f.package JOIN ecosystem e ON e.id = p.ecosystem"
            " WHERE s.advisory = ? ORDER BY 1, 2",
            (number,),
        )
        return AdvisoryDetails(
            identifier=identifier,
            feed=feed,
            source=source,
            vulnerabilities=vulnerabilities,
            aliases=tuple((aliases or "").split()),
            severity=word,
            summary=said.summary if said else "",
            description=self._vulnerabilities.text(text) if text is not None else "",
            references=said.references if said else (),
            url=url or page(identifier, vulnerabilities, feed),
            published=dates.text(times[0]),
            modified=dates.text(times[1]),
            packages=tuple(packages),
        )

    def _packages(self, text: str) -> list[PackageHit]:
        """Packages of that name, else those whose names contain it."""
        sql = (
            "SELECT e.name, p.name, (SELECT count(DISTINCT s.advisory) FROM affects f"
            " JOIN statement s ON s.id = f.statement WHERE f.package = p.id)"
            " FROM package p JOIN ecosystem e ON e.id = p.ecosystem"
            " WHERE {} ORDER BY length(p.name), p.name, e.name LIMIT ?"
        )
        for where, value in (
            ("p.name = ? COLLATE NOCASE", text),
            ("p.name LIKE ? ESCAPE '\\'", f"%{_escaped(text)}%"),
        ):
            rows = self._connection.execute(sql.format(where), (value, _MOST_FOUND)).fetchall()
            if rows or not text:
                return [PackageHit(*row) for row in rows]
        return []

    def _one(self, sql: str) -> Any:
        row = self._connection.execute(sql).fetchone()
        return row[0] if row else None


def _ghsa(text: str) -> str:
    """GitHub's identifiers have a prefix in capitals and the rest in small letters."""
    return "GHSA-" + text[5:].lower() if text[:5].upper() == "GHSA-" else text


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
