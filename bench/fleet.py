"""How fast a fleet learns: `python bench/fleet.py [--instances N] [--database URL] [--workers N]`.

Lists instances of fifty AMIs, 500 packages each, has workers (processes) scan all of them once,
then publishes an advisory that a sixth of them has and one that all have, and prints how long it
took to the first and to the last finding. With `--held` the first scan is left out: the store is
filled with what it would have found. With `--growth` small fleets that differ in one thing each
are measured instead. AWS is not asked: what it would say is made up here. Never asserts a time.
"""

import argparse
import json
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
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
from openinspector.monitor.listing import ASSESS, take_listing
from openinspector.monitor.monitor import Monitor
from openinspector.monitor.worker import Worker
from openinspector.store import Store, open_store
from openinspector.store.findings import finding
from openinspector.store.packages import bind_inventories, put_inventory
from openinspector.store.schema import FOREVER, in_batches
from openinspector.store.tasks import TaskKey, counts, enqueue, forget_tasks

ACCOUNTS = tuple(f"{number:012d}" for number in range(1, 11))
REGION = "us-east-1"
FLAWS = {
    "CVE-2030-0001": ("package-1", "1.7.0", "1.11.0-1.amzn2023"),
    "CVE-2030-0002": ("package-2", "0", "9"),
}
"""Vulnerability -> package, first affected and first fixed version: of a sixth, and of all."""


@dataclass(frozen=True)
class Fleet:
    """How large it is.

    `known`: how many advisories there are, one in ten about an older version of what is held;
    `advisories`: how many more come with a new one, about what nobody holds.
    """

    instances: int = 10_000
    amis: int = 50
    packages: int = 500
    known: int = 0
    advisories: int = 0

    def __str__(self) -> str:
        more = f", {self.known:,} advisories" if self.known else ""
        more += f", {self.advisories:,} more with each" if self.advisories else ""
        return f"{self.instances:,} instances of {self.amis} AMIs, {self.packages} packages{more}"


GROWTH = (
    Fleet(2_000),
    Fleet(8_000),
    Fleet(2_000, amis=200),
    Fleet(2_000, packages=2_000),
    Fleet(2_000, advisories=10_000),
    Fleet(2_000, known=5_000),
    Fleet(2_000, known=300_000),
)
"""The first, and what is larger than it in one thing."""


def inventory(ami: int, packages: int) -> Inventory:
    """What an AMI holds: openssh with an old flaw, and packages that others share."""
    entries = [
        {
            "Name": f"package-{number}",
            "Version": f"1.{(number * 7 + ami) % 40}.0",
            "Release": "1.amzn2023",
            "Architecture": "x86_64",
            "PackageId": f"package-{number}-1.0-1.amzn2023.src.rpm",
        }
        for number in range(packages - 1)
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


def instances(fleet: Fleet) -> Iterator[Discovered]:
    """The fleet, as discovery lists it."""
    for number in range(fleet.instances):
        account, name = ACCOUNTS[number % len(ACCOUNTS)], f"i-{number:017x}"
        details = AwsEc2InstanceDetails(image_id=f"ami-{number % fleet.amis:017x}")
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
            source={"ami": number % fleet.amis},
        )


def advisory(name: str, package: str, introduced: str, fixed: str) -> str:
    """An advisory of OSV."""
    events = [{"introduced": introduced}, {"fixed": fixed}]
    affected = {
        "package": {"ecosystem": "Amazon Linux:2023", "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    return json.dumps({"id": name, "modified": "2030-01-01T00:00:00Z", "affected": [affected]})


def publish(database: Path, folder: Path, flaw: str, others: int) -> None:
    """Put a database that knows more advisories in the place of the present one."""

    def told() -> Iterator[tuple[str, str]]:
        yield flaw, advisory(flaw, *FLAWS[flaw])
        for number in range(others):
            name = f"{flaw.replace('2030', '2031')}{number:05d}"
            yield name, advisory(name, f"nobody-holds-{number}", "0", "9")

    replace(database, folder, flaw, told())


def know(database: Path, folder: Path, fleet: Fleet) -> None:
    """Have the database hold what it knew all along."""

    def told() -> Iterator[tuple[str, str]]:
        for number in range(fleet.known):
            name = f"CVE-2029-{number:07d}"
            held = f"package-{number // 10 % fleet.packages}"
            about = (held, "0", "0.9") if number % 10 == 0 else (f"other-{number}", "0", "9")
            yield name, advisory(name, *about)

    replace(database, folder, "known", told())


def replace(database: Path, folder: Path, name: str, told: Iterable[tuple[str, str]]) -> None:
    """Put a database that knows advisories, too, in the place of the present one."""
    path, draft = folder / f"{name}.zip", folder / "draft.sqlite"
    with zipfile.ZipFile(path, "w") as archive:
        for identifier, document in told:
            archive.writestr(f"{identifier}.json", document)
    shutil.copyfile(database, draft)
    update([Source("osv", path.name, path)], draft)
    draft.replace(database)


def monitor_of(store: Store, folder: Path, fleet: Fleet) -> Monitor:
    """A monitor for which AWS says what is made up here."""
    held = [inventory(ami, fleet.packages) for ami in range(fleet.amis)]
    collecting._WAYS["EC2_SSM_AGENT_BASED"] = lambda _, found: held[found.source["ami"]]
    return Monitor(
        store=store,
        sessions=Sessions(Access()),
        knowledge=lambda: AdvisoryDatabase.open(folder / "advisories.sqlite"),
        regions=(REGION,),
        partition="aws",
        folder=folder,
        clock=lambda: time.time_ns() // 1_000_000,
    )


def work(location: str, folder: Path, fleet: Fleet) -> None:
    """Be a worker, until somebody says that it is enough; CPU seconds go to a file."""
    store = open_store(location)
    worker = Worker(monitor_of(store, folder, fleet), at_once=4, most_per_account=32)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    print("ready", flush=True)
    worker.run()
    store.close()


class Workers:
    """Worker processes, for as long as it is entered."""

    def __init__(self, count: int, location: str | Path, folder: Path, fleet: Fleet) -> None:
        sizes = ["--amis", str(fleet.amis), "--packages", str(fleet.packages)]
        self._command = [sys.executable, __file__, "--work", str(location), str(folder), *sizes]
        self._count = count

    def __enter__(self) -> None:
        self._running = [
            subprocess.Popen(self._command, stdout=subprocess.PIPE) for _ in range(self._count)
        ]
        for each in self._running:
            assert each.stdout is not None
            each.stdout.readline()

    def __exit__(self, *_: object) -> None:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        for each in self._running:
            each.terminate()
        for each in self._running:
            each.wait()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"  {used:.1f} s of CPU in {self._count} worker processes, start included")


def findings(store: Store, vulnerability: str | None = None) -> int:
    """How many stand."""
    f = finding.c
    query = select(func.count()).where(f.valid_to == FOREVER, f.status == "ACTIVE")
    if vulnerability:
        query = query.where(f.vulnerability_id == vulnerability)
    with store.read() as connection:
        return int(connection.execute(query).scalar_one())


def some(store: Store, vulnerability: str) -> bool:
    """Whether any stands."""
    query = select(finding.c.row_id).where(finding.c.vulnerability_id == vulnerability).limit(1)
    with store.read() as connection:
        return connection.execute(query).first() is not None


def until(done: Callable[[], bool], pause: float = 0.02) -> float:
    """Seconds until something is so."""
    started = time.perf_counter()
    while not done():
        time.sleep(pause)
    return time.perf_counter() - started


def idle(store: Store) -> bool:
    """Whether nothing is to be done now."""
    with store.read() as connection:
        left = counts(connection, time.time_ns() // 1_000_000)
    return all(state == "waiting" or kind == "knowledge" for kind, state, _ in left)


def hold(monitor: Monitor, fleet: Fleet, listed: list[Discovered]) -> None:
    """Have the store hold what a scan would have found: inventories, and a judgement of each."""
    store, now = monitor.store, monitor.clock()
    with store.write() as connection:
        held = [inventory(ami, fleet.packages) for ami in range(fleet.amis)]
        digests = [put_inventory(connection, each) for each in held]
    for account in ACCOUNTS:
        theirs = [each for each in listed if each.account == account]
        for batch in in_batches(theirs, 1_000):
            names = {each.resource.id: digests[each.source["ami"]] for each in batch}
            keys = [TaskKey(ASSESS, account, REGION, name) for name in names]
            with store.write() as connection:
                bind_inventories(connection, account, names, now)
                forget_tasks(connection, account, REGION, names)
                enqueue(connection, keys, now, now)


def run(location: str | Path, fleet: Fleet, workers: int, folder: Path, held: bool) -> None:
    """Fill, scan, publish; print what each took."""
    database = folder / "advisories.sqlite"
    shutil.copyfile(starter_path(), database)
    if fleet.known:
        know(database, folder, fleet)
    store = open_store(location)
    monitor = monitor_of(store, folder, fleet)
    follow(monitor)
    with store.write() as connection:
        enqueue(connection, [TaskKey("knowledge")], monitor.clock(), monitor.clock())
    listed = list(instances(fleet))
    name = f"{store.engine.dialect.name}, {workers} workers, {fleet}"
    with timed(f"{name}: listed", fleet.instances):
        for account in ACCOUNTS:
            theirs = [each for each in listed if each.account == account]
            take_listing(store, account, REGION, ("AWS_EC2_INSTANCE",), theirs, monitor.clock())
    if held:
        hold(monitor, fleet, listed)
    with Workers(workers, location, folder, fleet):
        what = "judged" if held else "scanned"
        print(f"{name}: {what}, to the last finding: {until(lambda: idle(store), 1.0):.1f} s")
    print(f"  {findings(store):,} findings")
    for flaw in FLAWS:
        with Workers(workers, location, folder, fleet):
            until(lambda: idle(store))
            time.sleep(1)
            publish(database, folder, flaw, fleet.advisories)
            started = time.perf_counter()
            until(lambda flaw=flaw: some(store, flaw))
            first = time.perf_counter() - started
            until(lambda: not idle(store))
            until(lambda: idle(store), 1.0)
            last = time.perf_counter() - started
            made = f"{findings(store, flaw):,} findings of {flaw}"
            print(f"{name}: {made}: the first after {first:.2f} s, the last after {last:.1f} s")
    store.close()


class timed:
    """Prints how long a block took, and for each of `count`; CPU seconds are of this process."""

    def __init__(self, what: str, count: int) -> None:
        self._what, self._count = what, count

    def __enter__(self) -> None:
        self._started, self._used = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        seconds, used = time.perf_counter() - self._started, time.process_time() - self._used
        each = f"{used / self._count * 1000:.2f} ms of CPU each"
        print(f"{self._what}: {seconds:.1f} s, {each}", flush=True)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--database", help="an empty database; default: SQLite")
    parser.add_argument("--held", action="store_true", help="leave the first scan out")
    parser.add_argument("--amis", type=int, default=Fleet.amis)
    parser.add_argument("--packages", type=int, default=Fleet.packages)
    parser.add_argument("--known", type=int, default=0, help="advisories that there are")
    parser.add_argument("--growth", action="store_true", help="small fleets, to see what grows")
    parser.add_argument("--work", nargs=2, metavar=("DATABASE", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    fleet = Fleet(asked.instances, asked.amis, asked.packages, asked.known)
    if asked.work:
        work(asked.work[0], Path(asked.work[1]), fleet)
        return
    for each in GROWTH if asked.growth else (fleet,):
        with tempfile.TemporaryDirectory() as folder:
            place = asked.database or Path(folder, "data")
            run(place, each, asked.workers, Path(folder), asked.held)


if __name__ == "__main__":
    main()
