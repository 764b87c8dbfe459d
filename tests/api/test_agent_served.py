"""`openinspector agent` and `openinspector serve`, each in processes of their own, as on a host."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from openinspector.store import open_store
from tests.api.conftest import Server, new_key, start

ACCOUNT = "5" * 12
DAY = 86_400_000
_AGENT = """
import os, sys, time
from openinspector.cli import agent, main
from openinspector.inventory.trees import host
tree, sleep = host.DirectoryTree, time.sleep
host.DirectoryTree = lambda _, *rest: tree(os.environ["MACHINE"], *rest)
agent.time.sleep = lambda seconds: sleep(seconds / 60)
sys.argv = ["openinspector", "agent", *sys.argv[1:]]
main()
"""
"""The program on a machine that consists of one folder, where minutes are seconds."""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A Debian with an old package of its system, and one of npm."""
    for path, text in {
        "etc/os-release": 'ID=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\n',
        "var/lib/dpkg/status": "Package: sudo\nStatus: install ok installed\n"
        "Architecture: amd64\nVersion: 1.9.5p2-3\n\n",
        "usr/lib/node_modules/lodash/package.json": '{"name": "lodash", "version": "4.17.15"}',
    }.items():
        (tmp_path / "machine" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "machine" / path).write_text(text)
    return tmp_path / "machine"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "data"
    running = start(folder, {ACCOUNT: new_key(folder, ACCOUNT)})
    yield running
    running.process.kill()
    running.process.wait()


def agent(service: Server, machine: Path, *options: str) -> subprocess.Popen[str]:
    environment = {**os.environ, **service.environment(ACCOUNT), "MACHINE": str(machine)}
    address = ["--submit", service.address, "--submit-as", "host-1"]
    return subprocess.Popen(
        [sys.executable, "-c", _AGENT, *address, *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def report(service: Server, machine: Path) -> str:
    process = agent(service, machine)
    said, wrong = process.communicate(timeout=120)
    assert process.returncode == 0, wrong
    return said


def found(service: Server) -> dict[str, set[str]]:
    """Status -> packages that findings of it are about."""
    told: dict[str, set[str]] = {}
    for each in service.client(ACCOUNT).list_findings()["findings"]:
        (package,) = each["packageVulnerabilityDetails"]["vulnerablePackages"]
        told.setdefault(each["status"], set()).add(package["name"])
    return told


def status(service: Server) -> tuple[str, str]:
    (row,) = service.client(ACCOUNT).list_coverage()["coveredResources"]
    return row["scanStatus"]["statusCode"], row["scanStatus"]["reason"]


def until(so: Callable[[], bool], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_a_host_reports_is_mended_falls_silent_and_reports_again(
    service: Server, machine: Path, tmp_path: Path
) -> None:
    assert "opened" in report(service, machine)
    # That Debian 11 is past its end is a finding, too: of the system itself.
    assert found(service) == {"ACTIVE": {"sudo", "lodash", "Debian GNU/Linux"}}
    assert status(service) == ("ACTIVE", "SUCCESSFUL")

    shutil.rmtree(machine / "usr/lib/node_modules")
    assert "closed" in report(service, machine)
    mended = found(service)
    assert mended == {"CLOSED": {"lodash"}, "ACTIVE": {"sudo", "Debian GNU/Linux"}}

    service.process.terminate()
    service.process.wait()
    store = open_store(service.folder)
    with store.write() as connection:
        moved = connection.exec_driver_sql(
            f"UPDATE record SET valid_from = valid_from - {7 * DAY} WHERE kind = 'host-report'"
        )
        assert moved.rowcount == 1
    store.close()
    again = start(service.folder, service.keys)
    try:
        until(lambda: status(again) == ("INACTIVE", "STALE_INVENTORY"))
        assert found(again) == mended, "nobody knows that it was mended"
        report(again, machine)
        assert status(again) == ("ACTIVE", "SUCCESSFUL")
        assert found(again) == mended
    finally:
        again.process.kill()
        again.process.wait()


def test_an_agent_outlives_its_service(service: Server, machine: Path) -> None:
    process = agent(service, machine, "--every", "60")
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        assert "opened" in process.stdout.readline()
        os.kill(service.process.pid, signal.SIGKILL)
        service.process.wait()
        assert "tried again in 60 seconds" in process.stderr.readline()
        assert process.poll() is None
        port = int(service.address.rpartition(":")[2])
        again = start(service.folder, service.keys, port=port)
        try:
            assert "unchanged" in process.stdout.readline()
        finally:
            again.process.kill()
            again.process.wait()
    finally:
        process.terminate()
        process.wait()


def test_once_is_once_and_says_what_is_wrong(service: Server, machine: Path) -> None:
    service.keys[ACCOUNT] = {**service.keys[ACCOUNT], "secretAccessKey": "wrong"}
    process = agent(service, machine)
    _, wrong = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "signature" in wrong.lower()
    service.keys[ACCOUNT] = new_key(service.folder, ACCOUNT)
    assert found(service) == {}
