"""A tree of layers of any form, applied one over another."""

from collections.abc import Callable, Iterator, Sequence

from openinspector.inventory.limits import Limits
from openinspector.inventory.matching import Matcher
from openinspector.inventory.trees.layer import Link, Wanted
from openinspector.inventory.trees.layered import ReadsLayer, Streams, apply, read_layers
from openinspector.inventory.trees.links import follow
from openinspector.inventory.trees.tree import Event, Report, Unread, Visit
from openinspector.model import Kernel, Target


class StackTree:
    """Layers one over another, the lowest first; `close` is called in the end."""

    kernel: Kernel | None = None
    base_layers: frozenset[str] | None = None

    def __init__(
        self,
        target: Target,
        layers: Sequence[ReadsLayer],
        limits: Limits,
        close: Callable[[], None],
        notes: tuple[str, ...] = (),
        unread: tuple[Unread, ...] = (),
    ) -> None:
        self.target = target
        self.notes = notes
        self._layers = layers
        self._limits = limits
        self._close = close
        self._unread = unread

    def walk(
        self, wanted: Matcher, visit: Visit, report: Report | None = None
    ) -> Iterator[Event | Unread]:
        """Visit and yield what is found in the layers, the lowest first."""
        yield from self._unread
        total = len(self._layers)

        def opened(number: int) -> None:
            if report is not None:
                report("layers", number, total)

        links: dict[str, Link] = {}
        yield from apply(read_layers(self._layers, wanted, visit, opened), links)

        def again(paths: Wanted) -> Streams:
            return read_layers(self._layers, paths, None)

        if links:
            yield from follow(links, again, wanted, visit, self._limits)
        opened(total)

    def __enter__(self) -> "StackTree":
        return self

    def __exit__(self, *exception: object) -> None:
        self._close()
