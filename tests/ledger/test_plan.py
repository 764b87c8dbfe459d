"""Which way a list goes: what is counted, and that the indexes of orders exist."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from sqlalchemy import event

from openinspector.ledger import plan
from openinspector.ledger.order import SORT_FIELDS, order_of
from openinspector.ledger.plan import few_rows, index_of
from openinspector.ledger.query import find
from openinspector.model.finding import Finding
from openinspector.store import Store, open_store
from openinspector.store.findings import finding, put_findings
from tests.signals.exporting import ACCOUNT, findings

FEW = 3


def one(number: int) -> Finding:
    """Ten findings of one image: three are critical, two bear a rare tag."""
    each = list(findings(number + 1))[number]
    tags = {"team": "rare" if number < 2 else "common"}
    return msgspec.structs.replace(
        each,
        severity="CRITICAL" if number < 3 else "LOW",
        resources=[msgspec.structs.replace(each.resources[0], tags=tags)],
    )


@pytest.fixture
def filled(store: Store) -> Store:
    with store.write() as connection:
        put_findings(connection, [(one(number), None) for number in range(10)], 1)
    return store


def tagged(value: str) -> dict[str, Any]:
    return {"resourceTags": [{"comparison": "EQUALS", "key": "team", "value": value}]}


SEVERE = {"severity": [{"comparison": "EQUALS", "value": "CRITICAL"}]}
SCORED = {"field": "EPSS_SCORE", "sortOrder": "DESC"}


@pytest.mark.parametrize(
    ("criteria", "sort", "counted"),
    [
        ({}, None, None),
        (tagged("rare"), None, 2),
        (tagged("common"), None, None),
        (SEVERE, SCORED, 3),
        (SEVERE, None, None),
    ],
)
def test_few_rows_are_taken_and_many_are_passed(
    filled: Store, criteria: Any, sort: Any, counted: int | None
) -> None:
    with filled.read() as connection, patch.object(plan, "FEW", FEW):
        rows = few_rows(connection, [ACCOUNT], criteria, order_of(sort))
        found = None if rows is None else len(connection.execute(rows).all())
    assert found == counted


def test_an_account_of_few_findings_is_few(filled: Store) -> None:
    with filled.read() as connection, patch.object(plan, "FEW", FEW):
        assert few_rows(connection, ["9" * 12], {}, order_of(None)) is not None


def test_every_index_that_is_named_lists_in_its_order(filled: Store) -> None:
    known = {index.name for index in finding.indexes}
    for field in [None, *SORT_FIELDS]:
        order = order_of({"field": field, "sortOrder": "ASC"} if field else None)
        for accounts in ([ACCOUNT], [ACCOUNT, "9" * 12]):
            index = index_of(order, accounts)
            assert index in known
            with filled.read() as connection, patch.object(plan, "FEW", 0):
                assert len(find(connection, accounts, {}, order, 25, None, 1).bodies) == 10


def test_sqlite_goes_down_the_index_and_sorts_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    plans: list[str] = []

    @event.listens_for(store.engine, "before_cursor_execute")
    def _explain(connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if "ORDER BY" in statement and not statement.startswith("EXPLAIN"):
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plans.append(" | ".join(row.detail for row in rows))

    criteria = {"findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}]}
    with store.write() as connection:
        put_findings(connection, [(one(0), None)], 1)
    with store.read() as connection, patch.object(plan, "FEW", 0):
        for field in SORT_FIELDS:
            for way in ("ASC", "DESC"):
                order = order_of({"field": field, "sortOrder": way})
                plans.clear()
                find(connection, [ACCOUNT, "9" * 12], criteria, order, 25, None, 1)
                name = index_of(order, [ACCOUNT, "9" * 12])
                assert plans
                assert all(f"INDEX {name}" in each and "TEMP" not in each for each in plans)
    store.close()
