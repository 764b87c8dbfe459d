"""A listing of resources beside what is known of them: what is new, changed or gone.

Only a whole listing may be given: what it does not hold is gone, and its findings close.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec
from sqlalchemy import Connection

from openinspector.ledger.record import close_findings, close_resource
from openinspector.model.discovered import Discovered
from openinspector.model.finding import ResourceType
from openinspector.monitor.coverage import NETWORK, PENDING, REVIVAL, SUCCESSFUL, tell
from openinspector.store import Store
from openinspector.store.coverage import get_coverage
from openinspector.store.resources import (
    KnownResource,
    drop_resources,
    known_resources,
    mark_scanned,
    put_resource,
)
from openinspector.store.schema import in_batches
from openinspector.store.tasks import TaskKey, enqueue, forget_tasks

SCAN, ASSESS = "scan", "assess"
_BATCH = 100

What = Literal["scan", "assess", "close", "pause", "keep"]


class Step(msgspec.Struct, frozen=True):
    """What is to happen with one listed resource."""

    what: What
    found: Discovered
    is_new: bool
    """Whether it is not known, or known differently."""


def plan(known: Mapping[str, KnownResource], listed: Iterable[Discovered]) -> list[Step]:
    """What a listing means: pure.

    - scan: its content is another one than was scanned;
    - assess: only what findings show of it changed (tags, addresses);
    - close: it is scanned no more, and its findings close; pause: they stay;
    - keep: nothing changed.
    """
    steps = []
    for found in listed:
        before = known.get(found.resource.id)
        is_new = before is None or before.found != found
        scanned = before.scanned if before else None
        if found.reason is not None:
            what: What = "close" if found.closes else "pause"
        elif scanned != found.fingerprint:
            what = "scan"
        elif before is not None and before.found.resource != found.resource:
            what = "assess"
        else:
            what = "keep"
        steps.append(Step(what, found, is_new))
    return steps


def take_listing(
    store: Store,
    account: str,
    region: str,
    types: Sequence[ResourceType],
    listed: Sequence[Discovered],
    now: int,
) -> None:
    """Take over a whole listing of some types, a hundred resources to a transaction."""
    with store.read() as connection:
        known = known_resources(connection, account, region, types)
    for batch in in_batches(plan(known, listed), _BATCH):
        with store.write() as connection:
            for step in batch:
                _take(connection, step, known.get(step.found.resource.id), now)
    names = {each.resource.id for each in listed}
    for gone in in_batches((name for name in known if name not in names), _BATCH):
        with store.write() as connection:
            for name in gone:
                close_resource(connection, account, name, now)
                forget_tasks(connection, account, region, name)
            drop_resources(connection, account, gone)


def _left_agentless(step: Step, before: KnownResource | None) -> bool:
    """Whether an instance was scanned by its disks, which are to be read no more."""
    if before is None or before.found.mode != "EC2_AGENTLESS":
        return False
    return step.found.reason == "UNMANAGED_EC2_INSTANCE"


def _take(connection: Connection, step: Step, before: KnownResource | None, now: int) -> None:
    found = step.found
    if step.is_new:
        put_resource(connection, found)
    if step.what == "keep" and not step.is_new:
        return
    if found.resource.type == "AWS_ECR_REPOSITORY":
        tell(connection, found, found.reason or SUCCESSFUL, now)
        return
    name = found.resource.id
    if found.reason is not None:
        tell(connection, found, found.reason, now)
        forget_tasks(connection, found.account, found.region, name)
        if step.what == "close" or _left_agentless(step, before):
            close_findings(connection, found.account, name, now)
        if get_coverage(connection, found.account, name, NETWORK) and found.closes:
            # Nobody looks at the network of what is gone or left out.
            tell(connection, found, found.reason, now, scan_type=NETWORK)
        if before is not None and before.scanned is not None:
            mark_scanned(connection, found.account, name, None, now)
        return
    was_scanned = before is not None and before.scanned_at is not None
    resumed = before is not None and before.found.reason is not None
    if not was_scanned or resumed:
        pending = REVIVAL if found.source.get("revived") else PENDING
        tell(connection, found, SUCCESSFUL if was_scanned and not resumed else pending, now)
    elif step.is_new:
        tell(connection, found, SUCCESSFUL, now)
    if step.what in (SCAN, ASSESS):
        enqueue(connection, [TaskKey(step.what, found.account, found.region, name)], now, now)
