"""Run a generator in a thread, some way ahead of whoever consumes it."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

_BATCH = 512
"""Items handed over at once: switching threads for each would cost more than the work."""

_BATCH_WEIGHT = 1024 * 1024
_AHEAD = 24 * 1024 * 1024
"""Weight that may wait."""


class Ahead(Generic[T]):
    """Iterate over `make()` as it runs in a thread of its own, started by `start`.

    `weigh(item)` is what an item costs in bytes while it waits. Exceptions of the generator are
    raised where the items are consumed. `close` stops the thread.
    """

    def __init__(self, make: Callable[[], Iterator[T]], weigh: Callable[[T], int]) -> None:
        self._make = make
        self._weigh = weigh
        self._ready: deque[tuple[int, list[T]]] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._ended = False
        self._closed = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Start reading ahead."""
        self._thread.start()

    def _run(self) -> None:
        try:
            for weight, batch in self._batches():
                if not self._put(weight, batch):
                    return
        except BaseException as error:
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _batches(self) -> Iterator[tuple[int, list[T]]]:
        weight, batch = 0, []
        try:
            for item in self._make():
                batch.append(item)
                weight += self._weigh(item)
                if len(batch) >= _BATCH or weight >= _BATCH_WEIGHT:
                    yield weight, batch
                    weight, batch = 0, []
        except Exception:
            # What came before an error was good.
            yield weight, batch
            raise
        yield weight, batch

    def _put(self, weight: int, batch: list[T]) -> bool:
        with self._changed:
            while self._waiting > _AHEAD and not self._closed:
                self._changed.wait()
            self._waiting += weight
            self._ready.append((weight, batch))
            self._changed.notify_all()
            return not self._closed

    def __iter__(self) -> Iterator[T]:
        while True:
            with self._changed:
                while not self._ready and not self._ended:
                    self._changed.wait()
                if not self._ready:
                    break
                weight, batch = self._ready.popleft()
                self._waiting -= weight
                self._changed.notify_all()
            yield from batch
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Stop the thread and wait for it."""
        with self._changed:
            self._closed = True
            self._ready.clear()
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()
