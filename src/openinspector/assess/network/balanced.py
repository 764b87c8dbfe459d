"""What reaches an interface through load balancers.

A client reaches a load balancer's listener over one of the ways, the load balancer calls the
target. The target sees the load balancer's address, or the client's where that is preserved; a
rule that names the load balancer's group allows both. Between subnets the network ACLs of both
sides are asked; routes are not, for load balancers and targets stand in the same VPC.
Sources: User Guides of Elastic Load Balancing, "Security groups", "Client IP preservation",
"Network ACLs for Network Load Balancers".
"""

from collections.abc import Iterator

import msgspec

from openinspector.assess.network.evidence.components import (
    Backend,
    Balancer,
    Interface,
    Network,
    Node,
    Protocol,
)
from openinspector.assess.network.evidence.rules import ANYWHERE
from openinspector.assess.network.intervals import Intervals, holds, intersection, union
from openinspector.assess.network.parts import Memory, Part, guard_steps, parts, sources
from openinspector.assess.network.rules import acl_ports, group_ports, naming
from openinspector.assess.network.ways import Origin, Step, Way, acl_rules, answers, ways


class Leg(msgspec.Struct, frozen=True):
    """What comes from an edge through one node of a load balancer to a target."""

    outer: Way
    balancer: Balancer
    listener: int
    inner: Way
    part: Part
    """What is open: the target's port, to clients."""
    seen: Intervals
    """The addresses that the target sees."""


def legs(
    network: Network, interface: Interface, protocol: Protocol, origin: Origin, memory: Memory
) -> Iterator[Leg]:
    """Everything that reaches an interface through load balancers."""
    for backend in network.backends.get(interface.id, ()):
        balancer = network.balancers[backend.balancer]
        if backend.protocol != protocol or not calls(network, balancer, interface, backend):
            continue
        for node in calling(network, balancer, backend):
            for outer in outer_ways(network, balancer, node, origin):
                leg = _leg(network, interface, (balancer, node, backend), outer, memory)
                if leg is not None:
                    yield leg


def outer_ways(network: Network, balancer: Balancer, node: Node, origin: Origin) -> Iterator[Way]:
    """The ways from an origin to a node, past the load balancer's own groups."""
    for outer in ways(network, node.interface, origin):
        yield msgspec.structs.replace(outer, groups=balancer.groups)


def calling(network: Network, balancer: Balancer, backend: Backend) -> Iterator[Node]:
    """The nodes that call a target: without load balancing across zones those of its own."""
    for node in balancer.nodes:
        here = network.subnets.get(node.interface.subnet)
        if backend.zone is None or here is None or here.zone in (None, backend.zone):
            yield node


def calls(network: Network, balancer: Balancer, to: Interface, backend: Backend) -> bool:
    """Whether the load balancer's groups let it call the target."""
    if balancer.groups is None:
        return True
    rules = (
        rule
        for name in balancer.groups
        if name in network.groups
        for rule in network.groups[name].outbound
    )
    members = [(name, ANYWHERE) for name in to.groups]
    opened = group_ports(naming(rules, members), backend.protocol, backend.version, backend.address)
    return any(holds(span, backend.port) for span in opened)


def _leg(
    network: Network,
    to: Interface,
    through: tuple[Balancer, Node, Backend],
    outer: Way,
    memory: Memory,
) -> Leg | None:
    balancer, node, backend = through
    clients = sources(parts(network, outer, backend.protocol, memory), backend.listener)
    clients = intersection(clients, dict(backend.clients)[outer.version])
    if not clients or not leaves(network, to, node, backend):
        return None
    inner = inner_way(network, to, through, outer, clients)
    seen = sources(parts(network, inner, backend.protocol, memory), backend.port)
    if not seen:
        return None
    shown = seen if preserves(outer, backend) else clients
    part = Part(outer.version, (backend.port, backend.port), shown)
    return Leg(outer, balancer, backend.listener, inner, part, seen)


def preserves(outer: Way, backend: Backend) -> bool:
    """Whether the target sees the client's address; never of another IP version than its own."""
    return backend.preserves and outer.version == backend.version


def inner_way(
    network: Network,
    to: Interface,
    through: tuple[Balancer, Node, Backend],
    outer: Way,
    clients: Intervals,
) -> Way:
    """The way from a node to the target: answers go back without routes, groups know the caller."""
    balancer, node, backend = through
    crossing = node.interface.subnet != to.subnet
    own = union(span for version, span in node.addresses if version == backend.version)
    return Way(
        version=backend.version,
        edge=(),
        hop=None,
        space=clients if preserves(outer, backend) else own,
        table=None,
        acl=network.subnet_acl.get(to.subnet) if crossing else None,
        groups=tuple(sorted(to.groups)),
        callers=balancer.groups or (),
    )


def leaves(network: Network, to: Interface, node: Node, backend: Backend) -> bool:
    """Whether the ACL of the node's subnet lets the call out and its answer in.

    Within a subnet no ACL is asked.
    """
    if node.interface.subnet == to.subnet:
        return True
    name = network.subnet_acl.get(node.interface.subnet)
    inbound, outbound = acl_rules(network, name)
    asked = backend.protocol, backend.version, backend.address
    called = any(holds(span, backend.port) for span in acl_ports(outbound, *asked))
    return called and answers(acl_ports(inbound, *asked))


def front(network: Network, leg: Leg, protocol: Protocol) -> tuple[Step, ...]:
    """The steps of a leg from the edge to the load balancer."""
    guarded = guard_steps(network, leg.outer, protocol, leg.part.sources[0][0], leg.listener)
    return (*leg.outer.edge, *guarded, Step(leg.balancer.type, leg.balancer.id))
