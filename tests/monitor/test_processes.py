"""Real processes on an emulated AWS: what is switched on is found; what is killed loses nothing."""

import random
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from openinspector.organization.accounts import enable
from openinspector.store import open_store
from tests.api.conftest import free_port
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.images import file, oci_layout
from tests.monitor.running import PROGRAM, end_state, kill, last_words, settled, start
from tests.monitor.test_agentless import snapshots
from tests.monitor.test_functions import deploy, zipped
from tests.monitor.test_images import OS_RELEASE, STATUS, push, repository
from tests.monitor.test_instances import AMAZON, OPENSSH, launch, launch_some

OTHER = "2" * 12
DISKS = 4
"""Instances without an agent."""


def disk_of(folder: Path) -> Path:
    """A small disk with an old package on it."""
    root = folder / "root"
    for path, text in (("etc/os-release", OS_RELEASE), ("var/lib/dpkg/status", STATUS)):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text)
    disk = folder / "disk.raw"
    disk.touch()
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", root, disk, "16M"], check=True)
    return disk


def populate(cloud: Emulator, folder: Path, count: int) -> None:
    """Make about so many resources in two accounts, some images of them twice."""
    cloud.enrol(OTHER)
    for account in (MANAGEMENT, OTHER):
        for number, name in enumerate(launch_some(cloud, count // 6, account)):
            packages = [{**OPENSSH, "Release": f"8.amzn2023.0.{number % 5 + 7}"}]
            cloud.software.manage(account, REGION, name, AMAZON, packages)
    for number in range(count // 3):
        deploy(cloud, f"function-{number}", zipped(lodash=f"4.17.{number % 22}"))
    disk = disk_of(folder)
    for name in launch_some(cloud, DISKS):
        cloud.disks.attach(MANAGEMENT, REGION, name, disk)
    for account in (MANAGEMENT, OTHER):
        repository(cloud, "web", account)
        for number in range(count // 6):
            layers = [
                [file("etc/os-release", OS_RELEASE), file("var/lib/dpkg/status", STATUS)],
                [file("app/number", str(number).encode())],
            ]
            push(cloud, "web", oci_layout(folder / f"{account}-{number}", layers), account)


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    return (
        request.getfixturevalue("postgresql_database")
        if request.param == "postgresql"
        else tmp_path / "data"
    )


def run(
    cloud: Emulator, folder: Path, place: str | Path, kills: int, seed: int
) -> dict[str, object]:
    """Let everything be scanned by a service and a worker, killed so many times; the end state."""
    folder.mkdir(exist_ok=True)
    store = open_store(place)
    with store.write() as connection:
        for account in (MANAGEMENT, OTHER):
            enable(connection, account, ("EC2", "ECR", "LAMBDA"), time.time_ns() // 1_000_000)
    options = ["--database", place] if isinstance(place, str) else []
    draw = random.Random(seed)

    def serve() -> "list[object]":
        return [*options, "--aws", "--port", free_port()]

    running = {
        "serve": start("serve", folder, cloud.environment, *serve()),
        "worker": start("worker", folder, cloud.environment, *options),
    }
    try:
        time.sleep(1.5)
        for _ in range(kills):
            time.sleep(draw.uniform(0.0, 0.6))
            verb = draw.choice(list(running))
            kill(running[verb])
            again = serve() if verb == "serve" else options
            running[verb] = start(verb, folder, cloud.environment, *again)
        settled(store, 6)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{last_words(folder)}") from error
    finally:
        for process in running.values():
            kill(process)
        store.close()
    return {**end_state(place), "snapshots": snapshots(cloud)}


@pytest.mark.parametrize("place", ["sqlite", "postgresql"], indirect=True)
def test_killed_again_and_again_it_ends_where_it_would_have(
    cloud: Emulator, tmp_path: Path, place: str | Path
) -> None:
    populate(cloud, tmp_path, 45)
    undisturbed = run(cloud, tmp_path / "calm", tmp_path / "calm", 0, 0)
    assert undisturbed["findings"]
    assert not undisturbed["snapshots"]
    assert run(cloud, tmp_path / "data", place, 6, 1) == undisturbed


def test_what_it_does_can_be_followed(cloud: Emulator, tmp_path: Path) -> None:
    folder, port = tmp_path / "data", free_port()
    folder.mkdir()
    cloud.software.manage(MANAGEMENT, REGION, launch(cloud), AMAZON, [OPENSSH])
    deploy(cloud, "shop", zipped(lodash="4.17.15"))
    cloud.faults.add("denied", "lambda", "GetFunction")
    store = open_store(folder)
    with store.write() as connection:
        enable(connection, MANAGEMENT, ("EC2", "LAMBDA"), time.time_ns() // 1_000_000)
    process = start(
        *("serve", folder, cloud.environment, "--aws", "--port", free_port()),
        *("--metrics-port", port),
    )
    try:
        settled(store, 2, failing=True)
        figures = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
        status = subprocess.run(
            [PROGRAM, "status", "--data", folder], capture_output=True, text=True, check=True
        ).stdout
    finally:
        process.terminate()
        assert process.wait(30) == 0, last_words(folder)
        store.close()
    assert 'openinspector_tasks{kind="scan",state="failing"} 1.0' in figures
    assert 'openinspector_findings{severity="HIGH",status="ACTIVE"} 1.0' in figures
    assert (
        'openinspector_covered_resources{reason="ACCESS_DENIED",type="AWS_LAMBDA_FUNCTION"} 1.0'
        in figures
    ) or (
        'openinspector_covered_resources{type="AWS_LAMBDA_FUNCTION",reason="ACCESS_DENIED"} 1.0'
        in figures
    )
    assert "AccessDenied" in status
    assert "function:shop" in status


@pytest.mark.slow
@pytest.mark.parametrize("place", ["sqlite", "postgresql"], indirect=True)
def test_fifty_kills_of_a_run_of_two_hundred(
    cloud: Emulator, tmp_path: Path, place: str | Path
) -> None:
    populate(cloud, tmp_path, 200)
    undisturbed = run(cloud, tmp_path / "calm", tmp_path / "calm", 0, 0)
    assert run(cloud, tmp_path / "data", place, 50, 2) == undisturbed
