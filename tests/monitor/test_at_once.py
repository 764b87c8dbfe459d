"""Calls of one API wait for each other; what AWS throttles comes later, and nothing is lost."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest

from openinspector.aws import at_once, ssm
from openinspector.aws.sessions import Access, Sessions
from openinspector.monitor.monitor import Monitor
from openinspector.monitor.schedule import begin
from openinspector.monitor.worker import Worker
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.emulator.state import Received
from tests.monitor.conftest import Clock
from tests.monitor.driving import coverage, findings, switch_on
from tests.monitor.test_instances import AMAZON, OPENSSH, REGRESSION, SHALLOW, launch_some

MEMBER = "2" * 12
ASKED = "ListInventoryEntries"
COUNT = 16


def asked(cloud: Emulator, account: str = MANAGEMENT) -> list[Received]:
    return [each for each in cloud.calls if each.operation == ASKED and each.account == account]


def all_at_once(calls: Iterable[Callable[[], object]]) -> list[object]:
    some = list(calls)
    with ThreadPoolExecutor(len(some)) as pool:
        return [each.result() for each in [pool.submit(call) for call in some]]


def manage_some(cloud: Emulator, account: str, count: int) -> list[str]:
    names = launch_some(cloud, count, account)
    for name in names:
        cloud.software.manage(account, REGION, name, AMAZON, [OPENSSH])
    return names


def test_calls_of_an_account_and_region_wait_for_each_other(
    cloud: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(at_once.AT_ONCE, ("ssm", ASKED), 3)
    cloud.enrol(MEMBER)
    sessions = Sessions(Access())
    places = [
        (account, REGION, name)
        for account in (MANAGEMENT, MEMBER)
        for name in manage_some(cloud, account, 8)
    ]
    cloud.faults.add("slow", "ssm", ASKED, seconds=0.2)
    got = all_at_once(
        lambda place=place: ssm.software_inventory(sessions, *place, ssm.APPLICATIONS)
        for place in places
    )
    assert [each.entries[0]["Name"] for each in got] == [OPENSSH["Name"]] * 16
    for account in (MANAGEMENT, MEMBER):
        assert max(each.at_once for each in asked(cloud, account)) == 3
    # One account does not wait for the other.
    moments = sorted(
        (each.time, account) for account in (MANAGEMENT, MEMBER) for each in asked(cloud, account)
    )
    assert {account for _, account in moments[:6]} == {MANAGEMENT, MEMBER}


def test_what_is_throttled_is_asked_for_later_and_nothing_is_lost(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    manage_some(cloud, MANAGEMENT, COUNT)
    cloud.faults.add("throttled", "ssm", ASKED, per_second=6)
    work_until_all_are_found(monitor, clock, Worker(monitor))
    statuses = [each.status for each in asked(cloud)]
    answered, refused = statuses.count(200), statuses.count(400)
    assert answered >= 2 * COUNT, "each instance is asked for our inventory, and for SSM's own"
    # Clients that do not slow down are refused about half as often as they are answered.
    assert 0 < 3 * refused < answered


def test_no_more_of_an_account_ask_at_once_than_may(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    manage_some(cloud, MANAGEMENT, COUNT)
    cloud.faults.add("slow", "ssm", ASKED, seconds=0.1)
    work_until_all_are_found(monitor, clock, Worker(monitor, most_per_account=2))
    assert max(each.at_once for each in asked(cloud)) == 2


def work_until_all_are_found(monitor: Monitor, clock: Clock, worker: Worker) -> None:
    switch_on(monitor, MANAGEMENT, "EC2")
    begin(monitor)
    thread = Thread(target=worker.run)
    thread.start()
    end = time.monotonic() + 120
    try:
        while time.monotonic() < end and len(found(monitor)) < COUNT:
            clock.pass_by(250)
            time.sleep(0.25)
    finally:
        worker.stop()
        thread.join()
    assert len(found(monitor)) == COUNT
    assert set(told(monitor)) == {("ACTIVE", SHALLOW)}


def found(monitor: Monitor) -> list[object]:
    return list(findings(monitor, MANAGEMENT, vulnerabilityId=REGRESSION))


def told(monitor: Monitor) -> list[tuple[str, str]]:
    rows = coverage(monitor, MANAGEMENT)
    return [row for name, row in rows.items() if not name.endswith("/NETWORK")]
