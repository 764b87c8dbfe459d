"""Collect: run the table of catalogers over a target and put together its inventory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import msgspec

from openinspector.inventory.answers import pack, unpack
from openinspector.inventory.captured import Captured, Held, WithCompanions
from openinspector.inventory.cataloger import (
    Cataloger,
    File,
    ReadError,
    Yield,
)
from openinspector.inventory.conclude import Outcome, conclude
from openinspector.inventory.limits import DEFAULT_LIMITS, Limits
from openinspector.inventory.matching import Matcher
from openinspector.inventory.trees.tree import (
    Again,
    Event,
    FileTree,
    Found,
    Gone,
    Report,
    TreeFile,
    Unread,
)
from openinspector.model import Gap, Inventory, Package


def collect(
    tree: FileTree,
    catalogers: Sequence[Cataloger] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    progress: Report | None = None,
    exclude: Iterable[str] = (),
) -> Inventory:
    """The inventory of a target.

    `catalogers`: the table unless another one is given. `exclude`: globs of paths to leave out.
    Nothing that a target holds raises: what could not be read or parsed is a gap.
    """
    if catalogers is None:
        from openinspector.inventory.catalogers import table

        catalogers = table()
    matcher = Matcher(catalogers, tree.target.is_root, exclude)
    with Captured() as captured:
        collector = _Collector(matcher, limits, captured)
        for event in tree.walk(matcher, collector.visitor, progress):
            collector.take(event)
        collector.run_deferred()
        return conclude(tree, matcher, collector.outcomes(), collector.unread, limits.packages)


class _Visited(msgspec.Struct):
    """What the catalogers said that ran at once, and the content for those that run later."""

    path: str
    outcomes: list[Outcome]
    held: Held | None


class _Visitor:
    """Parses a file while its content is at hand; called from any thread."""

    def __init__(
        self,
        matcher: Matcher,
        captured: Captured,
        run: Callable[[Cataloger, File, str | None], Outcome],
    ) -> None:
        self._matcher = matcher
        self._captured = captured
        self._run = run
        self._catalogers = {each.name: each for each in matcher.catalogers}

    def __call__(self, file: TreeFile, bits: int) -> _Visited:
        """Run the catalogers that need nothing else; keep the content for the others."""
        takers = self._matcher.takers(bits)
        held = self._captured.hold(file) if takers.keep else None
        outcomes = [self._run(cataloger, file, file.layer) for cataloger in takers.now]
        return _Visited(file.path, [each for each in outcomes if each.items], held)

    def pack(self, answer: object) -> bytes:
        """An answer as bytes, with the content that is held."""
        assert isinstance(answer, _Visited)
        content: bytes | ReadError | None = None
        try:
            if answer.held is not None:
                content = bytes(self._captured.content(answer.held))
        except ReadError as error:
            content = error
        return pack(answer.path, answer.outcomes, content)

    def unpack(self, packed: bytes, layer: str | None) -> _Visited:
        """The answer that was packed for another image."""
        outcomes, held = unpack(packed, self._catalogers, layer)
        return _Visited("", outcomes, held)


class _Collector:
    """Runs catalogers as files stream by; keeps what they yield by path until it is gone."""

    def __init__(self, matcher: Matcher, limits: Limits, captured: Captured) -> None:
        self.unread: list[Unread] = []
        self._matcher = matcher
        self._limits = limits
        self._captured = captured
        self._outcomes: dict[str, list[Outcome]] = {}
        self.visitor = _Visitor(matcher, captured, self._run)

    def take(self, event: Event | Unread) -> None:
        """Handle one event of the walk."""
        if isinstance(event, Found):
            self._found(event)
        elif isinstance(event, Gone):
            self._outcomes.pop(event.path, None)
            self._captured.forget(event.path)
        elif isinstance(event, Again):
            self._again(event)
        else:
            self.unread.append(event)

    def _found(self, event: Found) -> None:
        path, visited = event.file.path, event.answer
        assert isinstance(visited, _Visited)
        self._outcomes.pop(path, None)
        self._captured.forget(path)
        if visited.outcomes:
            self._outcomes[path] = visited.outcomes
        if visited.held is not None:
            self._captured.add(event.file, self._matcher.takers(event.bits), visited.held)

    def _again(self, event: Again) -> None:
        """Another name of a parsed file: the same results, at this path."""
        takers = self._matcher.takers(event.bits)
        names = {cataloger.name for cataloger in takers.all}
        for outcome in self._outcomes.get(event.original, ()):
            if outcome.cataloger.name in names:
                moved = [_moved(item, event.original, event.path) for item in outcome.items]
                self._keep(Outcome(outcome.cataloger, event.path, outcome.layer, moved))
        found = self._captured.get(event.original)
        if found is not None and takers.deferred:
            original, _, held = found
            read = partial(self._captured.content, held)
            layer, mode = original.layer, original.mode
            copy = TreeFile(event.path, original.size, read, self._limits, layer, mode)
            self._captured.add(copy, takers, held)

    def run_deferred(self) -> None:
        """Run the catalogers that have companions, now that everything that stands is known."""
        companions: dict[str, dict[str, None]] = {}
        for file, takers, _ in self._captured:
            for name in takers.companion_of:
                companions.setdefault(name, {})[file.path] = None
        for file, takers, held in self._captured:
            for cataloger in takers.deferred:
                beside = companions.get(cataloger.name, {})
                view = WithCompanions(file, held, self._captured, beside)
                self._keep(self._run(cataloger, view, file.layer))

    def _run(self, cataloger: Cataloger, file: File, layer: str | None) -> Outcome:
        items: list[Yield] = []
        try:
            for item in cataloger.parse(file, self._limits):
                items.append(item)
        except ReadError as error:
            items.append(Gap(cataloger.part, f"{cataloger.name}: {error}", file.path))
        except Exception as error:
            # Hostile content must not end a scan. This is the one place that says so.
            import logging

            logging.getLogger(__name__).warning(
                "cataloger %s failed on %r", cataloger.name, file.path, exc_info=error
            )
            reason = f"{cataloger.name} failed on it ({type(error).__name__})"
            items.append(Gap(cataloger.part, reason, file.path))
        return Outcome(cataloger, file.path, layer, items)

    def _keep(self, outcome: Outcome) -> None:
        if outcome.items:
            self._outcomes.setdefault(outcome.path, []).append(outcome)

    def outcomes(self) -> Iterator[Outcome]:
        """What stands, in order of path."""
        for path in sorted(self._outcomes):
            yield from self._outcomes[path]


def _moved(item: Yield, original: str, path: str) -> Yield:
    """The same result for the same content at another path."""
    if isinstance(item, Package):
        locations = tuple(
            msgspec.structs.replace(place, path=path + place.path[len(original) :])
            if place.path == original or place.path.startswith(f"{original}!/")
            else place
            for place in item.locations
        )
        return msgspec.structs.replace(item, locations=locations)
    if isinstance(item, Gap) and item.path == original:
        return msgspec.structs.replace(item, path=path)
    return item
