"""Doing what is due, one task after another, so that a test sees each moment."""

from collections.abc import Iterable
from typing import Any

import msgspec

from openinspector.aws.trouble import AwsTrouble
from openinspector.ledger.coverage import list_coverage
from openinspector.ledger.order import order_of
from openinspector.ledger.query import find
from openinspector.monitor.handlers import HANDLERS
from openinspector.monitor.monitor import Monitor
from openinspector.monitor.schedule import begin
from openinspector.monitor.worker import LEASE, retry_after
from openinspector.organization.accounts import enable
from openinspector.store.tasks import claim, fail

WORKER = "test"


def switch_on(monitor: Monitor, account: str, *types: str) -> None:
    with monitor.store.write() as connection:
        enable(connection, account, types, monitor.clock())


def work(monitor: Monitor, most: int = 500) -> list[str]:
    """Do everything that is due now; the kinds of what was done, failures marked."""
    begin(monitor)
    done: list[str] = []
    while len(done) < most:
        with monitor.store.write() as connection:
            tasks = claim(connection, WORKER, 1, 10, monitor.clock(), LEASE, tuple(HANDLERS))
        if not tasks:
            return done
        (task,) = tasks
        try:
            HANDLERS[task.key.kind](monitor, WORKER, task)
            done.append(task.key.kind)
        except AwsTrouble as error:
            now = monitor.clock()
            with monitor.store.write() as connection:
                fail(connection, task, str(error), now + retry_after(task.attempts), now)
            done.append(f"{task.key.kind} failed")
    raise AssertionError("there is no end to it")


def findings(monitor: Monitor, *accounts: str, **criteria: str) -> list[dict[str, Any]]:
    asked = {name: [{"comparison": "EQUALS", "value": value}] for name, value in criteria.items()}
    with monitor.store.read() as connection:
        page = find(connection, accounts, asked, order_of(None), 10_000, None, monitor.clock() + 1)
    return [msgspec.json.decode(body) for body in page.bodies]


def titles(found: Iterable[dict[str, Any]]) -> set[str]:
    return {each["title"] for each in found}


def coverage(monitor: Monitor, *accounts: str) -> dict[str, tuple[str, str]]:
    """Status code and reason by resource; rows of the network end in /NETWORK."""
    with monitor.store.read() as connection:
        bodies, _ = list_coverage(connection, accounts, {}, 10_000, None, monitor.clock() + 1)
    rows = [msgspec.json.decode(body) for body in bodies]
    return {
        row["resourceId"] + ("" if row["scanType"] == "PACKAGE" else f"/{row['scanType']}"): (
            row["scanStatus"]["statusCode"],
            row["scanStatus"]["reason"],
        )
        for row in rows
    }
