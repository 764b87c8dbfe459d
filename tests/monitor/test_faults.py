"""AWS fails in every way in every call of a run: nothing is ever taken for fixed because of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.retries.bucket import TokenBucket

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

MEMBER = "2" * 12
ACCOUNTS = (MANAGEMENT, MEMBER)
FAULTS = tuple(kind for kind in KINDS if kind != "error")
"""Throttling, access denied, expired credentials, 5xx, time-outs, lost connections, short pages,
half answers."""
PLAIN = {("registry", "GET"), ("download", "GET")}
"""Calls that are not signed: of manifests and layers, of what lies behind presigned addresses."""
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
    """Clients ask once and do not slow down: the worker's own retries are what is looked at."""
    monkeypatch.setattr(sessions, "_ATTEMPTS", 1)
    monkeypatch.setattr(TokenBucket, "acquire", lambda *_, **__: True)


@contextmanager
def impatient(monitor: Monitor) -> Iterator[None]:
    """Clients that do not wait long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "_SECONDS", 0.5)
        forget_clients(monitor)
        yield
    forget_clients(monitor)


def forget_clients(monitor: Monitor) -> None:
    """Let accounts be entered anew."""
    monitor.sessions._clients.clear()
    monitor.sessions._sessions.pop(MEMBER, None)
    monitor.sessions._own = None


@pytest.fixture
def calm(
    asking_once: None, monitor: Monitor, cloud: Emulator, clock: Clock, tmp_path: Path
) -> Iterator[Calm]:
    manage(cloud, launch(cloud))
    cloud.disks.attach(MANAGEMENT, "us-east-1", launch(cloud), disk_of(tmp_path))
    deploy(cloud, "shop", zipped(lodash="4.17.15"))
    cloud.enrol(MEMBER)
    deploy(cloud, "desk", zipped(lodash="4.17.15"), MEMBER)
    repository(cloud, "web")
    system = [file("etc/os-release", OS_RELEASE), file("var/lib/dpkg/status", STATUS)]
    push(cloud, "web", oci_layout(tmp_path / "image", [system]))
    switch_on(monitor, MANAGEMENT, "EC2", "ECR", "LAMBDA")
    switch_on(monitor, MEMBER, "LAMBDA")
    cloud.calls.clear()
    work(monitor)
    look_again(monitor, cloud, clock)
    asked = {(each.service, each.operation) for each in cloud.calls} | PLAIN
    state = statuses(monitor), coverage(monitor, *ACCOUNTS)
    assert len({name.partition("/")[0] for name in state[1]}) >= 4
    assert set(state[0].values()) == {"ACTIVE"}
    yield Calm(*state, tuple(sorted(asked)))
    cloud.faults.active.clear()


def statuses(monitor: Monitor) -> dict[str, str]:
    return {each["findingArn"]: each["status"] for each in findings(monitor, *ACCOUNTS)}


def look_again(monitor: Monitor, cloud: Emulator, clock: Clock) -> list[str]:
    """Let everything be looked at anew, as if all had changed; what was done."""
    forget_clients(monitor)
    with monitor.store.write() as connection:
        connection.exec_driver_sql("UPDATE resource SET scanned = NULL")
        connection.exec_driver_sql("DELETE FROM layer_record")
        connection.exec_driver_sql("UPDATE task SET due_at = 0")
    clock.pass_by(1000)
    return work(monitor)


def try_again(monitor: Monitor) -> list[str]:
    """Let what failed be tried again at once; what was done."""
    with monitor.store.write() as connection:
        connection.exec_driver_sql("UPDATE task SET due_at = 0 WHERE trouble IS NOT NULL")
    return work(monitor)


def check(calm: Calm, monitor: Monitor, told: str) -> None:
    """Nothing is closed or opened by a fault, and coverage says what is so."""
    assert statuses(monitor) == calm.statuses, told
    for name, now in coverage(monitor, *ACCOUNTS).items():
        assert now == calm.covered.get(name) or now[1] in REASONS, (told, name, now)


def hold(
    fault: str,
    call: tuple[str, str],
    calm: Calm,
    monitor: Monitor,
    cloud: Emulator,
    clock: Clock,
) -> None:
    """Let a call fail for a while, then work again."""
    more: dict[str, Any] = {"seconds": 1.0, "times": 2} if fault == "slow" else {}
    cloud.faults.add(fault, *call, **more)
    told = f"{fault} {':'.join(call)}"
    with impatient(monitor) if fault == "slow" else nullcontext():
        done = look_again(monitor, cloud, clock)
    check(calm, monitor, told)
    if fault in HARMLESS:
        assert not any(each.endswith("failed") for each in done), told
        assert coverage(monitor, *ACCOUNTS) == calm.covered, told
    cloud.faults.active.clear()
    look_again(monitor, cloud, clock)
    assert statuses(monitor) == calm.statuses, told
    assert coverage(monitor, *ACCOUNTS) == calm.covered, told


def test_every_fault_in_every_call_closes_nothing(
    calm: Calm, monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    """In each run every call fails once, each of them in another way than in the runs before."""
    for turn in range(len(FAULTS)):
        for number, call in enumerate(calm.asked):
            fault = FAULTS[(number + turn) % len(FAULTS)]
            cloud.faults.add(fault, *call, times=1, seconds=1.0)
        with impatient(monitor):
            done = look_again(monitor, cloud, clock)
            assert any(each.endswith("failed") for each in done)
            while any(each.endswith("failed") for each in done):
                check(calm, monitor, f"run {turn}")
                done = try_again(monitor)
        check(calm, monitor, f"run {turn}")
        assert not cloud.faults.active
    look_again(monitor, cloud, clock)
    assert statuses(monitor) == calm.statuses
    assert coverage(monitor, *ACCOUNTS) == calm.covered


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_in_any_call_closes_anything(
    fault: str, calm: Calm, monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    for call in calm.asked:
        hold(fault, call, calm, monitor, cloud, clock)
