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


_ADVISORIES = """
    SELECT s.name, coalesce(a.key, a.identifier), a.fingerprint
    FROM {one}.advisory a JOIN {one}.source s ON s.id = a.source
    EXCEPT
    SELECT s.name, coalesce(a.key, a.identifier), a.fingerprint
    FROM {other}.advisory a JOIN {other}.source s ON s.id = a.source
"""

_SPANS = """
    SELECT DISTINCT e.name, p.name, n.lower, n.upper, n.upper_inclusive
    FROM changed c
    JOIN {one}.source s ON s.name = c.source
    JOIN {one}.advisory a ON a.source = s.id AND coalesce(a.key, a.identifier) = c.key
    JOIN {one}.statement t ON t.advisory = a.id
    JOIN {one}.affects f ON f.statement = t.id
    JOIN {one}.package p ON p.id = f.package
    JOIN {one}.ecosystem e ON e.id = p.ecosystem
    JOIN {one}.span n ON n.statement = t.id
"""

_NAMES = """
    SELECT DISTINCT coalesce(a.vulnerabilities, a.identifier)
    FROM changed c
    JOIN {one}.source s ON s.name = c.source
    JOIN {one}.advisory a ON a.source = s.id AND coalesce(a.key, a.identifier) = c.key
"""

_KEV = "SELECT cve FROM (SELECT * FROM {one}.kev EXCEPT SELECT * FROM {other}.kev)"
_EPSS = "SELECT cve FROM (SELECT * FROM {one}.epss EXCEPT SELECT * FROM {other}.epss)"


def changes(before: Path, after: Path) -> Changes:
    """What differs between two databases. Raises `DatabaseError` for one that cannot be read."""
    with closing(sqlite3.connect(":memory:", uri=True)) as connection:
        for name, path in (("old", before), ("new", after)):
            with closing(sqlite3.connect(_address(path), uri=True)) as alone:
                check(alone, path)
            connection.execute(f"ATTACH ? AS {name}", (_address(path),))
        connection.execute("CREATE TEMP TABLE changed (source TEXT, key TEXT, fingerprint BLOB)")
        for one, other in (("old", "new"), ("new", "old")):
            connection.execute(f"INSERT INTO changed {_ADVISORIES.format(one=one, other=other)}")
        connection.execute("CREATE INDEX temp.changed_source ON changed (source, key)")
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
