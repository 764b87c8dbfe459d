"""The advisory database that work judges by, and what a new one changes."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select, tuple_

from openinspector.advisories import AdvisoryDatabase
from openinspector.advisories.changes import Changes, changes
from openinspector.model import DatabaseError, Gap
from openinspector.monitor.coverage import PACKAGE
from openinspector.monitor.listing import ASSESS
from openinspector.monitor.monitor import Monitor
from openinspector.store.coverage import coverage
from openinspector.store.findings import affected_findings, stage_vulnerabilities
from openinspector.store.packages import Range, affected_inventories, resource_inventory, stage
from openinspector.store.records import get_record, put_record
from openinspector.store.resources import resource
from openinspector.store.schema import FOREVER
from openinspector.store.spoken_names import split_release
from openinspector.store.tasks import TaskKey, enqueue_selected

_KIND, _OWNER, _KEY = "knowledge", "service", "assessed"
_COPY = "assessed-advisories.sqlite"
_FEW = 16
"""Resources that are judged before all the others are as much as asked for."""
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


def present(monitor: Monitor) -> str | None:
    """Which database there is now; None when there is none that can be used."""
    try:
        with opened(monitor) as database:
            return identity(database.path)
    except (DatabaseError, OSError):
        return None


def follow(monitor: Monitor, first: Callable[[Sequence[TaskKey]], None] | None = None) -> int:
    """Ask for all that the present database may judge differently; how many resources.

    The database that was assessed by last stays beside the store, so that the two can be compared
    whenever this runs, also after a crash. `first` is given a few of the resources before all are
    asked for: what it does with them comes out at once.
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
    if first is not None:
        with monitor.store.write() as connection:
            few = _touched(connection, monitor, differing).order_by(None).limit(_FEW)
            keys = [TaskKey(ASSESS, *map(str, place)) for place in connection.execute(few)]
        first(keys)
    now = monitor.clock()
    with monitor.store.write() as connection:
        touched = _touched(connection, monitor, differing)
        count = enqueue_selected(connection, ASSESS, touched, now)
        put_record(connection, _KIND, _OWNER, _KEY, {"identity": present}, now)
    _keep(path, copy)
    return count


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


def _touched(
    connection: Connection, monitor: Monitor, differing: Changes | None
) -> Select[tuple[str, str, str]]:
    """Account, region and identifier of what may be judged differently.

    That is who holds a version that is spoken of, or has a finding that is; None: everything.
    They come by account, and those that hold the same together.
    """
    r = resource_inventory.c
    query = (
        select(r.account, _region(monitor), r.resource_id)
        .select_from(resource_inventory)
        .outerjoin(resource, (_L.account == r.account) & (_L.resource_id == r.resource_id))
        .outerjoin(
            coverage,
            (_C.account == r.account)
            & (_C.resource_id == r.resource_id)
            & (_C.scan_type == PACKAGE)
            & (_C.valid_to == FOREVER),
        )
        .where(r.valid_to == FOREVER)
        .order_by(r.account, r.inventory, r.row_id)
    )
    if differing is None:
        return query
    stage(connection, _ranges(differing))
    stage_vulnerabilities(connection, differing.vulnerabilities)
    found = affected_findings()
    return query.where(
        or_(
            r.inventory.in_(affected_inventories()),
            tuple_(r.account, r.resource_id).in_(found),
        )
    )


_L, _C = resource.c, coverage.c


def _region(monitor: Monitor) -> ColumnElement[str]:
    """The region of a resource, as it was listed or handed in."""
    return func.coalesce(_L.region, _C.region, monitor.regions[0])


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
