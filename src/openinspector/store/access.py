"""Access keys and the audit log, as stored."""

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    Table,
    insert,
    select,
    update,
)

from openinspector.store.schema import Identity, Words, metadata

access_key = Table(
    "access_key",
    metadata,
    Column("id", Words, primary_key=True),
    Column("account", Words, nullable=False, index=True),
    Column("name", Words, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("policy", Words),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)

audit = Table(
    "audit",
    metadata,
    Column("row_id", Identity, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False, index=True),
    Column("account", Words, nullable=False, index=True),
    Column("key_id", Words, nullable=False),
    Column("operation", Words, nullable=False),
    Column("resource", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("outcome", Words, nullable=False),
    Column("request_id", Words, nullable=False),
)


class StoredKey(msgspec.Struct, frozen=True):
    """An access key; `secret` is sealed, `policy` a JSON document or None."""

    id: str
    account: str
    name: str
    secret: bytes
    policy: str | None
    created_at: int
    revoked_at: int | None


class AuditEntry(msgspec.Struct, frozen=True):
    """One mutating call: who did what to which resource, from where, and how it ended."""

    at: int
    account: str
    key_id: str
    operation: str
    resource: str
    source: str
    outcome: str
    request_id: str


def put_key(connection: Connection, key: StoredKey) -> None:
    """Store a new key."""
    connection.execute(insert(access_key).values(msgspec.structs.asdict(key)))


def find_key(connection: Connection, key_id: str) -> StoredKey | None:
    """A key by its identifier, revoked or not."""
    row = connection.execute(select(access_key).where(access_key.c.id == key_id)).one_or_none()
    return None if row is None else StoredKey(**row._mapping)


def list_keys(connection: Connection) -> list[StoredKey]:
    """All keys, oldest first."""
    rows = connection.execute(select(access_key).order_by(access_key.c.created_at, access_key.c.id))
    return [StoredKey(**row._mapping) for row in rows]


def revoke_key(connection: Connection, key_id: str, at: int) -> bool:
    """Let a key end; False when there is no such key, or it ended before."""
    done = connection.execute(
        update(access_key)
        .where(access_key.c.id == key_id, access_key.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    return done.rowcount > 0


def append_audit(connection: Connection, entry: AuditEntry) -> None:
    """Write one line of the audit log."""
    connection.execute(insert(audit).values(msgspec.structs.asdict(entry)))


def audit_entries(connection: Connection, account: str | None = None) -> list[AuditEntry]:
    """The audit log in order, of one account or of all."""
    query = select(*(audit.c[name] for name in AuditEntry.__struct_fields__))
    if account is not None:
        query = query.where(audit.c.account == account)
    return [AuditEntry(*row) for row in connection.execute(query.order_by(audit.c.row_id))]
