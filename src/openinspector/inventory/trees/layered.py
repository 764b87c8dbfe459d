"""Layers one over another: what an upper layer replaces, removes or hides is gone.

Layers stream bottom-up (docs/decisions/0003). Only wanted paths are remembered, with the folders
that hold them: whatever an image holds besides costs no memory.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Protocol

from openinspector.inventory.trees.ahead import Ahead
from openinspector.inventory.trees.layer import Hide, Hit, Item, Link, Same, Wanted
from openinspector.inventory.trees.standing import Standing
from openinspector.inventory.trees.tree import Again, Event, Found, Gone, Unread, Visit

_INFLATING = 2
"""Layers that are inflated at the same time."""

Streams = Iterable[Iterable[Item]]
"""The items of each layer, the lowest first."""


class ReadsLayer(Protocol):
    """A layer of any form; `ahead`: it pays to read it in a thread of its own."""

    @property
    def ahead(self) -> bool:
        """Whether it is to be read in a thread, ahead of its turn."""
        ...

    def items(self, wanted: Wanted, visit: Visit | None) -> Iterator[Item]:
        """Yield every path, and what of it is wanted."""
        ...


def read_layers(
    layers: Sequence[ReadsLayer],
    wanted: Wanted,
    visit: Visit | None,
    opened: Callable[[int], None] = lambda number: None,
) -> Iterator[Iterable[Item]]:
    """Yield the items of each layer in turn; compressed ones are read ahead in threads.

    `opened(number)` is called when a layer's turn comes.
    """
    with ExitStack() as running:
        ahead: dict[int, Ahead[Item]] = {}

        def prepare(number: int) -> None:
            if number < len(layers) and layers[number].ahead and number not in ahead:
                layer = layers[number]
                thread = ahead[number] = Ahead(lambda: layer.items(wanted, visit), _weight)
                running.callback(thread.close)
                thread.start()

        for number, layer in enumerate(layers):
            for following in range(number, number + _INFLATING):
                prepare(following)
            opened(number)
            thread = ahead.pop(number, None)
            yield layer.items(wanted, visit) if thread is None else thread


def _weight(item: Item) -> int:
    if isinstance(item, str):
        return 150
    return 1000


def apply(streams: Streams, links: dict[str, Link]) -> Iterator[Event | Unread]:
    """Apply layers one over another.

    `links` is filled with the symbolic links that stand in the end.
    """
    standing = Standing()
    files, folders = standing.files, standing.folders
    for number, items in enumerate(streams):
        for item in items:
            fallen: list[str] = []
            if isinstance(item, str):
                # Nearly all of an image comes by here and concerns nobody.
                if item[-1] == "/":
                    if item[:-1] not in files:
                        continue
                    fallen = standing.enter(item[:-1])
                elif item in files or item in folders:
                    fallen = standing.replace(item, number)
                else:
                    continue
            elif isinstance(item, Hide):
                fallen = standing.hide(item.path, number, item.inside)
            elif isinstance(item, Unread):
                yield item
            else:
                if item.path in files or item.path in folders:
                    fallen = standing.replace(item.path, number)
                standing.add(item.path, number)
            for path in fallen:
                links.pop(path, None)
                yield Gone(path)
            if isinstance(item, Hit):
                yield Found(item.file, item.bits, item.answer)
            elif isinstance(item, Same):
                yield Again(item.path, item.original, item.bits)
            elif isinstance(item, Link):
                links[item.path] = item
