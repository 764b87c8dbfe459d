"""What every handler is given: where things are, and how often they are looked at."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from openinspector.assess.network import Origin
from openinspector.assess.packages import Matching
from openinspector.aws.sessions import Sessions
from openinspector.monitor.networks import Networks
from openinspector.store import Store

if TYPE_CHECKING:
    from openinspector.advisories import AdvisoryDatabase
    from openinspector.monitor.judging import Judged

_MINUTE = 60_000


class Intervals(msgspec.Struct, frozen=True):
    """Milliseconds between looks (spec/ec2-scanning.md 3.4, 4.2 and 1).

    - `accounts`: at what is switched on; `listing`: at which resources exist.
    - `software`: at an instance's SSM inventory; `agentless`: at its disks.
    - `network`: at the rules around instances; `in_use`: at what runs in clusters.
    - `knowledge`: at the advisory database.
    """

    accounts: int = 5_000
    listing: int = 60 * _MINUTE
    software: int = 30 * _MINUTE
    agentless: int = 24 * 60 * _MINUTE
    network: int = 12 * 60 * _MINUTE
    in_use: int = 24 * 60 * _MINUTE
    knowledge: int = 5_000


DEFAULT_INTERVALS = Intervals()


_REMEMBERED = 256


_Key = TypeVar("_Key")
_Made = TypeVar("_Made")


class Remembered(Generic[_Key, _Made]):
    """What was made last, by what it depends on, for all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[_Key, _Made] = OrderedDict()
        self._making: dict[_Key, threading.Lock] = {}

    def get(self, key: _Key, make: "Callable[[], _Made]") -> _Made:
        """The one of a key, made if nobody remembers it; others wait for who makes it."""
        with self._lock:
            if key in self._known:
                return self._remembered(key)
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._known:
                    return self._remembered(key)
            try:
                made = make()
                with self._lock:
                    self._known[key] = made
                    while len(self._known) > _REMEMBERED:
                        self._known.popitem(last=False)
                return made
            finally:
                with self._lock:
                    self._making.pop(key, None)

    def _remembered(self, key: _Key) -> _Made:
        self._known.move_to_end(key)
        return self._known[key]


class Busy:
    """Things that a thread of this process is at, so that no other one does the same."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: set[str] = set()

    def take(self, names: frozenset[str]) -> None:
        """Wait until nobody is at any of them, and be at all of them."""
        with self._changed:
            self._changed.wait_for(lambda: self._held.isdisjoint(names))
            self._held |= names

    def give_back(self, names: frozenset[str]) -> None:
        """Let others at them."""
        with self._changed:
            self._held -= names
            self._changed.notify_all()


@dataclass(frozen=True)
class Monitor:
    """Everything that work needs. `clock` gives epoch milliseconds; `folder` is of this machine."""

    store: Store
    sessions: Sessions
    knowledge: "Callable[[], AdvisoryDatabase]"
    regions: tuple[str, ...]
    partition: str
    folder: Path
    clock: Callable[[], int]
    intervals: Intervals = DEFAULT_INTERVALS
    databases: threading.local = field(default_factory=threading.local)
    """Where each thread keeps the advisory database that it has open."""
    matchings: Remembered[tuple[str, str], Matching] = field(default_factory=Remembered)
    """By inventory and advisory database."""
    judgements: Remembered[Any, "Judged"] = field(default_factory=Remembered)
    """By all that they depend on (`judging`)."""
    networks: Networks = field(default_factory=Networks)
    origins: tuple[Origin, ...] = ("internet",)
    """From where instances are looked at: findings are of these."""
    layers_read: Busy = field(default_factory=Busy)
    """Digests of layers that a thread is reading for the first time."""

    def now(self) -> datetime:
        """The moment, as assessments want it."""
        return datetime.fromtimestamp(self.clock() / 1000, UTC)
