"""AWS fails in every way in every call of a run: nothing is ever taken for fixed because of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from openinspector.aws import sessions
from openinspector.monitor.monitor import Monitor
from tests.emulator import Emulator
from tests.emulator.faults import KINDS
from tests.emulator.server import MANAGEMENT
from tests.images import oci_layout
from tests.monitor.conftest import Clock
from tests.monitor.driving import coverage, findings, switch_on, work
from tests.monitor.test_functions import deploy, zipped
from tests.monitor.test_images import OS_RELEASE, STATUS, file, push, repository
from tests.monitor.test_instances import launch, manage
from tests.monitor.test_processes import disk_of

HOUR = 3_600_000
FAULTS = tuple(kind for kind in KINDS if kind not in ("error", "corrupt"))
"""Throttling, access denied, expired credentials, 5xx, time-outs, lost connections, short pages."""
HARMLESS = ("partial",)
"""What must not even be noticed: more pages are asked for."""
REASONS = frozenset({"ACCESS_DENIED", "INTERNAL_ERROR", "PENDING_INITIAL_SCAN"})
"""What coverage may say of a resource that could not be looked at."""


class Calm(NamedTuple):
    """What there is to know when AWS answers as it should, and what is asked of it for that."""

    statuses: Mapping[str, str]
    covered: Mapping[str, tuple[str, str]]
    asked: tuple[tuple[str, str], ...]


@pytest.fixture
def asking_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients ask once: the worker's own retries are what is looked at."""
    monkeypatch.setattr(sessions, "_ATTEMPTS", 1)


@contextmanager
def impatient(monitor: Monitor) -> Iterator[None]:
    """Clients that do not wait long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "_SECONDS", 3)
        monitor.sessions._clients.clear()
        yield
    monitor.sessions._clients.clear()


@pytest.fixture
def calm(
    asking_once: None, monitor: Monitor, cloud: Emulator, clock: Clock, tmp_path: Path
) -> Iterator[Calm]:
    manage(cloud, launch(cloud))
    cloud.disks.attach(MANAGEMENT, "us-east-1", launch(cloud), disk_of(tmp_path))
    deploy(cloud, "shop", zipped(lodash="4.17.15"))
    repository(cloud, "web")
    system = [file("etc/os-release", OS_RELEASE), file("var/lib/dpkg/status", STATUS)]
    push(cloud, "web", oci_layout(tmp_path / "image", [system]))
    switch_on(monitor, MANAGEMENT, "EC2", "ECR", "LAMBDA")
    cloud.calls.clear()
    work(monitor)
    look_again(monitor, cloud, clock)
    asked = {(each.service, each.operation) for each in cloud.calls}
    state = statuses(monitor), coverage(monitor, MANAGEMENT)
    assert len({name.partition("/")[0] for name in state[1]}) >= 4
    assert set(state[0].values()) == {"ACTIVE"}
    yield Calm(*state, tuple(sorted(asked)))
    cloud.faults.active.clear()


def statuses(monitor: Monitor) -> dict[str, str]:
    return {each["findingArn"]: each["status"] for each in findings(monitor, MANAGEMENT)}


def look_again(monitor: Monitor, cloud: Emulator, clock: Clock) -> list[str]:
    """Let everything be looked at anew, as if all had changed; what was done."""
    with monitor.store.write() as connection:
        connection.exec_driver_sql("UPDATE resource SET scanned = NULL")
    clock.pass_by(2 * HOUR)
    return work(monitor)


def hold(
    fault: str,
    call: tuple[str, str],
    calm: Calm,
    monitor: Monitor,
    cloud: Emulator,
    clock: Clock,
) -> None:
    """Let a call fail for a while, then work again."""
    more: dict[str, Any] = {"seconds": 4.0, "times": 2} if fault == "slow" else {}
    cloud.faults.add(fault, *call, **more)
    told = f"{fault} {':'.join(call)}"
    with impatient(monitor) if fault == "slow" else nullcontext():
        done = look_again(monitor, cloud, clock)
    assert statuses(monitor) == calm.statuses, told
    noticed = any(each.endswith("failed") for each in done)
    for name, now in coverage(monitor, MANAGEMENT).items():
        if now != calm.covered.get(name):
            assert now[1] in REASONS, (told, name, now)
            noticed = True
    if fault in HARMLESS:
        assert not noticed, told
    cloud.faults.active.clear()
    look_again(monitor, cloud, clock)
    assert statuses(monitor) == calm.statuses, told
    assert coverage(monitor, MANAGEMENT) == calm.covered, told


def test_no_fault_closes_anything(
    calm: Calm, monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    """Every second call meets one kind of fault, and every kind meets several calls."""
    for number, call in enumerate(calm.asked[::2]):
        hold(FAULTS[number % len(FAULTS)], call, calm, monitor, cloud, clock)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_in_any_call_closes_anything(
    fault: str, calm: Calm, monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    for call in calm.asked:
        hold(fault, call, calm, monitor, cloud, clock)
