"""Criteria mean the same in SQL and in memory, and every field of the model has a row."""

from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import delete, select

from openinspector.ledger import plan
from openinspector.ledger.criteria import beyond_prefix, condition, matches
from openinspector.ledger.fields import FIELDS
from openinspector.ledger.order import order_of
from openinspector.ledger.query import find
from openinspector.model.finding import Finding
from openinspector.store import Store
from openinspector.store.findings import (
    finding,
    finding_package,
    finding_value,
    put_findings,
)
from tests.ledger.strategies import ACCOUNTS, SHAPE, criteria, sets_of_findings


def test_every_criterion_of_the_model_has_a_row() -> None:
    assert set(FIELDS) == set(SHAPE.members)


_KINDS = {
    "StringFilter": "string",
    "NumberFilter": "number",
    "DateFilter": "date",
    "MapFilter": "map",
    "PortRangeFilter": "ports",
    "PackageFilter": "package",
}


@pytest.mark.parametrize("name", sorted(SHAPE.members))
def test_every_row_is_of_the_models_kind(name: str) -> None:
    assert FIELDS[name].kind == _KINDS[SHAPE.members[name].member.name]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(stored=sets_of_findings(), asked=criteria())
def test_sql_and_memory_agree(store: Store, stored: list[Finding], asked: dict[str, Any]) -> None:
    with store.write() as connection:
        for table in (finding, finding_package, finding_value):
            connection.execute(delete(table))
        put_findings(connection, [(each, None) for each in stored], 1)
    expected = {each.finding_arn for each in stored if matches(asked, each)}
    with store.read() as connection:
        found = set(connection.execute(select(finding.c.arn).where(condition(asked))).scalars())
        assert found == expected
        for few in (plan.FEW, 0):
            # A list finds them on both of its ways: through few rows, and down the order.
            with patch.object(plan, "FEW", few):
                page = find(connection, ACCOUNTS, asked, order_of(None), 100, None, 1)
            listed = [msgspec.json.decode(body)["findingArn"] for body in page.bodies]
            assert sorted(listed) == sorted(expected)


@pytest.mark.parametrize(
    ("prefix", "end"),
    [
        ("a", "b"),
        ("a\U0010ffff", "b"),
        ("\ud7ff", "\ue000"),
        ("\U0010ffff", None),
    ],
)
def test_what_begins_with_a_prefix_ends_before(prefix: str, end: str | None) -> None:
    assert beyond_prefix(prefix) == end
