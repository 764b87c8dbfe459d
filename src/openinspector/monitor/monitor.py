"""What every handler is given: where things are, and how often they are looked at."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from openinspector.aws.sessions import Sessions
from openinspector.store import Store

if TYPE_CHECKING:
    from openinspector.advisories import AdvisoryDatabase

_MINUTE = 60_000


class Intervals(msgspec.Struct, frozen=True):
    """Milliseconds between looks (spec/ec2-scanning.md 3.4, 4.2 and 1).

    - `accounts`: at what is switched on; `listing`: at which resources exist.
    - `software`: at an instance's SSM inventory; `agentless`: at its disks.
    - `network`: at the rules around instances; `knowledge`: at the advisory database.
    """

    accounts: int = 10_000
    listing: int = 60 * _MINUTE
    software: int = 30 * _MINUTE
    agentless: int = 24 * 60 * _MINUTE
    network: int = 12 * 60 * _MINUTE
    knowledge: int = 30_000


DEFAULT_INTERVALS = Intervals()


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

    def now(self) -> datetime:
        """The moment, as assessments want it."""
        return datetime.fromtimestamp(self.clock() / 1000, UTC)
