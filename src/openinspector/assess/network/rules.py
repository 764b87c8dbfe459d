"""What the rules of one component say of one address.

Sources: Amazon VPC User Guide, "Route priority", "Network ACL rules", "Security group rules".
"""

from collections.abc import Iterable, Iterator

import msgspec

from openinspector.assess.network.evidence.components import AclRule, Block, GroupRule, Route
from openinspector.assess.network.intervals import (
    PORTS,
    Interval,
    Intervals,
    difference,
    holds,
    intersection,
    union,
)


def next_hops(routes: Iterable[Route], version: int, address: int) -> frozenset[str | None]:
    """Where a packet to an address goes: the longest prefix, then the lowest rank. Empty: nowhere.

    None is a blackhole. Only a transit gateway has several targets for the same addresses.
    """
    best: tuple[int, int] | None = None
    found: set[str | None] = set()
    for route in routes:
        if route.version != version or not holds(route.addresses, address):
            continue
        priority = (route.addresses[1] - route.addresses[0], route.rank)
        if best is None or priority < best:
            best, found = priority, set()
        if priority == best:
            found.add(route.target)
    return frozenset(found)


def leading_to(routes: tuple[Route, ...], version: int, target: str, space: Intervals) -> Intervals:
    """The addresses of a space that routes lead to a target."""
    own = (route.addresses for route in routes if route.version == version)
    return union(
        atom for atom in atoms(space, own) if target in next_hops(routes, version, atom[0])
    )


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


def group_ports(rules: Iterable[GroupRule], protocol: str, version: int, address: int) -> Intervals:
    """The ports that rules of security groups together open to an address: any rule suffices."""
    return union(
        rule.ports
        for rule in rules
        if protocol in rule.protocols
        and any(kind == version and holds(block, address) for kind, block in rule.sources)
    )


def naming(
    rules: Iterable[GroupRule], members: Iterable[tuple[str, tuple[Block, ...]]]
) -> Iterator[GroupRule]:
    """The same rules with the addresses of the groups' members beside their blocks."""
    known = dict(members)
    for rule in rules:
        blocks = [block for name in rule.groups for block in known.get(name, ())]
        yield msgspec.structs.replace(rule, sources=(*rule.sources, *blocks)) if blocks else rule


def atoms(space: Intervals, blocks: Iterable[Interval]) -> Iterator[Interval]:
    """Cut a set of addresses where any block begins or ends.

    Within one atom every rule treats all addresses alike, so one of them stands for all.
    """
    cuts: set[int] = set()
    for low, high in blocks:
        cuts.update((low, high + 1))
    ordered = sorted(cuts)
    for low, high in space:
        start = low
        for cut in ordered:
            if start < cut <= high:
                yield start, cut - 1
                start = cut
        yield start, high
