"""No answer ever holds what belongs to an account that the caller may not see.

Organisations, members and calls are random; so are the moments that are asked for, and every page
that was taken is turned again later, and by everybody else.
"""

from collections.abc import Callable
from typing import Any

import botocore.session
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from openinspector.store import Store
from tests.api.isolation_world import ACCOUNTS, ORGANIZATIONS, World
from tests.api.questions import questions

account = st.sampled_from(ACCOUNTS)
moment = st.none() | st.floats(0, 1)
organization = st.tuples(
    st.sampled_from(ORGANIZATIONS), st.lists(account, min_size=2, max_size=5, unique=True)
).flatmap(lambda o: st.tuples(st.just("take"), *map(st.just, o), st.sampled_from([None, *o[1]])))
pair = st.sampled_from(["delegate", "undelegate", "associate", "disassociate", "enable"])
several = st.lists(account, min_size=1, max_size=4, unique=True)
step: st.SearchStrategy[tuple[Any, ...]] = st.one_of(
    organization,
    st.tuples(pair, account, account),
    st.tuples(st.just("own"), account),
    st.tuples(st.just("reads"), account, several, moment),
)

FIRST, SECOND, THIRD = ACCOUNTS[:3]
ORGANIZATION = ("take", ORGANIZATIONS[0], [FIRST, SECOND, THIRD])
JOINS_BETWEEN_PAGES: list[tuple[Any, ...]] = [
    ("own", THIRD),
    (*ORGANIZATION, None),
    ("delegate", FIRST, SECOND),
    ("reads", SECOND, [THIRD], None),
    ("associate", SECOND, THIRD),
]
"""What a member did before it joined stays its own: also for pages of lists begun before."""
DISMISSED: list[tuple[Any, ...]] = [
    (*ORGANIZATION, SECOND),
    ("own", SECOND),
    ("reads", SECOND, [THIRD], None),
    ("undelegate", FIRST, SECOND),
]
"""Who administers no longer reads what was its organisation's then."""


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(step, min_size=4, max_size=14), moment)
@example(JOINS_BETWEEN_PAGES, None)
@example(DISMISSED, 0.2)
def test_no_answer_holds_what_others_own(
    store: Store, steps: list[tuple[Any, ...]], back: float | None
) -> None:
    world = World(store)
    for name, *arguments in steps:
        method: Callable[..., None] = getattr(world, name)
        method(*arguments)
    for each in ACCOUNTS:
        world.reads(each, ACCOUNTS, back)
    world.turn_all()


def test_every_reading_operation_is_asked() -> None:
    model = botocore.session.get_session().get_service_model("inspector2")
    reading = {
        name
        for name in model.operation_names
        if name.startswith(("Get", "List", "Search", "Describe", "BatchGet"))
    }
    names = {kind: ["x"] for kind in _NAMES} | {"scans": [("x", "x")]}
    assert {each.operation for each in questions(ACCOUNTS, names)} == reading


_NAMES = (
    *("filterArns", "cisArns", "integrationArns", "codeArns", "connectorArns"),
    *("reports", "findings", "words"),
)
