"""How fast a fleet learns: `python bench/fleet.py [--instances N] [--database URL] [--workers N]`.

Fills a store with instances of fifty AMIs, 500 packages each, as discovery and SSM tell of them,
scans all of them once, publishes an advisory that a tenth of them has, and prints how long each
takes. AWS is not asked: what it would say is made up here. Never asserts a time.
"""

import argparse
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select

from openinspector.advisories import AdvisoryDatabase
from openinspector.advisories.build import Source, update
from openinspector.advisories.starter import starter_path
from openinspector.aws.sessions import Access, Sessions
from openinspector.inventory.ssm import distribution_of, inventory_of
from openinspector.model import Inventory
from openinspector.model.discovered import Discovered
from openinspector.model.finding import AwsEc2InstanceDetails, Resource, ResourceDetails
from openinspector.monitor import collect as collecting
from openinspector.monitor.knowledge import follow
from openinspector.monitor.listing import take_listing
from openinspector.monitor.monitor import Monitor
from openinspector.monitor.worker import Worker
from openinspector.store import Store, open_store
from openinspector.store.findings import finding
from openinspector.store.schema import FOREVER
from openinspector.store.tasks import counts

AMIS, PACKAGES, ACCOUNTS = 50, 500, tuple(f"{number:012d}" for number in range(1, 11))
REGION = "us-east-1"
FLAW = "CVE-2030-0001"


def inventory(ami: int) -> Inventory:
    """What an AMI holds: openssh with an old flaw, and packages that others share."""
    entries = [
        {
            "Name": f"package-{number}",
            "Version": f"1.{(number * 7 + ami) % 40}.0",
            "Release": "1.amzn2023",
            "Architecture": "x86_64",
            "PackageId": f"package-{number}-1.0-1.amzn2023.src.rpm",
        }
        for number in range(PACKAGES - 1)
    ]
    entries.append(
        {
            "Name": "openssh-server",
            "Version": "8.7p1",
            "Release": "8.amzn2023.0.10",
            "Architecture": "x86_64",
            "PackageId": "openssh-8.7p1-8.amzn2023.0.10.src.rpm",
        }
    )
    return inventory_of(distribution_of("Amazon Linux", "2023"), entries)


def instances(count: int) -> Iterator[Discovered]:
    """The fleet, as discovery lists it."""
    for number in range(count):
        account, name = ACCOUNTS[number % len(ACCOUNTS)], f"i-{number:017x}"
        details = AwsEc2InstanceDetails(image_id=f"ami-{number % AMIS:017x}")
        yield Discovered(
            account=account,
            region=REGION,
            resource=Resource(
                type="AWS_EC2_INSTANCE",
                id=name,
                partition="aws",
                region=REGION,
                tags={"Name": f"host-{number}"},
                details=ResourceDetails(aws_ec2_instance=details),
            ),
            metadata={"ec2": {"tags": {}, "amiId": details.image_id, "platform": "LINUX"}},
            fingerprint="made up",
            mode="EC2_SSM_AGENT_BASED",
            source={"ami": number % AMIS},
        )


def publish(database: Path, folder: Path) -> None:
    """An advisory about one package in versions that a tenth of the AMIs has."""
    advisory = {
        "id": FLAW,
        "modified": "2030-01-01T00:00:00Z",
        "affected": [
            {
                "package": {"ecosystem": "Amazon Linux:2023", "name": "package-1"},
                "ranges": [
                    {
                        "type": "ECOSYSTEM",
                        "events": [{"introduced": "1.7.0"}, {"fixed": "1.11.0-1.amzn2023"}],
                    }
                ],
            }
        ],
    }
    path = folder / "new.json"
    path.write_text(json.dumps(advisory))
    draft = folder / "draft.sqlite"
    shutil.copyfile(database, draft)
    update([Source("osv", "new.json", path)], draft)
    draft.replace(database)


def work_off(monitor: Monitor, workers: int) -> None:
    """Let workers do what there is, until nothing is left that is due."""
    running = [Worker(monitor, at_once=4, most_per_account=8) for _ in range(workers)]
    threads = [threading.Thread(target=each.run) for each in running]
    for thread in threads:
        thread.start()
    while True:
        with monitor.store.read() as connection:
            left = counts(connection, monitor.clock())
        if all(state == "waiting" for _, state, _ in left):
            break
        time.sleep(0.05)
    for each in running:
        each.stop()
    for thread in threads:
        thread.join()


def findings(store: Store, vulnerability: str | None = None) -> int:
    """How many stand."""
    f = finding.c
    query = select(func.count()).where(f.valid_to == FOREVER, f.status == "ACTIVE")
    if vulnerability:
        query = query.where(f.vulnerability_id == vulnerability)
    with store.read() as connection:
        return int(connection.execute(query).scalar_one())


def run(location: str | Path, count: int, workers: int, folder: Path) -> None:
    """Fill, scan, publish; print what each took."""
    database = folder / "advisories.sqlite"
    shutil.copyfile(starter_path(), database)
    store = open_store(location)
    monitor = Monitor(
        store=store,
        sessions=Sessions(Access()),
        knowledge=lambda: AdvisoryDatabase.open(database),
        regions=(REGION,),
        partition="aws",
        folder=folder,
        clock=lambda: time.time_ns() // 1_000_000,
    )
    held = [inventory(ami) for ami in range(AMIS)]
    collecting._WAYS["EC2_SSM_AGENT_BASED"] = lambda _, found: held[found.source["ami"]]
    follow(monitor)
    fleet = list(instances(count))
    name = store.engine.dialect.name
    with timed(f"{name}: {count:,} instances listed"):
        for account in ACCOUNTS:
            listed = [each for each in fleet if each.account == account]
            take_listing(store, account, REGION, ("AWS_EC2_INSTANCE",), listed, monitor.clock())
    with timed(f"{name}: scanned by {workers} workers, to the last finding", count):
        work_off(monitor, workers)
    print(f"  {findings(store):,} findings")
    publish(database, folder)
    with timed(f"{name}: who is affected by a new advisory"):
        asked = follow(monitor)
    with timed(f"{name}: {asked:,} of them judged again, to the last finding", asked):
        work_off(monitor, workers)
    print(f"  {findings(store, FLAW):,} findings of it")
    store.close()


class timed:
    """Prints how long a block took, and for each of `count`; CPU seconds are of this process."""

    def __init__(self, what: str, count: int = 0) -> None:
        self._what, self._count = what, count

    def __enter__(self) -> None:
        self._started, self._used = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        seconds, used = time.perf_counter() - self._started, time.process_time() - self._used
        each = f", {used / self._count * 1000:.2f} ms of CPU each" if self._count else ""
        print(f"{self._what}: {seconds:.2f} s, {used:.2f} s of CPU{each}", flush=True)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--database", help="an empty database; default: SQLite")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = asked.database or Path(folder, "data")
        run(place, asked.instances, asked.workers, Path(folder))


if __name__ == "__main__":
    main()
