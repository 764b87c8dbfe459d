"""After all sources are in: remove what is gone, fold aliases, count.

Folding: an advisory without a CVE (RUSTSEC, a new GHSA) belongs to a CVE when the advisories that
share a name with it lead to exactly one. A name shared by mistake thus never joins two CVEs. Those
that no CVE is known for meet under one of their own names.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict

from openinspector.advisories.schema import ALIAS, IS, SPEAKS

_PREFERRED = ("GHSA-", "PYSEC-", "RUSTSEC-", "GO-", "MAL-")
"""Which name stands for a vulnerability without CVE: the one that most people know."""

_LONGEST_CHAIN = 8

_REMOVALS = (
    "CREATE TEMP TABLE gone AS SELECT id FROM statement WHERE advisory IN temp.dead",
    "CREATE UNIQUE INDEX temp.gone_id ON gone (id)",
    "DELETE FROM affects WHERE statement IN (SELECT id FROM temp.gone)",
    "DELETE FROM span WHERE statement IN (SELECT id FROM temp.gone)",
    "DELETE FROM statement WHERE id IN (SELECT id FROM temp.gone)",
    "DELETE FROM name WHERE advisory IN temp.dead",
    "DELETE FROM advisory WHERE id IN temp.dead",
    "DELETE FROM text WHERE id NOT IN (SELECT text FROM advisory WHERE text IS NOT NULL)",
    "DELETE FROM package WHERE id NOT IN (SELECT package FROM affects)",
    "DELETE FROM ecosystem WHERE id NOT IN (SELECT ecosystem FROM package)",
    "DELETE FROM qualifier WHERE id NOT IN (SELECT qualifier FROM statement)",
    "DROP TABLE temp.gone",
    "DELETE FROM temp.dead",
)
"""Each is one pass over a table, however many advisories go."""


_FIGURES = {
    "advisories": "SELECT count(DISTINCT identifier) FROM advisory",
    "newest": "SELECT max(modified) FROM advisory",
    "vulnerabilities": f"SELECT count(DISTINCT identifier) FROM name WHERE role = {SPEAKS}",
}
"""Kept in `meta`, for counting them anew takes a tenth of a second."""


def settle(connection: sqlite3.Connection) -> None:
    """Bring everything that depends on several advisories in line with what is there."""
    if connection.execute("SELECT 1 FROM temp.dead LIMIT 1").fetchone():
        for sql in _REMOVALS:
            connection.execute(sql)
    _fold(connection)
    _count(connection)


def _count(connection: sqlite3.Connection) -> None:
    """How many advisories each ecosystem has, and the figures that every look at the file shows."""
    counts = connection.execute(
        "SELECT count(DISTINCT s.advisory), p.ecosystem FROM package p"
        " JOIN affects a ON a.package = p.id JOIN statement s ON s.id = a.statement"
        " GROUP BY p.ecosystem"
    ).fetchall()
    connection.executemany("UPDATE ecosystem SET advisories = ? WHERE id = ?", counts)
    for name, sql in _FIGURES.items():
        connection.execute(f"INSERT OR REPLACE INTO meta VALUES (?, ({sql}))", (name,))


def _fold(connection: sqlite3.Connection) -> None:
    """Decide what advisories without a CVE speak of, and write what differs from before."""
    rows = connection.execute("SELECT id, identifier, vulnerabilities FROM advisory WHERE folds")
    loose = {number: (own, spoken or own) for number, own, spoken in rows}
    if not loose:
        return
    cves, partners = _links(connection, loose)
    standing = _standing(loose, partners)
    changes = []
    for number, (own, spoken) in loose.items():
        candidates = cves.get(number, set())
        wanted = candidates.pop() if len(candidates) == 1 else standing.get(own, own)
        if wanted != spoken:
            changes.append((number, own, spoken, wanted))
    _write(connection, changes)


def _links(
    connection: sqlite3.Connection, loose: dict[int, tuple[str, str]]
) -> tuple[dict[int, set[str]], dict[str, set[str]]]:
    """Which CVEs and which other loose advisories share a name with each loose one."""
    connection.execute(
        "CREATE TEMP TABLE called (name TEXT, advisory INTEGER, PRIMARY KEY (name, advisory))"
        " WITHOUT ROWID"
    )
    connection.execute("INSERT INTO temp.called SELECT identifier, id FROM advisory WHERE folds")
    aliases = connection.execute(
        "SELECT id, aliases FROM advisory WHERE folds AND aliases IS NOT NULL"
    )
    connection.executemany(
        "INSERT OR IGNORE INTO temp.called VALUES (?, ?)",
        [(name, number) for number, names in aliases for name in names.split()],
    )
    cves: dict[int, set[str]] = defaultdict(set)
    with_cve = connection.execute(
        "SELECT c.advisory, a.vulnerabilities FROM temp.called c"
        " JOIN name n ON n.identifier = c.name AND n.role IN (?, ?)"
        " JOIN advisory a ON a.id = n.advisory WHERE NOT a.folds",
        (IS, ALIAS),
    )
    for number, spoken in with_cve:
        cves[number].update((spoken or "").split())
    partners: dict[str, set[str]] = defaultdict(set)
    for one, other in connection.execute(
        "SELECT c.advisory, d.advisory FROM temp.called c JOIN temp.called d ON d.name = c.name"
        " WHERE c.advisory != d.advisory"
    ):
        partners[loose[one][0]].add(loose[other][0])
    connection.execute("DROP TABLE temp.called")
    return cves, partners


def _standing(loose: dict[int, tuple[str, str]], partners: dict[str, set[str]]) -> dict[str, str]:
    """For each loose advisory with partners, the name that stands for them all."""
    best = {own: min({own, *others}, key=_preference) for own, others in partners.items()}
    standing = {}
    for own in best:
        name = own
        for _ in range(_LONGEST_CHAIN):
            following = best.get(name, name)
            if following == name:
                break
            name = following
        standing[own] = name
    return standing


def _preference(identifier: str) -> tuple[int, str]:
    for place, start in enumerate(_PREFERRED):
        if identifier.startswith(start):
            return place, identifier
    return len(_PREFERRED), identifier


def _write(connection: sqlite3.Connection, changes: list[tuple[int, str, str, str]]) -> None:
    for number, own, spoken, wanted in changes:
        connection.execute(
            "UPDATE advisory SET vulnerabilities = ? WHERE id = ?",
            (None if wanted == own else wanted, number),
        )
        connection.execute(
            "DELETE FROM name WHERE identifier = ? AND role = ? AND advisory = ?",
            (spoken, SPEAKS, number),
        )
        roles = [(wanted, SPEAKS, number), (own, IS, number)]
        if wanted == own:
            roles.pop()
            connection.execute(
                "DELETE FROM name WHERE identifier = ? AND role = ? AND advisory = ?",
                (own, IS, number),
            )
        connection.executemany("INSERT OR IGNORE INTO name VALUES (?, ?, ?)", roles)
