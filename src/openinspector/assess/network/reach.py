"""Who can open a connection from the internet to an interface, on which ports, over which path.

A packet gets in when the interface has an address that the internet can name, the answer's route
leads back to the same internet gateway, the network ACL lets the packet in and the answer out
(ACLs keep no state, so both count), and a security group allows it (groups keep state).
An ACL that was not described counts as open, a route table or group as closed; both are gaps.
"""

from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from itertools import pairwise
from typing import Literal

import msgspec

from openinspector.assess.network.evidence import Acl, AclRule, Interface, Network, Route
from openinspector.assess.network.intervals import (
    EPHEMERAL,
    PORTS,
    SPACE,
    Interval,
    Intervals,
    difference,
    holds,
    intersection,
    prefix,
    union,
)
from openinspector.assess.network.rules import acl_ports, atoms, group_ports, next_hop

Protocol = Literal["TCP", "UDP"]
PROTOCOLS: tuple[Protocol, ...] = ("TCP", "UDP")

_NOT_INTERNET: dict[int, tuple[str, ...]] = {
    4: (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"),
    ),
    6: ("::/3", "4000::/2", "8000::/1"),
}
"""Addresses that no packet from the internet bears (RFC 6890; IPv6: all but 2000::/3)."""

INTERNET: dict[int, Intervals] = {
    version: difference((SPACE[version],), union(prefix(block)[1] for block in blocks))
    for version, blocks in _NOT_INTERNET.items()
}
"""All addresses from which a packet can come from the internet, by IP version."""

_OPEN_ACL = tuple(
    AclRule(1, True, frozenset(PROTOCOLS), PORTS[0], version, SPACE[version]) for version in (4, 6)
)


class Step(msgspec.Struct, frozen=True):
    """One component of a path, by its CloudFormation type."""

    type: str
    id: str


class Part(msgspec.Struct, frozen=True):
    """A rectangle of the answer: all these ports are open to all these addresses."""

    version: int
    ports: Interval
    sources: Intervals


class Opening(msgspec.Struct, frozen=True):
    """A contiguous range of ports of an interface that the internet reaches, and how.

    `parts` say exactly which addresses reach which ports of it.
    """

    interface: str
    instance: str | None
    protocol: Protocol
    ports: Interval
    path: tuple[Step, ...]
    parts: tuple[Part, ...]


class Verdict(msgspec.Struct, frozen=True):
    """The answer about one port: the opening, or the component that blocks and why."""

    opening: Opening | None
    blocked_by: Step | None = None
    reason: str = ""


class _Way(msgspec.Struct, frozen=True):
    """What decides for an interface and an IP version; equal ways have equal answers."""

    version: int
    gateway: str
    table: str | None
    acl: str | None
    groups: tuple[str, ...]


Memory = dict[tuple[_Way, str], tuple[Part, ...]]
"""Answers by way and protocol: interfaces with the same rules are decided once."""


def openings(
    network: Network, interface: Interface, memory: Memory | None = None
) -> Iterator[Opening]:
    """Every range of ports of an interface that the internet reaches.

    Pass one `memory` for all interfaces of a network, so that equal rules are decided once.
    """
    memory = {} if memory is None else memory
    ways = tuple(_ways(network, interface))
    for protocol in PROTOCOLS:
        parts = [part for way in ways for part in _parts(network, way, protocol, memory)]
        for ports in union(part.ports for part in parts):
            inside = tuple(part for part in parts if holds(ports, part.ports[0]))
            yield Opening(
                interface.id,
                interface.instance,
                protocol,
                ports,
                _path(network, interface, ways, protocol, inside[0]),
                inside,
            )


def explain(network: Network, interface: Interface, protocol: str, port: int) -> Verdict:
    """Why the internet reaches a port, or the first component on the way that stops it."""
    for opening in openings(network, interface):
        if opening.protocol == protocol and holds(opening.ports, port):
            return Verdict(opening)
    blocked, reason = _blocker(network, interface, protocol, port)
    return Verdict(None, blocked, reason)


def _ways(network: Network, interface: Interface) -> Iterator[_Way]:
    gateway = _gateway(network, interface)
    if gateway is None:
        return
    for version in sorted({version for version, address in interface.public if _named(address)}):
        yield _Way(
            version,
            gateway,
            network.subnet_routes.get(interface.subnet),
            network.subnet_acl.get(interface.subnet),
            tuple(sorted(interface.groups)),
        )


def _named(address: str) -> bool:
    parsed = ip_address(address)
    return any(holds(span, int(parsed)) for span in INTERNET[parsed.version])


def _gateway(network: Network, interface: Interface) -> str | None:
    return next((igw for igw, vpc in network.gateways.items() if vpc == interface.vpc), None)


def _routes(network: Network, way: _Way) -> tuple[Route, ...]:
    return network.routes.get(way.table, ()) if way.table else ()


def _acl_rules(network: Network, name: str | None) -> tuple[tuple[AclRule, ...], ...]:
    acl: Acl | None = network.acls.get(name) if name else None
    return (_OPEN_ACL, _OPEN_ACL) if acl is None else (acl.inbound, acl.outbound)


def _parts(network: Network, way: _Way, protocol: str, memory: Memory) -> tuple[Part, ...]:
    known = memory.get((way, protocol))
    if known is None:
        known = memory[way, protocol] = tuple(_rectangles(_open_ports(network, way, protocol), way))
    return known


def _open_ports(network: Network, way: _Way, protocol: str) -> Mapping[Interval, Intervals]:
    """The ports that are open to each atom of addresses; atoms without any are left out."""
    routes = _routes(network, way)
    inbound, outbound = _acl_rules(network, way.acl)
    groups = [network.groups[name] for name in way.groups if name in network.groups]
    found: dict[Interval, Intervals] = {}
    for atom in atoms(INTERNET[way.version], way.version, routes, (*inbound, *outbound), groups):
        address = atom[0]
        ports = group_ports(groups, protocol, way.version, address)
        if not ports or next_hop(routes, way.version, address) != way.gateway:
            continue
        if not intersection(acl_ports(outbound, protocol, way.version, address), EPHEMERAL):
            continue
        ports = intersection(ports, acl_ports(inbound, protocol, way.version, address))
        if ports:
            found[atom] = ports
    return found


def _rectangles(opened: Mapping[Interval, Intervals], way: _Way) -> Iterator[Part]:
    """The same set, cut along the ports where any atom's answer changes."""
    cuts = sorted(
        {cut for ports in opened.values() for low, high in ports for cut in (low, high + 1)}
    )
    for low, after in pairwise(cuts):
        sources = union(
            atom for atom, ports in opened.items() if any(holds(span, low) for span in ports)
        )
        if sources:
            yield Part(way.version, (low, after - 1), sources)


def _path(
    network: Network, interface: Interface, ways: tuple[_Way, ...], protocol: str, part: Part
) -> tuple[Step, ...]:
    """The witness: components in the order of spec/network-reachability.md 3.3."""
    way = next(way for way in ways if way.version == part.version)
    address, port = part.sources[0][0], part.ports[0]
    group = next(
        name
        for name in way.groups
        if name in network.groups
        and any(
            holds(span, port)
            for span in group_ports([network.groups[name]], protocol, part.version, address)
        )
    )
    steps = [Step("AWS::EC2::InternetGateway", way.gateway)]
    if way.acl is not None:
        steps.append(Step("AWS::EC2::NetworkAcl", way.acl))
    steps.append(Step("AWS::EC2::SecurityGroup", group))
    steps.append(Step("AWS::EC2::NetworkInterface", interface.id))
    if interface.instance is not None:
        steps.append(Step("AWS::EC2::Instance", interface.instance))
    return tuple(steps)


def _blocker(network: Network, interface: Interface, protocol: str, port: int) -> tuple[Step, str]:
    """The first component after which no address is left."""
    here = Step("AWS::EC2::NetworkInterface", interface.id)
    if _gateway(network, interface) is None:
        return Step("AWS::EC2::VPC", interface.vpc), "no internet gateway is attached to it"
    ways = tuple(_ways(network, interface))
    if not ways:
        return here, "it has no address that the internet can name"
    last = here, ""
    for way in ways:
        last = _blocker_of(network, interface, way, protocol, port)
    return last


def _blocker_of(
    network: Network, interface: Interface, way: _Way, protocol: str, port: int
) -> tuple[Step, str]:
    routes = _routes(network, way)
    inbound, outbound = _acl_rules(network, way.acl)
    groups = [network.groups[name] for name in way.groups if name in network.groups]
    left = list(atoms(INTERNET[way.version], way.version, routes, (*inbound, *outbound), groups))
    acl = Step("AWS::EC2::NetworkAcl", way.acl or "")
    version = way.version
    stages: tuple[tuple[Step, str, Callable[[int], bool]], ...] = (
        (
            Step("AWS::EC2::RouteTable", way.table or interface.subnet),
            f"it has no route back through {way.gateway}",
            lambda address: next_hop(routes, version, address) == way.gateway,
        ),
        (
            acl,
            f"no inbound rule lets {protocol} {port} pass",
            lambda address: _open(acl_ports(inbound, protocol, version, address), port),
        ),
        (
            Step("AWS::EC2::SecurityGroup", ", ".join(way.groups)),
            f"no rule of the groups allows {protocol} {port} from an address that comes this far",
            lambda address: _open(group_ports(groups, protocol, version, address), port),
        ),
        (
            acl,
            "no outbound rule lets the answer out",
            lambda address: bool(
                intersection(acl_ports(outbound, protocol, version, address), EPHEMERAL)
            ),
        ),
    )
    for step, reason, passes in stages:
        left = [atom for atom in left if passes(atom[0])]
        if not left:
            return step, reason
    raise AssertionError("an address passes every component, yet the port was called closed")


def _open(ports: Intervals, port: int) -> bool:
    return any(holds(span, port) for span in ports)
