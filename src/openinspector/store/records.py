"""Small things that people configure, each kept in versions: filters, members, settings, reports.

A record is known by its kind, its owner (an account, or an organisation) and its key; its body is a
JSON object. Whatever happens to it stays readable as of any past moment.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Index, LargeBinary, Table, insert, select, update

from openinspector.store.schema import (
    FOREVER,
    Identity,
    Words,
    in_batches,
    metadata,
    true_at,
    versioned,
)

record = Table(
    "record",
    metadata,
    Column("row_id", Identity, primary_key=True, autoincrement=True),
    Column("kind", Words, nullable=False),
    Column("owner", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("body", LargeBinary, nullable=False),
    *versioned(),
)
Index("ix_record_identity", record.c.kind, record.c.owner, record.c.key, record.c.valid_from)
Index(
    "uq_record_present",
    record.c.kind,
    record.c.owner,
    record.c.key,
    unique=True,
    sqlite_where=record.c.valid_to == FOREVER,
    postgresql_where=record.c.valid_to == FOREVER,
)

_BATCH = 500


class Record(msgspec.Struct, frozen=True):
    """One record as it was at a moment."""

    owner: str
    key: str
    body: dict[str, Any]


def put_record(
    connection: Connection, kind: str, owner: str, key: str, body: dict[str, Any], at: int
) -> None:
    """Write a record: the version before it, if any, ends here."""
    end_record(connection, kind, owner, key, at)
    connection.execute(
        insert(record).values(
            kind=kind,
            owner=owner,
            key=key,
            body=msgspec.json.encode(body),
            valid_from=at,
            valid_to=FOREVER,
        )
    )


def end_record(connection: Connection, kind: str, owner: str, key: str, at: int) -> bool:
    """Let a record end; whether there was one."""
    ended = connection.execute(
        update(record)
        .where(
            record.c.kind == kind,
            record.c.owner == owner,
            record.c.key == key,
            record.c.valid_to == FOREVER,
        )
        .values(valid_to=at)
    )
    return ended.rowcount > 0


def get_record(
    connection: Connection, kind: str, owner: str, key: str, at: int | None = None
) -> dict[str, Any] | None:
    """The body of a record, or None."""
    body = connection.execute(
        select(record.c.body)
        .where(record.c.kind == kind, record.c.owner == owner, record.c.key == key)
        .where(true_at(record, at))
        .order_by(record.c.row_id.desc())
        .limit(1)
    ).scalar()
    return None if body is None else msgspec.json.decode(body)


def get_records(
    connection: Connection, kind: str, owner: str, keys: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """The present bodies of several records of an owner, by key."""
    r = record.c
    found: dict[str, dict[str, Any]] = {}
    for batch in in_batches(keys, _BATCH):
        rows = connection.execute(
            select(r.key, r.body).where(
                r.kind == kind, r.owner == owner, r.key.in_(batch), true_at(record, None)
            )
        )
        found.update((key, msgspec.json.decode(body)) for key, body in rows)
    return found


def list_records(
    connection: Connection,
    kind: str,
    owners: Iterable[str] | None = None,
    *,
    at: int | None = None,
    after: tuple[str, str] | None = None,
    limit: int | None = None,
    written_before: int | None = None,
) -> list[Record]:
    """Records of a kind by owner and key; `after` is the (owner, key) of the last one seen.

    `written_before`: only those that nobody wrote since (epoch milliseconds).
    """
    query = select(record.c.owner, record.c.key, record.c.body).where(
        record.c.kind == kind, true_at(record, at)
    )
    if owners is not None:
        query = query.where(record.c.owner.in_(list(owners)))
    if after is not None:
        owner, key = after
        query = query.where(
            (record.c.owner > owner) | ((record.c.owner == owner) & (record.c.key > key))
        )
    if written_before is not None:
        query = query.where(record.c.valid_from < written_before)
    query = query.order_by(record.c.owner, record.c.key)
    if limit is not None:
        query = query.limit(limit)
    return [
        Record(owner, key, msgspec.json.decode(body))
        for owner, key, body in connection.execute(query)
    ]
