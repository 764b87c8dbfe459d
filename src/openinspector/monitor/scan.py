"""Scanning one resource: collect, assess, reconcile; or only assess what is stored of it."""

import msgspec
from sqlalchemy import Connection

from openinspector.assess import Assessment, Options, Place, assess
from openinspector.assess.packages import match
from openinspector.assess.score import Reachability
from openinspector.aws.trouble import AwsTrouble, Gone, Unfit
from openinspector.ledger.record import close_findings, record_scan
from openinspector.ledger.suppression import rules_for
from openinspector.model import Inventory
from openinspector.model.discovered import Discovered
from openinspector.monitor.collect import Collected, by_volume, collect, told_by
from openinspector.monitor.coverage import PACKAGE, reason_of, row_of, tell
from openinspector.monitor.knowledge import identity, opened, reservations
from openinspector.monitor.listing import ASSESS
from openinspector.monitor.monitor import Monitor
from openinspector.organization.scope import ruler_of
from openinspector.store.coverage import get_coverage
from openinspector.store.packages import digest_of, get_inventory, inventory_of
from openinspector.store.reachability import reachability_of
from openinspector.store.resources import KnownResource, get_resource, mark_scanned, twin
from openinspector.store.tasks import Task, TaskKey, enqueue, finish, holds


def scan(monitor: Monitor, worker: str, task: Task) -> None:
    """Look at a resource again, and record what is found. Raises `AwsTrouble` to try again.

    A collection that fails closes nothing: coverage says why, and what was found stays.
    """
    known = _known(monitor, task)
    if known is None or known.found.reason is not None:
        _finish(monitor, worker, task, None)
        return
    found = known.found
    try:
        same = _same_content(monitor, known)
        collected = Collected(same, None) if same else collect(monitor, found)
    except Gone:
        _gone(monitor, worker, task, found)
        return
    except Unfit as trouble:
        _unfit(monitor, worker, task, found, trouble.reason)
        return
    except AwsTrouble as trouble:
        with monitor.store.write() as connection:
            tell(connection, found, trouble.reason, monitor.clock())
        raise
    inventory = collected.inventory
    told = msgspec.structs.replace(found, mode=collected.mode)
    judged = judge(monitor, task.key, told, inventory)
    with monitor.store.write() as connection:
        if not holds(connection, worker, task):
            return
        record(monitor, connection, task.key, told, judged, inventory)
        now = monitor.clock()
        mark_scanned(connection, found.account, found.resource.id, found.fingerprint, now)
        finish(connection, task, now, _repeat(monitor, told, now))


def reassess(monitor: Monitor, worker: str, task: Task) -> None:
    """Judge again what is stored of a resource, by what is known now; AWS is not asked."""
    known = _known(monitor, task)
    with monitor.store.read() as connection:
        digest = inventory_of(connection, task.key.account, task.key.subject)
        inventory = get_inventory(connection, digest) if digest else None
    stays = known is None or known.found.source.get("frequency") != "SCAN_ON_PUSH"
    if inventory is None or not stays:
        _finish(monitor, worker, task, None)
        return
    found = _as_scanned(monitor, known) if known else None
    judged = judge(monitor, task.key, found, inventory)
    with monitor.store.write() as connection:
        if not holds(connection, worker, task):
            return
        # What another scan brought meanwhile is newer than what was judged here.
        if inventory_of(connection, task.key.account, task.key.subject) == digest:
            record(monitor, connection, task.key, found, judged, inventory)
        else:
            enqueue(connection, [task.key], monitor.clock(), monitor.clock())
        finish(connection, task, monitor.clock())


def _known(monitor: Monitor, task: Task) -> KnownResource | None:
    with monitor.store.read() as connection:
        return get_resource(connection, task.key.account, task.key.subject)


def _as_scanned(monitor: Monitor, known: KnownResource) -> Discovered:
    """A resource with the way by which it was scanned last.

    It may be listed with another: an instance whose agent fell silent is scanned by its disks.
    """
    found = known.found
    with monitor.store.read() as connection:
        row = get_coverage(connection, found.account, found.resource.id, PACKAGE)
    mode = row.get("scanMode") if row else None
    return msgspec.structs.replace(found, mode=mode) if mode and found.mode else found


def _same_content(monitor: Monitor, known: KnownResource) -> Inventory | None:
    """The stored inventory of an image or function that was scanned under another name."""
    if known.found.mode is not None:
        return None
    with monitor.store.read() as connection:
        other = twin(connection, known.found)
        digest = inventory_of(connection, *other) if other else None
        return get_inventory(connection, digest) if digest else None


class Judged(msgspec.Struct, frozen=True):
    """An assessment, and what it rests on that may change while it is made."""

    assessment: Assessment
    reached: Reachability | None
    knowledge: str


def judge(monitor: Monitor, key: TaskKey, found: Discovered | None, inventory: Inventory) -> Judged:
    """Judge what was collected by what is known now."""
    place = Place(key.account, key.region, monitor.partition)
    with monitor.store.read() as connection:
        reached = reachability_of(connection, key.account, key.subject)
    with opened(monitor) as knowledge:
        options = Options(
            place=place,
            resource=told_by(found.resource, inventory) if found else None,
            reachability=reached,
            gaps=reservations(knowledge),
        )
        # Ten thousand instances of one AMI hold the same: it is matched once.
        known_by = identity(knowledge.path)
        matching = monitor.matchings.get(
            (digest_of(inventory), known_by), lambda: match(inventory, knowledge)
        )
        assessment = assess(inventory, knowledge, options, monitor.now(), matching)
        if found is not None:
            named = by_volume(found, assessment.findings)
            assessment = msgspec.structs.replace(assessment, findings=named)
        return Judged(assessment, reached, known_by)


def record(
    monitor: Monitor,
    connection: Connection,
    key: TaskKey,
    found: Discovered | None,
    judged: Judged,
    inventory: Inventory,
) -> None:
    """Record what was judged; when what it rests on changed meanwhile, ask for another look.

    Whoever changed that asked for all that was recorded then, which this was not.
    """
    now = monitor.clock()
    row = None
    if found is not None:
        reason = reason_of(found, inventory, judged.assessment.coverage)
        row = row_of(connection, found, reason, now, scanned=True)
    rules = rules_for(connection, ruler_of(connection, key.account), now)
    record_scan(connection, key.account, judged.assessment, inventory, rules, now, row)
    reached = reachability_of(connection, key.account, key.subject)
    with opened(monitor) as knowledge:
        present = identity(knowledge.path)
    if (reached, present) != (judged.reached, judged.knowledge):
        again = msgspec.structs.replace(key, kind=ASSESS)
        enqueue(connection, [again], now, now)


def _gone(monitor: Monitor, worker: str, task: Task, found: Discovered) -> None:
    """It went after it was listed: the next listing says so for certain, and closes it."""
    now = monitor.clock()
    kind = {"AWS_EC2_INSTANCE": "EC2", "AWS_LAMBDA_FUNCTION": "LAMBDA"}.get(
        found.resource.type, "ECR"
    )
    with monitor.store.write() as connection:
        enqueue(connection, [TaskKey(f"discover-{kind}", found.account, found.region)], now, now)
    _finish(monitor, worker, task, None)


def _unfit(monitor: Monitor, worker: str, task: Task, found: Discovered, reason: str) -> None:
    """It cannot be scanned as it is: coverage says why, and it is looked at again."""
    now = monitor.clock()
    with monitor.store.write() as connection:
        if holds(connection, worker, task):
            tell(connection, found, reason, now)
            if reason == "EXCLUDED_BY_TAG":
                close_findings(connection, found.account, found.resource.id, now)
            finish(connection, task, now, _repeat(monitor, found, now))


def _finish(monitor: Monitor, worker: str, task: Task, repeat_at: int | None) -> None:
    with monitor.store.write() as connection:
        if holds(connection, worker, task):
            finish(connection, task, monitor.clock(), repeat_at)


def _repeat(monitor: Monitor, found: Discovered, now: int) -> int | None:
    """Instances change by themselves; an image or a function is what it is."""
    every = {
        "EC2_SSM_AGENT_BASED": monitor.intervals.software,
        "EC2_AGENTLESS": monitor.intervals.agentless,
    }.get(found.mode or "")
    return None if every is None else now + every
