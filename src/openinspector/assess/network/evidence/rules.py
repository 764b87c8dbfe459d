"""Rules as described: network ACLs, security groups, route tables.

A rule that cannot be read is left out and is a gap; the other rules of its component count.
Sources: EC2 API Reference, NetworkAclEntry, IpPermission, Route; VPC User Guide, "Route priority".
"""

from collections.abc import Iterable, Mapping
from functools import partial

from openinspector.assess.network.evidence.components import (
    PROTOCOLS,
    Acl,
    AclRule,
    Block,
    Group,
    GroupRule,
    Route,
)
from openinspector.assess.network.evidence.reader import (
    Entry,
    Reader,
    block,
    ports,
    protocols,
    rows,
    text,
    within,
)
from openinspector.assess.network.intervals import PORTS, SPACE

PrefixLists = Mapping[str, tuple[Block, ...]]

STATIC, PREFIX_LIST, PROPAGATED = range(3)
"""Ranks of routes to the same addresses, the first of which counts."""

ANYWHERE = tuple((version, SPACE[version]) for version in (4, 6))

_TARGETS = (
    *("GatewayId", "NatGatewayId", "TransitGatewayId", "VpcPeeringConnectionId"),
    *("NetworkInterfaceId", "EgressOnlyInternetGatewayId", "LocalGatewayId", "CarrierGatewayId"),
    *("CoreNetworkArn", "InstanceId"),
)


def prefix_list(reader: Reader, entry: Entry) -> tuple[Block, ...]:
    """The blocks of a managed prefix list."""
    name = text(entry, "PrefixListId")
    if entry.get("Entries") is None:
        reader.gap(name, "its entries were not described: counts as empty")
    return tuple(reader.each(name, rows(entry, "Entries"), lambda each: block(each, "Cidr")))


def acl(reader: Reader, entry: Entry) -> Acl:
    """A network ACL with its entries in order."""
    name = text(entry, "NetworkAclId")
    both = sorted(
        reader.each(name, rows(entry, "Entries"), _acl_rule), key=lambda each: each[1].number
    )
    inbound, outbound = (
        tuple(rule for egress, rule in both if egress is way and rule.protocols)
        for way in (False, True)
    )
    return Acl(name, inbound, outbound)


def _acl_rule(entry: Entry) -> tuple[bool, AclRule]:
    version, addresses = block(entry, "CidrBlock", "Ipv6CidrBlock")
    span, known = within(entry, "PortRange"), protocols(entry["Protocol"])
    action, egress = text(entry, "RuleAction"), entry["Egress"]
    if action not in ("allow", "deny") or not isinstance(egress, bool):
        raise ValueError(f"RuleAction {action!r}, Egress {egress!r}")
    return egress, AclRule(
        number=int(entry["RuleNumber"]),
        allow=action == "allow",
        protocols=known,
        ports=ports(entry["Protocol"], span.get("From"), span.get("To")) if known else PORTS[0],
        version=version,
        addresses=addresses,
    )


def group(reader: Reader, lists: PrefixLists, entry: Entry) -> Group:
    """A security group. One that does not tell its outbound rules has a new group's: all."""
    name = text(entry, "GroupId")
    read = partial(_group_rule, reader, lists, name)
    inbound = tuple(reader.each(name, rows(entry, "IpPermissions"), read))
    outbound: tuple[GroupRule, ...] = (GroupRule(frozenset(PROTOCOLS), PORTS[0], ANYWHERE),)
    if entry.get("IpPermissionsEgress") is not None:
        outbound = tuple(reader.each(name, rows(entry, "IpPermissionsEgress"), read))
    return Group(name, _speaking(inbound), _speaking(outbound))


def _speaking(rules: Iterable[GroupRule]) -> tuple[GroupRule, ...]:
    return tuple(rule for rule in rules if rule.protocols)


def _group_rule(reader: Reader, lists: PrefixLists, owner: str, entry: Entry) -> GroupRule:
    known = protocols(entry["IpProtocol"])
    if not known:
        return GroupRule(known, PORTS[0])
    blocks: list[Block] = []
    for name, member in (("IpRanges", "CidrIp"), ("Ipv6Ranges", "CidrIpv6")):
        blocks += reader.each(owner, rows(entry, name), partial(_block_at, member))
    for each in rows(entry, "PrefixListIds"):
        blocks += _listed(reader, lists, owner, text(each, "PrefixListId"))
    return GroupRule(
        known,
        ports(entry["IpProtocol"], entry.get("FromPort"), entry.get("ToPort")),
        tuple(blocks),
        frozenset(text(each, "GroupId") for each in rows(entry, "UserIdGroupPairs")),
    )


def _block_at(name: str, entry: Entry) -> Block:
    return block(entry, name)


def _listed(reader: Reader, lists: PrefixLists, owner: str, name: str) -> tuple[Block, ...]:
    if name not in lists:
        reader.gap(owner, f"names prefix list {name}, which was not described")
    return lists.get(name, ())


def routes(reader: Reader, lists: PrefixLists, entry: Entry) -> tuple[Route, ...]:
    """The routes of a VPC's route table."""
    name = text(entry, "RouteTableId")
    read = partial(_routes, reader, lists, name)
    return tuple(each for found in reader.each(name, rows(entry, "Routes"), read) for each in found)


def _routes(reader: Reader, lists: PrefixLists, owner: str, entry: Entry) -> tuple[Route, ...]:
    kind = next((name for name in _TARGETS if entry.get(name)), None)
    target = None if kind is None else text(entry, kind)
    listed = entry.get("DestinationPrefixListId")
    if kind is None:
        reader.gap(owner, "has a route to what is not known: leads nowhere")
    if entry.get("State") == "blackhole":
        target = None
    if listed:
        blocks = _listed(reader, lists, owner, text(entry, "DestinationPrefixListId"))
        return tuple(Route(*each, target, PREFIX_LIST) for each in blocks)
    at = block(entry, "DestinationCidrBlock", "DestinationIpv6CidrBlock")
    learned = entry.get("Origin") == "EnableVgwRoutePropagation"
    return (Route(*at, target, PROPAGATED if learned else STATIC),)


def transit_routes(reader: Reader, lists: PrefixLists, entry: Entry) -> tuple[Route, ...] | None:
    """The routes of a transit gateway's table, as SearchTransitGatewayRoutes tells them."""
    name = text(entry, "TransitGatewayRouteTableId")
    if entry.get("Routes") is None:
        reader.gap(name, "its routes were not described: counts as leading everywhere")
        return None
    read = partial(_transit_routes, reader, lists, name)
    return tuple(each for found in reader.each(name, rows(entry, "Routes"), read) for each in found)


def _transit_routes(
    reader: Reader, lists: PrefixLists, owner: str, entry: Entry
) -> tuple[Route, ...]:
    blocks: tuple[Block, ...]
    if entry.get("DestinationCidrBlock"):
        blocks = (block(entry, "DestinationCidrBlock"),)
    else:
        blocks = _listed(reader, lists, owner, text(entry, "PrefixListId"))
    to: list[str | None] = [
        text(each, "TransitGatewayAttachmentId")
        for each in rows(entry, "TransitGatewayAttachments")
    ]
    if entry.get("State") == "blackhole" or not to:
        to = [None]
    rank = PROPAGATED if entry.get("Type") == "propagated" else STATIC
    return tuple(Route(*each, target, rank) for each in blocks for target in to)
