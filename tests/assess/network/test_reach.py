"""What the internet reaches: beside a packet simulator, and worked cases."""

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given, settings

from openinspector.assess.network import explain, openings, read_network
from openinspector.assess.network.evidence.components import PROTOCOLS
from openinspector.assess.network.intervals import holds
from tests.assess.network.networks import ADDRESSES, PORTS, networks
from tests.assess.network.simulator import gets_in

PROBED = sorted({p for port in PORTS for p in (port - 1, port, port + 1) if 0 <= p <= 65535})


@settings(max_examples=250, deadline=None)
@given(networks())
def test_every_packet_goes_as_the_simulator_says(described: dict[str, Any]) -> None:
    network = read_network(described)
    assert not network.gaps
    found = list(openings(network, network.interfaces["eni-1"]))
    for addresses in ADDRESSES.values():
        for source in addresses:
            number, version = int(ip_address(source)), ip_address(source).version
            for protocol in PROTOCOLS:
                for port in PROBED:
                    ours = any(
                        part.version == version
                        and holds(part.ports, port)
                        and any(holds(span, number) for span in part.sources)
                        for opening in found
                        if opening.protocol == protocol
                        for part in opening.parts
                    )
                    theirs = gets_in(described, "eni-1", source, protocol, port)
                    assert ours == theirs, (source, protocol, port)


@settings(max_examples=60, deadline=None)
@given(networks())
def test_a_closed_port_names_what_closes_it(described: dict[str, Any]) -> None:
    network = read_network(described)
    interface = network.interfaces["eni-1"]
    for protocol in PROTOCOLS:
        for port in PORTS:
            verdict = explain(network, interface, protocol, port)
            assert (verdict.opening is None) == bool(verdict.reason)
            assert (verdict.opening is None) == (verdict.blocked_by is not None)


def example(**changes: Any) -> dict[str, Any]:
    """A web server with SSH open to the world, in the default VPC's usual shape."""
    everything = {"Protocol": "-1", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"}
    network: dict[str, Any] = {
        "Subnets": [{"SubnetId": "subnet-1", "VpcId": "vpc-1"}],
        "InternetGateways": [
            {
                "InternetGatewayId": "igw-1",
                "Attachments": [{"VpcId": "vpc-1", "State": "available"}],
            }
        ],
        "RouteTables": [
            {
                "RouteTableId": "rtb-1",
                "VpcId": "vpc-1",
                "Associations": [{"Main": True}],
                "Routes": [
                    {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"},
                    {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"},
                ],
            }
        ],
        "NetworkAcls": [
            {
                "NetworkAclId": "acl-1",
                "VpcId": "vpc-1",
                "IsDefault": True,
                "Associations": [{"SubnetId": "subnet-1"}],
                "Entries": [
                    {"RuleNumber": 100, "Egress": False, **everything},
                    {"RuleNumber": 100, "Egress": True, **everything},
                ],
            }
        ],
        "SecurityGroups": [
            {
                "GroupId": "sg-1",
                "IpPermissions": [
                    {
                        "IpProtocol": "tcp",
                        "FromPort": 22,
                        "ToPort": 22,
                        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
                    }
                ],
            }
        ],
        "NetworkInterfaces": [
            {
                "NetworkInterfaceId": "eni-1",
                "VpcId": "vpc-1",
                "SubnetId": "subnet-1",
                "Groups": [{"GroupId": "sg-1"}],
                "Attachment": {"InstanceId": "i-0123456789abcdef0"},
                "PrivateIpAddresses": [
                    {"PrivateIpAddress": "10.0.0.5", "Association": {"PublicIp": "52.1.2.3"}}
                ],
            }
        ],
    }
    return {**network, **changes}


def test_the_published_example_has_its_path_in_order() -> None:
    network = read_network(example())
    (opening,) = openings(network, network.interfaces["eni-1"])
    assert (opening.protocol, opening.ports) == ("TCP", (22, 22))
    assert [step.type.rpartition("::")[2] for step in opening.path] == [
        *("InternetGateway", "NetworkAcl", "SecurityGroup", "NetworkInterface", "Instance")
    ]


def _permission(block: str) -> dict[str, Any]:
    return {"IpProtocol": "-1", "IpRanges": [{"CidrIp": block}]}


@pytest.mark.parametrize("block", ["10.0.0.0/8", "192.168.1.0/24", "100.64.0.0/10"])
def test_private_sources_are_not_the_internet(block: str) -> None:
    group = {"GroupId": "sg-1", "IpPermissions": [_permission(block)]}
    network = read_network(example(SecurityGroups=[group]))
    assert list(openings(network, network.interfaces["eni-1"])) == []


@pytest.mark.parametrize(
    ("change", "component", "word"),
    [
        ({"InternetGateways": []}, "vpc-1", "no internet gateway"),
        ({"SecurityGroups": [{"GroupId": "sg-1", "IpPermissions": []}]}, "sg-1", "no rule"),
        (
            {
                "RouteTables": [
                    {
                        "RouteTableId": "rtb-1",
                        "VpcId": "vpc-1",
                        "Associations": [{"Main": True}],
                        "Routes": [],
                    }
                ]
            },
            "rtb-1",
            "no route",
        ),
    ],
)
def test_the_component_that_blocks_is_named(
    change: dict[str, Any], component: str, word: str
) -> None:
    network = read_network(example(**change))
    verdict = explain(network, network.interfaces["eni-1"], "TCP", 22)
    assert verdict.blocked_by is not None
    assert verdict.blocked_by.id == component
    assert word in verdict.reason


def test_an_answer_that_cannot_leave_is_no_connection() -> None:
    described = example()
    described["NetworkAcls"][0]["Entries"].pop()
    network = read_network(described)
    verdict = explain(network, network.interfaces["eni-1"], "TCP", 22)
    assert verdict.blocked_by is not None
    assert (verdict.blocked_by.id, "outbound" in verdict.reason) == ("acl-1", True)


def test_what_is_damaged_is_a_gap_and_leaves_the_rest() -> None:
    described = example()
    described["SecurityGroups"].append(
        {"GroupId": "sg-2", "IpPermissions": [_permission("300.1.1.1/8")]}
    )
    described["NetworkInterfaces"][0]["Groups"].append({"GroupId": "sg-gone"})
    described["NetworkInterfaces"].append({"no": "identifier"})
    network = read_network(described)
    assert len(list(openings(network, network.interfaces["eni-1"]))) == 1
    assert {gap.path for gap in network.gaps} == {"sg-2", "eni-1", "NetworkInterfaces[1]"}
