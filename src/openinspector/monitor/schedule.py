"""What is to be looked at: the scan types that accounts switched on, in every region."""

from sqlalchemy import Connection

from openinspector.aws.ebs import sweep
from openinspector.aws.trouble import Denied
from openinspector.monitor.discover import LISTERS, discover, drop, tell_denied
from openinspector.monitor.in_use import IN_USE
from openinspector.monitor.machine_images import drop_images, follow_images
from openinspector.monitor.monitor import Monitor
from openinspector.organization.accounts import ACCOUNT, enabled_types
from openinspector.organization.directory import is_suspended
from openinspector.store.records import list_records
from openinspector.store.resources import resource_types
from openinspector.store.tasks import TaskKey, enqueue, enqueue_new

_ROOTS = (TaskKey("accounts"), TaskKey("knowledge"))


def begin(monitor: Monitor) -> None:
    """Make sure that everything runs which makes everything else run."""
    now = monitor.clock()
    with monitor.store.write() as connection:
        enqueue_new(connection, _ROOTS, now)


def follow_accounts(monitor: Monitor) -> None:
    """Look for accounts that switched something on or off since the last look."""
    now = monitor.clock()
    with monitor.store.read() as connection:
        wanted = _wanted(connection, monitor.regions)
    with monitor.store.write() as connection:
        enqueue_new(connection, wanted, now)


def _wanted(connection: Connection, regions: tuple[str, ...]) -> list[TaskKey]:
    """The discoveries that should exist; also of what was switched off and is still covered."""
    wanted: dict[TaskKey, None] = {}
    for record in list_records(connection, ACCOUNT):
        account, types = record.owner, record.body["types"]
        if is_suspended(connection, account):
            continue
        for region in regions:
            for kind in LISTERS:
                if kind in types:
                    wanted[TaskKey(f"discover-{kind}", account, region)] = None
            for kind, task in (("EC2", "network"), ("ECR", IN_USE)):
                if kind in types:
                    wanted[TaskKey(task, account, region)] = None
        for region, type_ in resource_types(connection, account):
            for kind, (_, covered) in LISTERS.items():
                if type_ in covered and kind not in types:
                    wanted[TaskKey(f"discover-{kind}", account, region)] = None
    return list(wanted)


def is_enabled(monitor: Monitor, account: str, kind: str) -> bool:
    """Whether a scan type is on in an account that AWS did not suspend."""
    with monitor.store.read() as connection:
        return kind in enabled_types(connection, account) and not is_suspended(connection, account)


def discover_if_enabled(monitor: Monitor, key: TaskKey, attempts: int) -> int | None:
    """List what an account has; when to do so again, None when the type is off.

    An account that does not let us in a second time (`attempts` failed before) is said to. What
    was found in one that AWS suspended is kept (spec/accounts.md 8).
    """
    kind = key.kind.removeprefix("discover-")
    if not is_enabled(monitor, key.account, kind):
        with monitor.store.read() as connection:
            if is_suspended(connection, key.account):
                return None
        drop(monitor, kind, key.account, key.region)
        if kind == "EC2":
            drop_images(monitor, key.account, key.region)
        return None
    try:
        discover(monitor, kind, key.account, key.region)
    except Denied:
        if attempts:
            tell_denied(monitor, kind, key.account, key.region)
        raise
    if kind == "EC2":
        follow_images(monitor, key.account, key.region)
        sweep(monitor.sessions, key.account, key.region, monitor.clock() / 1000)
        now = monitor.clock()
        with monitor.store.write() as connection:
            enqueue(connection, [TaskKey("network", key.account, key.region)], now, now)
    return monitor.clock() + monitor.intervals.listing
