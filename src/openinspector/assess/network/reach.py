"""Who can open a connection from outside to an interface, on which ports, over which path."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from openinspector.assess.network.balanced import Leg, front, legs
from openinspector.assess.network.evidence.components import (
    PROTOCOLS,
    Interface,
    Network,
    Protocol,
)
from openinspector.assess.network.intervals import Interval, holds, union
from openinspector.assess.network.parts import Memory, Part, guard_steps, parts
from openinspector.assess.network.ways import Origin, Step, Way, ways

INTERNET_ONLY: tuple[Origin, ...] = ("internet",)


class Opening(msgspec.Struct, frozen=True):
    """A contiguous range of ports of an interface that is reached from an origin, and how.

    `parts` say exactly which addresses reach which ports of it.
    """

    interface: str
    instance: str | None
    protocol: Protocol
    ports: Interval
    path: tuple[Step, ...]
    parts: tuple[Part, ...]
    origin: Origin = "internet"


class _Direct(msgspec.Struct, frozen=True):
    """What is open over a way without load balancers."""

    way: Way
    part: Part


_Through = tuple[str, ...]
"""Identifiers of the edge and, where there is one, the load balancer: one opening for each."""


def openings(
    network: Network,
    interface: Interface,
    memory: Memory | None = None,
    origins: Iterable[Origin] = INTERNET_ONLY,
) -> Iterator[Opening]:
    """Every range of ports of an interface that can be reached from these origins.

    Pass one `memory` for all interfaces of a network, so that equal rules are decided once.
    """
    memory = {} if memory is None else memory
    for origin in origins:
        here = tuple(ways(network, interface, origin))
        for protocol in PROTOCOLS:
            found = _found(network, interface, protocol, origin, here, memory)
            for reached in found.values():
                for ports in union(each.part.ports for each in reached):
                    inside = [each for each in reached if holds(ports, each.part.ports[0])]
                    yield Opening(
                        interface.id,
                        interface.instance,
                        protocol,
                        ports,
                        _path(network, interface, protocol, inside[0]),
                        tuple(dict.fromkeys(each.part for each in inside)),
                        origin,
                    )


def _found(
    network: Network,
    interface: Interface,
    protocol: Protocol,
    origin: Origin,
    here: Iterable[Way],
    memory: Memory,
) -> dict[_Through, list[_Direct | Leg]]:
    found: dict[_Through, list[_Direct | Leg]] = defaultdict(list)
    for way in here:
        for part in parts(network, way, protocol, memory):
            found[tuple(step.id for step in way.edge)].append(_Direct(way, part))
    if interface.id in network.backends:
        for leg in legs(network, interface, protocol, origin, memory):
            edge = (step.id for step in leg.outer.edge)
            found[(*edge, leg.balancer.id)].append(leg)
    return found


def _path(
    network: Network, interface: Interface, protocol: Protocol, reached: _Direct | Leg
) -> tuple[Step, ...]:
    """The witness: components in the order of spec/network-reachability.md 3.3."""
    if isinstance(reached, Leg):
        seen, port = reached.seen[0][0], reached.part.ports[0]
        inside = guard_steps(network, reached.inner, protocol, seen, port)
        steps = [*front(network, reached, protocol), *inside]
    else:
        steps = [*reached.way.edge, *reached.part.guards]
    steps.append(Step("AWS::EC2::NetworkInterface", interface.id))
    if interface.instance is not None:
        steps.append(Step("AWS::EC2::Instance", interface.instance))
    return tuple(steps)
