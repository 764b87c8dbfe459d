"""Target groups as described: which targets receive traffic, and whose address they see.

Sources: User Guide for Network Load Balancers, "Client IP preservation"; User Guides for
Application and Network Load Balancers, "Health checks for target groups".
"""

from collections import defaultdict
from collections.abc import Iterable
from ipaddress import ip_address

import msgspec

from openinspector.assess.network.evidence.reader import Entry, rows, text, within

_SERVING = ("healthy", "unavailable")
"""States that receive traffic: `unavailable` is a target whose health is not checked."""
_WAITING = ("initial", "unhealthy")
"""States that receive traffic only while no target of the group serves."""
_DATAGRAMS = ("UDP", "TCP_UDP", "QUIC", "TCP_QUIC")


class Target(msgspec.Struct, frozen=True):
    """A target that receives traffic: an instance or an address, and its port."""

    id: str
    port: int
    everywhere: bool = False
    """Whether it belongs to no zone (its `AvailabilityZone` is `all`)."""


class TargetGroup(msgspec.Struct, frozen=True):
    """A target group. `preserves` is what a Network Load Balancer does with clients' addresses.

    `crosses` is whether nodes call targets in other zones; None: as the load balancer has it.
    """

    kind: str
    vpc: str
    version: int
    preserves: bool
    targets: tuple[Target, ...]
    crosses: bool | None = None


def target_group(entry: Entry) -> TargetGroup | None:
    """A target group with the targets that receive traffic; None for functions.

    A target whose health is not told counts as healthy.
    """
    kind = str(entry.get("TargetType", "instance"))
    if kind == "lambda":
        return None
    by_state: dict[str, list[Target]] = defaultdict(list)
    for each in rows(entry, "TargetHealthDescriptions"):
        state = str(within(each, "TargetHealth").get("State", "healthy"))
        by_state[state].append(_target(within(each, "Target"), kind, entry.get("Port")))
    serving = [target for state in _SERVING for target in by_state[state]]
    waiting = [target for state in _WAITING for target in by_state[state]]
    return TargetGroup(
        kind=kind,
        vpc=str(entry.get("VpcId") or ""),
        version=6 if entry.get("IpAddressType") == "ipv6" else 4,
        preserves=_preserves(entry, kind),
        targets=tuple(serving or waiting),
        crosses=crossing(rows(entry, "Attributes")),
    )


def _target(entry: Entry, kind: str, default: object) -> Target:
    name, port = text(entry, "Id"), entry.get("Port", default)
    if not isinstance(port, int) or not 0 < port < 2**16:
        raise ValueError(f"port {port!r}")
    everywhere = entry.get("AvailabilityZone") == "all"
    return Target(str(ip_address(name)) if kind == "ip" else name, port, everywhere)


def crossing(attributes: Iterable[Entry]) -> bool | None:
    """What attributes say of load balancing across zones; None: nothing."""
    for each in attributes:
        if each.get("Key") == "load_balancing.cross_zone.enabled":
            return {"true": True, "false": False}.get(str(each.get("Value")))
    return None


def _preserves(entry: Entry, kind: str) -> bool:
    """Always for datagrams; else as the attribute says; else for instances only."""
    if entry.get("Protocol") in _DATAGRAMS:
        return True
    for each in rows(entry, "Attributes"):
        if each.get("Key") == "preserve_client_ip.enabled":
            return each.get("Value") == "true"
    return kind == "instance"


def in_service(entry: Entry) -> frozenset[str] | None:
    """The instances of a Classic Load Balancer that receive traffic; None where nobody told."""
    if entry.get("InstanceStates") is None:
        return None
    return frozenset(
        text(each, "InstanceId")
        for each in rows(entry, "InstanceStates")
        if each.get("State") == "InService"
    )
