"""The tables of the advisory database, and how a file is recognised as one.

    package --< affects >-- statement --< span        which versions of which package
                                |
                             advisory --< name        which vulnerabilities, by which names
                                |
                              text                    descriptions, shared by their content
    kev, epss                                         facts by CVE
    source                                            what was compiled, for updates

A statement is what one advisory says of a set of packages alike (a bulletin fixes fifty binary
packages in one version); its spans are intervals over version keys. Matching a fleet is one join:
package versions with `affects` by package, with `span` by statement, where
`lower <= key and (upper is null or key < upper or (key = upper and upper_inclusive))`.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from openinspector.model import DatabaseError

APPLICATION_ID = 0x4F494144
"""Marks the file as ours: "OIAD" at offset 68 (https://sqlite.org/fileformat2.html)."""

SCHEMA_VERSION = 1
"""Raised when older programs can no longer read what newer ones write, or the reverse."""

PAGE_SIZE = 4096

EXCLUSIVE, INCLUSIVE, ENUMERATED = 0, 1, 2
"""Values of `span.upper_inclusive`; an enumerated version is the interval from itself to itself."""

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    feed TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    fingerprint BLOB,
    kept INTEGER NOT NULL DEFAULT 0,
    withdrawn INTEGER NOT NULL DEFAULT 0,
    ignored INTEGER NOT NULL DEFAULT 0,
    unusable INTEGER NOT NULL DEFAULT 0,
    date TEXT
);
CREATE TABLE problem (
    source INTEGER NOT NULL, key TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (source, key)
) WITHOUT ROWID;
CREATE TABLE advisory (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL,
    key TEXT,
    fingerprint BLOB NOT NULL,
    identifier TEXT NOT NULL,
    vulnerabilities TEXT,
    folds INTEGER NOT NULL,
    aliases TEXT,
    related TEXT,
    rank INTEGER NOT NULL,
    word TEXT,
    url TEXT,
    published INTEGER,
    modified INTEGER,
    facts BLOB,
    text INTEGER
);
CREATE TABLE name (
    identifier TEXT NOT NULL, role INTEGER NOT NULL, advisory INTEGER NOT NULL,
    PRIMARY KEY (identifier, role, advisory)
) WITHOUT ROWID;
CREATE TABLE text (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE ecosystem (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, advisories INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE package (
    id INTEGER PRIMARY KEY, ecosystem INTEGER NOT NULL, name TEXT NOT NULL,
    UNIQUE (ecosystem, name)
);
CREATE TABLE qualifier (
    id INTEGER PRIMARY KEY,
    state TEXT NOT NULL, arches TEXT NOT NULL, module TEXT NOT NULL, severity TEXT NOT NULL,
    note TEXT NOT NULL,
    UNIQUE (state, arches, module, severity, note)
);
CREATE TABLE statement (
    id INTEGER PRIMARY KEY, advisory INTEGER NOT NULL, qualifier INTEGER NOT NULL
);
CREATE TABLE affects (
    package INTEGER NOT NULL, statement INTEGER NOT NULL,
    PRIMARY KEY (package, statement)
) WITHOUT ROWID;
CREATE TABLE span (
    statement INTEGER NOT NULL, position INTEGER NOT NULL,
    lower BLOB NOT NULL, upper BLOB, upper_inclusive INTEGER NOT NULL,
    lower_version TEXT, upper_version TEXT,
    PRIMARY KEY (statement, position)
) WITHOUT ROWID;
CREATE TABLE kev (
    cve TEXT PRIMARY KEY, added TEXT NOT NULL, due TEXT NOT NULL, action TEXT NOT NULL,
    ransomware INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE epss (cve INTEGER PRIMARY KEY, score INTEGER NOT NULL, percentile INTEGER NOT NULL);
"""
"""`advisory.key` and `advisory.vulnerabilities` are null where they equal the identifier;
`folds` marks one without a CVE of its own; lists of identifiers are separated by spaces.
`package.name` is normalised. `epss.cve` is year x 10^10 + number, its values in 1/100,000.
"""

INDEXES = """
CREATE INDEX advisory_source ON advisory (source);
"""
"""Made after the rows: it serves updates only."""

SPEAKS, IS, ALIAS, RELATED = 0, 1, 2, 3
"""Values of `name.role`: the advisory speaks of the vulnerability; is called so itself; is known
as; is mentioned by a bulletin of that name."""


def create(connection: sqlite3.Connection) -> None:
    """Make the tables of an empty database."""
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.executescript(TABLES)


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raise `DatabaseError`, saying what to do, for a file that is no database of this version."""
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise DatabaseError(
            f"{path} is not an advisory database ({error}): build it again with"
            " `openinspector db build` or `openinspector db update`"
        ) from None
    if application != APPLICATION_ID:
        raise DatabaseError(f"{path} is a SQLite file, but not an advisory database")
    if version < SCHEMA_VERSION:
        raise DatabaseError(
            f"{path} was made by an older version of this program (format {version}, needed"
            f" {SCHEMA_VERSION}): build it again with `openinspector db update`"
        )
    if version > SCHEMA_VERSION:
        raise DatabaseError(
            f"{path} was made by a newer version of this program (format {version}, known"
            f" {SCHEMA_VERSION}): update this program, or build the database again"
        )


def cve_number(identifier: str) -> int | None:
    """A CVE as the integer that `epss` is keyed by; None for any other identifier.

    Only the canonical spelling has one: `CVE-2024-0001`, never `CVE-2024-00001`.
    """
    if not identifier.startswith("CVE-") or len(identifier) > 19 or not identifier.isascii():
        return None
    year, _, number = identifier[4:].partition("-")
    if len(year) != 4 or not year.isdigit() or not number.isdigit() or len(number) < 4:
        return None
    if len(number) > 4 and number[0] == "0":
        return None
    return int(year) * 10**10 + int(number)
