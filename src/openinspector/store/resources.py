"""Resources that discovery found, as they were listed last, and what was scanned of them."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    LargeBinary,
    Table,
    delete,
    insert,
    select,
    update,
)

from openinspector.model.discovered import Discovered
from openinspector.store.schema import Words, in_batches, metadata

resource = Table(
    "resource",
    metadata,
    Column("account", Words, primary_key=True),
    Column("resource_id", Words, primary_key=True),
    Column("region", Words, nullable=False),
    Column("type", Words, nullable=False),
    Column("fingerprint", Words, nullable=False),
    Column("scanned", Words),
    Column("scanned_at", BigInteger),
    Column("body", LargeBinary, nullable=False),
)
Index("ix_resource_listed", resource.c.account, resource.c.region, resource.c.type)
Index("ix_resource_scanned", resource.c.type, resource.c.scanned)

_BATCH = 500
_decoder = msgspec.json.Decoder(Discovered)


class KnownResource(msgspec.Struct, frozen=True):
    """A resource, the fingerprint of its last whole scan, and when that was (epoch ms)."""

    found: Discovered
    scanned: str | None
    scanned_at: int | None

    @property
    def is_due(self) -> bool:
        """Whether it is to be scanned, and its content is another one than was scanned."""
        return self.found.reason is None and self.scanned != self.found.fingerprint


def known_resources(
    connection: Connection, account: str, region: str, types: Iterable[str]
) -> dict[str, KnownResource]:
    """The resources of some types in one account and region, by identifier."""
    r = resource.c
    rows = connection.execute(
        select(r.resource_id, r.body, r.scanned, r.scanned_at).where(
            r.account == account, r.region == region, r.type.in_(list(types))
        )
    )
    return {
        name: KnownResource(_decoder.decode(body), scanned, at) for name, body, scanned, at in rows
    }


def get_resource(connection: Connection, account: str, resource_id: str) -> KnownResource | None:
    """One resource, or None."""
    r = resource.c
    row = connection.execute(
        select(r.body, r.scanned, r.scanned_at).where(
            r.account == account, r.resource_id == resource_id
        )
    ).one_or_none()
    return None if row is None else KnownResource(_decoder.decode(row[0]), row[1], row[2])


def put_resource(connection: Connection, found: Discovered) -> None:
    """Write what was listed; what is known of its scans stays."""
    values = {
        "region": found.region,
        "type": found.resource.type,
        "fingerprint": found.fingerprint,
        "body": msgspec.json.encode(found),
    }
    r = resource.c
    same = (r.account == found.account, r.resource_id == found.resource.id)
    if connection.execute(update(resource).where(*same).values(**values)).rowcount == 0:
        connection.execute(
            insert(resource).values(account=found.account, resource_id=found.resource.id, **values)
        )


def mark_scanned(
    connection: Connection, account: str, resource_id: str, fingerprint: str | None, at: int
) -> None:
    """Say which content was scanned; None: it has to be scanned again."""
    r = resource.c
    connection.execute(
        update(resource)
        .where(r.account == account, r.resource_id == resource_id)
        .values(scanned=fingerprint, scanned_at=at)
    )


def drop_resources(connection: Connection, account: str, names: Iterable[str]) -> None:
    """Forget resources that are listed no more."""
    r = resource.c
    for batch in in_batches(names, _BATCH):
        connection.execute(delete(resource).where(r.account == account, r.resource_id.in_(batch)))


def twin(connection: Connection, found: Discovered) -> tuple[str, str] | None:
    """Account and identifier of another resource whose scanned content is the same, if any."""
    r = resource.c
    row: Any = connection.execute(
        select(r.account, r.resource_id)
        .where(r.type == found.resource.type, r.scanned == found.fingerprint)
        .limit(1)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def resource_types(connection: Connection, account: str) -> set[tuple[str, str]]:
    """Region and type of everything known in an account."""
    r = resource.c
    rows = connection.execute(select(r.region, r.type).where(r.account == account).distinct())
    return {(region, type_) for region, type_ in rows}
