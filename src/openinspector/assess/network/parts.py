"""Which addresses reach which ports over one way: the interval algebra.

A packet gets in when the answer's route leads back to where it came in, the network ACL lets the
packet in and the answer out (ACLs keep no state, so both count), and a security group allows it
(groups keep state). An ACL that was not described counts as open, a route table or group as closed.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise

import msgspec

from openinspector.assess.network.evidence.components import (
    PROTOCOLS,
    Block,
    GroupRule,
    Network,
    Protocol,
)
from openinspector.assess.network.evidence.rules import ANYWHERE
from openinspector.assess.network.intervals import (
    PORTS,
    Interval,
    Intervals,
    holds,
    intersection,
    union,
)
from openinspector.assess.network.rules import acl_ports, atoms, group_ports, naming, next_hops
from openinspector.assess.network.ways import Step, Way, acl_rules, answers


class Part(msgspec.Struct, frozen=True):
    """A rectangle of the answer: all these ports are open to all these addresses."""

    version: int
    ports: Interval
    sources: Intervals
    guards: tuple[Step, ...] = ()
    """What lets the first source pass to the first port, where the way leads there directly."""


Memory = dict[tuple[Way, str], tuple[Part, ...]]
"""Answers by way and protocol: interfaces with the same rules are decided once."""


def parts(network: Network, way: Way, protocol: Protocol, memory: Memory) -> tuple[Part, ...]:
    """Everything that is open over a way."""
    known = memory.get((way, protocol))
    if known is None:
        opened = _open_ports(network, way, protocol)
        known = memory[way, protocol] = tuple(
            msgspec.structs.replace(
                part,
                guards=guard_steps(network, way, protocol, part.sources[0][0], part.ports[0]),
            )
            for part in _rectangles(opened, way.version)
        )
    return known


def sources(found: tuple[Part, ...], port: int) -> Intervals:
    """The addresses that reach a port."""
    return union(span for part in found if holds(part.ports, port) for span in part.sources)


def guards(network: Network, way: Way) -> tuple[GroupRule, ...] | None:
    """The inbound rules of a way's groups, members of groups named; None: nothing guards."""
    if way.groups is None:
        return None
    rules = tuple(
        rule
        for name in way.groups
        if name in network.groups
        for rule in network.groups[name].inbound
    )
    return tuple(naming(rules, _members(network, way)))


def _members(network: Network, way: Way) -> Iterator[tuple[str, tuple[Block, ...]]]:
    for name in way.callers:
        yield name, ANYWHERE
    if way.peers:
        for name, by_vpc in network.members.items():
            yield name, tuple(block for vpc in way.peers for block in by_vpc.get(vpc, ()))


def allowed(
    rules: tuple[GroupRule, ...] | None, protocol: str, version: int, address: int
) -> Intervals:
    """The ports that guards open to an address."""
    return PORTS if rules is None else group_ports(rules, protocol, version, address)


def way_atoms(network: Network, way: Way) -> tuple[Interval, ...]:
    """The addresses of a way, cut where any of its rules begins or ends."""
    routes = network.routes.get(way.table, ()) if way.table and way.hop else ()
    inbound, outbound = acl_rules(network, way.acl)
    blocks = [route.addresses for route in routes if route.version == way.version]
    blocks += [rule.addresses for rule in (*inbound, *outbound) if rule.version == way.version]
    for rule in guards(network, way) or ():
        blocks += [span for version, span in rule.sources if version == way.version]
    return tuple(atoms(way.space, blocks))


def returns(network: Network, way: Way, address: int) -> bool:
    """Whether the answer to an address goes back to where the packet came in."""
    if way.hop is None:
        return True
    routes = network.routes.get(way.table, ()) if way.table else ()
    return way.hop in next_hops(routes, way.version, address)


def _open_ports(network: Network, way: Way, protocol: Protocol) -> Mapping[Interval, Intervals]:
    """The ports that are open to each atom of addresses; atoms without any are left out."""
    inbound, outbound = acl_rules(network, way.acl)
    rules, version = guards(network, way), way.version
    through = way.ports[PROTOCOLS.index(protocol)]
    found: dict[Interval, Intervals] = {}
    for atom in way_atoms(network, way):
        address = atom[0]
        ports = intersection(allowed(rules, protocol, version, address), through)
        if not ports or not returns(network, way, address):
            continue
        if not answers(acl_ports(outbound, protocol, version, address)):
            continue
        if way.inbound:
            ports = intersection(ports, acl_ports(inbound, protocol, version, address))
        if ports:
            found[atom] = ports
    return found


def _rectangles(opened: Mapping[Interval, Intervals], version: int) -> Iterator[Part]:
    """The same set, cut along the ports where any atom's answer changes."""
    cuts = sorted(
        {cut for ports in opened.values() for low, high in ports for cut in (low, high + 1)}
    )
    for low, after in pairwise(cuts):
        reached = union(
            atom for atom, ports in opened.items() if any(holds(span, low) for span in ports)
        )
        if reached:
            yield Part(version, (low, after - 1), reached)


def guard_steps(
    network: Network, way: Way, protocol: Protocol, address: int, port: int
) -> tuple[Step, ...]:
    """The network ACL and the security group that let an address pass to a port."""
    steps = [] if way.acl is None else [Step("AWS::EC2::NetworkAcl", way.acl)]
    for name in way.groups or ():
        rules = guards(network, msgspec.structs.replace(way, groups=(name,)))
        opened = allowed(rules, protocol, way.version, address)
        if any(holds(span, port) for span in opened):
            steps.append(Step("AWS::EC2::SecurityGroup", name))
            break
    return tuple(steps)
