"""Describe output as a network."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import msgspec

from openinspector.assess.network.evidence import edges, gateways, places, rules
from openinspector.assess.network.evidence.balancers import balancers
from openinspector.assess.network.evidence.components import Attachment, Network
from openinspector.assess.network.evidence.reader import Reader, Readings

KINDS = (
    *("NetworkInterfaces", "Subnets", "RouteTables", "NetworkAcls", "SecurityGroups", "Vpcs"),
    *("InternetGateways", "PrefixLists", "VpcPeeringConnections", "VpnGateways", "VpnConnections"),
    *("TransitGatewayAttachments", "TransitGatewayVpcAttachments", "TransitGatewayRouteTables"),
    *("directConnectGatewayAssociations", "virtualInterfaces", "LoadBalancers", "Listeners"),
    *("Rules", "TargetGroups", "LoadBalancerDescriptions", "VpcEndpoints"),
    *(edges.OPTIONS, edges.EXCLUSIONS),
    *("NatGateways", "EgressOnlyInternetGateways", "TransitGateways", "CustomerGateways"),
    "directConnectGateways",
)
"""What is read, and what is known to open nothing by itself."""


def read_network(described: Mapping[str, Any], readings: Readings | None = None) -> Network:
    """Read describe output.

    `described` holds the lists that EC2's, Elastic Load Balancing's and Direct Connect's describe
    operations answer with, under the names that those answers give them (`KINDS`). What AWS tells
    in an answer of its own stands inside its owner: the `Entries` of a prefix list, the `Routes` of
    a transit gateway's route table (SearchTransitGatewayRoutes), `TargetHealthDescriptions` and
    `Attributes` of a target group, `InstanceStates` of a Classic Load Balancer.

    Pass the same `readings` for evidence that changes little: what is equal is not read again.
    """
    reader = Reader(described, readings)
    for kind in sorted(described.keys() - set(KINDS)):
        reader.gap(kind, "is of a kind that is not known: counts as closed")
    lists = reader.all("PrefixLists", "PrefixListId", partial(rules.prefix_list, reader))
    subnets = reader.alone("Subnets", "SubnetId", places.subnet)
    interfaces = reader.alone("NetworkInterfaces", "NetworkInterfaceId", places.interface)
    tables = reader.all("RouteTables", "RouteTableId", partial(rules.routes, reader, lists))
    groups = reader.all("SecurityGroups", "GroupId", partial(rules.group, reader, lists))
    transit = partial(rules.transit_routes, reader, lists)
    subnet_routes = places.of_subnets(reader, "RouteTables", "RouteTableId", subnets)
    balanced, backends = balancers(reader, subnets, interfaces)
    attached = gateways.attachments(reader)
    in_gateways = gateways.internet_gateways(
        reader,
        subnets,
        places.shared_vpcs(interfaces.values(), subnets),
        subnet_routes,
        tables,
    )
    leading = edges.edges(reader, in_gateways, tables)
    network = Network(
        interfaces=interfaces,
        subnets=subnets,
        subnet_acl=places.of_subnets(reader, "NetworkAcls", "NetworkAclId", subnets),
        subnet_routes=subnet_routes,
        acls=reader.alone("NetworkAcls", "NetworkAclId", partial(rules.acl, reader)),
        groups=groups,
        routes=tables,
        gateways=in_gateways,
        edges=leading,
        appliances=edges.appliances(reader, leading.values(), interfaces),
        sheltered=edges.sheltered(reader, subnets),
        vpcs=reader.all("Vpcs", "VpcId", places.vpc),
        areas=places.areas(subnets, subnet_routes),
        peerings=gateways.peerings(reader),
        virtual_gateways=gateways.virtual_gateways(reader),
        attachments=_by(attached, lambda each: each.gateway),
        transits=_by((each for each in attached if each.kind == "vpc"), lambda each: each.resource),
        transit_routes=reader.all(
            "TransitGatewayRouteTables", "TransitGatewayRouteTableId", transit
        ),
        balancers=balanced,
        backends=backends,
        members=places.members(groups.values(), interfaces.values()),
        gaps=(),
    )
    _dangling(network, reader)
    return msgspec.structs.replace(network, gaps=tuple(dict.fromkeys(reader.gaps)))


def _by(
    attachments: Iterable[Attachment], key: Callable[[Attachment], str]
) -> dict[str, tuple[Attachment, ...]]:
    found: dict[str, list[Attachment]] = defaultdict(list)
    for each in attachments:
        found[key(each)].append(each)
    return {name: tuple(each) for name, each in found.items()}


def _dangling(network: Network, reader: Reader) -> None:
    for interface in network.interfaces.values():
        for name in interface.groups:
            if name not in network.groups:
                reader.gap(interface.id, f"is in group {name}, which was not described")
        for kind, table, told in (
            ("ACL", network.subnet_acl, network.acls),
            ("route table", network.subnet_routes, network.routes),
        ):
            named = table.get(interface.subnet)
            if named is None:
                reader.gap(interface.id, f"has no {kind}: subnet {interface.subnet} names none")
            elif named not in told:
                reader.gap(interface.id, f"{kind} {named} was not described")
    for group in network.groups.values():
        for rule in group.inbound:
            for name in sorted(rule.groups - network.groups.keys()):
                reader.gap(group.id, f"allows members of {name}, which was not described")
    for attachment in (each for found in network.attachments.values() for each in found):
        if attachment.table is not None and attachment.table not in network.transit_routes:
            reader.gap(
                attachment.id, "its route table was not described: counts as leading everywhere"
            )
