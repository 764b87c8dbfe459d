"""Reachability after a change, from the answers before it: only what the change can touch."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from openinspector.assess.network.evidence import Network, read_network
from openinspector.assess.network.evidence.reader import Readings
from openinspector.assess.network.parts import Memory
from openinspector.assess.network.reach import INTERNET_ONLY, Opening, openings
from openinspector.assess.network.touched import touched_interfaces
from openinspector.assess.network.ways import Origin


class Results(msgspec.Struct, frozen=True):
    """The openings of every interface of a network, and how many interfaces were decided anew."""

    network: Network
    openings: dict[str, tuple[Opening, ...]]
    origins: tuple[Origin, ...]
    decided: int
    readings: Readings


def compute(described: Mapping[str, Any], origins: Iterable[Origin] = INTERNET_ONLY) -> Results:
    """Decide every interface."""
    readings: Readings = {}
    network = read_network(described, readings)
    return _decided(network, network.interfaces, {}, tuple(origins), readings)


def recompute(previous: Results, before: Mapping[str, Any], after: Mapping[str, Any]) -> Results:
    """The same as `compute(after)`, deciding only the interfaces that a change can touch.

    `previous` are the results of `before`.
    """
    if before == after:
        return msgspec.structs.replace(previous, decided=0)
    network = read_network(after, previous.readings)
    touched = touched_interfaces(previous.network, network)
    kept = {
        name: found
        for name, found in previous.openings.items()
        if name in network.interfaces and name not in touched
    }
    return _decided(network, touched, kept, previous.origins, previous.readings)


def _decided(
    network: Network,
    names: Iterable[str],
    kept: Mapping[str, tuple[Opening, ...]],
    origins: tuple[Origin, ...],
    readings: Readings,
) -> Results:
    memory: Memory = {}
    found = {
        name: tuple(openings(network, network.interfaces[name], memory, origins)) for name in names
    }
    return Results(network, {**kept, **found}, origins, len(found), readings)
