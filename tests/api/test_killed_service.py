"""kill -9 of the service while scans are submitted: what was acknowledged is there, and whole.

Two submitters work while the service is killed at random moments and started again. Afterwards the
store is read without the service: findings, coverage, packages and the outbox must tell one story.
"""

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from openinspector.cli.submit import submit_inventory
from openinspector.model import Inventory, OpenInspectorError, Package, Target
from openinspector.store import Store, open_store
from openinspector.store.coverage import coverage
from openinspector.store.findings import finding
from openinspector.store.packages import get_inventory, inventory_package, resource_inventory
from openinspector.store.schema import FOREVER
from openinspector.store.transitions import transition
from tests.api.conftest import Server, new_key, start

ACCOUNT = "111122223333"
KILLS = 4
FILLING = 200
"""Packages without findings, which make a submission's transaction longer."""


def npm(name: str, version: str) -> Package:
    return Package("npm", name, version, f"pkg:npm/{name}@{version}", None, "c", "c")


def contents(name: str, vulnerable: bool) -> Inventory:
    """An image with two vulnerable packages, or one."""
    filling = [npm(f"filling-{name}-{number}", "1.0.0") for number in range(FILLING)]
    lodash = npm("lodash", "4.17.15" if vulnerable else "4.17.21")
    return Inventory(Target("image", name), (lodash, npm("minimist", "1.2.0"), *filling))


class Submitter(threading.Thread):
    """Submits images under names of its own, in turns, until the service is gone."""

    def __init__(self, address: str, prefix: str) -> None:
        super().__init__(daemon=True)
        self._address = address
        self._prefix = prefix
        self.begun: list[tuple[str, bool]] = []
        self.acknowledged = 0

    def run(self) -> None:
        number = 0
        while True:
            name, vulnerable = f"{self._prefix}-{number % 3}", number // 3 % 2 == 0
            self.begun.append((name, vulnerable))
            try:
                submit_inventory(self._address, contents(name, vulnerable), None)
            except OpenInspectorError:
                return
            self.acknowledged += 1
            number += 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_was_acknowledged_is_whole(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    address = request.getfixturevalue("postgresql_database") if kind == "postgresql" else None
    options = ("--database", address) if address else ()
    key = new_key(folder, ACCOUNT, *options)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["accessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["secretAccessKey"])
    chance = random.Random(kind)
    expected: dict[str, set[bool]] = {}
    for round_ in range(KILLS):
        server = start(folder, {ACCOUNT: key}, *options)
        submitters = [Submitter(server.address, f"{round_}-{each}") for each in "ab"]
        kill_amid(server, submitters, chance.uniform(0, 0.5))
        for submitter in submitters:
            expected |= outcomes(submitter)
        store = open_store(address or folder)
        try:
            check(store, expected)
        finally:
            store.close()
    last = start(folder, {ACCOUNT: key}, *options)
    submit_inventory(last.address, contents("after", True), None)
    last.process.terminate()
    last.process.wait(30)


def kill_amid(server: Server, submitters: list[Submitter], seconds: float) -> None:
    """Let some submissions be acknowledged, and kill the service a little later."""
    for submitter in submitters:
        submitter.start()
    while min(submitter.acknowledged for submitter in submitters) < 2:
        assert server.process.poll() is None
        assert all(submitter.is_alive() for submitter in submitters)
        time.sleep(0.01)
    time.sleep(seconds)
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    for submitter in submitters:
        submitter.join(60)


def outcomes(submitter: Submitter) -> dict[str, set[bool]]:
    """What each image may hold now: the last one acknowledged, or the one on its way."""
    known = dict(submitter.begun[: submitter.acknowledged])
    possible = {name: {vulnerable} for name, vulnerable in known.items()}
    for name, vulnerable in submitter.begun[submitter.acknowledged :]:
        if name in possible:
            possible[name].add(vulnerable)
    return possible


def check(store: Store, expected: dict[str, set[bool]]) -> None:
    with store.read() as connection:
        bound = connection.execute(
            select(resource_inventory.c.resource_id, resource_inventory.c.inventory).where(
                resource_inventory.c.valid_to == FOREVER
            )
        ).all()
        inventories = {row.inventory: get_inventory(connection, row.inventory) for row in bound}
        packages = dict(
            connection.execute(
                select(inventory_package.c.inventory, func.count()).group_by(
                    inventory_package.c.inventory
                )
            ).all()
        )
        present = connection.execute(select(finding).where(finding.c.valid_to == FOREVER)).all()
        versions = Counter(connection.execute(select(finding.c.arn)).scalars())
        covered = connection.execute(
            select(coverage.c.resource_id).where(coverage.c.valid_to == FOREVER)
        ).scalars()
        outbox = connection.execute(select(transition).order_by(transition.c.row_id)).all()
        assert sorted(covered) == sorted(row.resource_id for row in bound)
    assert {row.resource_id for row in present} <= {row.resource_id for row in bound}
    assert Counter(row.arn for row in outbox) == versions
    told = {row.arn: row.body for row in outbox}
    assert told == {row.arn: row.body for row in present}
    held = {}
    for row in bound:
        stored = inventories[row.inventory]
        assert stored is not None
        lodash = next(each for each in stored.packages if each.name == "lodash")
        vulnerable = lodash.version == "4.17.15"
        held[stored.target.name] = vulnerable
        assert packages[row.inventory] == FILLING + 2
        assert affected(present, row.resource_id) == (
            {"lodash", "minimist"} if vulnerable else {"minimist"}
        )
    missing = set(expected) - set(held)
    assert not missing
    assert {name for name, possible in expected.items() if held[name] not in possible} == set()


def affected(present: Any, resource: str) -> set[str]:
    """The packages that the open findings of a resource are about."""
    return {
        package["name"]
        for row in present
        if row.resource_id == resource and row.status != "CLOSED"
        for package in json.loads(row.body)["packageVulnerabilityDetails"]["vulnerablePackages"]
    }
