"""Scans of machine images on demand, from the request to the findings.

A scan is IN_PROGRESS until it is SUCCESSFUL or FAILED, with a reason (`OnDemandScanStatusReason`).
What it found is judged again as knowledge changes, and closes when the image is deregistered.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from openinspector.aws import machine_images as aws
from openinspector.aws.ec2 import tags_of
from openinspector.aws.trouble import AwsTrouble, Denied, Gone, Unfit
from openinspector.ledger.record import close_resources
from openinspector.model import Inventory
from openinspector.model.discovered import Discovered
from openinspector.monitor.collect import of_volumes
from openinspector.monitor.coverage import tell
from openinspector.monitor.looks import record_of_account
from openinspector.monitor.monitor import Monitor
from openinspector.monitor.scan import looked_at
from openinspector.store.packages import put_inventory
from openinspector.store.records import list_records, put_record
from openinspector.store.resources import (
    drop_resources,
    get_resource,
    known_resources,
    put_resources,
)
from openinspector.store.tasks import Task, TaskKey, enqueue, finish, forget_tasks, holds, is_there

ON_DEMAND = "on-demand-scan"
"""Kind of the records of scans (owner: account; key: the scan)."""
MACHINE_IMAGE = "MACHINE_IMAGE"
SCAN_IMAGE = "scan-image"
IN_PROGRESS, SUCCESSFUL, FAILED = "IN_PROGRESS", "SUCCESSFUL", "FAILED"

_TRIES = 4
_TIME_LIMIT = "EXTRACTION_COLLECTION_TIME_LIMIT_EXCEEDED"
_REASONS: Mapping[str, str] = {"AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED": _TIME_LIMIT}
"""Words for instances, and those for images."""
_KNOWN_REASONS = frozenset(
    {
        *("ACCESS_DENIED", "INTERNAL_ERROR", "STORAGE_LIMIT_EXCEEDED", "UNSUPPORTED_OS"),
        *(_TIME_LIMIT, "RESOURCE_TERMINATED"),
    }
)


def is_in_progress(connection: Connection, account: str, image: str) -> bool:
    """Whether an image is being scanned."""
    return bool(_in_progress(connection, account, image))


def start(connection: Connection, account: str, region: str, image: str, now: int) -> str:
    """Begin a scan; its identifier. Where nobody scans AWS it fails at once: nobody may read."""
    key = secrets.token_hex(16)
    body: dict[str, Any] = {
        "resourceId": image,
        "resourceType": "AMI",
        "scanStatus": IN_PROGRESS,
        "startedAt": now / 1000,
    }
    if not is_there(connection, TaskKey("accounts")):
        body |= _ended(FAILED, "ACCESS_DENIED", now)
    put_record(connection, ON_DEMAND, account, key, body, now)
    if body["scanStatus"] == IN_PROGRESS:
        enqueue(connection, [TaskKey(SCAN_IMAGE, account, region, image)], now, now)
    return key


def scan_image(monitor: Monitor, worker: str, task: Task) -> None:
    """Read an image and record what is found; a failure ends its scan with a reason."""
    key = task.key
    found: Discovered | None = None
    try:
        image = aws.describe_image(monitor.sessions, key.account, key.region, key.subject)
        found = _found(monitor, key, image)
        inventory = _inventory(monitor, key, image)
    except (Denied, Gone, Unfit) as trouble:
        _fail(monitor, worker, task, found, trouble.reason)
        return
    except AwsTrouble as trouble:
        if task.attempts + 1 < _TRIES:
            raise
        _fail(monitor, worker, task, found, trouble.reason)
        return
    look = looked_at(monitor, task, found, inventory)
    now = monitor.clock()
    with monitor.store.write() as connection:
        if not holds(connection, worker, task):
            return
        put_resources(connection, [found])
        put_inventory(connection, inventory)
        record_of_account(monitor, connection, key.account, [look])
        _end(connection, key, SUCCESSFUL, None, now)
        finish(connection, task, now)


def follow_images(monitor: Monitor, account: str, region: str) -> None:
    """Close what was found in images that are no more. Raises `AwsTrouble`.

    Images need a permission of their own; without it coverage says so, and what was found stays.
    """
    with monitor.store.read() as connection:
        known = known_resources(connection, account, region, [MACHINE_IMAGE])
    if not known:
        return
    try:
        left = aws.those_left(monitor.sessions, account, region, sorted(known))
    except Denied as trouble:
        with monitor.store.write() as connection:
            for each in known.values():
                tell(connection, each.found, trouble.reason, monitor.clock())
        return
    _close(monitor, account, region, [each for each in known if each not in left])


def drop_images(monitor: Monitor, account: str, region: str) -> None:
    """Scanning is off: nothing that was found in images stays."""
    with monitor.store.read() as connection:
        known = list(known_resources(connection, account, region, [MACHINE_IMAGE]))
    _close(monitor, account, region, known)


def _close(monitor: Monitor, account: str, region: str, names: list[str]) -> None:
    if not names:
        return
    now = monitor.clock()
    with monitor.store.write() as connection:
        close_resources(connection, account, names, now)
        forget_tasks(connection, account, region, names)
        drop_resources(connection, account, names)


def _found(monitor: Monitor, key: TaskKey, image: Mapping[str, Any]) -> Discovered:
    told = {"tags": tags_of(image), "platform": aws.platform_of(image)}
    return Discovered(
        account=key.account,
        region=key.region,
        resource=aws.resource_of(image, key.region, monitor.partition),
        metadata={"machineImage": told},
        fingerprint=key.subject,
    )


def _inventory(monitor: Monitor, key: TaskKey, image: Mapping[str, Any]) -> Inventory:
    with aws.image_volumes(monitor.sessions, key.account, key.region, image) as volumes:
        return of_volumes(key.subject, volumes, next(iter(volumes)))


def _fail(monitor: Monitor, worker: str, task: Task, found: Discovered | None, reason: str) -> None:
    """End a scan with a reason. What an earlier one found stays."""
    now, key = monitor.clock(), task.key
    reason = _REASONS.get(reason, reason)
    with monitor.store.write() as connection:
        if not holds(connection, worker, task):
            return
        if found is not None:
            tell(connection, found, reason, now)
            if get_resource(connection, key.account, key.subject) is None:
                put_resources(connection, [found])
        shown = reason if reason in _KNOWN_REASONS else "ACCESS_DENIED"
        _end(connection, key, FAILED, shown, now)
        finish(connection, task, now)


def _end(connection: Connection, key: TaskKey, status: str, reason: str | None, now: int) -> None:
    for each in _in_progress(connection, key.account, key.subject):
        body = {**each.body, **_ended(status, reason, now)}
        put_record(connection, ON_DEMAND, key.account, each.key, body, now)


def _ended(status: str, reason: str | None, now: int) -> dict[str, Any]:
    told = {"scanStatus": status, "completedAt": now / 1000}
    return told if reason is None else {**told, "scanStatusReason": reason}


def _in_progress(connection: Connection, account: str, image: str) -> list[Any]:
    return [
        each
        for each in list_records(connection, ON_DEMAND, [account])
        if each.body["resourceId"] == image and each.body["scanStatus"] == IN_PROGRESS
    ]
