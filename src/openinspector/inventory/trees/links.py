"""Follow symbolic links of layered images, within the image's root.

A link matters only if a cataloger wants it by its name and would not find its target by itself.
Then the layers are read again for the targets and the folders on the way to them; rarely ever.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from openinspector.inventory.limits import MEBIBYTE, Limits
from openinspector.inventory.matching import Matcher
from openinspector.inventory.trees.layer import Link, Wanted
from openinspector.inventory.trees.layered import Streams, apply
from openinspector.inventory.trees.tree import Event, Found, TreeFile, Unread, Visit

_PASSES = 4
"""How often the layers are read again; each pass gets past one more unforeseen folder link."""

_AT_ONCE = 10_000
"""Links that are followed at most."""

_HELD = 256 * MEBIBYTE
"""Bytes of targets that are held until all links are known; what comes after is a gap."""


_NO_SOFTWARE = ("usr/share/doc/", "usr/share/man/", "usr/share/bash-completion/")
"""Folders whose files are named after software and hold none."""


class Paths:
    """Wants the paths of a set, every link among them, and nothing else."""

    def __init__(self, paths: set[str]) -> None:
        self.head = 0
        self.anchors: set[str] = set()
        self._paths = paths

    def by_path(self, path: str) -> int:
        """1 for a path of the set, else 0."""
        return int(path in self._paths)

    def beyond(self, bits: int, target: str) -> int:
        """A link is wanted whatever it leads to."""
        return bits

    def peeks(self, path: str, mode: int | None) -> bool:
        """Never: first bytes do not matter."""
        return False

    def by_magic(self, start: bytes) -> int:
        """Nobody."""
        return 0


def _prefixes(path: str) -> Iterator[str]:
    cut = path.find("/")
    while cut > 0:
        yield path[:cut]
        cut = path.find("/", cut + 1)
    yield path


def follow(
    links: Mapping[str, Link],
    streams: Callable[[Wanted], Streams],
    wanted: Matcher,
    visit: Visit,
    limits: Limits,
) -> Iterator[Event | Unread]:
    """Yield the files that links lead to, under the links' own paths.

    `streams(wanted)` reads the layers again. A link that leads nowhere, out of the root or around
    in circles yields nothing: nobody could open it. Targets that are found by their own name are
    not found twice.
    """
    open_links = _of_interest(links, wanted)
    bits_of = {path: wanted.by_path(path) for path in open_links}
    if len(open_links) > _AT_ONCE:
        yield Unread(f"more than {_AT_ONCE:,} symbolic links with names of manifests")
        return
    for _ in range(_PASSES):
        if not open_links:
            return
        interest = {prefix for target in open_links.values() for prefix in _prefixes(target)}
        found: dict[str, TreeFile] = {}
        seen: dict[str, Link] = {}
        held = 0
        for event in apply(streams(Paths(interest)), seen):
            if isinstance(event, Found):
                found[event.file.path] = event.file
                held += 0 if event.file.lasting else event.file.size
                if held > _HELD:
                    event.file.release()
            elif not isinstance(event, Unread):
                found.pop(event.path, None)
        further: dict[str, str] = {}
        for path, target in open_links.items():
            place, known = _resolve(target, seen, interest, limits.link_depth)
            if not known:
                further[path] = place
            elif place in found:
                bits = wanted.beyond(bits_of[path], place)
                if bits:
                    file = _renamed(found[place], path, limits)
                    answer = visit(file, bits)
                    file.release()
                    yield Found(file, bits, answer)
        open_links = further
    for path in open_links:
        yield Unread("the links on the way to it are too many", path, bits_of[path])


def _of_interest(links: Mapping[str, Link], wanted: Matcher) -> dict[str, str]:
    """Wanted paths that links lead away from, with where they lead."""
    leading = {}
    for path, link in links.items():
        if path.startswith(_NO_SOFTWARE):
            continue
        if link.bits:
            leading[path] = link.target
            continue
        for place in wanted.places_below(path):
            target = link.target + place[len(path) :]
            if wanted.beyond(wanted.by_path(place), target):
                leading[place] = target
    return leading


def _resolve(
    target: str, seen: Mapping[str, Link], interest: set[str], depth: int
) -> tuple[str, bool]:
    """Where a path leads by the links seen so far, and whether that is certain."""
    for _ in range(depth):
        for prefix in _prefixes(target):
            if prefix not in interest:
                return target, False
            link = seen.get(prefix)
            if link is not None:
                rest = target[len(prefix) :].lstrip("/")
                target = f"{link.target}/{rest}" if rest else link.target
                break
        else:
            return target, True
    return "", True


def _renamed(file: TreeFile, path: str, limits: Limits) -> TreeFile:
    read = partial(_content, file)
    return TreeFile(path, file.size, read, limits, file.layer, file.mode, file.lasting)


def _content(file: TreeFile) -> bytes:
    return file.data
