"""An emulated AWS, and a monitor that looks at it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openinspector.advisories import AdvisoryDatabase
from openinspector.advisories.starter import starter_path
from openinspector.aws import ebs
from openinspector.aws.sessions import Access, Sessions
from openinspector.monitor.monitor import Monitor
from openinspector.store import Store
from tests.emulator import Emulator
from tests.emulator.server import REGION

START = 1_795_000_000_000
"""A moment close to the real one: AWS stamps what it makes."""


@pytest.fixture(scope="session")
def aws_process() -> Iterator[Emulator]:
    pytest.importorskip("moto.server", reason="needs moto[server]")
    emulator = Emulator()
    yield emulator
    emulator.stop()


@pytest.fixture
def cloud(aws_process: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """A fresh AWS, which every client of this process finds."""
    aws_process.reset()
    for name, value in aws_process.environment.items():
        monkeypatch.setenv(name, value)
    # Its snapshots go on each time that they are looked at.
    monkeypatch.setattr(ebs, "_POLL_SECONDS", 0.01)
    return aws_process


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def pass_by(self, milliseconds: int) -> None:
        self.now += milliseconds


@pytest.fixture
def clock() -> Clock:
    import time

    return Clock(time.time_ns() // 1_000_000)


@pytest.fixture
def advisories() -> Callable[[], Path]:
    """Where the advisory database is; tests may put another one in its place."""
    return starter_path


@pytest.fixture
def monitor(
    cloud: Emulator,
    store: Store,
    clock: Clock,
    tmp_path: Path,
    advisories: Callable[[], Path],
) -> Monitor:
    return Monitor(
        store=store,
        sessions=Sessions(Access()),
        knowledge=lambda: AdvisoryDatabase.open(advisories()),
        regions=(REGION,),
        partition="aws",
        folder=tmp_path,
        clock=clock,
    )
