"""Catalogers that stop answering after a while; those of the operating system never do."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from openinspector.inventory.cataloger import Cataloger, File, Parser, Yield
from openinspector.inventory.limits import Limits

Clock = Callable[[], float]


class Hurried:
    """A table of catalogers with an end; `late` says whether something was left out for it."""

    def __init__(
        self, catalogers: Iterable[Cataloger], seconds: float, clock: Clock = time.monotonic
    ) -> None:
        self.late = False
        self._end = clock() + seconds
        self._clock = clock
        self.catalogers: Sequence[Cataloger] = tuple(map(self._hurried, catalogers))

    def _hurried(self, cataloger: Cataloger) -> Cataloger:
        if cataloger.part == "os-packages":
            return cataloger
        return msgspec.structs.replace(cataloger, parse=self._parser(cataloger.parse))

    def _parser(self, parse: Parser) -> Parser:
        def hurried(file: File, limits: Limits) -> Iterator[Yield]:
            if self._clock() > self._end:
                self.late = True
                return
            yield from parse(file, limits)

        return hurried
