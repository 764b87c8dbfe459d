"""A worker: takes tasks from the store and does them, several at once, until it is stopped."""

import logging
import os
import queue
import random
import socket
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from openinspector.aws.trouble import AwsTrouble
from openinspector.model import OpenInspectorError
from openinspector.monitor import knowledge
from openinspector.monitor.handlers import HANDLERS
from openinspector.monitor.listing import ASSESS, SCAN
from openinspector.monitor.looks import Look, record_looks
from openinspector.monitor.monitor import Monitor
from openinspector.monitor.reassess import reassess
from openinspector.monitor.scan import scan
from openinspector.store.tasks import (
    Task,
    TaskKey,
    claim,
    claim_batch,
    enqueue,
    fail,
    holds,
    release,
    renew,
    workers,
)

LEASE = 120_000
"""Milliseconds after which a worker that says nothing is taken for dead."""
_IDLE_SECONDS, _PAUSE_SECONDS, _WATCH_SECONDS = 0.5, 0.01, 0.2
_FIRST_RETRY, _LAST_RETRY = 5_000, 30 * 60_000

_log = logging.getLogger(__name__)


ONE_BY_ONE = tuple(kind for kind in HANDLERS if kind != ASSESS)
"""Kinds of tasks that are taken one by one, as hands are free; they ask AWS."""
_FIRST_BATCH, _SMALLEST_BATCH, _LARGEST_BATCH = 16, 250, 1_000
"""Resources that are judged together: the first few, and then more and more."""
_LONG_SECONDS = 0.5
"""How long a transaction may take before the next one is made smaller: others wait for it."""
_GATHERING_SECONDS = 0.05
"""How long the first look to be recorded waits for others."""
_UNRECORDED = 64
"""Looks that wait to be recorded, each with its inventory: recorded together they cost less."""


class Worker:
    """Does tasks until it is stopped; `name` tells it apart from all others."""

    def __init__(self, monitor: Monitor, at_once: int = 8, most_per_account: int = 8) -> None:
        self.name = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
        self._monitor = monitor
        self._at_once = at_once
        self._most_per_account = most_per_account
        self._stopped = threading.Event()
        # Tasks that wait for a hand are taken already.
        self._free = threading.Semaphore(at_once * 4)
        self._looks: queue.SimpleQueue[Look | None] = queue.SimpleQueue()
        self._unrecorded = threading.Semaphore(_UNRECORDED)
        self._resting: set[Task] = set()
        self._ended, self._asked = threading.Event(), threading.Event()

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
        lanes = [
            threading.Thread(target=lane, name=lane.__name__.strip("_"), daemon=True)
            for lane in (self._renew, self._watch, self._reassess)
        ]
        recording = threading.Thread(target=self._record, name="record", daemon=True)
        for each in (*lanes, recording):
            each.start()
        with ThreadPoolExecutor(self._at_once, "openinspector-work") as pool:
            while not self._stopped.is_set():
                free = self._take_free()
                tasks = self._claim(free)
                for _ in range(free - len(tasks)):
                    self._free.release()
                for task in tasks:
                    pool.submit(self._do, task)
                if len(tasks) < free:
                    self._ended.wait(_IDLE_SECONDS)
                    self._ended.clear()
                # Those that end together are replaced together.
                self._stopped.wait(_PAUSE_SECONDS)
        self._looks.put(None)
        for each in (*lanes, recording):
            each.join()

    def _take_free(self) -> int:
        """Wait until another task can be taken, and say how many can."""
        self._free.acquire()
        count = 1
        while self._free.acquire(blocking=False):
            count += 1
        return count

    def _claim(self, limit: int) -> list[Task]:
        store, now = self._monitor.store, self._monitor.clock()
        try:
            with store.claim() as connection:
                return claim(
                    connection,
                    self.name,
                    limit,
                    self._most_per_account,
                    now,
                    LEASE,
                    ONE_BY_ONE,
                    self._resting.copy(),
                )
        except Exception:
            # The database may be away for a while; the next round tries again.
            _log.exception("no tasks could be taken")
            return []

    def _do(self, task: Task) -> None:
        try:
            if task.key.kind == SCAN:
                look = scan(self._monitor, self.name, task)
                if look is not None:
                    self._hand_in(look)
            else:
                HANDLERS[task.key.kind](self._monitor, self.name, task)
                self._asked.set()
        except Exception as error:
            self._failed(task, error)
        self._release(1)

    def _hand_in(self, look: Look) -> None:
        """Let a look be recorded, as soon as no more wait for that than there may."""
        self._unrecorded.acquire()
        self._resting.add(look.task)
        self._looks.put(look)

    def _release(self, count: int) -> None:
        self._free.release(count)
        self._ended.set()

    def _record(self) -> None:
        """Record what hands looked at: all that is there at once, in one transaction."""
        while (look := self._looks.get()) is not None:
            looks = [look]
            time.sleep(_GATHERING_SECONDS)
            while not self._looks.empty() and len(looks) < _LARGEST_BATCH:
                another = self._looks.get()
                if another is None:
                    self._looks.put(None)
                    break
                looks.append(another)
            for task, error in record_looks(self._monitor, self.name, looks).items():
                self._failed(task, error)
            self._resting.difference_update(each.task for each in looks)
            self._unrecorded.release(len(looks))
            self._ended.set()

    def _reassess(self) -> None:
        """Judge again what that is asked for, in larger and larger batches while there is more."""
        size = _FIRST_BATCH
        while not self._stopped.is_set():
            started = time.monotonic()
            tasks = self._claim_batch(size)
            for task, error in self._judge(tasks).items():
                self._failed(task, error)
            if len(tasks) < size:
                size = _FIRST_BATCH
                self._asked.wait(_IDLE_SECONDS)
                self._asked.clear()
                continue
            seconds = time.monotonic() - started
            if seconds < _LONG_SECONDS / 2:
                size *= 2
            elif seconds > _LONG_SECONDS:
                size //= 2
            size = min(max(size, _SMALLEST_BATCH), _LARGEST_BATCH)

    def _claim_batch(self, limit: int) -> list[Task]:
        store, now = self._monitor.store, self._monitor.clock()
        try:
            with store.claim() as connection:
                return claim_batch(connection, self.name, ASSESS, limit, now, LEASE)
        except Exception:
            _log.exception("no tasks could be taken")
            return []

    def _judge(self, tasks: Sequence[Task]) -> Mapping[Task, Exception]:
        try:
            return reassess(self._monitor, self.name, tasks) if tasks else {}
        except Exception as error:
            return dict.fromkeys(tasks, error)

    def _watch(self) -> None:
        """Notice another advisory database at once: files are looked at, not the store."""
        seen = knowledge.present(self._monitor)
        while not self._stopped.wait(_WATCH_SECONDS):
            now = knowledge.present(self._monitor)
            if now == seen:
                continue
            try:
                with self._monitor.store.write() as connection:
                    moment = self._monitor.clock()
                    enqueue(connection, [TaskKey("knowledge")], moment, moment)
                seen = now
            except Exception:
                _log.exception("that there are other advisories could not be written down")

    def _failed(self, task: Task, error: Exception) -> None:
        """Have a task tried again; `status` tells why."""
        trouble = str(error)
        if isinstance(error, AwsTrouble):
            _log.info("%s %s: %s", task.key.kind, task.key.subject, error)
        elif isinstance(error, OpenInspectorError):
            _log.error("%s %s: %s", task.key.kind, task.key.subject, error)
        else:
            # A defect of ours must not end the worker.
            _log.error("task %s failed", task.key, exc_info=error)
            trouble = f"{type(error).__name__}: {error}"
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
