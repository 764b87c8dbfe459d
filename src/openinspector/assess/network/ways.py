"""How packets from outside come to an interface: one way for each place where they come in.

A way says where packets come in, which addresses can come there, and what they must pass. Sources:
VPC User Guide, "Route priority", "VPC peering"; Transit Gateway Guide, "Network ACLs for transit
gateways", "How transit gateways work"; Direct Connect User Guide, "Allowed prefixes".
"""

from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address
from typing import Literal

import msgspec

from openinspector.assess.network.evidence.components import (
    PROTOCOLS,
    Acl,
    AclRule,
    Attachment,
    Block,
    Interface,
    Network,
    VirtualGateway,
)
from openinspector.assess.network.intervals import (
    EPHEMERAL,
    INTERNET,
    PORTS,
    SPACE,
    Interval,
    Intervals,
    holds,
    intersection,
    union,
)
from openinspector.assess.network.rules import acl_ports, leading_to, next_hops

Origin = Literal["internet", "peering", "vpn", "direct-connect", "transit-gateway"]

_EVERY_PORT: tuple[Intervals, ...] = tuple(PORTS for _ in PROTOCOLS)
_OPEN_ACL = tuple(
    AclRule(1, True, frozenset(PROTOCOLS), PORTS[0], version, SPACE[version]) for version in (4, 6)
)
_FAR_KINDS: dict[str, Origin] = {"vpn": "vpn", "direct-connect-gateway": "direct-connect"}
"""What hangs on a transit gateway, as whose traffic; all else is the transit gateway's own."""


class Step(msgspec.Struct, frozen=True):
    """One component of a path, by its CloudFormation type."""

    type: str
    id: str


class Way(msgspec.Struct, frozen=True):
    """What decides for an interface, a place and an IP version; equal ways have equal answers."""

    version: int
    edge: tuple[Step, ...]
    """Where packets come in, from outside."""
    hop: str | None
    """Where the answer's route must lead; None: it goes back to a load balancer, without routes."""
    space: Intervals
    """The addresses that can come this way."""
    table: str | None
    acl: str | None
    groups: tuple[str, ...] | None
    """The security groups that guard the interface; None: nothing guards it."""
    ports: tuple[Intervals, ...] = _EVERY_PORT
    """By protocol: what other subnets on the way let pass."""
    inbound: bool = True
    """Whether the network ACL's inbound rules are asked."""
    peers: frozenset[str] = frozenset()
    """The VPCs whose interfaces the groups' rules can name as members of groups."""
    callers: tuple[str, ...] = ()
    """The groups that every caller is a member of."""


def ways(network: Network, interface: Interface, origin: Origin) -> Iterator[Way]:
    """Every way from an origin to an interface; equal ones once."""
    return iter(dict.fromkeys(_WAYS[origin](network, interface)))


def acl_rules(network: Network, name: str | None) -> tuple[tuple[AclRule, ...], ...]:
    """Inbound and outbound rules of an ACL. One that was not described counts as open."""
    acl: Acl | None = network.acls.get(name) if name else None
    return (_OPEN_ACL, _OPEN_ACL) if acl is None else (acl.inbound, acl.outbound)


def answers(ports: Intervals) -> bool:
    """Whether an ACL that lets these ports pass lets an answer to some client through."""
    return bool(intersection(ports, EPHEMERAL))


def _way(
    network: Network,
    interface: Interface,
    version: int,
    edge: tuple[tuple[str, str], ...],
    space: Intervals,
) -> Way:
    return Way(
        version=version,
        edge=tuple(Step(f"AWS::EC2::{kind}", name) for kind, name in edge),
        hop=edge[0][1],
        space=space,
        table=network.subnet_routes.get(interface.subnet),
        acl=network.subnet_acl.get(interface.subnet),
        groups=tuple(sorted(interface.groups)),
    )


def _internet(network: Network, interface: Interface) -> Iterator[Way]:
    gateway = network.gateways.get(interface.vpc)
    if gateway is not None:
        if interface.subnet in network.sheltered:
            return
        for version in interface.public:
            edge = (("InternetGateway", gateway),)
            yield _way(network, interface, version, edge, INTERNET[version])
            yield from _inspected(network, interface, version, gateway)


def _inspected(network: Network, interface: Interface, version: int, gateway: str) -> Iterator[Way]:
    """Through an appliance: the gateway's own routes lead there, and the answer back through it.

    What the appliance's subnet leads to the gateway is what the answer can reach.
    """
    edge = network.edges.get(interface.vpc, ())
    hops = {
        hop
        for kind, address in (_addresses(interface) if edge else ())
        if kind == version
        for hop in next_hops(edge, version, address)
    }
    for hop in sorted(hop for hop in hops if hop in network.appliances):
        table = network.subnet_routes.get(network.appliances[hop], "")
        space = leading_to(network.routes.get(table, ()), version, gateway, INTERNET[version])
        kind = "NetworkInterface" if hop.startswith("eni-") else "VPCEndpoint"
        way = _way(network, interface, version, (("InternetGateway", gateway), (kind, hop)), space)
        yield msgspec.structs.replace(way, hop=hop)


def _addresses(interface: Interface) -> Iterator[tuple[int, int]]:
    for each in interface.private:
        yield 4, int(ip_address(each))
    for each in interface.version_6:
        yield 6, int(ip_address(each))


def _of(version: int, blocks: Iterable[Block]) -> Intervals:
    return union(span for kind, span in blocks if kind == version)


def _peering(network: Network, interface: Interface) -> Iterator[Way]:
    for peering in network.peerings.get(interface.vpc, ()):
        edge = (("VPCPeeringConnection", peering.id),)
        for version, address in _addresses(interface):
            space = _of(version, peering.blocks or network.vpcs.get(peering.far, ()))
            if not peering.blocks and peering.far not in network.vpcs:
                space = (SPACE[version],)
            senders = _senders(network, peering.far, peering.id, version, address)
            if senders is not None:
                space = intersection(space, senders)
            if space:
                way = _way(network, interface, version, edge, space)
                yield msgspec.structs.replace(way, peers=frozenset({peering.far}))


def _senders(network: Network, vpc: str, hop: str, version: int, address: int) -> Intervals | None:
    """The addresses of a VPC whose routes lead to a hop; None where it was not described.

    A route table that was not described counts as leading there.
    """
    areas = network.areas.get(vpc)
    if areas is None:
        return None
    return _of(
        version,
        (
            each
            for area in areas
            if area.table not in network.routes
            or hop in next_hops(network.routes[area.table], version, address)
            for each in area.blocks
        ),
    )


def _virtual(origin: Origin) -> Callable[[Network, Interface], Iterator[Way]]:
    def found(network: Network, interface: Interface) -> Iterator[Way]:
        gateway = network.virtual_gateways.get(interface.vpc)
        if gateway is not None and (gateway.vpn if origin == "vpn" else gateway.direct_connect):
            edge = (("VPNGateway", gateway.id),)
            for version, address in _addresses(interface):
                # A virtual private gateway carries no IPv6 over VPN connections.
                if version == 4 if origin == "vpn" else _told(network, gateway, version, address):
                    yield _way(network, interface, version, edge, (SPACE[version],))
        yield from _transit(network, interface, origin)

    return found


def _told(network: Network, gateway: VirtualGateway, version: int, address: int) -> bool:
    """Whether Direct Connect announces an address: the VPC's block lies in an allowed prefix."""
    blocks = [
        span
        for kind, span in network.vpcs.get(gateway.vpc, ())
        if kind == version and holds(span, address)
    ] or [(address, address)]
    return not gateway.announced or any(
        allowed[0] <= low and high <= allowed[1]
        for kind, allowed in gateway.announced
        if kind == version
        for low, high in blocks
    )


def _transit(network: Network, interface: Interface, origin: Origin) -> Iterator[Way]:
    for own in network.transits.get(interface.vpc, ()):
        gate = ("TransitGateway", own.gateway)
        for version, address in _addresses(interface):
            crossed = _crossed(network, interface, own, version, address)
            if crossed is None:
                continue
            ports, inbound = crossed
            for far, space in _far(network, own, origin, version, address):
                edge = (gate,) if far is None else (gate, ("TransitGatewayAttachment", far.id))
                peers = frozenset(
                    {far.resource} if far and far.references and own.references else ()
                )
                yield msgspec.structs.replace(
                    _way(network, interface, version, edge, space),
                    ports=ports,
                    inbound=inbound,
                    peers=peers,
                )


def _far(
    network: Network, own: Attachment, origin: Origin, version: int, address: int
) -> Iterator[tuple[Attachment | None, Intervals]]:
    """From where a transit gateway leads to an attachment, and the addresses it leads back to.

    A route table that was not described counts as leading everywhere.
    """
    back = None if own.table is None else network.transit_routes.get(own.table)
    if own.table is not None and back is None and origin == "transit-gateway":
        yield None, (SPACE[version],)
    if back is None:
        return
    for far in network.attachments.get(own.gateway, ()):
        if far.id == own.id or far.table is None:
            continue
        if _FAR_KINDS.get(far.kind, "transit-gateway") != origin:
            continue
        forth = network.transit_routes.get(far.table)
        if forth is not None and own.id not in next_hops(forth, version, address):
            continue
        known = network.vpcs.get(far.resource)
        space = (SPACE[version],) if known is None else _of(version, known)
        space = leading_to(back, version, far.id, space)
        senders = _senders(network, far.resource, own.gateway, version, address)
        space = space if senders is None else intersection(space, senders)
        if space:
            yield far, space


def _crossed(
    network: Network, interface: Interface, own: Attachment, version: int, address: int
) -> tuple[tuple[Intervals, ...], bool] | None:
    """What the attachment's subnet lets pass, and whether the interface's ACL is asked inward.

    None: the attachment has no subnet in the interface's zone.
    """
    if not own.subnets:
        return _EVERY_PORT, True
    here = network.subnets.get(interface.subnet)
    zone = None if here is None else here.zone
    subnets = [
        name
        for name in own.subnets
        if zone is None or name not in network.subnets or network.subnets[name].zone in (None, zone)
    ]
    if not subnets:
        return None
    same = interface.subnet in subnets
    passing = [
        tuple(_gate(network, name, protocol, version, address, same) for protocol in PROTOCOLS)
        for name in ([interface.subnet] if same else subnets)
    ]
    return tuple(union(_spans(each)) for each in zip(*passing, strict=True)), not same


def _spans(found: Iterable[Intervals]) -> Iterator[Interval]:
    return (span for spans in found for span in spans)


def _gate(
    network: Network, subnet: str, protocol: str, version: int, address: int, same: bool
) -> Intervals:
    inbound, outbound = acl_rules(network, network.subnet_acl.get(subnet))
    if not answers(acl_ports(inbound, protocol, version, address)):
        return ()
    return PORTS if same else acl_ports(outbound, protocol, version, address)


def _through_transit(network: Network, interface: Interface) -> Iterator[Way]:
    return _transit(network, interface, "transit-gateway")


_WAYS: dict[Origin, Callable[[Network, Interface], Iterator[Way]]] = {
    "internet": _internet,
    "peering": _peering,
    "vpn": _virtual("vpn"),
    "direct-connect": _virtual("direct-connect"),
    "transit-gateway": _through_transit,
}
ORIGINS: tuple[Origin, ...] = tuple(_WAYS)
"""From where packets can come."""
