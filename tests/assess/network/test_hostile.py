"""Damaged evidence and plans: gaps, never a crash."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.assess.network import explain, openings, read_network
from openinspector.assess.network.whatif import planned
from openinspector.model import OpenInspectorError
from openinspector.reports.reachability import reachability_json, reachability_lines
from tests.assess.network.mutilate import mutilated
from tests.assess.network.test_reach import example
from tests.assess.network.test_whatif import CHANGE_SET, TEMPLATE, TERRAFORM
from tests.assess.network.wide import ORIGINS, wide_networks


@settings(max_examples=400, deadline=None)
@given(mutilated(wide_networks()))
def test_damaged_evidence_is_answered(described: Any) -> None:
    network = read_network(described)
    found = [
        opening
        for interface in network.interfaces.values()
        for opening in openings(network, interface, origins=ORIGINS)
    ]
    for interface in network.interfaces.values():
        explain(network, interface, "TCP", 22, ORIGINS)
    list(reachability_lines(found, network.gaps))
    reachability_json(found, network.gaps)


@settings(max_examples=300, deadline=None)
@given(mutilated(st.sampled_from((TERRAFORM, CHANGE_SET, TEMPLATE))), mutilated(st.just(example())))
def test_damaged_plans_are_applied_or_refused(plan: Any, described: Any) -> None:
    try:
        after = planned(described, plan)
    except OpenInspectorError:
        return
    read_network(after.described)


@pytest.mark.parametrize(
    ("described", "path", "words"),
    [
        (example(Wormholes=[{"Id": "w-1"}]), "Wormholes", "not known"),
        (example(RouteTables=[]), "eni-1", "has no route table"),
        (example(SecurityGroups=[]), "eni-1", "sg-1, which was not described"),
        (
            example(
                VpcPeeringConnections=[
                    {
                        "VpcPeeringConnectionId": "pcx-1",
                        "Status": {"Code": "active"},
                        "RequesterVpcInfo": {"VpcId": "vpc-1"},
                        "AccepterVpcInfo": {"VpcId": "vpc-1"},
                    }
                ]
            ),
            "pcx-1",
            "with itself",
        ),
    ],
)
def test_what_is_not_understood_is_told(described: dict[str, Any], path: str, words: str) -> None:
    gaps = {(gap.path, words in gap.reason) for gap in read_network(described).gaps}
    assert (path, True) in gaps


def test_one_rule_that_cannot_be_read_leaves_the_others() -> None:
    described = example()
    described["SecurityGroups"][0]["IpPermissions"].insert(0, {"IpProtocol": "tcp", "FromPort": -7})
    network = read_network(described)
    assert len(list(openings(network, network.interfaces["eni-1"]))) == 1
    assert [gap.path for gap in network.gaps] == ["sg-1"]
