"""Recomputing after a change, beside computing everything."""

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.assess.network import compute, recompute
from tests.assess.network.mutilate import mutilated
from tests.assess.network.test_origins import network, peered
from tests.assess.network.test_reach import example
from tests.assess.network.wide import ORIGINS, wide_networks

ONE = ("VpcBlockPublicAccessOptions",)
"""Kinds that are one object."""


@st.composite
def changes(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A network, and what it became: damaged, or with an entry or kinds of another network."""
    before = draw(wide_networks())
    if draw(st.booleans()):
        return before, draw(mutilated(st.just(before)))
    other = draw(wide_networks())
    if draw(st.booleans()):
        lists = [kind for kind in sorted(other) if before.get(kind) and kind not in ONE]
        kind = draw(st.sampled_from(lists))
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


def test_a_changed_route_of_a_peered_vpc_touches_this_one() -> None:
    over = {"DestinationCidrBlock": "10.1.0.0/16", "VpcPeeringConnectionId": "pcx-1"}
    before = network(over, VpcPeeringConnections=peered())
    before["Subnets"].append({"SubnetId": "subnet-2", "VpcId": "vpc-2", "CidrBlock": "10.1.0.0/24"})
    far = {"RouteTableId": "rtb-2", "VpcId": "vpc-2", "Associations": [{"Main": True}]}
    before["RouteTables"].append({**far, "Routes": []})
    after = copy.deepcopy(before)
    back = {"DestinationCidrBlock": "10.0.0.0/16", "VpcPeeringConnectionId": "pcx-1"}
    after["RouteTables"][1]["Routes"] = [back]
    second = recompute(compute(before, ("peering",)), before, after)
    assert second.openings == compute(after, ("peering",)).openings
    assert second.openings["eni-1"]


def test_a_new_member_of_a_named_group_touches_who_names_it() -> None:
    over = {"DestinationCidrBlock": "10.1.0.0/16", "VpcPeeringConnectionId": "pcx-1"}
    before = network(over, VpcPeeringConnections=peered())
    pairs = [{"GroupId": "sg-peer"}]
    before["SecurityGroups"] = [
        {"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "-1", "UserIdGroupPairs": pairs}]},
        {"GroupId": "sg-peer", "IpPermissions": []},
    ]
    after = copy.deepcopy(before)
    after["NetworkInterfaces"].append(
        {
            "NetworkInterfaceId": "eni-2",
            "VpcId": "vpc-2",
            "SubnetId": "subnet-2",
            "Groups": pairs,
            "PrivateIpAddresses": [{"PrivateIpAddress": "10.1.0.7"}],
        }
    )
    second = recompute(compute(before, ("peering",)), before, after)
    assert second.openings["eni-1"] == compute(after, ("peering",)).openings["eni-1"] != ()
