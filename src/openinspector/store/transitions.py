"""The outbox: what happened to findings, written in the transaction in which it happened."""

from collections.abc import Iterable
from typing import Literal

import msgspec
from sqlalchemy import BigInteger, Column, Connection, LargeBinary, Table, insert, select

from openinspector.model.finding import Finding
from openinspector.store.schema import Identity, Words, metadata

Kind = Literal["OPENED", "UPDATED", "SUPPRESSED", "UNSUPPRESSED", "CLOSED", "REOPENED"]

transition = Table(
    "transition",
    metadata,
    Column("row_id", Identity, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("account", Words, nullable=False),
    Column("arn", Words, nullable=False, index=True),
    Column("kind", Words, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("delivered_at", BigInteger, index=True),
)


class Transition(msgspec.Struct, frozen=True):
    """What happened to a finding, which is as it is afterwards; `because` says why it closed."""

    kind: Kind
    finding: Finding
    because: str | None = None


class Entry(msgspec.Struct, frozen=True):
    """A line of the outbox."""

    row_id: int
    at: int
    arn: str
    kind: Kind
    finding: Finding


def append_transitions(connection: Connection, transitions: Iterable[Transition], at: int) -> None:
    """Write transitions to the outbox."""
    rows = [
        {
            "at": at,
            "account": each.finding.aws_account_id,
            "arn": each.finding.finding_arn,
            "kind": each.kind,
            "body": msgspec.json.encode(each.finding),
        }
        for each in transitions
    ]
    if rows:
        connection.execute(insert(transition), rows)


def undelivered(connection: Connection, limit: int) -> list[Entry]:
    """The oldest entries that no sink has taken yet."""
    t = transition.c
    rows = connection.execute(
        select(t.row_id, t.at, t.arn, t.kind, t.body)
        .where(t.delivered_at.is_(None))
        .order_by(t.row_id)
        .limit(limit)
    )
    decoder = msgspec.json.Decoder(Finding)
    return [Entry(row, at, arn, kind, decoder.decode(body)) for row, at, arn, kind, body in rows]
