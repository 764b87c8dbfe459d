"""Judging again what is stored of resources, by what is known now; AWS is not asked."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial

from sqlalchemy import Connection

from openinspector.assess import Place
from openinspector.model import Inventory, OpenInspectorError
from openinspector.model.discovered import Discovered
from openinspector.monitor.judging import Holding, Judged, judge
from openinspector.monitor.looks import Look, record_looks
from openinspector.monitor.monitor import Monitor
from openinspector.store.packages import get_inventory, inventories_of
from openinspector.store.reachability import reachabilities_of
from openinspector.store.resources import get_resources
from openinspector.store.tasks import Task, TaskKey

_log = logging.getLogger(__name__)


def reassess(monitor: Monitor, worker: str | None, tasks: Sequence[Task]) -> dict[Task, Exception]:
    """Judge the resources of tasks again, each distinct content once; the tasks that failed.

    All of them are recorded in one transaction; `worker` as `record_looks` has it.
    """
    with monitor.store.read() as connection:
        wanted = _wanted(monitor, connection, tasks)
    judged: dict[Holding, Judged] = {}
    failed: dict[Task, Exception] = {}
    looks = []
    for task, holding, found in wanted:
        if holding is None:
            looks.append(Look(task))
            continue
        try:
            if holding not in judged:
                held = partial(_inventory, monitor, holding.digest)
                judged[holding] = judge(monitor, holding, found, held)
        except Exception as error:
            # Whatever is wrong with one content, the others are judged.
            failed[task] = error
            continue
        looks.append(Look(task, found, judged[holding]))
    return failed | (record_looks(monitor, worker, looks) if looks else {})


def reassess_at_once(monitor: Monitor, keys: Sequence[TaskKey]) -> None:
    """Judge a few resources without tasks: whoever calls asks for all of them besides.

    Those that cannot be judged are left to their tasks, which say why.
    """
    tasks = [Task(0, key, 0) for key in keys]
    for task, error in reassess(monitor, None, tasks).items():
        _log.info("%s is not judged at once: %s", task.key.subject, error)


def _wanted(
    monitor: Monitor, connection: Connection, tasks: Iterable[Task]
) -> list[tuple[Task, Holding | None, Discovered | None]]:
    """Each task with what its resource holds; None: nothing, or it is judged once only."""
    of: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        of[task.key.account].append(task)
    wanted = []
    for account, several in of.items():
        names = [task.key.subject for task in several]
        listed = get_resources(connection, account, names)
        digests = inventories_of(connection, account, names)
        reached = reachabilities_of(connection, account, names)
        for task in several:
            name = task.key.subject
            known = listed.get(name)
            found = known.found if known else None
            holding = None
            if name in digests and not _only_once(found):
                place = Place(account, task.key.region, monitor.partition)
                holding = Holding.of(digests[name], found, place, reached.get(name))
            wanted.append((task, holding, found))
    return wanted


def _only_once(found: Discovered | None) -> bool:
    return found is not None and found.source.get("frequency") == "SCAN_ON_PUSH"


def _inventory(monitor: Monitor, digest: str) -> Inventory:
    with monitor.store.read() as connection:
        inventory = get_inventory(connection, digest)
    if inventory is None:
        raise OpenInspectorError(f"the inventory {digest} is not in the store: scan again")
    return inventory
