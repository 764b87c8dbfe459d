"""Layers are read once by all processes of a service; those of a dead one are read by another."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from openinspector.monitor.discover import discover
from openinspector.monitor.monitor import Monitor
from tests.conftest import REPOSITORY
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.images import file
from tests.monitor.driving import switch_on
from tests.monitor.running import kill
from tests.monitor.test_images import blob_pulls, layered, repository

IMAGES = 3


@pytest.fixture
def blobs(monitor: Monitor, cloud: Emulator, tmp_path: Path) -> list[str]:
    """Images that are listed and not yet pulled: the digests of the base that they share."""
    found: list[str] = []
    repository(cloud, "many")
    for number in range(IMAGES):
        upper = [file("srv/requirements.txt", f"flask==1.{number}\n")]
        path, found = layered(tmp_path / f"image-{number}", upper)
        cloud.registry.push(MANAGEMENT, REGION, "many", f"v{number}", path)
    switch_on(monitor, MANAGEMENT, "ECR")
    discover(monitor, "ECR", MANAGEMENT, REGION)
    return found[:1]


def pulling(monitor: Monitor) -> subprocess.Popen[str]:
    """A process of its own that is about to collect all images."""
    url = monitor.store.engine.url
    place = url.render_as_string(hide_password=False)
    if monitor.store.is_sqlite:
        place = os.path.dirname(str(url.database))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.monitor.pulling", place],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def packages(process: subprocess.Popen[str]) -> int:
    told, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return int(told)


def test_processes_read_a_layer_once_between_them(
    monitor: Monitor, cloud: Emulator, blobs: list[str]
) -> None:
    cloud.faults.add("slow", "download", seconds=0.5)
    running = [pulling(monitor) for _ in range(2)]
    for each in running:
        begin(each)
    assert {packages(each) for each in running} == {2 * IMAGES}
    assert blob_pulls(cloud, blobs) == [1]


def test_what_a_killed_process_was_reading_another_one_reads(
    monitor: Monitor, cloud: Emulator, blobs: list[str]
) -> None:
    first, second = pulling(monitor), pulling(monitor)
    # The configurations of all, and then both layers of the first at once.
    cloud.faults.add("slow", "download", seconds=6.0, times=IMAGES + 2)
    begin(first)
    while cloud.faults.active:
        time.sleep(0.05)
    begin(second)
    time.sleep(1)
    assert blob_pulls(cloud, blobs) == [1], "the second waits for the first"
    kill(first)
    assert packages(second) == 2 * IMAGES
    assert blob_pulls(cloud, blobs) == [2]
