"""Resources that are actively monitored, each with the inventory that it holds."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, and_, or_, select

from openinspector.store.coverage import coverage
from openinspector.store.packages import resource_inventory
from openinspector.store.schema import true_at

_BATCH = 500


class Monitored(NamedTuple):
    """A resource: the API's `CoveredResource`, and the digest of its inventory."""

    account: str
    resource_id: str
    body: dict[str, Any]
    inventory: str


def monitored_resources(
    connection: Connection, accounts: Sequence[str], at: int
) -> Iterator[Monitored]:
    """By account and resource, as of a moment; one for each resource, whatever its scan types."""
    c, r = coverage.c, resource_inventory.c
    holds = and_(r.account == c.account, r.resource_id == c.resource_id)
    query = (
        select(c.account, c.resource_id, c.body, r.inventory)
        .join(resource_inventory, holds)
        .where(c.account.in_(accounts), c.status_code == "ACTIVE")
        .where(true_at(coverage, at), true_at(resource_inventory, at))
        .order_by(c.account, c.resource_id, c.scan_type)
        .limit(_BATCH)
    )
    last = ("", "")
    while True:
        # A resource has a handful of scan types, so that a page always ends beyond one.
        after = or_(c.account > last[0], and_(c.account == last[0], c.resource_id > last[1]))
        rows = connection.execute(query.where(after)).all()
        for account, resource_id, body, inventory in rows:
            if (account, resource_id) != last:
                last = (account, resource_id)
                yield Monitored(account, resource_id, msgspec.json.decode(body), inventory)
        if len(rows) < _BATCH:
            return
