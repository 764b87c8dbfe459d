"""Why a port is reached, or the component that blocks it."""

from collections.abc import Callable, Iterable

import msgspec

from openinspector.assess.network.evidence.components import (
    PROTOCOLS,
    Interface,
    Network,
    Protocol,
)
from openinspector.assess.network.intervals import Intervals, holds
from openinspector.assess.network.parts import allowed, guards, returns, way_atoms
from openinspector.assess.network.reach import INTERNET_ONLY, Opening, openings
from openinspector.assess.network.rules import acl_ports
from openinspector.assess.network.ways import Origin, Step, Way, acl_rules, answers, ways


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
    """Why a port is reached, or the first component on the direct way that stops it.

    Of several ways the last one's blocker is told.
    """
    asked = tuple(origins)
    for opening in openings(network, interface, origins=asked):
        if opening.protocol == protocol and holds(opening.ports, port):
            return Verdict(opening)
    blocked, reason = _no_way(network, interface, asked[-1])
    for origin in asked:
        for way in ways(network, interface, origin):
            blocked, reason = _blocker(network, way, protocol, port)
    return Verdict(None, blocked, reason)


def _no_way(network: Network, interface: Interface, origin: Origin) -> tuple[Step, str]:
    if origin == "internet" and interface.vpc in network.gateways:
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
            way.edge[-1],
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
