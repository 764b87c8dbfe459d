"""A listing of resources beside what is known of them: what is new, changed or gone.

Only a whole listing may be given: what it does not hold is gone, and its findings close.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec
from sqlalchemy import Connection

from openinspector.ledger.record import close_findings, close_resources
from openinspector.model.discovered import Discovered
from openinspector.model.finding import Resource, ResourceType
from openinspector.monitor.coverage import (
    NETWORK,
    ON_PUSH,
    PENDING,
    REVIVAL,
    SUCCESSFUL,
    tell_all,
)
from openinspector.store import Store
from openinspector.store.coverage import coverage_rows
from openinspector.store.resources import (
    KnownResource,
    drop_resources,
    known_resources,
    mark_scanned,
    put_resources,
)
from openinspector.store.schema import in_batches
from openinspector.store.tasks import TaskKey, enqueue, forget_tasks

SCAN, ASSESS = "scan", "assess"
_PAGE = 500
"""Resources to a transaction; pages of AWS are smaller, and one listing has many."""

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
        elif before is not None and _shown(before.found) != _shown(found):
            what = "assess"
        else:
            what = "keep"
        steps.append(Step(what, found, is_new))
    return steps


def _shown(found: Discovered) -> tuple[Resource, object]:
    """What findings show of a resource, and whether knowledge still changes them."""
    return found.resource, found.source.get("frequency")


def take_listing(
    store: Store,
    account: str,
    region: str,
    types: Sequence[ResourceType],
    listed: Sequence[Discovered],
    now: int,
) -> None:
    """Take over a whole listing of some types, a page of resources to a transaction."""
    with store.read() as connection:
        known = known_resources(connection, account, region, types)
    for page in in_batches(plan(known, listed), _PAGE):
        with store.write([account]) as connection:
            _take(connection, account, region, page, known, now)
    names = {each.resource.id for each in listed}
    for gone in in_batches((name for name in known if name not in names), _PAGE):
        with store.write([account]) as connection:
            close_resources(connection, account, gone, now)
            forget_tasks(connection, account, region, gone)
            drop_resources(connection, account, gone)


def _take(
    connection: Connection,
    account: str,
    region: str,
    steps: Sequence[Step],
    known: Mapping[str, KnownResource],
    now: int,
) -> None:
    """Take a page over: what is to happen with each, by statements for all."""
    put_resources(connection, [each.found for each in steps if each.is_new])
    told = [
        (each.found, _reason(each, known.get(_name(each))))
        for each in steps
        if each.is_new or each.what != "keep"
    ]
    tell_all(connection, told, now)
    resting = [each for each in steps if each.found.reason is not None and not _is_repository(each)]
    forget_tasks(connection, account, region, map(_name, resting))
    closing = [
        _name(each)
        for each in resting
        if each.what == "close" or _left_agentless(each, known.get(_name(each)))
    ]
    close_findings(connection, account, closing, now)
    left_out = [each for each in resting if each.found.closes]
    looked_at = coverage_rows(connection, account, map(_name, left_out), NETWORK)
    tell_all(
        connection,
        # Nobody looks at the network of what is gone or left out.
        [(each.found, each.found.reason) for each in left_out if _name(each) in looked_at],
        now,
        scan_type=NETWORK,
    )
    forgotten: dict[str, str | None] = {
        name: None
        for name in map(_name, resting)
        if name in known and known[name].scanned is not None
    }
    mark_scanned(connection, account, forgotten, now)
    enqueue(
        connection,
        [
            TaskKey(each.what, account, region, _name(each))
            for each in steps
            if each.what in (SCAN, ASSESS) and not _is_repository(each)
        ],
        now,
        now,
    )


def _name(step: Step) -> str:
    return step.found.resource.id


def _is_repository(step: Step) -> bool:
    """Whether it holds images, and is itself not scanned."""
    return step.found.resource.type == "AWS_ECR_REPOSITORY"


def _reason(step: Step, before: KnownResource | None) -> str | None:
    """What coverage is to say of a resource; None: as it stands, for that is not known better."""
    found = step.found
    if found.reason is not None or _is_repository(step):
        return found.reason or SUCCESSFUL
    if before is None or before.scanned_at is None or before.found.reason is not None:
        return REVIVAL if found.source.get("revived") else PENDING
    frequency = found.source.get("frequency")
    if frequency != before.found.source.get("frequency"):
        return ON_PUSH if frequency == "SCAN_ON_PUSH" else SUCCESSFUL
    # Another tag is no word on packages.
    return None


def _left_agentless(step: Step, before: KnownResource | None) -> bool:
    """Whether an instance was scanned by its disks, which are to be read no more."""
    if before is None or before.found.mode != "EC2_AGENTLESS":
        return False
    return step.found.reason == "UNMANAGED_EC2_INSTANCE"
