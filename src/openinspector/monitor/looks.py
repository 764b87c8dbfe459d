"""What looks at resources brought, recorded: many in one transaction, each as if it were alone."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from openinspector.assess import Place
from openinspector.ledger.record import Scan, record_scans
from openinspector.ledger.suppression import rules_for
from openinspector.model import Inventory
from openinspector.model.discovered import Discovered
from openinspector.monitor.coverage import PACKAGE, is_outcome, reason_of, row_of
from openinspector.monitor.judging import Judged
from openinspector.monitor.knowledge import identity, opened
from openinspector.monitor.listing import ASSESS
from openinspector.monitor.monitor import Monitor
from openinspector.organization.scope import ruler_of
from openinspector.store.coverage import coverage_rows
from openinspector.store.packages import inventories_of, known_digests, put_inventory
from openinspector.store.reachability import reachabilities_of
from openinspector.store.resources import get_resources, mark_scanned
from openinspector.store.tasks import Task, enqueue, finish_all, still_held


class Look(msgspec.Struct, frozen=True):
    """A task, and what was judged for it.

    - `found`: what AWS told of the resource; None: it was handed in.
    - `judged`: None: there is nothing to be recorded, and the task is done.
    - `collected`: the inventory, where it was collected anew; None: it was judged again only.
    - `repeat_after`: milliseconds until the next look; None: when somebody asks.
    """

    task: Task
    found: Discovered | None = None
    judged: Judged | None = None
    collected: Inventory | None = None
    repeat_after: int | None = None

    @property
    def name(self) -> str:
        """The identifier of the resource."""
        return self.task.key.subject


def record_looks(
    monitor: Monitor, worker: str | None, looks: Sequence[Look]
) -> dict[Task, Exception]:
    """Record looks, and that their tasks are done; the tasks of those that could not be recorded.

    One that cannot be does not spoil the others: they are recorded without it. `worker` has to
    hold the tasks; None: nobody does, for they are not in the store.
    """
    try:
        _store_inventories(monitor, looks)
        with monitor.store.write({each.task.key.account for each in looks}) as connection:
            _record(monitor, connection, worker, looks)
    except OperationalError as error:
        # The database itself is in trouble.
        return {each.task: error for each in looks}
    except Exception as error:
        if len(looks) == 1:
            return {looks[0].task: error}
        middle = len(looks) // 2
        return record_looks(monitor, worker, looks[:middle]) | record_looks(
            monitor, worker, looks[middle:]
        )
    return {}


def _store_inventories(monitor: Monitor, looks: Iterable[Look]) -> None:
    """Store what was collected and is not yet; accounts share it, so it is a turn of its own."""
    collected = {
        each.judged.holding.digest: each.collected
        for each in looks
        if each.judged is not None and each.collected is not None
    }
    if not collected:
        return
    with monitor.store.read() as connection:
        new = collected.keys() - known_digests(connection, collected)
    if new:
        with monitor.store.write() as connection:
            for digest in sorted(new):
                put_inventory(connection, collected[digest], digest)


def _record(
    monitor: Monitor, connection: Connection, worker: str | None, looks: Sequence[Look]
) -> None:
    kept = list(looks)
    if worker is not None:
        held = still_held(connection, worker, [each.task for each in looks])
        kept = [each for each in looks if each.task in held]
    for account, several in _by(kept, lambda each: each.task.key.account).items():
        record_of_account(monitor, connection, account, several)
    if worker is not None:
        now = monitor.clock()
        done = {
            each.task: None if each.repeat_after is None else now + each.repeat_after
            for each in kept
        }
        finish_all(connection, done, now)


def _by(looks: Iterable[Look], part: Callable[[Look], str]) -> dict[str, list[Look]]:
    parts: dict[str, list[Look]] = defaultdict(list)
    for each in looks:
        parts[part(each)].append(each)
    return parts


def record_of_account(
    monitor: Monitor, connection: Connection, account: str, looks: Sequence[Look]
) -> None:
    """Record looks at resources of one account, within a transaction that writes to it.

    What was collected is stored already.
    """
    now = monitor.clock()
    valid, outdated = _sorted_out(connection, account, looks)
    rules = rules_for(connection, ruler_of(connection, account), now)
    for region, several in _by(valid, lambda each: each.task.key.region).items():
        names = [each.name for each in several if each.collected is None]
        covered = coverage_rows(connection, account, names, PACKAGE)
        scans = [_scan(each, covered.get(each.name), now) for each in several]
        place = Place(account, region, monitor.partition)
        record_scans(connection, place, scans, rules, now)
    fingerprints = {
        each.name: each.found.fingerprint
        for each in valid
        if each.collected is not None and each.found is not None
    }
    mark_scanned(connection, account, fingerprints, now)
    again = [*outdated, *_rests_on_other(monitor, connection, account, valid)]
    enqueue(
        connection,
        [msgspec.structs.replace(each.task.key, kind=ASSESS) for each in again],
        now,
        now,
    )


def _sorted_out(
    connection: Connection, account: str, looks: Sequence[Look]
) -> tuple[list[Look], list[Look]]:
    """Looks that say what is so now; and those at what another look replaced meanwhile."""
    judged = [each for each in looks if each.judged is not None]
    names = [each.name for each in judged]
    listed = get_resources(connection, account, names)
    holds = inventories_of(connection, account, names)
    valid: list[Look] = []
    outdated: list[Look] = []
    for each in judged:
        if each.collected is not None:
            # It may have gone, or been excluded, since it was looked at.
            known = listed.get(each.name)
            if known is not None and known.found.reason is None:
                valid.append(each)
        elif each.judged is not None and each.name in holds:
            same = holds[each.name] == each.judged.holding.digest
            (valid if same else outdated).append(each)
    return valid, outdated


def _scan(look: Look, covered: dict[str, Any] | None, now: int) -> Scan:
    """What is to be recorded; `covered` is what coverage says of a resource judged again."""
    judged, found = look.judged, look.found
    assert judged is not None
    judgement, row = judged.judgement_of(found), None
    # Judging again does not tell whether a resource can be scanned; but the advisories may speak
    # of its system now.
    told = covered is not None and is_outcome(covered["scanStatus"]["reason"])
    if found is not None and found.reason is None and (look.collected is not None or told):
        if covered is not None and "scanMode" in covered:
            # It may be listed with another: one whose agent fell silent is scanned by its disks.
            found = msgspec.structs.replace(found, mode=covered["scanMode"])
        reason = reason_of(found, judged.inventory, judgement.coverage)
        row = row_of(found, reason, now, scanned=True)
    return Scan(
        resource=judged.resource(found),
        digest=judged.holding.digest,
        judgement=judgement,
        row=row,
        listeners=None if look.collected is None else look.collected.listeners,
    )


def _rests_on_other(
    monitor: Monitor, connection: Connection, account: str, looks: Sequence[Look]
) -> list[Look]:
    """Looks judged by a network or advisories that changed meanwhile.

    Whoever changed those asked for all that was recorded then, which these were not.
    """
    if not looks:
        return []
    reached: Mapping[str, str] = reachabilities_of(
        connection, account, [each.name for each in looks]
    )
    with opened(monitor) as knowledge:
        present = identity(knowledge.path)
    return [
        each
        for each in looks
        if each.judged is not None
        and (reached.get(each.name), present)
        != (each.judged.holding.reached, each.judged.knowledge)
    ]
