"""Where packets come in, as described: internet, virtual and transit gateways, peering connections.

Sources: EC2 and Direct Connect API References, the Describe operations named in `read_network`.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from openinspector.assess.network.evidence.components import (
    Attachment,
    Block,
    Peering,
    Route,
    Subnet,
    VirtualGateway,
)
from openinspector.assess.network.evidence.reader import (
    Entry,
    Reader,
    block,
    rows,
    text,
    within,
    words,
)

_UP = ("available", "attached")
UNDESCRIBED = ""
"""The route table of a transit gateway's attachment where nobody described the association."""


def internet_gateways(
    reader: Reader,
    subnets: Mapping[str, Subnet],
    shared: frozenset[str],
    subnet_routes: Mapping[str, str],
    routes: Mapping[str, tuple[Route, ...]],
) -> dict[str, str]:
    """The internet gateway of each VPC.

    Who uses a subnet that another account shares sees its routes and not its gateway: there (and
    where nobody described gateways) one that a live route names counts as attached.
    """
    told = reader.all("InternetGateways", "InternetGatewayId", _attached_to)
    found = {vpc: name for name, vpcs in told.items() for vpc in vpcs}
    hidden = reader.described.get("InternetGateways") is None
    for subnet in subnets.values():
        if not hidden and subnet.vpc not in shared:
            continue
        for route in routes.get(subnet_routes.get(subnet.id, ""), ()):
            name = route.target or ""
            if name.startswith("igw-") and name not in told and subnet.vpc not in found:
                reader.gap(name, "was not described: counts as attached, for a route leads there")
                found[subnet.vpc] = name
    return found


def _attached_to(entry: Entry) -> tuple[str, ...]:
    return tuple(
        text(each, "VpcId") for each in rows(entry, "Attachments") if each.get("State") in _UP
    )


def peerings(reader: Reader) -> dict[str, tuple[Peering, ...]]:
    """Active peering connections by VPC; one of a VPC with itself leads nowhere."""
    found: dict[str, list[Peering]] = defaultdict(list)
    known = reader.all("VpcPeeringConnections", "VpcPeeringConnectionId", _sides)
    for name, (requester, accepter) in known.items():
        if requester[0] == accepter[0]:
            reader.gap(name, "peers a VPC with itself: leads nowhere")
            continue
        found[requester[0]].append(Peering(name, *accepter))
        found[accepter[0]].append(Peering(name, *requester))
    return {vpc: tuple(each) for vpc, each in found.items()}


_Side = tuple[str, tuple[Block, ...]]


def _sides(entry: Entry) -> tuple[_Side, _Side] | None:
    if within(entry, "Status").get("Code") != "active":
        return None
    requester, accepter = (within(entry, name) for name in ("RequesterVpcInfo", "AccepterVpcInfo"))
    return (text(requester, "VpcId"), _peer_blocks(requester)), (
        text(accepter, "VpcId"),
        _peer_blocks(accepter),
    )


def _peer_blocks(side: Entry) -> tuple[Block, ...]:
    found = [block(side, "CidrBlock")] if side.get("CidrBlock") else []
    found += [block(each, "CidrBlock") for each in rows(side, "CidrBlockSet")]
    found += [block(each, "Ipv6CidrBlock") for each in rows(side, "Ipv6CidrBlockSet")]
    return tuple(dict.fromkeys(found))


def virtual_gateways(reader: Reader) -> dict[str, VirtualGateway]:
    """The virtual private gateway of each VPC, with the connections that end there."""
    vpns = set(reader.all("VpnConnections", "VpnConnectionId", _vpn).values())
    direct = _direct_connect(reader)

    def read(entry: Entry) -> VirtualGateway | None:
        name = text(entry, "VpnGatewayId")
        vpcs = [text(x, "VpcId") for x in rows(entry, "VpcAttachments") if x.get("State") in _UP]
        if not vpcs:
            return None
        vpn = name in vpns
        if reader.described.get("VpnConnections") is None:
            reader.gap(name, "its VPN connections were not described: counts as connected")
            vpn = True
        return VirtualGateway(name, vpcs[0], vpn, name in direct, direct.get(name, ()))

    found = reader.all("VpnGateways", "VpnGatewayId", read)
    return {each.vpc: each for each in found.values()}


def _vpn(entry: Entry) -> str | None:
    up = entry.get("State") == "available" and entry.get("VpnGatewayId")
    return text(entry, "VpnGatewayId") if up else None


def _direct_connect(reader: Reader) -> dict[str, tuple[Block, ...]]:
    """The prefixes that each gateway may announce over Direct Connect; none: all."""
    found: dict[str, tuple[Block, ...]] = {}

    def own(entry: Entry) -> None:
        if entry.get("virtualInterfaceState") == "available" and entry.get("virtualGatewayId"):
            found[text(entry, "virtualGatewayId")] = ()

    def associated(entry: Entry) -> None:
        if entry.get("associationState") == "associated":
            name = entry.get("virtualGatewayId") or within(entry, "associatedGateway")["id"]
            allowed = rows(entry, "allowedPrefixesToDirectConnectGateway")
            found[str(name)] = tuple(block(each, "cidr") for each in allowed)

    for kind, read in (
        ("directConnectGatewayAssociations", associated),
        ("virtualInterfaces", own),
    ):
        for _ in reader.each(kind, reader.entries(kind), read):
            continue
    return found


def attachments(reader: Reader) -> list[Attachment]:
    """What hangs on transit gateways, from both operations that tell of it."""
    details = reader.all("TransitGatewayVpcAttachments", "TransitGatewayAttachmentId", _detail)
    found = reader.all("TransitGatewayAttachments", "TransitGatewayAttachmentId", _attachment)
    both: dict[str, Attachment] = {}
    for name in {**details, **found}:
        detail, told = details.get(name), found.get(name)
        if detail is not None and not detail["up"]:
            continue
        if told is None and detail is not None:
            told = Attachment(name, detail["gateway"], "vpc", detail["vpc"], UNDESCRIBED)
        if told is not None and detail is not None:
            told = Attachment(
                *(told.id, told.gateway, told.kind, told.resource, told.table),
                *(detail["subnets"], detail["references"]),
            )
        if told is not None:
            both[name] = told
    return list(both.values())


def _detail(entry: Entry) -> dict[str, Any]:
    return {
        "up": entry.get("State") == "available",
        "gateway": text(entry, "TransitGatewayId"),
        "vpc": text(entry, "VpcId"),
        "subnets": words(entry, "SubnetIds"),
        "references": within(entry, "Options").get("SecurityGroupReferencingSupport") == "enable",
    }


def _attachment(entry: Entry) -> Attachment | None:
    if entry.get("State") != "available":
        return None
    association = within(entry, "Association")
    up = association.get("State") == "associated"
    return Attachment(
        text(entry, "TransitGatewayAttachmentId"),
        text(entry, "TransitGatewayId"),
        text(entry, "ResourceType"),
        str(entry.get("ResourceId") or ""),
        text(association, "TransitGatewayRouteTableId") if up else None,
    )
