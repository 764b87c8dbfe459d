"""Every type of aggregation with the model's filters and orders, page by page, beside an oracle."""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from openinspector.ledger.aggregation_types import AGGREGATIONS
from openinspector.ledger.aggregations import aggregate
from openinspector.model.finding import Finding
from openinspector.model.refusal import Invalid
from openinspector.store import Store
from openinspector.store.findings import (
    drop_findings,
    finding,
    finding_package,
    finding_value,
    put_findings,
)
from tests.ledger.aggregation_oracle import aggregated
from tests.ledger.strategies import ACCOUNTS, MODEL, TESTS, findings, sets_of_findings

KINDS = MODEL.shape_for("AggregationType").enum
REQUEST = MODEL.shape_for("AggregationRequest").members
RESPONSE = MODEL.shape_for("AggregationResponse").members
_FILTERS = ("StringFilter", "NumberFilter", "DateFilter", "MapFilter")


def test_every_type_of_the_model_has_a_row() -> None:
    assert set(AGGREGATIONS) == set(KINDS)
    assert {each.member for each in AGGREGATIONS.values()} == set(REQUEST)


def values_of(shape: Any) -> st.SearchStrategy[Any]:
    """What a member of a request may hold."""
    if shape.type_name != "list":
        return st.sampled_from(shape.enum)
    if shape.member.name in _FILTERS:
        return st.lists(TESTS[shape.member.name], min_size=1, max_size=3)
    return st.lists(st.sampled_from(shape.member.enum), min_size=1, max_size=2)


@st.composite
def requests(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """An order, or none, and up to two filters."""
    members = REQUEST[AGGREGATIONS[kind].member].members
    filters = sorted(set(members) - {"sortBy", "sortOrder"})
    names = draw(st.lists(st.sampled_from(filters), max_size=2, unique=True))
    names += [name for name in ("sortBy", "sortOrder") if draw(st.booleans())]
    return {name: draw(values_of(members[name])) for name in names}


@st.composite
def questions(draw: st.DrawFn, kind: str) -> tuple[dict[str, Any], list[Any]]:
    """A request and the filters on accounts."""
    tests = draw(st.just([]) | st.lists(TESTS["StringFilter"], min_size=1, max_size=2))
    return draw(requests(kind)), tests


_PLACES = {
    "ALL": lambda row: row["severityCounts"]["all"],
    "CRITICAL": lambda row: row["severityCounts"]["critical"],
    "HIGH": lambda row: row["severityCounts"]["high"],
    "AFFECTED_IMAGES": lambda row: row["affectedImages"],
    "AFFECTED_INSTANCES": lambda row: row["affectedInstances"],
    "NETWORK_FINDINGS": lambda row: row["networkFindings"],
}


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.data(),
    stored=sets_of_findings(12),
    size=st.integers(1, 4),
    changes=st.lists(st.tuples(st.integers(0, 11), findings(99)), max_size=3),
)
def test_pages_hold_what_the_oracle_counts(
    store: Store,
    kind: str,
    data: st.DataObject,
    stored: list[Finding],
    size: int,
    changes: list[tuple[int, Finding]],
) -> None:
    asked, account_tests = data.draw(questions(kind))
    member = AGGREGATIONS[kind].member
    with store.write() as connection:
        for table in (finding, finding_package, finding_value):
            connection.execute(delete(table))
        put_findings(connection, [(each, None) for each in stored], 10)
    seen: list[dict[str, Any]] = []
    after = None
    now = 20
    while True:
        with store.read() as connection:
            rows = aggregate(
                connection, ACCOUNTS, kind, {member: asked}, account_tests, size, after, 15
            )
        assert len(rows.answers) <= size
        seen += [answered(kind, answer) for answer in rows.answers]
        if rows.position is None:
            break
        after = msgspec.json.decode(msgspec.json.encode(rows.position))
        if changes:
            number, new = changes.pop()
            with store.write() as connection:
                if number < len(stored):
                    drop_findings(connection, [stored[number].finding_arn], now)
                put_findings(connection, [(new, None)], now)
            now += 1
    places = [_PLACES[asked.get("sortBy", "ALL")](row) for row in seen]
    assert places == sorted(places, reverse=asked.get("sortOrder", "DESC") == "DESC")
    expected = aggregated(stored, kind, asked, account_tests)
    assert sorted(seen, key=repr_of) == sorted(expected, key=repr_of)


def answered(kind: str, answer: dict[str, Any]) -> dict[str, Any]:
    """The members of an answer that have a value; all known to the model, none missing."""
    ((name, row),) = answer.items()
    assert name == AGGREGATIONS[kind].member
    shape = RESPONSE[name]
    assert set(row) <= set(shape.members)
    present = {key: value for key, value in row.items() if value is not None}
    assert set(shape.required_members) <= set(present)
    return present


def repr_of(row: dict[str, Any]) -> str:
    return msgspec.json.encode(row, order="deterministic").decode()


def test_a_member_that_is_not_known_is_refused(store: Store) -> None:
    asked = {"accountAggregation": {"planets": []}}
    with store.read() as connection, pytest.raises(Invalid, match="planets does not belong"):
        aggregate(connection, ACCOUNTS, "ACCOUNT", asked, (), 10, None, 15)


def test_a_request_of_another_type_is_refused(store: Store) -> None:
    asked = {"titleAggregation": {"sortBy": "ALL"}}
    with store.read() as connection, pytest.raises(Invalid, match="does not belong to the aggreg"):
        aggregate(connection, ACCOUNTS, "ACCOUNT", asked, (), 10, None, 15)
