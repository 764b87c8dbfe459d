"""Recomputing after a change, beside computing everything."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.assess.network import compute, recompute
from tests.assess.network.mutilate import mutilated
from tests.assess.network.test_reach import example
from tests.assess.network.wide import ORIGINS, wide_networks


@st.composite
def changes(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A network, and what it became: damaged, or with an entry or kinds of another network."""
    before = draw(wide_networks())
    if draw(st.booleans()):
        return before, draw(mutilated(st.just(before)))
    other = draw(wide_networks())
    if draw(st.booleans()):
        kind = draw(st.sampled_from([kind for kind in sorted(other) if before.get(kind)]))
        at = draw(st.integers(0, len(before[kind]) - 1))
        entry = other[kind][at] if at < len(other[kind]) else {}
        return before, {**before, kind: [*before[kind][:at], entry, *before[kind][at + 1 :]]}
    kinds = draw(st.lists(st.sampled_from(sorted(other)), min_size=1, max_size=2))
    return before, {**copy.deepcopy(before), **{kind: other[kind] for kind in kinds}}


@settings(max_examples=500, deadline=None)
@given(changes())
def test_a_recomputation_equals_a_computation(
    change: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    before, after = change
    expected = compute(after, ORIGINS)
    found = recompute(compute(before, ORIGINS), before, after)
    assert found.openings == expected.openings
    assert found.network == expected.network
    again = recompute(found, after, before)
    assert again.openings == compute(before, ORIGINS).openings


def _two_groups() -> dict[str, Any]:
    described = example()
    group, interface = described["SecurityGroups"][0], described["NetworkInterfaces"][0]
    described["SecurityGroups"].append({**group, "GroupId": "sg-2"})
    other = {"NetworkInterfaceId": "eni-2", "Groups": [{"GroupId": "sg-2"}]}
    described["NetworkInterfaces"].append({**interface, **other})
    return described


def test_only_the_members_of_a_changed_group_are_decided_anew() -> None:
    before, after = _two_groups(), _two_groups()
    after["SecurityGroups"][1]["IpPermissions"] = []
    first = compute(before)
    second = recompute(first, before, after)
    assert (first.decided, second.decided) == (2, 1)
    assert [len(second.openings[name]) for name in ("eni-1", "eni-2")] == [1, 0]
    assert recompute(second, after, copy.deepcopy(after)).decided == 0
