"""Advisories and databases written for the tests."""

import json
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from openinspector.advisories import AdvisoryDatabase
from openinspector.advisories.build import Report, Source, build
from openinspector.advisories.osv import decode
from openinspector.advisories.ranges import holds, intervals
from openinspector.versions import key

Document = dict[str, Any]


def events(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    """OSV events from (kind, version) pairs."""
    return [{kind: version} for kind, version in pairs]


def affected(
    ecosystem: str,
    name: str,
    *pairs: tuple[str, str],
    kind: str = "ECOSYSTEM",
    **more: Any,
) -> Document:
    """One entry of `affected` with at most one range."""
    entry: Document = {"package": {"ecosystem": ecosystem, "name": name}, **more}
    if pairs:
        entry["ranges"] = [{"type": kind, "events": events(*pairs)}]
    return entry


def advisory(identifier: str, *entries: Document, **more: Any) -> Document:
    """An OSV record."""
    return {
        "schema_version": "1.7.3",
        "id": identifier,
        "modified": "2024-05-01T10:00:00Z",
        "published": "2024-04-01T00:00:00Z",
        "affected": list(entries),
        **more,
    }


def fixed_in(ecosystem: str, name: str, version: str, **more: Any) -> Document:
    """Affected from the beginning until `version`."""
    return affected(ecosystem, name, ("introduced", "0"), ("fixed", version), **more)


def write_zip(path: Path, documents: Iterable[Document | bytes]) -> Path:
    """A zip as osv.dev serves it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, document in enumerate(documents):
            if isinstance(document, bytes):
                archive.writestr(f"broken-{number}.json", document)
            else:
                archive.writestr(f"{document['id']}.json", json.dumps(document))
    return path


def compiled(
    folder: Path, documents: Sequence[Document | bytes], feed: str = "osv"
) -> tuple[AdvisoryDatabase, Report]:
    """A database over one zip of documents."""
    source = write_zip(folder / "osv.zip", documents)
    report = build([Source(feed, "osv.zip", source)], folder / "advisories.db")
    return AdvisoryDatabase.open(folder / "advisories.db"), report


def is_affected(entry: Document, version: str) -> bool:
    """OSV's question, by intervals and enumerated versions."""
    record = decode(json.dumps(advisory("TEST-1", entry)).encode())
    assert record.affected
    part = record.affected[0]
    assert part.package
    ecosystem = part.package.ecosystem
    wanted = key(ecosystem, version)
    listed = {key(ecosystem, each) for each in part.versions or ()}
    return wanted in listed or any(holds(each, wanted) for each in intervals(part, ecosystem))


_ORPHANS = (
    "SELECT 'span', statement FROM span WHERE statement NOT IN (SELECT id FROM statement)",
    "SELECT 'statement', id FROM statement WHERE advisory NOT IN (SELECT id FROM advisory)",
    "SELECT 'package', id FROM package WHERE id NOT IN (SELECT package FROM affects)",
    "SELECT 'text', id FROM text"
    " WHERE id NOT IN (SELECT text FROM advisory WHERE text IS NOT NULL)",
)


def content(path: Path) -> dict[str, set[tuple[Any, ...]]]:
    """All that a database says, free of numbers and order: equal for equal knowledge."""
    import sqlite3

    from openinspector.advisories.codec import Codec

    connection = sqlite3.connect(path)
    (dictionary,) = connection.execute(
        "SELECT value FROM meta WHERE name = 'dictionary'"
    ).fetchone()
    codec = Codec(dictionary)

    def rows(sql: str) -> list[tuple[Any, ...]]:
        return connection.execute(sql).fetchall()

    advisories = {
        (
            *row[:-2],
            codec.unpack(row[-2]) if row[-2] else None,
            codec.unpack(row[-1]) if row[-1] else None,
        )
        for row in rows(
            "SELECT s.name, coalesce(a.key, a.identifier), a.fingerprint, a.identifier,"
            " a.vulnerabilities, a.folds, a.aliases, a.related, a.rank, a.word, a.url,"
            " a.published, a.modified, a.facts, t.body FROM advisory a"
            " JOIN source s ON s.id = a.source LEFT JOIN text t ON t.id = a.text"
        )
    }
    said = rows(
        "SELECT a.identifier, src.name, e.name, p.name, q.state, q.arches, q.module, q.severity,"
        " q.note, n.position, n.lower, n.upper, n.upper_inclusive, n.lower_version,"
        " n.upper_version FROM affects f JOIN statement s ON s.id = f.statement"
        " JOIN qualifier q ON q.id = s.qualifier JOIN advisory a ON a.id = s.advisory"
        " JOIN source src ON src.id = a.source JOIN package p ON p.id = f.package"
        " JOIN ecosystem e ON e.id = p.ecosystem LEFT JOIN span n ON n.statement = s.id"
    )
    result = {
        "advisories": advisories,
        "said": set(said),
        "names": set(
            rows(
                "SELECT n.identifier, n.role, a.identifier, s.name FROM name n"
                " JOIN advisory a ON a.id = n.advisory JOIN source s ON s.id = a.source"
            )
        ),
        "ecosystems": set(rows("SELECT name, advisories FROM ecosystem")),
        "sources": set(
            rows(
                "SELECT feed, name, fingerprint, kept, withdrawn, ignored, unusable, date"
                " FROM source"
            )
        ),
        "problems": set(
            rows("SELECT s.name, p.key, p.reason FROM problem p JOIN source s ON s.id = p.source")
        ),
        "kev": set(rows("SELECT * FROM kev")),
        "epss": set(rows("SELECT * FROM epss")),
        "orphans": {row for sql in _ORPHANS for row in rows(sql)},
    }
    connection.close()
    return result
