"""Resources that discovery found, as they were listed last, and what was scanned of them."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    LargeBinary,
    Table,
    bindparam,
    delete,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

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
    return get_resources(connection, account, [resource_id]).get(resource_id)


def get_resources(
    connection: Connection, account: str, names: Iterable[str]
) -> dict[str, KnownResource]:
    """Resources of an account by identifier; those apart that are not known."""
    r = resource.c
    found: dict[str, KnownResource] = {}
    for batch in in_batches(names, _BATCH):
        rows = connection.execute(
            select(r.resource_id, r.body, r.scanned, r.scanned_at).where(
                r.account == account, r.resource_id.in_(batch)
            )
        )
        for name, body, scanned, at in rows:
            found[name] = KnownResource(_decoder.decode(body), scanned, at)
    return found


def put_resources(connection: Connection, listed: Iterable[Discovered]) -> None:
    """Write what was listed; what is known of the scans stays."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(resource)
    changed = {name: statement.excluded[name] for name in ("region", "type", "fingerprint", "body")}
    statement = statement.on_conflict_do_update(
        index_elements=["account", "resource_id"], set_=changed
    )
    for batch in in_batches(listed, _BATCH):
        connection.execute(
            statement,
            [
                {
                    "account": found.account,
                    "resource_id": found.resource.id,
                    "region": found.region,
                    "type": found.resource.type,
                    "fingerprint": found.fingerprint,
                    "body": msgspec.json.encode(found),
                }
                for found in batch
            ],
        )


def mark_scanned(
    connection: Connection, account: str, scanned: Mapping[str, str | None], at: int
) -> None:
    """Say which content of resources was scanned; None: it has to be scanned again."""
    if not scanned:
        return
    r = resource.c
    connection.execute(
        update(resource)
        .where(r.account == account, r.resource_id == bindparam("name"))
        .values(scanned=bindparam("content"), scanned_at=at),
        [{"name": name, "content": content} for name, content in scanned.items()],
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
