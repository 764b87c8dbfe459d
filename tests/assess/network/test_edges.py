"""Between the internet gateway and the subnet: appliances, and VPC Block Public Access."""

from typing import Any

import pytest

from openinspector.assess.network import Opening, explain, openings, read_network
from tests.assess.network.test_reach import example


def inspected(**changes: Any) -> dict[str, Any]:
    """The example behind a firewall's endpoint, as "Middlebox routing" of the User Guide has it."""
    described = example()
    described["Subnets"] = [
        {"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24"},
        {"SubnetId": "subnet-fw", "VpcId": "vpc-1", "CidrBlock": "10.0.9.0/24"},
    ]
    described["RouteTables"] = [
        _table("rtb-1", {"SubnetId": "subnet-1"}, "0.0.0.0/0", "vpce-1"),
        _table("rtb-fw", {"SubnetId": "subnet-fw"}, "0.0.0.0/0", "igw-1"),
        _table("rtb-edge", {"GatewayId": "igw-1"}, "10.0.0.0/24", "vpce-1"),
    ]
    described["VpcEndpoints"] = [
        {
            "VpcEndpointId": "vpce-1",
            "VpcEndpointType": "GatewayLoadBalancer",
            "SubnetIds": ["subnet-fw"],
        }
    ]
    return {**described, **changes}


def _table(name: str, tie: dict[str, str], block: str, target: str) -> dict[str, Any]:
    route = {"DestinationCidrBlock": block, "GatewayId": target}
    return {"RouteTableId": name, "VpcId": "vpc-1", "Associations": [tie], "Routes": [route]}


def _openings(described: dict[str, Any]) -> list[Opening]:
    network = read_network(described)
    return list(openings(network, network.interfaces["eni-1"]))


def test_a_firewall_s_endpoint_is_a_step_and_counts_as_letting_pass() -> None:
    (opening,) = _openings(inspected())
    assert [step.id for step in opening.path] == [
        *("igw-1", "vpce-1", "acl-1", "sg-1", "eni-1", "i-0123456789abcdef0")
    ]
    gaps = {gap.path: gap.reason for gap in read_network(inspected()).gaps}
    assert "letting everything pass" in gaps["vpce-1"]


@pytest.mark.parametrize(
    ("number", "change"),
    [
        (0, _table("rtb-1", {"SubnetId": "subnet-1"}, "0.0.0.0/0", "nat-1")),
        (1, _table("rtb-fw", {"SubnetId": "subnet-fw"}, "10.0.0.0/8", "igw-1")),
        (2, _table("rtb-edge", {"GatewayId": "igw-1"}, "10.0.7.0/24", "vpce-1")),
        (2, _table("rtb-edge", {"GatewayId": "vgw-1"}, "10.0.0.0/24", "vpce-1")),
    ],
)
def test_every_table_of_the_way_is_needed(number: int, change: dict[str, Any]) -> None:
    described = inspected()
    described["RouteTables"][number] = change
    assert _openings(described) == []


def test_an_endpoint_that_was_not_described_is_a_gap_and_closed() -> None:
    described = inspected(VpcEndpoints=[])
    assert _openings(described) == []
    assert ("vpce-1", True) in {
        (gap.path, "counts as closed" in gap.reason) for gap in read_network(described).gaps
    }


def test_an_appliance_may_be_an_interface() -> None:
    described = inspected(VpcEndpoints=[])
    for number in (0, 2):
        (route,) = described["RouteTables"][number]["Routes"]
        del route["GatewayId"]
        route["NetworkInterfaceId"] = "eni-fw"
    described["NetworkInterfaces"].append(
        {"NetworkInterfaceId": "eni-fw", "VpcId": "vpc-1", "SubnetId": "subnet-fw"}
    )
    (opening,) = _openings(described)
    assert [step.id for step in opening.path[:2]] == ["igw-1", "eni-fw"]


def _blocking(mode: str, *exclusions: dict[str, str]) -> dict[str, Any]:
    return example(
        VpcBlockPublicAccessOptions={"AwsAccountId": "1", "InternetGatewayBlockMode": mode},
        VpcBlockPublicAccessExclusions=list(exclusions),
    )


def _exclusion(what: str, mode: str = "allow-bidirectional", state: str = "create-complete") -> Any:
    arn = f"arn:aws:ec2:us-east-1:1:{what}"
    return {"ResourceArn": arn, "InternetGatewayExclusionMode": mode, "State": state}


@pytest.mark.parametrize(
    ("described", "reached"),
    [
        (_blocking("off"), True),
        (_blocking("block-ingress"), False),
        (_blocking("block-bidirectional"), False),
        (_blocking("block-bidirectional", _exclusion("vpc/vpc-1")), True),
        (_blocking("block-bidirectional", _exclusion("subnet/subnet-1")), True),
        (_blocking("block-bidirectional", _exclusion("subnet/subnet-2")), False),
        (_blocking("block-ingress", _exclusion("vpc/vpc-1", "allow-egress")), False),
        (_blocking("block-ingress", _exclusion("vpc/vpc-1", state="disable-complete")), False),
    ],
)
def test_block_public_access_keeps_the_internet_out(
    described: dict[str, Any], reached: bool
) -> None:
    assert bool(_openings(described)) is reached
    network = read_network(described)
    blocked = explain(network, network.interfaces["eni-1"], "TCP", 22).blocked_by
    assert (blocked is None) is reached
    assert blocked is None or blocked.type == "AWS::EC2::VPCBlockPublicAccessOptions"


def test_a_shared_subnet_is_not_kept_by_the_options_of_who_uses_it() -> None:
    described = _blocking("block-ingress")
    described["Subnets"][0]["OwnerId"] = "2"
    assert _openings(described)
