"""Listening to a queue of events: what changed is listed anew, at once."""

import logging
import threading

from openinspector.aws.events import IN_USE as USE
from openinspector.aws.events import Change, Received, forget, receive
from openinspector.aws.trouble import AwsTrouble
from openinspector.monitor.in_use import IN_USE
from openinspector.monitor.monitor import Monitor
from openinspector.monitor.schedule import is_enabled
from openinspector.store.tasks import TaskKey, enqueue

_AGAIN_SECONDS = 15.0

_log = logging.getLogger(__name__)


class Listener:
    """Reads a queue until it is stopped; several may read one queue."""

    def __init__(self, monitor: Monitor, queue: str) -> None:
        self._monitor = monitor
        self._queue = queue
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End after the messages that are being read."""
        self._stopped.set()

    def run(self) -> None:
        """Listen until `stop`."""
        monitor = self._monitor
        region = _region_of(self._queue) or monitor.regions[0]
        client = monitor.sessions.client(monitor.sessions.own_account, region, "sqs")
        while not self._stopped.is_set():
            try:
                received = receive(client, self._queue)
                take(monitor, received)
                forget(client, self._queue, received)
            except AwsTrouble as error:
                # Messages that were not taken off the queue come again.
                _log.error("%s", error)
                self._stopped.wait(_AGAIN_SECONDS)


def take(monitor: Monitor, received: list[Received]) -> None:
    """Write down what is to be looked at; the messages may be forgotten afterwards.

    Whoever writes to the queue can ask for listings only, and only of what is switched on.
    """
    changes = dict.fromkeys(each.change for each in received if each.change is not None)
    ours = [each for each in changes if _is_ours(monitor, each)]
    now = monitor.clock()
    if ours:
        with monitor.store.write() as connection:
            for each in ours:
                key = TaskKey(_task_of(each.kind), each.account, each.region)
                # Tasks of clusters come and go by the dozen: one look is for all of them.
                due = now + _GATHERED if each.kind == USE else now
                enqueue(connection, [key], due, now)


_GATHERED = 30_000
"""Milliseconds for which changes of tasks are gathered."""


def _task_of(kind: str) -> str:
    return IN_USE if kind == USE else f"discover-{kind}"


def _is_ours(monitor: Monitor, change: Change) -> bool:
    kind = "ECR" if change.kind == USE else change.kind
    return change.region in monitor.regions and is_enabled(monitor, change.account, kind)


def _region_of(queue: str) -> str | None:
    """The region of a queue's URL (https://sqs.REGION.amazonaws.com/ACCOUNT/NAME)."""
    host = queue.partition("://")[2].partition("/")[0].split(".")
    return host[1] if len(host) > 3 and host[0] == "sqs" else None
