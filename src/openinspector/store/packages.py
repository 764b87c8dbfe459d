"""Inventories, stored once for each content, and the package versions that they hold.

A package version is unique by ecosystem, release, name and version, and carries its version key, so
that new advisories are matched against everything stored by one join.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import zstandard
from sqlalchemy import (
    Column,
    Connection,
    Index,
    LargeBinary,
    Select,
    Table,
    UniqueConstraint,
    and_,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from openinspector.model import AffectedPackage, Inventory
from openinspector.store.schema import (
    FOREVER,
    Identity,
    Words,
    in_batches,
    metadata,
    true_at,
    versioned,
)
from openinspector.store.spoken_names import split_release, spoken_names
from openinspector.versions import key

package_version = Table(
    "package_version",
    metadata,
    Column("row_id", Identity, primary_key=True, autoincrement=True),
    Column("ecosystem", Words, nullable=False),
    Column("release", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("version", Words, nullable=False),
    Column("key", LargeBinary, nullable=False),
    UniqueConstraint("ecosystem", "release", "name", "version"),
)

inventory = Table(
    "inventory",
    metadata,
    Column("digest", Words, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

inventory_package = Table(
    "inventory_package",
    metadata,
    Column("package", Identity, primary_key=True, autoincrement=False),
    Column("inventory", Words, primary_key=True),
)

resource_inventory = Table(
    "resource_inventory",
    metadata,
    Column("row_id", Identity, primary_key=True, autoincrement=True),
    Column("account", Words, nullable=False),
    Column("resource_id", Words, nullable=False),
    Column("inventory", Words, nullable=False),
    *versioned(),
)
_PRESENT = resource_inventory.c.valid_to == FOREVER
Index(
    "uq_resource_inventory_present",
    resource_inventory.c.account,
    resource_inventory.c.resource_id,
    unique=True,
    sqlite_where=_PRESENT,
    postgresql_where=_PRESENT,
)
Index("ix_resource_inventory_inventory", resource_inventory.c.inventory)

staged_range = Table(
    "staged_range",
    metadata,
    Column("row_id", Identity, primary_key=True, autoincrement=True),
    Column("ecosystem", Words, nullable=False),
    Column("release", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("introduced", LargeBinary),
    Column("fixed", LargeBinary),
    Column("last_affected", LargeBinary),
    prefixes=["TEMPORARY"],
)

_BATCH = 500


class Range(msgspec.Struct, frozen=True):
    """Affected versions of a package, by version keys; a missing side is open.

    `release` is the distribution's release, empty outside distributions; `name` is normalised.
    """

    ecosystem: str
    name: str
    introduced: bytes | None = None
    fixed: bytes | None = None
    last_affected: bytes | None = None
    release: str = ""


class Affected(msgspec.Struct, frozen=True):
    """A package version of a resource that lies in a range."""

    account: str
    resource_id: str
    ecosystem: str
    name: str
    version: str


def ranges_of(published: Iterable[AffectedPackage]) -> Iterator[Range]:
    """The ranges of records as an advisory database gives them; enumerated versions are ranges."""
    for record in published:
        if record.state in ("not-affected", "under-investigation"):
            continue
        ecosystem, release = split_release(record.ecosystem)
        for each in record.ranges:
            yield Range(
                ecosystem,
                record.name,
                each.introduced or None,
                each.fixed,
                each.last_affected,
                release,
            )
        for version in record.versions:
            yield Range(ecosystem, record.name, version, None, version, release)


def _encoded(collected: Inventory) -> bytes:
    # What listens is of one machine and moment: machines with the same software share the rest.
    shared = msgspec.structs.replace(collected, listeners=None)
    return msgspec.json.encode(shared, order="deterministic")


def digest_of(collected: Inventory) -> str:
    """What an inventory is stored by: equal ones have equal digests."""
    return hashlib.sha256(_encoded(collected)).hexdigest()


def put_inventory(connection: Connection, collected: Inventory, digest: str | None = None) -> str:
    """Store an inventory, unless it is there; its digest, which whoever knows it may give."""
    if digest is None:
        digest = digest_of(collected)
    known = connection.execute(select(inventory.c.digest).where(inventory.c.digest == digest))
    if known.scalar() is None:
        compressed = zstandard.ZstdCompressor(level=3).compress(_encoded(collected))
        _insert_new(connection, inventory, [{"digest": digest, "body": compressed}])
        _put_packages(connection, digest, collected)
    return digest


def known_digests(connection: Connection, digests: Iterable[str]) -> set[str]:
    """Those of some digests whose inventories are stored."""
    found: set[str] = set()
    for batch in in_batches(digests, _BATCH):
        query = select(inventory.c.digest).where(inventory.c.digest.in_(batch))
        found.update(connection.execute(query).scalars())
    return found


def get_inventory(connection: Connection, digest: str) -> Inventory | None:
    """The inventory of a digest."""
    body = connection.execute(select(inventory.c.body).where(inventory.c.digest == digest)).scalar()
    if body is None:
        return None
    return msgspec.json.decode(zstandard.ZstdDecompressor().decompress(body), type=Inventory)


def bind_inventory(
    connection: Connection, account: str, resource_id: str, digest: str, at: int
) -> None:
    """Say that a resource holds an inventory from now on."""
    bind_inventories(connection, account, {resource_id: digest}, at)


def bind_inventories(
    connection: Connection, account: str, digests: Mapping[str, str], at: int
) -> None:
    """Say which inventory each resource of an account holds from now on."""
    known = inventories_of(connection, account, digests)
    changed = [name for name, digest in digests.items() if known.get(name) != digest]
    if not changed:
        return
    unbind_inventories(connection, account, [name for name in changed if name in known], at)
    connection.execute(
        insert(resource_inventory),
        [
            {
                "account": account,
                "resource_id": name,
                "inventory": digests[name],
                "valid_from": at,
                "valid_to": FOREVER,
            }
            for name in changed
        ],
    )


def unbind_inventory(connection: Connection, account: str, resource_id: str, at: int) -> None:
    """Say that a resource holds nothing from now on."""
    unbind_inventories(connection, account, [resource_id], at)


def unbind_inventories(
    connection: Connection, account: str, resources: Iterable[str], at: int
) -> None:
    """Say that resources of an account hold nothing from now on."""
    r = resource_inventory.c
    for batch in in_batches(resources, _BATCH):
        connection.execute(
            update(resource_inventory)
            .where(r.account == account, r.resource_id.in_(batch), r.valid_to == FOREVER)
            .values(valid_to=at)
        )


def inventories_of(
    connection: Connection, account: str, resources: Iterable[str]
) -> dict[str, str]:
    """The digest of what each resource holds now; those apart that hold nothing."""
    r = resource_inventory.c
    found: dict[str, str] = {}
    for batch in in_batches(resources, _BATCH):
        rows = connection.execute(
            select(r.resource_id, r.inventory).where(
                r.account == account, r.resource_id.in_(batch), r.valid_to == FOREVER
            )
        )
        found.update((name, digest) for name, digest in rows)
    return found


def inventory_of(
    connection: Connection, account: str, resource_id: str, at: int | None = None
) -> str | None:
    """The digest of what a resource holds, or held at a moment."""
    r = resource_inventory.c
    return connection.execute(
        select(r.inventory)
        .where(r.account == account, r.resource_id == resource_id)
        .where(true_at(resource_inventory, at))
    ).scalar()


def affected_resources(connection: Connection, ranges: Iterable[Range]) -> list[Affected]:
    """Every present resource that holds a version in one of the ranges: one statement finds all.

    They are the ones to judge again: architectures, modules and rival records are for matching.
    """
    stage(connection, ranges)
    p, r = package_version.c, resource_inventory.c
    rows = connection.execute(
        select(r.account, r.resource_id, p.ecosystem, p.name, p.version)
        .distinct()
        .select_from(staged_range)
        .join(package_version, _WITHIN)
        .join(inventory_package, inventory_package.c.package == p.row_id)
        .join(resource_inventory, r.inventory == inventory_package.c.inventory)
        .where(r.valid_to == FOREVER)
        .order_by(r.account, r.resource_id, p.ecosystem, p.name, p.version)
    )
    return [Affected(*row) for row in rows]


def stage(connection: Connection, ranges: Iterable[Range]) -> None:
    """Lay ranges where statements of this connection find them."""
    metadata.create_all(connection, tables=[staged_range])
    connection.execute(staged_range.delete())
    for batch in in_batches(ranges, _BATCH):
        connection.execute(insert(staged_range), [msgspec.structs.asdict(each) for each in batch])


def affected_inventories() -> Select[tuple[str]]:
    """The digests of inventories that hold a version in a staged range, each at least once."""
    return (
        select(inventory_package.c.inventory)
        .select_from(staged_range)
        .join(package_version, _WITHIN)
        .join(inventory_package, inventory_package.c.package == package_version.c.row_id)
    )


_P, _S = package_version.c, staged_range.c
_WITHIN = and_(
    _P.ecosystem == _S.ecosystem,
    _P.release == _S.release,
    _P.name == _S.name,
    or_(_S.introduced.is_(None), _P.key >= _S.introduced),
    or_(_S.fixed.is_(None), _P.key < _S.fixed),
    or_(_S.last_affected.is_(None), _P.key <= _S.last_affected),
)


def _put_packages(connection: Connection, digest: str, collected: Inventory) -> None:
    rows = sorted(set(spoken_names(collected)))
    _insert_new(
        connection,
        package_version,
        [
            {"ecosystem": e, "release": r, "name": n, "version": v, "key": key(e, v)}
            for e, r, n, v in rows
        ],
    )
    p = package_version.c
    numbers: set[int] = set()
    for batch in in_batches(rows, _BATCH):
        wanted = tuple_(p.ecosystem, p.release, p.name, p.version).in_(batch)
        numbers.update(connection.execute(select(p.row_id).where(wanted)).scalars())
    links = [{"package": number, "inventory": digest} for number in sorted(numbers)]
    _insert_new(connection, inventory_package, links)


def _insert_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; those whose key is there already stay as they are."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    for batch in in_batches(rows, _BATCH):
        connection.execute(dialect.insert(table).on_conflict_do_nothing(), batch)
