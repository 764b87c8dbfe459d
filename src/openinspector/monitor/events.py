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
    keys = [
        TaskKey(IN_USE if each.kind == USE else f"discover-{each.kind}", each.account, each.region)
        for each in changes
        if _is_ours(monitor, each)
    ]
    now = monitor.clock()
    if keys:
        with monitor.store.write() as connection:
            enqueue(connection, keys, now, now)


def _is_ours(monitor: Monitor, change: Change) -> bool:
    kind = "ECR" if change.kind == USE else change.kind
    return change.region in monitor.regions and is_enabled(monitor, change.account, kind)


def _region_of(queue: str) -> str | None:
    """The region of a queue's URL (https://sqs.REGION.amazonaws.com/ACCOUNT/NAME)."""
    host = queue.partition("://")[2].partition("/")[0].split(".")
    return host[1] if len(host) > 3 and host[0] == "sqs" else None
