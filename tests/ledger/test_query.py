"""Every order, page by page while findings change, beside a list sorted in memory."""

from functools import cmp_to_key
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from openinspector.ledger import plan
from openinspector.ledger.order import SORT_FIELDS, order_of
from openinspector.ledger.query import find
from openinspector.ledger.retention import DAY, GONE_DAYS, OTHER_DAYS, drop_old
from openinspector.model.finding import Finding
from openinspector.store import Store
from openinspector.store.findings import (
    current_findings,
    drop_findings,
    finding,
    finding_package,
    finding_value,
    put_findings,
    scalar_columns,
)
from tests.ledger.strategies import ACCOUNTS, findings, sets_of_findings

SORTS = [None] + [
    {"field": field, "sortOrder": way} for field in sorted(SORT_FIELDS) for way in ("ASC", "DESC")
]


def in_order(stored: list[Finding], sort: Any) -> list[str]:
    """ARNs in the order that the API promises, missing values last."""
    order = order_of(sort)

    def compare(left: dict[str, Any], right: dict[str, Any]) -> int:
        for name in (*order.columns, "tie"):
            a, b = left[name], right[name]
            if a == b:
                continue
            if a is None or b is None:
                return 1 if a is None else -1
            return -1 if (a > b) == order.downwards else 1
        return 0

    rows = [{**scalar_columns(each), "tie": each.finding_arn[-16:]} for each in stored]
    rows.sort(key=cmp_to_key(compare))
    return [str(row["arn"]) for row in rows]


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    stored=sets_of_findings(12),
    sort=st.sampled_from(SORTS),
    size=st.integers(1, 4),
    changes=st.lists(st.tuples(st.integers(0, 11), findings(99)), max_size=4),
    few=st.sampled_from([plan.FEW, 0]),
)
def test_pages_show_one_moment_in_order(
    store: Store,
    stored: list[Finding],
    sort: Any,
    size: int,
    changes: list[tuple[int, Finding]],
    few: int,
) -> None:
    with store.write() as connection:
        for table in (finding, finding_package, finding_value):
            connection.execute(delete(table))
        put_findings(connection, [(each, None) for each in stored], 10)
    seen: list[str] = []
    after = None
    now = 20
    while True:
        with store.read() as connection, patch.object(plan, "FEW", few):
            page = find(connection, ACCOUNTS, {}, order_of(sort), size, after, 15)
        seen += [msgspec.json.decode(body)["findingArn"] for body in page.bodies]
        if page.position is None:
            break
        after = page.position
        if changes:
            number, new = changes.pop()
            with store.write() as connection:
                if number < len(stored):
                    drop_findings(connection, [stored[number].finding_arn], now)
                put_findings(connection, [(new, None)], now)
            now += 1
    assert seen == in_order(stored, sort)


@pytest.mark.parametrize(
    ("because", "days"), [("RESOURCE_GONE", GONE_DAYS), ("REMEDIATED", OTHER_DAYS)]
)
def test_closed_findings_are_dropped_when_their_time_is_over(
    store: Store, because: str, days: int
) -> None:
    closed = msgspec.structs.replace(_any_finding(), status="CLOSED")
    with store.write() as connection:
        put_findings(connection, [(closed, because)], 1000)
        assert drop_old(connection, 1000 + days * DAY - 1) == 0
        assert drop_old(connection, 1000 + days * DAY) == 1
        account, resource = closed.aws_account_id, closed.resources[0].id
        assert current_findings(connection, account, resource) == {}


def test_active_findings_are_never_dropped(store: Store) -> None:
    active = msgspec.structs.replace(_any_finding(), status="ACTIVE")
    with store.write() as connection:
        put_findings(connection, [(active, None)], 1000)
        assert drop_old(connection, 1000 + 400 * DAY) == 0


def _any_finding() -> Finding:
    from tests.ledger.test_reconcile import finding as made

    return made("arn:aws:inspector2:us-east-1:111111111111:finding/" + "0" * 32)
