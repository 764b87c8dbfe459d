"""Scanning one resource: collect, assess; what that brings is recorded with others' (`looks`)."""

import msgspec
from sqlalchemy import Connection

from openinspector.assess import Place
from openinspector.aws.trouble import AwsTrouble, Gone, Unfit
from openinspector.ledger.record import close_findings
from openinspector.model import Inventory
from openinspector.model.discovered import Discovered
from openinspector.monitor.collect import Collected, collect
from openinspector.monitor.coverage import tell
from openinspector.monitor.judging import Holding, judge
from openinspector.monitor.looks import Look
from openinspector.monitor.monitor import Monitor
from openinspector.store.packages import digest_of, get_inventory, inventory_of
from openinspector.store.reachability import reachability_of
from openinspector.store.resources import KnownResource, get_resource, mark_scanned, twin
from openinspector.store.tasks import Task, TaskKey, enqueue, finish, holds


def scan(monitor: Monitor, worker: str, task: Task) -> Look | None:
    """Look at a resource again; None: there is nothing to be recorded, and the task is done.

    Raises `AwsTrouble` to try again, `Gone` too. A collection that fails closes nothing: coverage
    says why, and what was found stays.
    """
    with monitor.store.read() as connection:
        known = get_resource(connection, task.key.account, task.key.subject)
    if known is None or known.found.reason is not None:
        return Look(task)
    found = known.found
    try:
        same = _same_content(monitor, known)
        collected = Collected(same, None) if same else collect(monitor, found)
    except Gone:
        _gone(monitor, worker, task, found)
        raise
    except Unfit as trouble:
        now, after = monitor.clock(), _repeat_after(monitor, found)
        with monitor.store.write([found.account]) as connection:
            if _tell(connection, worker, task, trouble.reason, now):
                if trouble.reason == "EXCLUDED_BY_TAG":
                    close_findings(connection, found.account, [found.resource.id], now)
                if after is None:
                    # An image or a function is what it is: it need not be pulled to be told again.
                    content = {found.resource.id: found.fingerprint}
                    mark_scanned(connection, found.account, content, now)
                finish(connection, task, now, None if after is None else now + after)
        return None
    except AwsTrouble as trouble:
        with monitor.store.write([found.account]) as connection:
            _tell(connection, worker, task, trouble.reason, monitor.clock())
        raise
    told = msgspec.structs.replace(found, mode=collected.mode)
    look = looked_at(monitor, task, told, collected.inventory)
    return msgspec.structs.replace(look, repeat_after=_repeat_after(monitor, told))


def looked_at(monitor: Monitor, task: Task, found: Discovered, inventory: Inventory) -> Look:
    """Judge what was collected of a resource."""
    account, name = found.account, found.resource.id
    with monitor.store.read() as connection:
        reached = reachability_of(connection, account, name)
    place = Place(account, found.region, monitor.partition)
    holding = Holding.of(digest_of(inventory), found, place, reached)
    judged = judge(monitor, holding, found, lambda: inventory)
    return Look(task, found, judged, inventory)


def _same_content(monitor: Monitor, known: KnownResource) -> Inventory | None:
    """The stored inventory of an image or function that was scanned under another name."""
    if known.found.mode is not None:
        return None
    with monitor.store.read() as connection:
        other = twin(connection, known.found)
        digest = inventory_of(connection, *other) if other else None
        return get_inventory(connection, digest) if digest else None


def _gone(monitor: Monitor, worker: str, task: Task, found: Discovered) -> None:
    """Ask for a listing: it says for certain whether a resource went, and then ends its task.

    Until then the scan is tried again: a part of it may have gone, such as a volume. What is listed
    again and still is not there to be had is told to be in trouble.
    """
    now = monitor.clock()
    kind = {"AWS_EC2_INSTANCE": "EC2", "AWS_LAMBDA_FUNCTION": "LAMBDA"}.get(
        found.resource.type, "ECR"
    )
    listing = TaskKey(f"discover-{kind}", found.account, found.region)
    with monitor.store.write([found.account]) as connection:
        if task.attempts:
            _tell(connection, worker, task, AwsTrouble.reason, now)
        else:
            enqueue(connection, [listing], now, now)


def _tell(connection: Connection, worker: str, task: Task, reason: str, now: int) -> bool:
    """Say why a resource could not be scanned, if it still is to be; whether the task is ours."""
    if not holds(connection, worker, task):
        return False
    known = get_resource(connection, task.key.account, task.key.subject)
    if known is not None and known.found.reason is None:
        tell(connection, known.found, reason, now)
    return True


def _repeat_after(monitor: Monitor, found: Discovered) -> int | None:
    """Instances change by themselves; an image or a function is what it is."""
    return {
        "EC2_SSM_AGENT_BASED": monitor.intervals.software,
        "EC2_AGENTLESS": monitor.intervals.agentless,
    }.get(found.mode or "")
