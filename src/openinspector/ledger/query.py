"""Lists of findings: any criteria, any order, page by page over one moment.

All pages of a list read the moment of the first one, so what changes meanwhile neither doubles nor
hides anything. The position after a page is the moment and the sort key of its last finding.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select, tuple_

from openinspector.ledger.criteria import Criteria, condition
from openinspector.ledger.plan import Order, few_rows, index_of
from openinspector.model.finding import Finding
from openinspector.model.refusal import Invalid
from openinspector.store.findings import finding
from openinspector.store.schema import FOREVER

SORT_FIELDS: Mapping[str, str] = {
    "AWS_ACCOUNT_ID": "account",
    "FINDING_TYPE": "type",
    "SEVERITY": "severity_rank",
    "FIRST_OBSERVED_AT": "first_observed_at",
    "LAST_OBSERVED_AT": "last_observed_at",
    "FINDING_STATUS": "status",
    "RESOURCE_TYPE": "resource_type",
    "ECR_IMAGE_PUSHED_AT": "ecr_pushed_at",
    "ECR_IMAGE_REPOSITORY_NAME": "ecr_repository",
    "ECR_IMAGE_REGISTRY": "ecr_registry",
    "NETWORK_PROTOCOL": "protocol",
    "COMPONENT_TYPE": "component_type",
    "VULNERABILITY_ID": "vulnerability_id",
    "VULNERABILITY_SOURCE": "vulnerability_source",
    "INSPECTOR_SCORE": "inspector_score",
    "VENDOR_SEVERITY": "vendor_severity",
    "EPSS_SCORE": "epss_score",
}
"""The model's sort fields and their columns; severities sort by rank. Missing values come last."""

_STREAM = 500
_DEFAULT: tuple[tuple[str, bool], ...] = (("severity_rank", True), ("last_observed_at", True))


class Page(msgspec.Struct, frozen=True):
    """Some findings as JSON, and the position after them; None when there are no more."""

    bodies: list[bytes]
    position: list[Any] | None


def order_of(sort: Mapping[str, str] | None) -> Order:
    """The order that a `SortCriteria` asks for; without one: worst first, then latest."""
    if sort is None:
        return _DEFAULT
    column = SORT_FIELDS.get(sort["field"])
    if column is None:
        name = "sortCriteria.field"
        raise Invalid(f"{sort['field']} cannot be sorted by.", [(name, "cannot be sorted by")])
    return ((column, sort["sortOrder"] == "DESC"),)


def find(
    connection: Connection,
    accounts: Sequence[str],
    criteria: Criteria,
    order: Order,
    limit: int,
    after: Sequence[Any] | None,
    at: int,
) -> Page:
    """One page. `at`: the moment to read; `after`: the sort key and ARN of the last one seen."""
    columns = [finding.c[name] for name, _ in order]
    query = select(finding.c.row_id, finding.c.arn, *columns).where(
        of_accounts(accounts), visible(at)
    )
    if after is not None:
        query = query.where(_beyond(order, after))
    query = _on_its_way(connection, query, accounts, criteria, order)
    rows = connection.execute(query.order_by(*_ordering(order)).limit(limit + 1)).all()
    page = rows[:limit]
    position = [*page[-1][2:], page[-1][1]] if len(rows) > limit else None
    return Page(_bodies(connection, [row[0] for row in page]), position)


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
    index = index_of(order, accounts)
    if index is not None:
        # SQLite would leave the order for any criterion that has an index, and sort.
        query = query.with_hint(finding, f"INDEXED BY {index}", "sqlite")
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


def _ordering(order: Order) -> list[ColumnElement[Any]]:
    terms: list[ColumnElement[Any]] = []
    for name, downwards in order:
        column = finding.c[name]
        sided = column.desc() if downwards else column.asc()
        terms.append(sided.nulls_last() if column.nullable else sided)
    return [*terms, finding.c.arn.asc()]


def _beyond(order: Order, after: Sequence[Any]) -> ColumnElement[bool]:
    """The condition for rows after a position: keyset, so deep pages cost what the first does."""
    terms: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for (name, downwards), value in zip(order, after, strict=False):
        column = finding.c[name]
        if value is not None:
            later = column < value if downwards else column > value
            if column.nullable:
                later = or_(later, column.is_(None))
            terms.append(and_(*equal, later))
        equal.append(column.is_(None) if value is None else column == value)
    terms.append(and_(*equal, finding.c.arn > after[-1]))
    return and_(*_bound(order, after), or_(*terms))


def _bound(order: Order, after: Sequence[Any]) -> list[ColumnElement[bool]]:
    """What every row after a position meets, said so that an index can begin there."""
    columns = [finding.c[name] for name, _ in order]
    values = list(after[: len(order)])
    if None in values or len({downwards for _, downwards in order}) != 1:
        return []
    downwards = order[0][1]
    if not any(column.nullable for column in columns):
        left, right = tuple_(*columns), tuple_(*values)
        return [left <= right if downwards else left >= right]
    first = columns[0]
    within = first <= values[0] if downwards else first >= values[0]
    return [or_(within, first.is_(None)) if first.nullable else within]
