"""The advisory database that work judges by, and what a new one changes."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, select

from openinspector.advisories import AdvisoryDatabase
from openinspector.advisories.changes import Changes, changes
from openinspector.model import DatabaseError, Gap
from openinspector.monitor.listing import ASSESS
from openinspector.monitor.monitor import Monitor
from openinspector.store.findings import finding
from openinspector.store.packages import (
    Range,
    affected_resources,
    resource_inventory,
)
from openinspector.store.records import get_record, put_record
from openinspector.store.schema import FOREVER, in_batches
from openinspector.store.spoken_names import split_release
from openinspector.store.tasks import TaskKey, enqueue

_KIND, _OWNER, _KEY = "knowledge", "service", "assessed"
_COPY = "assessed-advisories.sqlite"
_BATCH = 500
_STARTER = (
    "only the embedded starter set of well-known vulnerabilities was used, so most are not looked"
    " for; `openinspector db update` fetches all advisories"
)


@contextmanager
def opened(monitor: Monitor) -> Iterator[AdvisoryDatabase]:
    """The present database; each thread keeps its own open until there is another one."""
    held: tuple[str, AdvisoryDatabase] | None = getattr(monitor.databases, "held", None)
    if held is None or identity(held[1].path) != held[0]:
        if held is not None:
            held[1].close()
        database = monitor.knowledge()
        held = monitor.databases.held = (identity(database.path), database)
    yield held[1]


def reservations(database: AdvisoryDatabase) -> tuple[Gap, ...]:
    """What the database itself lacks, for coverage."""
    return (Gap("advisories", _STARTER),) if database.starter else ()


def identity(path: Path) -> str:
    """Another file has another one: databases are replaced, never written into."""
    told = os.stat(path)
    return f"{told.st_ino}:{told.st_size}:{told.st_mtime_ns}"


def follow(monitor: Monitor) -> int:
    """Ask for all that the present database may judge differently; how many resources.

    The database that was assessed by last stays beside the store, so that the two can be compared
    whenever this runs, also after a crash.
    """
    with opened(monitor) as database:
        path = database.path
    present = identity(path)
    with monitor.store.read() as connection:
        state = get_record(connection, _KIND, _OWNER, _KEY) or {}
    if state.get("identity") == present:
        return 0
    copy = monitor.folder / _COPY
    differing = _differing(copy, path) if state else None
    now = monitor.clock()
    with monitor.store.write() as connection:
        keys = list(
            _everything(connection) if differing is None else _touched(connection, differing)
        )
        regions = _Regions(monitor.regions[0])
        wanted = [TaskKey(ASSESS, account, regions.of(name), name) for account, name in keys]
        enqueue(connection, wanted, now, now)
        put_record(connection, _KIND, _OWNER, _KEY, {"identity": present}, now)
    _keep(path, copy)
    return len(wanted)


def _differing(before: Path, after: Path) -> Changes | None:
    """What differs; None when that cannot be told, and everything has to be judged again."""
    if not before.exists():
        return None
    try:
        return changes(before, after)
    except DatabaseError:
        return None


def _keep(path: Path, copy: Path) -> None:
    """Keep a database as it is now; a second name of the file costs nothing."""
    draft = copy.with_suffix(".new")
    with suppress(FileNotFoundError):
        draft.unlink()
    try:
        os.link(path, draft)
    except OSError:
        # Another file system, or one without links.
        shutil.copyfile(path, draft)
    os.replace(draft, copy)


class _Regions:
    """The region of a resource, from its identifier where that says it."""

    def __init__(self, default: str) -> None:
        self._default = default

    def of(self, resource_id: str) -> str:
        parts = resource_id.split(":", 4)
        return parts[3] if parts[0] == "arn" and len(parts) == 5 else self._default


def _everything(connection: Connection) -> Iterator[tuple[str, str]]:
    r = resource_inventory.c
    rows = connection.execute(select(r.account, r.resource_id).where(r.valid_to == FOREVER))
    yield from ((account, name) for account, name in rows)


def _touched(connection: Connection, differing: Changes) -> Iterator[tuple[str, str]]:
    """Resources that hold a version that is spoken of, or have a finding that is."""
    found = dict.fromkeys(
        (each.account, each.resource_id)
        for each in affected_resources(connection, _ranges(differing))
    )
    f = finding.c
    for batch in in_batches(sorted(differing.vulnerabilities), _BATCH):
        rows = connection.execute(
            select(f.account, f.resource_id)
            .where(f.vulnerability_id.in_(batch), f.valid_to == FOREVER, f.status != "CLOSED")
            .distinct()
        )
        found.update(dict.fromkeys((account, name) for account, name in rows))
    yield from found


def _ranges(differing: Changes) -> Iterable[Range]:
    for each in differing.spans:
        ecosystem, release = split_release(each.ecosystem)
        yield Range(
            ecosystem=ecosystem,
            name=each.name,
            introduced=each.lower or None,
            fixed=None if each.inclusive else each.upper,
            last_affected=each.upper if each.inclusive else None,
            release=release,
        )
