"""Why a port is reached, or the component that blocks it."""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from openinspector.assess.network.balanced import calling, calls, inner_way, leaves, outer_ways
from openinspector.assess.network.evidence.components import (
    PROTOCOLS,
    Backend,
    Balancer,
    Interface,
    Network,
    Node,
    Protocol,
)
from openinspector.assess.network.intervals import Intervals, holds, intersection
from openinspector.assess.network.parts import (
    Part,
    allowed,
    guards,
    parts,
    returns,
    sources,
    way_atoms,
)
from openinspector.assess.network.reach import INTERNET_ONLY, Opening, openings
from openinspector.assess.network.rules import acl_ports
from openinspector.assess.network.ways import Origin, Step, Way, acl_rules, answers, ways

_AT_BALANCER = "its listeners' rules send no address that comes this far to the target"


class Verdict(msgspec.Struct, frozen=True):
    """The answer about one port: the opening, or the component that blocks and why."""

    opening: Opening | None
    blocked_by: Step | None = None
    reason: str = ""


_NO_WAY: dict[Origin, str] = {
    "internet": "no internet gateway is attached to it",
    "peering": "no active peering connection leads to it from addresses that could answer",
    "vpn": "no VPN connection leads to it",
    "direct-connect": "no Direct Connect gateway leads to it",
    "transit-gateway": "no transit gateway leads to it",
}


def explain(
    network: Network,
    interface: Interface,
    protocol: Protocol,
    port: int,
    origins: Iterable[Origin] = INTERNET_ONLY,
) -> Verdict:
    """Why a port is reached, or the first component that stops it.

    Of several direct ways the last one's blocker is told; where there is none, that of the way
    through a load balancer that forwards to the port.
    """
    asked = tuple(origins)
    for opening in openings(network, interface, origins=asked):
        if opening.protocol == protocol and holds(opening.ports, port):
            return Verdict(opening)
    blocked, reason = _no_way(network, interface, asked[-1])
    for told in _balanced(network, interface, protocol, port, asked):
        blocked, reason = told
    for origin in asked:
        for way in ways(network, interface, origin):
            blocked, reason = _blocker(network, way, protocol, port)
    return Verdict(None, blocked, reason)


def _balanced(
    network: Network, to: Interface, protocol: Protocol, port: int, origins: Iterable[Origin]
) -> Iterator[tuple[Step, str]]:
    """What stops each way through a load balancer that forwards to the port."""
    for backend in network.backends.get(to.id, ()):
        balancer = network.balancers[backend.balancer]
        if (backend.protocol, backend.port) != (protocol, port):
            continue
        here = Step(balancer.type, balancer.id)
        if not calls(network, balancer, to, backend):
            names = Step("AWS::EC2::SecurityGroup", ", ".join(balancer.groups or ()))
            yield names, f"no outbound rule lets load balancer {balancer.id} call {protocol} {port}"
            continue
        nodes = list(calling(network, balancer, backend))
        if not nodes:
            yield here, "none of its nodes stands in the target's zone, and it does not cross zones"
        for node in nodes:
            for origin in origins:
                outers = list(outer_ways(network, balancer, node, origin))
                if not outers:
                    blocked, reason = _no_way(network, node.interface, origin)
                    yield (here if blocked.id == node.interface.id else blocked), reason
                for outer in outers:
                    yield _stopped(network, to, (balancer, node, backend), outer)


def _stopped(
    network: Network, to: Interface, through: tuple[Balancer, Node, Backend], outer: Way
) -> tuple[Step, str]:
    """What stops a way past the load balancer's node, on either side of it."""
    balancer, node, backend = through
    protocol, memory = backend.protocol, dict[tuple[Way, str], tuple[Part, ...]]()
    clients = sources(parts(network, outer, protocol, memory), backend.listener)
    if not clients:
        return _blocker(network, outer, protocol, backend.listener)
    clients = intersection(clients, dict(backend.clients)[outer.version])
    if not clients:
        return Step(balancer.type, balancer.id), _AT_BALANCER
    if not leaves(network, to, node, backend):
        acl = network.subnet_acl.get(node.interface.subnet, "")
        return Step("AWS::EC2::NetworkAcl", acl), (
            f"it does not let load balancer {balancer.id} call {protocol} {backend.port}"
        )
    return _blocker(
        network, inner_way(network, to, through, outer, clients), protocol, backend.port
    )


def _no_way(network: Network, interface: Interface, origin: Origin) -> tuple[Step, str]:
    if origin == "internet" and interface.vpc in network.gateways:
        if interface.subnet in network.sheltered:
            blocking = Step("AWS::EC2::VPCBlockPublicAccessOptions", interface.subnet)
            return blocking, "VPC Block Public Access lets nothing in from the internet"
        here = Step("AWS::EC2::NetworkInterface", interface.id)
        return here, "it has no address that the internet can name"
    return Step("AWS::EC2::VPC", interface.vpc), _NO_WAY[origin]


def _blocker(network: Network, way: Way, protocol: Protocol, port: int) -> tuple[Step, str]:
    """The first component after which no address is left."""
    inbound, outbound = acl_rules(network, way.acl)
    rules, version = guards(network, way), way.version
    through = way.ports[PROTOCOLS.index(protocol)]
    acl = Step("AWS::EC2::NetworkAcl", way.acl or "")
    stages: tuple[tuple[Step, str, Callable[[int], bool]], ...] = (
        (
            way.edge[-1] if way.edge else acl,
            f"the network ACL of its subnet does not let {protocol} {port} pass",
            lambda address: _holds(through, port),
        ),
        (
            Step("AWS::EC2::RouteTable", way.table or "(none)"),
            f"it has no route back through {way.hop}",
            lambda address: returns(network, way, address),
        ),
        (
            acl,
            f"no inbound rule lets {protocol} {port} pass",
            lambda address: (
                not way.inbound or _holds(acl_ports(inbound, protocol, version, address), port)
            ),
        ),
        (
            Step("AWS::EC2::SecurityGroup", ", ".join(way.groups or ())),
            f"no rule of the groups allows {protocol} {port} from an address that comes this far",
            lambda address: _holds(allowed(rules, protocol, version, address), port),
        ),
        (
            acl,
            "no outbound rule lets the answer out",
            lambda address: answers(acl_ports(outbound, protocol, version, address)),
        ),
    )
    left = way_atoms(network, way)
    for step, reason, passes in stages:
        left = tuple(atom for atom in left if passes(atom[0]))
        if not left:
            return step, reason
    raise AssertionError("an address passes every component, yet the port was called closed")


def _holds(ports: Intervals, port: int) -> bool:
    return any(holds(span, port) for span in ports)
