"""Sets of whole numbers as sorted, disjoint, closed intervals: ports, and addresses as numbers."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_network

Interval = tuple[int, int]
Intervals = tuple[Interval, ...]

PORTS: Intervals = ((0, 65535),)
EPHEMERAL: Intervals = ((1024, 65535),)
"""Ports from which clients call (RFC 6056 2.1, "the dynamic ports in use by real stacks")."""

SPACE: dict[int, Interval] = {4: (0, 2**32 - 1), 6: (0, 2**128 - 1)}
"""All addresses of an IP version."""


def union(intervals: Iterable[Interval]) -> Intervals:
    """The set that holds all of them; neighbours are joined."""
    joined: list[Interval] = []
    for low, high in sorted(intervals):
        if low > high:
            continue
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def intersection(left: Intervals, right: Intervals) -> Intervals:
    """What both sets hold."""
    found: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        low, high = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if low <= high:
            found.append((low, high))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def difference(left: Intervals, right: Intervals) -> Intervals:
    """What the first set holds and the second does not."""
    found: list[Interval] = []
    for low, high in left:
        for taken_low, taken_high in right:
            if taken_high < low or taken_low > high:
                continue
            if taken_low > low:
                found.append((low, taken_low - 1))
            low = taken_high + 1
            if low > high:
                break
        if low <= high:
            found.append((low, high))
    return tuple(found)


@lru_cache(maxsize=100_000)
def prefix(text: str) -> tuple[int, Interval]:
    """IP version and addresses of a CIDR block. Raises ValueError for what is none."""
    network = ip_network(text, strict=False)
    return network.version, (int(network.network_address), int(network.broadcast_address))


def holds(interval: Interval, number: int) -> bool:
    """Whether a number lies in an interval."""
    return interval[0] <= number <= interval[1]


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
