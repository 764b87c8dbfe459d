"""Which way a list goes: through the few rows that one criterion leaves, or down its order.

A database guesses how many rows a criterion leaves, and a wrong guess about a million findings
costs a second. Here they are counted, as far as it matters: where a criterion leaves few rows,
these are read and sorted; where all leave many, the index of the order is followed, and meets what
is wanted soon.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from openinspector.ledger.criteria import (
    Criteria,
    package_sql,
    ports_sql,
    positive_tests,
    severity_sql,
    tag_sql,
    text_sql,
    value_sql,
)
from openinspector.ledger.fields import FIELDS, Field, Packages, Ports, Scalar, Several
from openinspector.ledger.order import Order
from openinspector.store.findings import finding, finding_value

FEW = 3_000
"""Rows that are read and sorted in some milliseconds; more of a million are met often enough."""

_ORDERED: Mapping[tuple[str, ...], str] = {
    ("severity_rank", "last_observed_at"): "ix_finding_worst",
    ("account", "severity_rank", "last_observed_at"): "ix_finding_account",
    ("vulnerability_id",): "ix_finding_vulnerability_order",
}
"""The indexes of orders that are not called after one column."""
_OF_ACCOUNT: Mapping[tuple[str, ...], str] = {
    ("severity_rank", "last_observed_at"): "ix_finding_account"
}
"""Those of orders within one account."""
_SORTED_BY = {"severity": "severity_rank"}
"""Columns that are sorted by another one."""

Rows = Select[tuple[int]]
Tests = Sequence[Mapping[str, Any]]


def few_rows(
    connection: Connection, accounts: Sequence[str], criteria: Criteria, order: Order
) -> Rows | None:
    """The rows that the first selective criterion leaves; None where each leaves more than `FEW`.

    They hold all that the criterion finds, and maybe more: it is still to be asked of them. What
    the list is sorted by is not counted, for its index begins where such a criterion does.
    """
    for rows in _candidates(accounts, criteria, order.columns[0]):
        counted = select(func.count()).select_from(rows.limit(FEW + 1).subquery())
        if connection.execute(counted).scalar_one() <= FEW:
            return rows
    return None


def index_of(order: Order, accounts: Sequence[str]) -> str:
    """The index that lists findings in an order."""
    names = order.columns
    of_account = _OF_ACCOUNT.get(names) if len(accounts) == 1 else None
    return of_account or _ORDERED.get(names) or f"ix_finding_{names[0]}"


def _candidates(accounts: Sequence[str], criteria: Criteria, first: str) -> Iterator[Rows]:
    for name, tests in criteria.items():
        field = FIELDS[name]
        sorted_by = (
            isinstance(field, Scalar) and _SORTED_BY.get(field.column, field.column) == first
        )
        rows = None if sorted_by else _rows(field, tests)
        if rows is not None:
            yield rows
    yield select(finding.c.row_id).where(finding.c.account.in_(accounts))


def _rows(field: Field, tests: Tests) -> Rows | None:
    """The rows that a criterion leaves; None where no index knows them."""
    match field:
        case Scalar("string", "severity"):
            return _found(severity_sql(tests))
        case Scalar("string", column):
            positive = positive_tests(tests)
            return _found(value_sql("string", finding.c[column], positive)) if positive else None
        case Scalar(kind, column):
            return _found(value_sql(kind, finding.c[column], tests))
        case Several("map", name):
            return _valued(name, [tag_sql(finding_value.c.key, finding_value.c.value, test)
                                  for test in tests])  # fmt: skip
        case Several(_, name):
            keyless = finding_value.c.key == ""
            positive = positive_tests(tests)
            found = [and_(keyless, text_sql(finding_value.c.value, test)) for test in positive]
            return _valued(name, found) if found else None
        case Ports():
            return _found(or_(*map(ports_sql, tests)))
        case Packages():
            named = all(positive_tests([test["name"]]) for test in tests if "name" in test)
            if named and all("name" in test for test in tests):
                return _found(or_(*map(package_sql, tests)))
    return None


def _found(test: ColumnElement[bool]) -> Rows:
    return select(finding.c.row_id).where(test)


def _valued(name: str, tests: Sequence[ColumnElement[bool]]) -> Rows:
    return select(finding_value.c.row_id).where(finding_value.c.field == name, or_(*tests))
