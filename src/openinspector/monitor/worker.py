"""A worker: takes tasks from the store and does them, several at once, until it is stopped."""

import logging
import os
import random
import socket
import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from openinspector.aws.trouble import AwsTrouble
from openinspector.model import OpenInspectorError
from openinspector.monitor import in_use, knowledge, machine_images, network, scan, schedule
from openinspector.monitor.discover import LISTERS
from openinspector.monitor.monitor import Monitor
from openinspector.store.tasks import (
    Task,
    claim,
    fail,
    finish,
    holds,
    release,
    renew,
    workers,
)

Handler = Callable[[Monitor, str, Task], None]

LEASE = 120_000
"""Milliseconds after which a worker that says nothing is taken for dead."""
_IDLE_SECONDS = 0.5
_FIRST_RETRY, _LAST_RETRY = 5_000, 30 * 60_000

_log = logging.getLogger(__name__)


def _repeated(
    do: Callable[[Monitor, Task], int | None],
) -> Handler:
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
    knowledge.follow(monitor)
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


HANDLERS: Mapping[str, Handler] = {
    "accounts": _repeated(_accounts),
    "knowledge": _repeated(_knowledge),
    "network": _repeated(_network),
    in_use.IN_USE: _repeated(_in_use),
    "scan": scan.scan,
    machine_images.SCAN_IMAGE: machine_images.scan_image,
    "assess": scan.reassess,
    **{f"discover-{kind}": _repeated(_discover) for kind in LISTERS},
}
"""Kind of task -> what does it."""


class Worker:
    """Does tasks until it is stopped; `name` tells it apart from all others."""

    def __init__(self, monitor: Monitor, at_once: int = 8, most_per_account: int = 8) -> None:
        self.name = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
        self._monitor = monitor
        self._at_once = at_once
        self._most_per_account = most_per_account
        self._stopped = threading.Event()
        self._free = threading.Semaphore(at_once)

    def recover(self) -> None:
        """Take over at once what workers of this machine left that are no longer there.

        Those of other machines are taken for dead when their leases run out.
        """
        store, now = self._monitor.store, self._monitor.clock()
        with store.write() as connection:
            release(connection, [name for name in workers(connection) if self._is_dead(name)], now)

    def _is_dead(self, name: str) -> bool:
        host, pid, token = name.rsplit("/", 2)
        if host != socket.gethostname():
            return False
        if int(pid) == os.getpid():
            # Ours is another process than the one that had this number before.
            return token != self.name.rpartition("/")[2]
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False

    def stop(self) -> None:
        """Take no more tasks; those that run are finished first."""
        self._stopped.set()

    def run(self) -> None:
        """Work until `stop`."""
        self.recover()
        renewing = threading.Thread(target=self._renew, name="lease", daemon=True)
        renewing.start()
        with ThreadPoolExecutor(self._at_once, "openinspector-work") as pool:
            while not self._stopped.is_set():
                free = self._take_free()
                tasks = self._claim(free)
                for _ in range(free - len(tasks)):
                    self._free.release()
                for task in tasks:
                    pool.submit(self._do, task)
                if len(tasks) < free:
                    self._stopped.wait(_IDLE_SECONDS)
        renewing.join()

    def _take_free(self) -> int:
        """Wait for a free hand, and take all that are."""
        self._free.acquire()
        count = 1
        while self._free.acquire(blocking=False):
            count += 1
        return count

    def _claim(self, limit: int) -> list[Task]:
        store, now = self._monitor.store, self._monitor.clock()
        try:
            with store.write() as connection:
                return claim(connection, self.name, limit, self._most_per_account, now, LEASE)
        except Exception:
            # The database may be away for a while; the next round tries again.
            _log.exception("no tasks could be taken")
            return []

    def _do(self, task: Task) -> None:
        try:
            HANDLERS[task.key.kind](self._monitor, self.name, task)
        except AwsTrouble as error:
            self._failed(task, str(error))
        except OpenInspectorError as error:
            _log.error("%s %s: %s", task.key.kind, task.key.subject, error)
            self._failed(task, str(error))
        except Exception as error:
            # A defect of ours must not end the worker; `status` tells of it.
            _log.exception("task %s failed", task.key)
            self._failed(task, f"{type(error).__name__}: {error}")
        finally:
            self._free.release()

    def _failed(self, task: Task, trouble: str) -> None:
        now = self._monitor.clock()
        try:
            with self._monitor.store.write() as connection:
                if holds(connection, self.name, task):
                    fail(connection, task, trouble, now + retry_after(task.attempts), now)
        except Exception:
            # Its lease runs out, and it is taken again.
            _log.exception("the failure of %s could not be written down", task.key)

    def _renew(self) -> None:
        while not self._stopped.wait(LEASE / 1000 / 4):
            try:
                with self._monitor.store.write() as connection:
                    renew(connection, self.name, self._monitor.clock(), LEASE)
            except Exception:
                _log.exception("leases could not be renewed")


def retry_after(attempts: int) -> int:
    """Milliseconds to wait after so many failures: twice as long each time, and never together."""
    wait = min(_FIRST_RETRY << min(attempts, 16), _LAST_RETRY)
    return round(wait * random.uniform(0.75, 1.25))
