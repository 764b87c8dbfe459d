"""What differs between two advisory databases: by one statement for each kind of fact.

An advisory that is new, changed or withdrawn names its packages and versions, in both databases;
facts about a CVE (CISA's list, EPSS) name the CVE.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import msgspec

from openinspector.advisories.schema import EXCLUSIVE, check


class Span(msgspec.Struct, frozen=True):
    """Versions of a package that an advisory of one of the databases speaks of, by version keys.

    `ecosystem` is with its release (`Debian:12`). `upper` None is open.
    """

    ecosystem: str
    name: str
    lower: bytes
    upper: bytes | None
    inclusive: bool


class Changes(msgspec.Struct, frozen=True):
    """Spans of every advisory that differs; vulnerabilities of which anything differs."""

    spans: frozenset[Span]
    vulnerabilities: frozenset[str]


_SUSPECTS = """
    CREATE TEMP TABLE suspect_{one} AS
    SELECT a.id, s.name AS source, coalesce(a.key, a.identifier) AS key, a.fingerprint
    FROM {one}.advisory a
    JOIN {one}.source s ON s.id = a.source
    LEFT JOIN {other}.source t ON t.name = s.name
    LEFT JOIN {other}.advisory b ON b.id = a.id AND b.fingerprint = a.fingerprint
        AND b.source = t.id AND b.identifier = a.identifier AND b.key IS a.key
    WHERE b.id IS NULL
"""
"""Advisories that do not stand unchanged under the same number; after an update few do not."""

_SUSPECT_INDEX = "CREATE INDEX temp.by_key_{one} ON suspect_{one} (key, source, fingerprint)"

_CHANGED = """
    CREATE TEMP TABLE changed_{one} (id INTEGER PRIMARY KEY);
    INSERT INTO changed_{one}
    SELECT a.id FROM suspect_{one} a
    LEFT JOIN suspect_{other} b USING (source, key, fingerprint)
    WHERE b.id IS NULL;
    CREATE TEMP TABLE statement_{one} (id INTEGER PRIMARY KEY);
    INSERT INTO statement_{one}
    SELECT t.id FROM {one}.statement t CROSS JOIN changed_{one} c ON c.id = t.advisory;
"""

_SPANS = """
    SELECT DISTINCT e.name, p.name, n.lower, n.upper, n.upper_inclusive
    FROM {one}.affects f
    CROSS JOIN statement_{one} t ON t.id = f.statement
    CROSS JOIN {one}.package p ON p.id = f.package
    CROSS JOIN {one}.ecosystem e ON e.id = p.ecosystem
    CROSS JOIN {one}.span n ON n.statement = t.id
"""
"""Neither statements by advisory nor packages by statement have an index: both are read whole,
once, which takes a twentieth of a second."""

_NAMES = """
    SELECT DISTINCT coalesce(a.vulnerabilities, a.identifier)
    FROM changed_{one} c CROSS JOIN {one}.advisory a ON a.id = c.id
"""

_KEV = "SELECT cve FROM (SELECT * FROM {one}.kev EXCEPT SELECT * FROM {other}.kev)"
_EPSS = """
    SELECT a.cve FROM {one}.epss a LEFT JOIN {other}.epss b USING (cve)
    WHERE a.score IS NOT b.score OR a.percentile IS NOT b.percentile
"""


def changes(before: Path, after: Path) -> Changes:
    """What differs between two databases. Raises `DatabaseError` for one that cannot be read."""
    with closing(sqlite3.connect(":memory:", uri=True)) as connection:
        for name, path in (("old", before), ("new", after)):
            with closing(sqlite3.connect(_address(path), uri=True)) as alone:
                check(alone, path)
            connection.execute(f"ATTACH ? AS {name}", (_address(path),))
        for statement in (_SUSPECTS, _SUSPECT_INDEX, _CHANGED):
            for one, other in (("old", "new"), ("new", "old")):
                connection.executescript(statement.format(one=one, other=other))
        spans = frozenset(
            Span(ecosystem, name, lower, upper, inclusive != EXCLUSIVE)
            for one in ("old", "new")
            for ecosystem, name, lower, upper, inclusive in connection.execute(
                _SPANS.format(one=one)
            )
        )
        return Changes(spans, frozenset(_vulnerabilities(connection)))


def _vulnerabilities(connection: sqlite3.Connection) -> Iterator[str]:
    for one, other in (("old", "new"), ("new", "old")):
        for (names,) in connection.execute(_NAMES.format(one=one)):
            yield from names.split(" ")
        for (cve,) in connection.execute(_KEV.format(one=one, other=other)):
            yield cve
        for (number,) in connection.execute(_EPSS.format(one=one, other=other)):
            yield f"CVE-{number // 10**10}-{number % 10**10:04d}"


def _address(path: Path) -> str:
    return f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
