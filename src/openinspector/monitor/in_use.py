"""Where images run, looked at once a day: for coverage, findings, and how long images are scanned.

Source: spec/ecr-scanning.md 5.
"""

import logging
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection

from openinspector.aws.in_use import Seen, Use, ecs_tasks, uses_of
from openinspector.aws.pods import eks_pods, list_clusters
from openinspector.aws.trouble import AwsTrouble
from openinspector.monitor.monitor import Monitor
from openinspector.organization.accounts import ACCOUNT
from openinspector.store.records import get_record, list_records, put_record
from openinspector.store.tasks import TaskKey, enqueue

IN_USE = "in-use"
_KIND = "image-use"
_KEPT = 180 * 86_400
"""Seconds for which a use is remembered: the longest that an image may be scanned for it."""
_STOPPED = 86_400
"""Seconds for which stopped tasks count as such."""

_log = logging.getLogger(__name__)


class Uses(msgspec.Struct, frozen=True):
    """Everything that runs in one account and Region."""

    uses: tuple[Use, ...] = ()


class InUse(msgspec.Struct, frozen=True):
    """Of one image: when it ran last (epoch seconds), and in how many tasks and pods it runs."""

    last: float
    count: int


def follow_use(monitor: Monitor, account: str, region: str) -> None:
    """Look where images run, and at the images again where that changed. Raises `AwsTrouble`."""
    now = monitor.now()
    seen: list[Seen] = list(ecs_tasks(monitor.sessions, account, region, now))
    unseen: set[str] = set()
    for name in list_clusters(monitor.sessions, account, region):
        try:
            seen += list(eks_pods(monitor.sessions, account, region, name, now))
        except AwsTrouble as trouble:
            # One cluster that does not let us in must not hide what runs in the others.
            _log.warning("%s", trouble)
            unseen.add(f":cluster/{name}")
    found = uses_of(seen)
    with monitor.store.write() as connection:
        before = _stored(connection, account, region)
        kept = merged(before, found, unseen, now.timestamp())
        body = msgspec.to_builtins(Uses(tuple(kept)))
        put_record(connection, _KIND, account, region, body, monitor.clock())
        moved = {(each.registry, each.region) for each in set_of(before) ^ set_of(kept)}
        keys = [TaskKey("discover-ECR", *place) for place in moved if place[1] in monitor.regions]
        known = {each.owner for each in list_records(connection, ACCOUNT)}
        wanted = [each for each in keys if each.account in known]
        enqueue(connection, wanted, monitor.clock(), monitor.clock())


class _Told(msgspec.Struct, frozen=True):
    """What of a use concerns its image."""

    registry: str
    region: str
    image: str
    running: int
    last: float


def set_of(uses: Iterable[Use]) -> set[_Told]:
    """Uses by what concerns their images."""
    return {_Told(e.registry, e.region, e.image, e.running, e.last) for e in uses}


def merged(
    before: Sequence[Use], found: Sequence[Use], unseen: Iterable[str], now: float
) -> list[Use]:
    """What is known of use: what was found, and what ran before. Pure.

    What a cluster of `unseen` (ends of ARNs) ran stays as it was: not to be seen is not to be gone.
    """
    present = {_place(each) for each in found}
    kept = list(found)
    for each in before:
        if _place(each) in present or each.last < now - _KEPT:
            continue
        if not each.cluster.endswith(tuple(unseen)):
            stopped = each.stopped + each.running if each.last > now - _STOPPED else 0
            each = msgspec.structs.replace(each, running=0, stopped=stopped)
        kept.append(each)
    return kept


def _place(use: Use) -> tuple[str, str, bytes]:
    return use.image, use.cluster, msgspec.json.encode(use.metadata, order="sorted")


def _stored(connection: Connection, account: str, region: str) -> tuple[Use, ...]:
    body = get_record(connection, _KIND, account, region)
    return msgspec.convert(body, Uses).uses if body else ()


def uses(
    connection: Connection, accounts: Iterable[str] | None, at: int | None = None
) -> list[Use]:
    """What runs in clusters of some accounts (None: of all)."""
    owners = None if accounts is None else list(accounts)
    records = list_records(connection, _KIND, owners, at=at)
    return [use for each in records for use in msgspec.convert(each.body, Uses).uses]


def in_use(connection: Connection, account: str, region: str) -> dict[tuple[str, str], InUse]:
    """Of the images of one registry that run or ran somewhere: by repository and digest."""
    found: dict[tuple[str, str], InUse] = {}
    for each in uses(connection, None):
        if (each.registry, each.region) == (account, region):
            key = (each.repository, each.digest)
            known = found.get(key, InUse(0.0, 0))
            found[key] = InUse(max(known.last, each.last), known.count + each.running)
    return found
