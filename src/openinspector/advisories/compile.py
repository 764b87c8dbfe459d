"""Write advisories into a database: a whole new one, or what changed in an old one.

Everything is written in the order in which sources yield it, so the same input makes the same
bytes. Facts and texts are written once, here; look-ups only read them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from openinspector.advisories import schema
from openinspector.advisories.codec import Codec
from openinspector.advisories.identities import CVE
from openinspector.advisories.items import Epss, Item, Kev, digest
from openinspector.advisories.normalise import NotSecurity, normalise
from openinspector.advisories.osv import Malformed
from openinspector.advisories.publishers import publisher
from openinspector.advisories.record import Facts, Record
from openinspector.model import AffectedPackage, AffectedRange

BATCH = 20_000
"""Rows that wait in memory before they are written together."""

MOST_PROBLEMS = 500
"""Per source, of those that are kept by name; all are counted."""

_REMEMBERED_TEXTS = 1 << 17

_NOTHING = Facts()

_Said = tuple[tuple[str, ...], tuple[AffectedRange, ...], tuple[bytes, ...]]
"""What tells statements of one advisory apart: qualifier, intervals, enumerated versions."""


class Tally(msgspec.Struct):
    """What became of one source's records.

    `withdrawn` by their publisher; `ignored`: speak of no vulnerability; `unusable`: malformed.
    """

    source: str
    feed: str
    kept: int = 0
    changed: int = 0
    removed: int = 0
    withdrawn: int = 0
    ignored: int = 0
    unusable: int = 0
    unchanged: bool = False
    problems: list[tuple[str, str]] = []
    failure: str | None = None
    """Why the source could not be read to its end; its last good state was kept."""


class Compiler:
    """Applies sources to an open database, inside one transaction of the caller."""

    def __init__(self, connection: sqlite3.Connection, codec: Codec) -> None:
        self._connection = connection
        self._codec = codec
        self._packages = _Interned(connection, "package", ("ecosystem", "name"))
        self._ecosystems = _Interned(connection, "ecosystem", ("name",))
        self._qualifiers = _Interned(
            connection, "qualifier", ("state", "arches", "module", "severity", "note")
        )
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS dead (id INTEGER PRIMARY KEY)")
        self._advisory = self._next("advisory")
        self._statement = self._next("statement")
        self._rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in _INSERTS}
        self._waiting = 0
        self._texts: set[int] = set()
        self.touched = False

    def apply(self, source: int, feed: str, items: Iterable[Item], tally: Tally) -> None:
        """Bring one source's advisories up to date: add, replace, remove."""
        known = self._known(source)
        seen: set[str] = set()
        for item in items:
            if item.key in seen:
                continue
            seen.add(item.key)
            held = known.pop(item.key, None)
            if held is not None:
                if held[1] == item.fingerprint:
                    tally.kept += 1
                    continue
                self._remove([held[0]])
            if self._add(source, feed, item, tally):
                tally.kept += 1
                tally.changed += 1
            elif held is not None:
                tally.removed += 1
            if self._waiting >= BATCH:
                self.flush()
        self._remove([number for number, _ in known.values()])
        tally.removed += len(known)
        self.flush()

    def apply_kev(self, kev: Kev, tally: Tally) -> None:
        """Replace the catalogue of known exploited vulnerabilities."""
        self._connection.execute("DELETE FROM kev")
        rows = sorted(set(kev.entries))
        self._connection.executemany("INSERT OR REPLACE INTO kev VALUES (?, ?, ?, ?, ?)", rows)
        tally.kept = tally.changed = len(rows)
        self.touched = True

    def apply_epss(self, epss: Epss, tally: Tally) -> None:
        """Replace the exploit predictions."""
        self._connection.execute("DELETE FROM epss")
        rows = _epss_rows(epss.rows, tally)
        while batch := list(islice(rows, BATCH)):
            self._connection.executemany("INSERT OR REPLACE INTO epss VALUES (?, ?, ?)", batch)
            tally.kept += len(batch)
        tally.changed = tally.kept
        self.touched = True

    def drop_source(self, source: int) -> int:
        """Remove a source and all that it brought; says how many advisories that were."""
        numbers = [number for number, _ in self._known(source).values()]
        self._remove(numbers)
        self.touched = True
        for feed in ("kev", "epss"):
            self._connection.execute(
                f"DELETE FROM {feed} WHERE EXISTS (SELECT 1 FROM source WHERE id = ? AND feed = ?)",
                (source, feed),
            )
        self._connection.execute("DELETE FROM source WHERE id = ?", (source,))
        self._connection.execute("DELETE FROM problem WHERE source = ?", (source,))
        return len(numbers)

    def flush(self) -> None:
        """Write the rows that wait."""
        for table, insert in _INSERTS.items():
            rows = self._rows[table]
            if rows:
                self._connection.executemany(insert, rows)
                rows.clear()
        self._waiting = 0

    def forget(self) -> None:
        """Drop what waits and what is remembered: the caller rolls its transaction back."""
        for rows in self._rows.values():
            rows.clear()
        self._waiting = 0
        self._texts.clear()
        for interned in (self._packages, self._ecosystems, self._qualifiers):
            interned.forget()

    def _next(self, table: str) -> int:
        (last,) = self._connection.execute(f"SELECT max(id) FROM {table}").fetchone()
        return (last or 0) + 1

    def _known(self, source: int) -> dict[str, tuple[int, bytes]]:
        rows = self._connection.execute(
            "SELECT coalesce(key, identifier), id, fingerprint FROM advisory WHERE source = ?",
            (source,),
        )
        return {key: (number, fingerprint) for key, number, fingerprint in rows}

    def _add(self, source: int, feed: str, item: Item, tally: Tally) -> bool:
        """Compile one advisory; says whether there was anything to keep."""
        try:
            advisory = item.load()
            if advisory.withdrawn:
                tally.withdrawn += 1
                return False
            record = normalise(advisory, feed)
        except NotSecurity:
            tally.ignored += 1
            return False
        except Malformed as reason:
            tally.unusable += 1
            if len(tally.problems) < MOST_PROBLEMS:
                tally.problems.append((item.key[:200], str(reason)[:500]))
            return False
        self._write(source, feed, item, record)
        return True

    def _write(self, source: int, feed: str, item: Item, record: Record) -> None:
        number = self._advisory
        self._advisory += 1
        self.touched = True
        rows = self._rows
        own = record.vulnerabilities == (record.id,)
        folds = not any(CVE.fullmatch(name) for name in record.vulnerabilities)
        facts = None if record.facts == _NOTHING else self._codec.pack_facts(record.facts)
        rows["advisory"].append(
            (
                number,
                source,
                None if item.key == record.id else item.key,
                item.fingerprint,
                record.id,
                None if own else " ".join(record.vulnerabilities),
                folds,
                " ".join(record.aliases) or None,
                " ".join(record.related) or None,
                publisher(record.id, feed).rank,
                record.word,
                record.url,
                record.published,
                record.modified,
                facts,
                self._text(record.description),
            )
        )
        rows["name"].extend((name, schema.SPEAKS, number) for name in record.vulnerabilities)
        if not own:
            rows["name"].append((record.id, schema.IS, number))
        rows["name"].extend((name, schema.ALIAS, number) for name in record.aliases)
        rows["name"].extend(
            (name, schema.RELATED, number) for name in dict.fromkeys(record.related)
        )
        for qualifier, group in _grouped(record.affected):
            self._state(number, qualifier, group)
        self._waiting += len(record.affected) + 1

    def _state(
        self, advisory: int, qualifier: tuple[str, ...], group: list[AffectedPackage]
    ) -> None:
        """Write one statement, its packages and its spans."""
        number = self._statement
        self._statement += 1
        rows = self._rows
        rows["statement"].append((number, advisory, self._qualifiers.number(qualifier)))
        for package in group:
            ecosystem = self._ecosystems.number((package.ecosystem,))
            rows["affects"].append((self._packages.number((ecosystem, package.name)), number))
        rows["span"].extend(_spans(number, group[0]))

    def _text(self, description: str) -> int | None:
        """Write a description unless it is there; its number is a hash of its content."""
        if not description:
            return None
        data = description.encode("utf-8", "replace")
        number = int.from_bytes(digest(data), "big", signed=True)
        if number not in self._texts:
            if len(self._texts) >= _REMEMBERED_TEXTS:
                self._texts.clear()
            self._texts.add(number)
            self._rows["text"].append((number, self._codec.pack(data)))
        return number

    def _remove(self, numbers: list[int]) -> None:
        """Mark advisories for removal; `settle` removes them with all that hangs on them."""
        if numbers:
            self.touched = True
            self._connection.executemany(
                "INSERT INTO temp.dead VALUES (?)", [(number,) for number in numbers]
            )


def _grouped(
    affected: Iterable[AffectedPackage],
) -> Iterator[tuple[tuple[str, ...], list[AffectedPackage]]]:
    """Packages of which an advisory says the same, together."""
    groups: dict[_Said, list[AffectedPackage]] = {}
    for package in affected:
        qualifier = (
            package.state,
            " ".join(package.arches),
            package.module or "",
            package.vendor_severity or "",
            package.note or "",
        )
        groups.setdefault((qualifier, package.ranges, package.versions), []).append(package)
    for said, group in groups.items():
        yield said[0], group


def _spans(statement: int, package: AffectedPackage) -> Iterator[tuple[object, ...]]:
    position = 0
    for range_ in package.ranges:
        inclusive = range_.last_affected is not None
        upper = range_.last_affected if inclusive else range_.fixed
        lower_text = range_.introduced_version
        yield (
            statement,
            position,
            range_.introduced,
            upper,
            schema.INCLUSIVE if inclusive else schema.EXCLUSIVE,
            None if lower_text == "0" else lower_text,
            range_.end_version,
        )
        position += 1
    for version in package.versions:
        yield statement, position, version, version, schema.ENUMERATED, None, None
        position += 1


def _epss_rows(
    rows: Iterable[tuple[str, float, float]], tally: Tally
) -> Iterator[tuple[int, int, int]]:
    for cve, score, percentile in rows:
        number = schema.cve_number(cve)
        if number is None or not 0 <= score <= 1 or not 0 <= percentile <= 1:
            tally.unusable += 1
            continue
        yield number, round(score * 100_000), round(percentile * 100_000)


class _Interned:
    """Numbers for values that recur, in memory while there is room, else in their table."""

    _ROOM = 1 << 17

    def __init__(
        self, connection: sqlite3.Connection, table: str, columns: tuple[str, ...]
    ) -> None:
        where = " AND ".join(f"{column} = ?" for column in columns)
        self._select = f"SELECT id FROM {table} WHERE {where}"
        marks = ", ".join("?" * len(columns))
        self._insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        self._connection = connection
        self._held: dict[tuple[object, ...], int] = {}

    def forget(self) -> None:
        """Drop what is remembered."""
        self._held.clear()

    def number(self, value: tuple[object, ...]) -> int:
        """The number of a value, given one if it has none."""
        number = self._held.get(value)
        if number is not None:
            return number
        row = self._connection.execute(self._select, value).fetchone()
        if row is None:
            number = self._connection.execute(self._insert, value).lastrowid or 0
        else:
            number = row[0]
        if len(self._held) >= self._ROOM:
            self._held.clear()
        self._held[value] = number
        return number


_INSERTS = {
    "advisory": "INSERT INTO advisory VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "text": "INSERT OR IGNORE INTO text VALUES (?, ?)",
    "name": "INSERT OR IGNORE INTO name VALUES (?, ?, ?)",
    "statement": "INSERT INTO statement VALUES (?, ?, ?)",
    "affects": "INSERT OR IGNORE INTO affects VALUES (?, ?)",
    "span": "INSERT INTO span VALUES (?, ?, ?, ?, ?, ?, ?)",
}
