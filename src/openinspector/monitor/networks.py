"""What was decided of networks last, so that one changed rule costs what it can touch."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from openinspector.assess.network import Origin, Results, compute, recompute

_MOST_INTERFACES = 200_000
"""Interfaces of all networks that are remembered together; about a gigabyte of evidence."""

_Place = tuple[str, str]


class Networks:
    """Evidence and answers by account and region, for all threads; the last used ones."""

    def __init__(self, most: int = _MOST_INTERFACES) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[_Place, tuple[Mapping[str, Any], Results]] = OrderedDict()

    def compute(
        self, place: _Place, described: Mapping[str, Any], origins: tuple[Origin, ...]
    ) -> Results:
        """The answers for a network, from those of the same network before where there are any."""
        with self._lock:
            # Readings are changed by whoever reads on: taken out, nobody else does.
            before = self._known.pop(place, None)
        if before is None or before[1].origins != origins:
            results = compute(described, origins)
        else:
            results = recompute(before[1], before[0], described)
        with self._lock:
            self._known[place] = described, results
            self._forget()
        return results

    def _forget(self) -> None:
        held = sum(len(each.network.interfaces) for _, each in self._known.values())
        while held > self._most and self._known:
            _, (_, dropped) = self._known.popitem(last=False)
            held -= len(dropped.network.interfaces)
