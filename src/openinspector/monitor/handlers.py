"""What does each kind of task, one by one; a worker does scans and judgements many together."""

from collections.abc import Callable, Mapping, Sequence

from openinspector.monitor import in_use, knowledge, machine_images, network, schedule
from openinspector.monitor.discover import LISTERS
from openinspector.monitor.listing import ASSESS, SCAN
from openinspector.monitor.looks import record_looks
from openinspector.monitor.monitor import Monitor
from openinspector.monitor.reassess import reassess, reassess_at_once
from openinspector.monitor.scan import scan
from openinspector.store.tasks import Task, TaskKey, finish, holds

Handler = Callable[[Monitor, str, Task], None]


def _repeated(do: Callable[[Monitor, Task], int | None]) -> Handler:
    """A handler that says when it is to run again; None: not until somebody asks."""

    def handle(monitor: Monitor, worker: str, task: Task) -> None:
        repeat_at = do(monitor, task)
        with monitor.store.write() as connection:
            if holds(connection, worker, task):
                finish(connection, task, monitor.clock(), repeat_at)

    return handle


def _accounts(monitor: Monitor, _task: Task) -> int:
    schedule.follow_accounts(monitor)
    return monitor.clock() + monitor.intervals.accounts


def _knowledge(monitor: Monitor, _task: Task) -> int:
    def first(keys: Sequence[TaskKey]) -> None:
        reassess_at_once(monitor, keys)

    knowledge.follow(monitor, first)
    return monitor.clock() + monitor.intervals.knowledge


def _discover(monitor: Monitor, task: Task) -> int | None:
    return schedule.discover_if_enabled(monitor, task.key, task.attempts)


def _network(monitor: Monitor, task: Task) -> int | None:
    if not schedule.is_enabled(monitor, task.key.account, "EC2"):
        return None
    network.analyse(monitor, task.key.account, task.key.region)
    return monitor.clock() + monitor.intervals.network


def _in_use(monitor: Monitor, task: Task) -> int | None:
    if not schedule.is_enabled(monitor, task.key.account, "ECR"):
        return None
    in_use.follow_use(monitor, task.key.account, task.key.region)
    return monitor.clock() + monitor.intervals.in_use


def _scan(monitor: Monitor, worker: str, task: Task) -> None:
    look = scan(monitor, worker, task)
    if look is not None:
        _raise_first(record_looks(monitor, worker, [look]))


def _reassess(monitor: Monitor, worker: str, task: Task) -> None:
    _raise_first(reassess(monitor, worker, [task]))


def _raise_first(failed: Mapping[Task, Exception]) -> None:
    for error in failed.values():
        raise error


HANDLERS: Mapping[str, Handler] = {
    "accounts": _repeated(_accounts),
    "knowledge": _repeated(_knowledge),
    "network": _repeated(_network),
    in_use.IN_USE: _repeated(_in_use),
    SCAN: _scan,
    machine_images.SCAN_IMAGE: machine_images.scan_image,
    ASSESS: _reassess,
    **{f"discover-{kind}": _repeated(_discover) for kind in LISTERS},
}
"""Kind of task -> what does it."""
