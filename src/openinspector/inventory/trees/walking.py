"""Walk folders whose files can be read at any time: a folder of this machine, a disk's volumes.

Links are followed only within the target, and only those that have a wanted name themselves.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import Generic, Protocol, TypeVar

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.limits import Limits
from openinspector.inventory.matching import Matcher
from openinspector.inventory.trees.layer import link_target
from openinspector.inventory.trees.tree import Again, Event, Found, Report, TreeFile, Unread, Visit

_REPORTED_EVERY = 10_000
_PORTION = 10_000
"""Entries of one folder that are held at once."""


class Entry(Protocol):
    """What a folder holds under one name, as `os.DirEntry` says it."""

    @property
    def name(self) -> str:
        """The last segment of its path."""
        ...

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a folder."""
        ...

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a regular file."""
        ...

    def is_symlink(self) -> bool:
        """Whether it is a symbolic link."""
        ...


class Status(Protocol):
    """Facts about a file, as `os.stat_result` says them."""

    @property
    def st_mode(self) -> int:
        """Kind and permissions."""
        ...

    @property
    def st_size(self) -> int:
        """Bytes."""
        ...

    @property
    def st_nlink(self) -> int:
        """How many names it has."""
        ...

    @property
    def st_dev(self) -> int:
        """Its file system."""
        ...

    @property
    def st_ino(self) -> int:
        """Its number there."""
        ...


E = TypeVar("E", bound=Entry)
P = TypeVar("P")


class Folders(Protocol[E, P]):
    """Where files lie. A place `P` is what a file is read by: a path, an inode."""

    def entries(self, folder: P) -> Iterator[E]:
        """What a folder holds, in any order. Raises `OSError`, also midway."""
        ...

    def place(self, path: str, entry: E) -> P:
        """The place of an entry, given its path."""
        ...

    def find(self, path: str) -> P:
        """The place of a path on which no link lies. May raise `OSError` if nothing is there."""
        ...

    def status(self, place: P) -> Status:
        """Facts about what is there, itself if it is a link. Raises `OSError`."""
        ...

    def link(self, place: P) -> str:
        """Where a link leads. Raises `OSError`, also if it is none."""
        ...

    def read(self, place: P) -> bytes:
        """The whole content. Raises `ReadError`."""
        ...

    def read_part(self, place: P, offset: int, size: int) -> bytes:
        """Up to `size` bytes at an offset. Raises `ReadError`."""
        ...


ROOT_EVIDENCE = (
    "etc/os-release",
    "usr/lib/os-release",
    "var/lib/dpkg/status",
    "var/lib/dpkg/status.d",
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    "var/lib/rpm",
    "usr/lib/sysimage/rpm",
    "usr/share/rpm",
    "etc/alpine-release",
    "etc/debian_version",
    "etc/redhat-release",
    "etc/system-release",
)
"""Any of these makes a folder a root file system."""

SHELLS = ("bin/sh", "usr/bin/sh", "bin/busybox")
"""So does any of these beside a folder `etc`."""


class Walk(Generic[E, P]):
    """One walk: every wanted file below `roots` (each a path and its place), in order of name."""

    def __init__(
        self,
        folders: Folders[E, P],
        roots: Sequence[tuple[str, P]],
        limits: Limits,
        passed_over: frozenset[str] = frozenset(),
    ) -> None:
        self._folders = folders
        self._roots = roots
        self._limits = limits
        self._passed_over = passed_over
        self._seen: dict[tuple[int, int], str] = {}

    def events(
        self, wanted: Matcher, visit: Visit, report: Report | None
    ) -> Iterator[Event | Unread]:
        """Visit and yield what is found, folder by folder."""
        links: list[tuple[str, int]] = []
        folders = list(reversed(self._roots))
        count = 0
        while folders:
            folder, place = folders.pop()
            deeper: list[tuple[str, P]] = []
            for entry in self._entries(folder, place):
                if isinstance(entry, Unread):
                    yield entry
                    continue
                count += 1
                if count > self._limits.entries:
                    yield Unread(f"there are more than {self._limits.entries:,} files and folders")
                    return
                if report is not None and count % _REPORTED_EVERY == 0:
                    report("files", count, None)
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if len(os.fsencode(path)) > self._limits.path_bytes:
                        longest = self._limits.path_bytes
                        yield Unread(f"there are paths of more than {longest:,} bytes", folder)
                    elif path not in self._passed_over and not wanted.excluded(path):
                        deeper.append((path, self._folders.place(path, entry)))
                elif entry.is_symlink():
                    places = wanted.places_below(path) if path in wanted.anchors else [path]
                    links += [(p, bits) for p in places if (bits := wanted.by_path(p))]
                elif entry.is_file(follow_symlinks=False):
                    yield from self._file(entry, path, wanted, visit)
            folders.extend(reversed(deeper))
        for path, bits in links:
            yield from self._link(path, bits, wanted, visit)

    def _entries(self, path: str, folder: P) -> Iterator[E | Unread]:
        """What a folder holds, in order of name (a very large one in ordered portions)."""
        entries: Iterable[E] = self._folders.entries(folder)
        while True:
            portion: list[E] = []
            unread = None
            try:
                portion.extend(islice(entries, _PORTION))
            except OSError as error:
                unread = Unread(reason(error), path or None)
            yield from sorted(portion, key=attrgetter("name"))
            if unread is not None:
                yield unread
                return
            if not portion:
                return

    def _file(self, entry: E, path: str, wanted: Matcher, visit: Visit) -> Iterator[Event | Unread]:
        bits = wanted.by_path(path)
        if not bits and not wanted.head:
            return
        place = self._folders.place(path, entry)
        try:
            status = self._folders.status(place)
            peeked = 0
            if status.st_size and wanted.peeks(path, status.st_mode):
                identity = (status.st_dev, status.st_ino)
                if status.st_nlink > 1 and not bits and identity in self._seen:
                    yield Again(path, self._seen[identity], self._peek(place, wanted))
                    return
                peeked = self._peek(place, wanted)
                if peeked and status.st_nlink > 1:
                    self._seen.setdefault(identity, path)
        except OSError as error:
            yield Unread(reason(error), path, bits or None)
            return
        except ReadError as error:
            yield Unread(str(error), path, bits or None)
            return
        if bits | peeked:
            yield self._found(path, place, status, bits | peeked, visit)

    def _peek(self, place: P, wanted: Matcher) -> int:
        return wanted.by_magic(self._folders.read_part(place, 0, wanted.head))

    def _found(self, path: str, place: P, status: Status, bits: int, visit: Visit) -> Found:
        file = TreeFile(
            path,
            status.st_size,
            partial(self._folders.read, place),
            self._limits,
            mode=status.st_mode & 0o7777,
            read_part=partial(self._folders.read_part, place),
        )
        answer = visit(file, bits)
        file.release()
        return Found(file, bits, answer)

    def _link(self, path: str, bits: int, wanted: Matcher, visit: Visit) -> Iterator[Event]:
        """A link with a wanted name: what it leads to, if that is not found by its own name."""
        target = resolve(self._folders, path, self._limits.link_depth)
        if target is None:
            return
        bits = wanted.beyond(bits, target)
        try:
            place = self._folders.find(target)
            status = self._folders.status(place)
        except OSError:
            return
        if bits and stat.S_ISREG(status.st_mode):
            yield self._found(path, place, status, bits, visit)


def resolve(folders: Folders[E, P], path: str, depth: int) -> str | None:
    """Where a path leads with all links followed within the root; None: in circles."""
    hops = 0
    done = ""
    rest = path.split("/")
    while rest:
        step = f"{done}/{rest[0]}" if done else rest[0]
        try:
            target = folders.link(folders.find(step))
        except OSError:
            done = step
            del rest[0]
            continue
        hops += 1
        if hops > depth:
            return None
        rest = link_target(step, target).split("/") + rest[1:]
        done = ""
    return done


def reason(error: OSError) -> str:
    """Why something cannot be read, in words."""
    return f"cannot be read: {error.strerror or error}"
