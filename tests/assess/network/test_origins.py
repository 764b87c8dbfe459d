"""Ways in beside the internet by hand: what AWS documents of each."""

from typing import Any

import pytest

from openinspector.assess.network import (
    Opening,
    Origin,
    explain,
    network_finding,
    openings,
    read_network,
)
from tests.assess.network.test_findings import INSTANCE, PLACE
from tests.assess.network.test_reach import example

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}


def network(*routes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A private server in 10.0.0.0/16 that lets everyone in by SSH, with these routes."""
    described = example()
    described["RouteTables"][0]["Routes"] = [
        {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local"},
        *routes,
    ]
    described["Vpcs"] = [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}]
    return {**described, **changes}


def to(block: str, **target: str) -> dict[str, Any]:
    return {"DestinationCidrBlock": block, **target}


def found(described: dict[str, Any], *origins: Origin) -> list[Opening]:
    read = read_network(described)
    return list(openings(read, read.interfaces["eni-1"], origins=origins))


def _ids(opening: Opening) -> list[str]:
    return [step.id for step in opening.path][:-4]


def peered(status: str = "active") -> list[dict[str, Any]]:
    return [
        {
            "VpcPeeringConnectionId": "pcx-1",
            "Status": {"Code": status},
            "RequesterVpcInfo": {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"},
            "AccepterVpcInfo": {"VpcId": "vpc-2", "CidrBlock": "10.1.0.0/16"},
        }
    ]


OVER_PEERING = to("10.1.0.0/16", VpcPeeringConnectionId="pcx-1")


def test_a_peered_vpc_reaches_with_its_own_addresses_only() -> None:
    (opening,) = found(network(OVER_PEERING, VpcPeeringConnections=peered()), "peering")
    assert _ids(opening) == ["pcx-1"]
    assert opening.parts[0].sources == ((0x0A010000, 0x0A01FFFF),)
    assert not found(network(OVER_PEERING, VpcPeeringConnections=peered("deleted")), "peering")
    assert not found(network(VpcPeeringConnections=peered()), "peering")


def test_peering_is_not_transitive() -> None:
    described = network(OVER_PEERING, VpcPeeringConnections=peered())
    beyond = {**peered()[0], "VpcPeeringConnectionId": "pcx-2"}
    beyond["RequesterVpcInfo"] = {"VpcId": "vpc-2", "CidrBlock": "10.1.0.0/16"}
    beyond["AccepterVpcInfo"] = {"VpcId": "vpc-3", "CidrBlock": "10.2.0.0/16"}
    described["VpcPeeringConnections"].append(beyond)
    described["RouteTables"][0]["Routes"].append(to("10.2.0.0/16", VpcPeeringConnectionId="pcx-1"))
    (opening,) = found(described, "peering")
    assert opening.parts[0].sources == ((0x0A010000, 0x0A01FFFF),)


def test_a_rule_may_name_a_group_of_the_peered_vpc() -> None:
    rule = {**SSH, "UserIdGroupPairs": [{"GroupId": "sg-peer"}]}
    described = network(OVER_PEERING, VpcPeeringConnections=peered())
    described["SecurityGroups"] = [
        {"GroupId": "sg-1", "IpPermissions": [rule]},
        {"GroupId": "sg-peer", "IpPermissions": []},
    ]
    assert not found(described, "peering")
    described["NetworkInterfaces"].append(
        {
            "NetworkInterfaceId": "eni-2",
            "VpcId": "vpc-2",
            "SubnetId": "subnet-2",
            "Groups": [{"GroupId": "sg-peer"}],
            "PrivateIpAddresses": [{"PrivateIpAddress": "10.1.0.7"}],
        }
    )
    (opening,) = found(described, "peering")
    assert opening.parts[0].sources == ((0x0A010007, 0x0A010007),)


def test_only_subnets_that_route_here_reach_over_peering() -> None:
    described = network(OVER_PEERING, VpcPeeringConnections=peered())
    described["Subnets"] += [
        {"SubnetId": "subnet-2", "VpcId": "vpc-2", "CidrBlock": "10.1.0.0/24"},
        {"SubnetId": "subnet-3", "VpcId": "vpc-2", "CidrBlock": "10.1.1.0/24"},
    ]
    described["RouteTables"] += [
        {"RouteTableId": "rtb-2", "VpcId": "vpc-2", "Associations": [{"Main": True}], "Routes": []},
        {
            "RouteTableId": "rtb-3",
            "VpcId": "vpc-2",
            "Associations": [{"SubnetId": "subnet-3"}],
            "Routes": [to("10.0.0.0/16", VpcPeeringConnectionId="pcx-1")],
        },
    ]
    (opening,) = found(described, "peering")
    assert opening.parts[0].sources == ((0x0A010100, 0x0A0101FF),)


def _virtual(**changes: Any) -> dict[str, Any]:
    vgw = {"VpnGatewayId": "vgw-1", "VpcAttachments": [{"VpcId": "vpc-1", "State": "attached"}]}
    vpn = {"VpnConnectionId": "vpn-1", "VpnGatewayId": "vgw-1", "State": "available"}
    route = to("192.168.0.0/16", GatewayId="vgw-1", Origin="EnableVgwRoutePropagation")
    return network(route, **{"VpnGateways": [vgw], "VpnConnections": [vpn], **changes})


def test_a_vpn_reaches_with_the_addresses_that_routes_lead_back_to() -> None:
    (opening,) = found(_virtual(), "vpn")
    assert (_ids(opening), opening.parts[0].sources) == (["vgw-1"], ((0xC0A80000, 0xC0A8FFFF),))
    assert not found(_virtual(VpnConnections=[]), "vpn")
    assert not found(_virtual(), "direct-connect")


def test_a_static_route_goes_before_a_propagated_one_to_the_same_block() -> None:
    described = _virtual()
    described["RouteTables"][0]["Routes"].append(to("192.168.0.0/16", NatGatewayId="nat-1"))
    assert not found(described, "vpn")
    described["RouteTables"][0]["Routes"][-1] = to("192.168.0.0/17", NatGatewayId="nat-1")
    (opening,) = found(described, "vpn")
    assert opening.parts[0].sources == ((0xC0A88000, 0xC0A8FFFF),)


@pytest.mark.parametrize(
    ("allowed", "reached"),
    [([], True), (["10.0.0.0/16"], True), (["10.0.0.0/15"], True), (["10.0.0.0/17"], False)],
)
def test_direct_connect_announces_blocks_within_allowed_prefixes(
    allowed: list[str], reached: bool
) -> None:
    association = {
        "associatedGateway": {"id": "vgw-1", "type": "virtualPrivateGateway"},
        "associationState": "associated",
        "allowedPrefixesToDirectConnectGateway": [{"cidr": each} for each in allowed],
    }
    described = _virtual(VpnConnections=[], directConnectGatewayAssociations=[association])
    assert bool(found(described, "direct-connect")) is reached
    assert not found(described, "vpn")


def transit(forth: list[dict[str, Any]], back: list[dict[str, Any]]) -> dict[str, Any]:
    """A transit gateway with this VPC and a VPN connection, each with a table of its own."""

    def attachment(name: str, kind: str, resource: str) -> dict[str, Any]:
        association = {"TransitGatewayRouteTableId": f"tbl-{name}", "State": "associated"}
        return {
            "TransitGatewayAttachmentId": name,
            "TransitGatewayId": "tgw-1",
            "ResourceType": kind,
            "ResourceId": resource,
            "State": "available",
            "Association": association,
        }

    return network(
        to("0.0.0.0/0", TransitGatewayId="tgw-1"),
        TransitGatewayAttachments=[
            attachment("own", "vpc", "vpc-1"),
            attachment("far", "vpn", "vpn-1"),
        ],
        TransitGatewayRouteTables=[
            {"TransitGatewayRouteTableId": "tbl-own", "Routes": back},
            {"TransitGatewayRouteTableId": "tbl-far", "Routes": forth},
        ],
    )


def leading(block: str, attachment: str, state: str = "active") -> dict[str, Any]:
    return {
        "DestinationCidrBlock": block,
        "Type": "static",
        "State": state,
        "TransitGatewayAttachments": [{"TransitGatewayAttachmentId": attachment}],
    }


def test_a_transit_gateway_s_tables_are_asked_both_ways() -> None:
    forth, back = leading("10.0.0.0/16", "own"), leading("192.168.0.0/16", "far")
    (opening,) = found(transit([forth], [back]), "vpn")
    assert (_ids(opening), opening.parts[0].sources) == (
        ["tgw-1", "far"],
        ((0xC0A80000, 0xC0A8FFFF),),
    )
    assert not found(transit([], [back]), "vpn")
    assert not found(transit([forth], []), "vpn")
    assert not found(transit([forth], [back]), "transit-gateway")
    hole = leading("10.0.0.0/24", "own", "blackhole")
    assert not found(transit([forth, hole], [back]), "vpn")


def test_a_shared_transit_gateway_s_hidden_tables_count_as_open() -> None:
    described = transit([], [])
    del described["TransitGatewayRouteTables"]
    del described["TransitGatewayAttachments"][1]
    (opening,) = found(described, "transit-gateway")
    assert _ids(opening) == ["tgw-1"]
    assert any("counts as leading everywhere" in gap.reason for gap in read_network(described).gaps)


@pytest.mark.parametrize(("here", "reached"), [("a", True), ("b", False)])
def test_an_attachment_serves_its_own_zone(here: str, reached: bool) -> None:
    described = transit([leading("10.0.0.0/16", "own")], [leading("192.168.0.0/16", "far")])
    described["TransitGatewayVpcAttachments"] = [
        {
            "TransitGatewayAttachmentId": "own",
            "TransitGatewayId": "tgw-1",
            "VpcId": "vpc-1",
            "State": "available",
            "SubnetIds": ["subnet-t"],
        }
    ]
    described["Subnets"] = [
        {"SubnetId": "subnet-1", "VpcId": "vpc-1", "AvailabilityZone": here},
        {"SubnetId": "subnet-t", "VpcId": "vpc-1", "AvailabilityZone": "a"},
    ]
    assert bool(found(described, "vpn")) is reached


@pytest.mark.parametrize(
    "target",
    [
        {"NatGatewayId": "nat-1"},
        {"EgressOnlyInternetGatewayId": "eigw-1"},
        {"GatewayId": "vpce-1"},
        {"NetworkInterfaceId": "eni-9"},
        {"GatewayId": "igw-1", "State": "blackhole"},
    ],
)
def test_what_only_leads_out_opens_nothing_inward(target: dict[str, str]) -> None:
    described = network(
        {"DestinationCidrBlock": "0.0.0.0/0", **target},
        {"DestinationIpv6CidrBlock": "::/0", **target},
    )
    described["NetworkInterfaces"][0]["Ipv6Addresses"] = [{"Ipv6Address": "2600:1f18::5"}]
    everyone = {**SSH, "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    described["SecurityGroups"] = [{"GroupId": "sg-1", "IpPermissions": [everyone]}]
    assert not found(described, "internet")


def test_a_shared_subnet_s_hidden_gateway_counts_as_attached() -> None:
    described = example(InternetGateways=[])
    described["Subnets"][0]["OwnerId"] = "111122223333"
    described["NetworkInterfaces"][0]["OwnerId"] = "444455556666"
    (opening,) = found(described, "internet")
    assert opening.path[0].id == "igw-1"
    described["Subnets"][0]["OwnerId"] = "444455556666"
    assert not found(described, "internet")


@pytest.mark.parametrize(
    ("described", "origin", "title", "severity"),
    [
        (
            network(OVER_PEERING, VpcPeeringConnections=peered()),
            "peering",
            "Port 22 is reachable from a VPC Peering Connection - TCP",
            "LOW",
        ),
        (_virtual(), "vpn", "Port 22 is reachable from a Virtual Private Gateway - TCP", "LOW"),
    ],
)
def test_findings_of_open_paths_have_their_own_texts_and_severity(
    described: dict[str, Any], origin: Origin, title: str, severity: str
) -> None:
    (opening,) = found(described, origin)
    finding = network_finding(opening, INSTANCE, PLACE, 1_700_000_000.0)
    assert (finding.title, finding.severity) == (title, severity)


@pytest.mark.parametrize("origin", ["peering", "vpn", "direct-connect", "transit-gateway"])
def test_without_a_way_that_is_what_is_told(origin: Origin) -> None:
    read = read_network(example())
    verdict = explain(read, read.interfaces["eni-1"], "TCP", 22, (origin,))
    assert verdict.blocked_by is not None
    assert verdict.blocked_by.id == "vpc-1"


def test_a_transit_gateway_s_static_route_goes_before_a_propagated_one() -> None:
    forth, back = leading("10.0.0.0/16", "own"), leading("192.168.0.0/16", "far")
    elsewhere = leading("192.168.0.0/16", "other")
    propagated = {"Type": "propagated"}
    assert found(transit([forth], [back, {**elsewhere, **propagated}]), "vpn")
    assert not found(transit([forth], [elsewhere, {**back, **propagated}]), "vpn")
    assert found(transit([forth], [{**elsewhere, **propagated}, {**back, **propagated}]), "vpn"), (
        "several equal propagated routes share the traffic"
    )
