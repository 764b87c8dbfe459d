"""What the rules of one component say of one address.

Sources: Amazon VPC User Guide, "Route priority", "Network ACL rules", "Security group rules".
"""

from collections.abc import Iterable, Iterator

from openinspector.assess.network.evidence import AclRule, Group, Route
from openinspector.assess.network.intervals import (
    PORTS,
    Interval,
    Intervals,
    difference,
    holds,
    intersection,
    union,
)


def next_hop(routes: Iterable[Route], version: int, address: int) -> str | None:
    """Where a packet to an address goes: the longest prefix wins. None: nowhere."""
    best: Route | None = None
    for route in routes:
        if route.version != version or not holds(route.addresses, address):
            continue
        if best is None or _width(route) < _width(best):
            best = route
    return None if best is None else best.target


def _width(route: Route) -> int:
    return route.addresses[1] - route.addresses[0]


def acl_ports(rules: Iterable[AclRule], protocol: str, version: int, address: int) -> Intervals:
    """The ports that a network ACL lets pass for an address: the first match decides."""
    undecided = PORTS
    allowed: list[Interval] = []
    for rule in rules:
        if protocol not in rule.protocols or rule.version != version:
            continue
        if not holds(rule.addresses, address):
            continue
        decided = intersection(undecided, (rule.ports,))
        if rule.allow:
            allowed.extend(decided)
        undecided = difference(undecided, decided)
        if not undecided:
            break
    return union(allowed)


def group_ports(groups: Iterable[Group], protocol: str, version: int, address: int) -> Intervals:
    """The ports that security groups together open to an address: any rule suffices."""
    return union(
        rule.ports
        for group in groups
        for rule in group.inbound
        if protocol in rule.protocols
        and any(kind == version and holds(block, address) for kind, block in rule.sources)
    )


def atoms(
    space: Intervals,
    version: int,
    routes: Iterable[Route],
    acl_rules: Iterable[AclRule],
    groups: Iterable[Group],
) -> Iterator[Interval]:
    """Cut a set of addresses where any rule begins or ends.

    Within one atom every rule treats all addresses alike, so one of them stands for all.
    """
    cuts: set[int] = set()
    for low, high in _blocks(version, routes, acl_rules, groups):
        cuts.update((low, high + 1))
    ordered = sorted(cuts)
    for low, high in space:
        start = low
        for cut in ordered:
            if start < cut <= high:
                yield start, cut - 1
                start = cut
        yield start, high


def _blocks(
    version: int, routes: Iterable[Route], acl_rules: Iterable[AclRule], groups: Iterable[Group]
) -> Iterator[Interval]:
    yield from (route.addresses for route in routes if route.version == version)
    yield from (rule.addresses for rule in acl_rules if rule.version == version)
    for group in groups:
        for rule in group.inbound:
            yield from (block for kind, block in rule.sources if kind == version)
