"""A process that collects images: `python -m tests.monitor.pulling STORE`, begun by a line."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from openinspector.advisories import AdvisoryDatabase
from openinspector.advisories.starter import starter_path
from openinspector.aws.sessions import Access, Sessions
from openinspector.monitor.collect import collect
from openinspector.monitor.monitor import Monitor
from openinspector.store import open_store
from openinspector.store.resources import known_resources
from tests.emulator.access import MANAGEMENT, REGION

IMAGE = "AWS_ECR_CONTAINER_IMAGE"


def main(place: str) -> None:
    """Collect all images that the store knows; print how many packages they have together."""
    monitor = Monitor(
        store=open_store(place),
        sessions=Sessions(Access()),
        knowledge=lambda: AdvisoryDatabase.open(starter_path()),
        regions=(REGION,),
        partition="aws",
        folder=Path(),
        clock=lambda: time.time_ns() // 1_000_000,
    )
    with monitor.store.read() as connection:
        known = known_resources(connection, MANAGEMENT, REGION, [IMAGE])
    monitor.sessions.client(MANAGEMENT, REGION, "ecr")
    print("ready", flush=True)
    sys.stdin.readline()
    with ThreadPoolExecutor(len(known)) as pool:
        found = list(pool.map(lambda each: collect(monitor, each.found), known.values()))
    print(sum(len(each.inventory.packages) for each in found), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
