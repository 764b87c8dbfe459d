"""Lists of findings: any criteria, any order, page by page over one moment.

All pages of a list read the moment of the first one, so what changes meanwhile neither doubles nor
hides anything. The position after a page is the moment and the sort key of its last finding.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, select

from openinspector.ledger.criteria import Criteria, condition
from openinspector.ledger.order import Order, parts
from openinspector.ledger.plan import few_rows, index_of
from openinspector.model.finding import Finding
from openinspector.store.findings import finding
from openinspector.store.schema import FOREVER

_STREAM = 500


class Page(msgspec.Struct, frozen=True):
    """Some findings as JSON, and the position after them; None when there are no more."""

    bodies: list[bytes]
    position: list[Any] | None


def find(
    connection: Connection,
    accounts: Sequence[str],
    criteria: Criteria,
    order: Order,
    limit: int,
    after: Sequence[Any] | None,
    at: int,
) -> Page:
    """One page. `at`: the moment to read; `after`: the position of the last one seen."""
    columns = [finding.c[name] for name in order.columns]
    query = select(finding.c.row_id, *columns, finding.c.tie)
    query = query.where(of_accounts(accounts), visible(at))
    query = _on_its_way(connection, query, accounts, criteria, order)
    rows: list[Row[Any]] = []
    for part in parts(order, after):
        left = query.where(part.condition).order_by(*part.ordering).limit(limit + 1 - len(rows))
        rows.extend(connection.execute(left))
        if len(rows) > limit:
            break
    page = rows[:limit]
    position: list[Any] | None = list(page[-1][1:]) if len(rows) > limit else None
    return Page(_bodies(connection, [row.row_id for row in page]), position)


def _on_its_way(
    connection: Connection,
    query: Select[Any],
    accounts: Sequence[str],
    criteria: Criteria,
    order: Order,
) -> Select[Any]:
    """The query with its criteria: through few rows, or down the index of its order."""
    few = few_rows(connection, accounts, criteria, order)
    if few is not None:
        return query.where(finding.c.row_id.in_(few), condition(criteria))
    # SQLite would leave the order for any criterion that has an index, and sort.
    query = query.with_hint(finding, f"INDEXED BY {index_of(order, accounts)}", "sqlite")
    postgresql = connection.dialect.name == "postgresql"
    return query.where(condition(criteria, one_by_one=postgresql))


def _bodies(connection: Connection, rows: Sequence[int]) -> list[bytes]:
    """The findings of some rows, in their order."""
    found = connection.execute(
        select(finding.c.row_id, finding.c.body).where(finding.c.row_id.in_(rows))
    )
    bodies = {row.row_id: row.body for row in found}
    return [bodies[row] for row in rows]


def stream(
    connection: Connection, accounts: Sequence[str], criteria: Criteria, at: int | None
) -> Iterator[Finding]:
    """Every finding that meets the criteria, in no order, a few hundred in memory at a time.

    One statement read through a cursor: pages of a sorted list would each sort everything.
    """
    decoder = msgspec.json.Decoder(Finding)
    query = select(finding.c.body).where(of_accounts(accounts), present(at), condition(criteria))
    rows = connection.execute(query, execution_options={"yield_per": _STREAM})
    try:
        for body in rows.scalars():
            yield decoder.decode(body)
    finally:
        rows.close()


def of_accounts(accounts: Sequence[str]) -> ColumnElement[bool]:
    """The condition for findings of some accounts."""
    if len(accounts) == 1:
        return finding.c.account == accounts[0]
    return finding.c.account.in_(accounts)


def visible(at: int) -> ColumnElement[bool]:
    """Rows that were true at a moment: for a recent one, nearly all of them are present ones."""
    return and_(finding.c.valid_from <= at, finding.c.valid_to > at)


def present(at: int | None) -> ColumnElement[bool]:
    """Rows that are true at a moment; None is now."""
    return finding.c.valid_to == FOREVER if at is None else visible(at)
