"""Look-up by vulnerability: what all advisories say of one identifier, folded."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from openinspector.advisories import schema
from openinspector.advisories.codec import Codec
from openinspector.advisories.fold import Said, describing, fold, order
from openinspector.advisories.publishers import BULLETIN, publisher
from openinspector.advisories.record import Facts
from openinspector.model import Epss, KnownExploited, Vulnerability

_SPEAKING = """
SELECT a.identifier, f.feed, a.rank, a.vulnerabilities, a.aliases, a.related, a.word, a.facts,
       a.text, a.published, a.modified
FROM name n CROSS JOIN advisory a ON a.id = n.advisory CROSS JOIN source f ON f.id = a.source
WHERE n.identifier = ? AND n.role = 0
"""

_MEANT = """
SELECT a.identifier, a.vulnerabilities FROM name n CROSS JOIN advisory a ON a.id = n.advisory
WHERE n.identifier = ? AND n.role IN (1, 2, 3)
"""

_EXACT = 100_000
_NO_FACTS = Facts()

Row = tuple[Any, ...]


class Vulnerabilities:
    """Answers by vulnerability from an open database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def vulnerability(self, identity: str) -> Vulnerability | None:
        """The folded record, by any identifier that leads to exactly one vulnerability."""
        rows = self._connection.execute(_SPEAKING, (identity,)).fetchall()
        if not rows:
            meant = self.meant(identity)
            if meant and meant != [identity]:
                return self.vulnerability(meant[0]) if len(meant) == 1 else None
        epss, known_exploited = self._epss(identity), self._kev(identity)
        if not rows and epss is None and known_exploited is None:
            return None
        said = sorted(self._said(rows), key=order)
        text = describing(said)
        return fold(
            identity,
            said,
            "" if text is None else self.text(text),
            _other_names(identity, rows),
            epss,
            known_exploited,
        )

    def meant(self, identifier: str) -> list[str]:
        """The vulnerabilities that an advisory's identifier or alias stands for."""
        found: dict[str, None] = {}
        for own, spoken in self._connection.execute(_MEANT, (identifier,)):
            found.update(dict.fromkeys(spoken.split() if spoken else (own,)))
        return list(found)

    def text(self, number: int) -> str:
        """A description by its number."""
        row = self._connection.execute("SELECT body FROM text WHERE id = ?", (number,)).fetchone()
        return self.codec.unpack(row[0]).decode("utf-8", "replace") if row else ""

    @cached_property
    def codec(self) -> Codec:
        """Unpacks with the dictionary of this file."""
        row = self._connection.execute(
            "SELECT value FROM meta WHERE name = 'dictionary'"
        ).fetchone()
        return Codec(row[0] if row else b"")

    def _said(self, rows: list[Row]) -> Iterator[Said]:
        """Facts are unpacked only for records on this very vulnerability, if there are any."""
        near = any(row[2] < BULLETIN for row in rows)
        for row in rows:
            identifier, feed, rank, spoken, _, _, word, facts, text, published, modified = row
            packed = facts is not None and (rank < BULLETIN or not near)
            yield Said(
                identifier,
                publisher(identifier, feed).source,
                rank,
                " " not in (spoken or ""),
                self.codec.facts(facts) if packed else _NO_FACTS,
                word,
                text,
                published,
                modified,
            )

    def _epss(self, identity: str) -> Epss | None:
        number = schema.cve_number(identity)
        if number is None:
            return None
        row = self._connection.execute(
            "SELECT score, percentile FROM epss WHERE cve = ?", (number,)
        ).fetchone()
        return None if row is None else Epss(row[0] / _EXACT, row[1] / _EXACT, self._epss_date)

    @cached_property
    def _epss_date(self) -> str:
        row = self._connection.execute(
            "SELECT max(date) FROM source WHERE feed = 'epss'"
        ).fetchone()
        return row[0] or ""

    def _kev(self, identity: str) -> KnownExploited | None:
        row = self._connection.execute(
            "SELECT added, due, action, ransomware FROM kev WHERE cve = ?", (identity,)
        ).fetchone()
        return None if row is None else KnownExploited(row[0], row[1], row[2], bool(row[3]))


def _other_names(identity: str, rows: list[Row]) -> list[str]:
    """Every other identifier: of the advisories, and their aliases if they speak of it alone."""
    found: set[str] = set()
    for identifier, _, _, spoken, aliases, related, *_ in rows:
        found.add(identifier)
        if " " not in (spoken or ""):
            found.update((aliases or "").split())
            found.update((related or "").split())
    found.discard(identity)
    return sorted(found)
