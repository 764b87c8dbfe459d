"""A folder on disk as a tree: a root file system or a source tree.

Links are followed only within the folder, and only those that have a wanted name themselves.
"""

import os
import stat
from collections.abc import Iterator
from functools import partial
from itertools import islice
from operator import attrgetter

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.limits import Limits
from openinspector.inventory.matching import Matcher
from openinspector.inventory.trees.layer import link_target
from openinspector.inventory.trees.readers import read_at
from openinspector.inventory.trees.tree import Again, Event, Found, Report, TreeFile, Unread, Visit
from openinspector.model import Kernel, Target, TargetError, TargetKind

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

_KERNEL_FOLDERS = ("proc", "sys", "dev")
"""What a running kernel mounts; never software of the target."""

_REPORTED_EVERY = 10_000
_PORTION = 10_000
"""Entries of one folder that are held at once."""


def is_root_file_system(path: str) -> bool:
    """Whether a folder holds an operating system, or what a container was given of one."""
    if any(os.path.lexists(os.path.join(path, evidence)) for evidence in ROOT_EVIDENCE):
        return True
    shells = ("bin/sh", "usr/bin/sh", "bin/busybox")
    return os.path.isdir(os.path.join(path, "etc")) and any(
        os.path.lexists(os.path.join(path, shell)) for shell in shells
    )


class DirectoryTree:
    """The files below a folder. `passed_over` are folders (from the root) that are not entered."""

    notes: tuple[str, ...] = ()
    base_layers: frozenset[str] | None = None
    kernel: Kernel | None = None

    def __init__(
        self,
        path: str,
        limits: Limits,
        kind: TargetKind = "directory",
        name: str | None = None,
        passed_over: frozenset[str] = frozenset(),
    ) -> None:
        try:
            os.scandir(path).close()
        except OSError as error:
            reason = error.strerror or str(error)
            raise TargetError(f"{path}: {reason}; expected a folder that can be read") from None
        self._root = os.path.abspath(path)
        self._limits = limits
        is_root = kind == "host" or is_root_file_system(self._root)
        self.target = Target(kind, name or path, is_root=is_root)
        self._passed_over = passed_over | (self._kernel_folders() if is_root else frozenset())

    def _kernel_folders(self) -> frozenset[str]:
        own = self._root == "/"
        folders = ((name, os.path.join(self._root, name)) for name in _KERNEL_FOLDERS)
        return frozenset(name for name, path in folders if own or os.path.ismount(path))

    def walk(
        self, wanted: Matcher, visit: Visit, report: Report | None = None
    ) -> Iterator[Event | Unread]:
        """Yield what is found, folder by folder in order of name."""
        seen: dict[tuple[int, int], str] = {}
        links: list[tuple[str, int]] = []
        folders = [""]
        count = 0
        while folders:
            folder = folders.pop()
            deeper: list[str] = []
            for entry in self._entries(folder):
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
                    if path not in self._passed_over and not wanted.excluded(path):
                        deeper.append(path)
                elif entry.is_symlink():
                    places = wanted.places_below(path) if path in wanted.anchors else [path]
                    links += [(p, bits) for p in places if (bits := wanted.by_path(p))]
                elif entry.is_file(follow_symlinks=False):
                    yield from self._file(entry, path, wanted, visit, seen)
            folders.extend(reversed(deeper))
        for path, bits in links:
            yield from self._link(path, bits, wanted, visit)

    def _entries(self, folder: str) -> "Iterator[os.DirEntry[str] | Unread]":
        """What a folder holds, in order of name (a very large one in ordered portions)."""
        try:
            with os.scandir(os.path.join(self._root, folder)) as scan:
                while portion := sorted(islice(scan, _PORTION), key=attrgetter("name")):
                    yield from portion
        except OSError as error:
            yield Unread(_reason(error), folder or None)

    def _file(
        self,
        entry: "os.DirEntry[str]",
        path: str,
        wanted: Matcher,
        visit: Visit,
        seen: dict[tuple[int, int], str],
    ) -> Iterator[Event | Unread]:
        bits = wanted.by_path(path)
        if not bits and not wanted.head:
            return
        try:
            status = entry.stat(follow_symlinks=False)
            peeked = 0
            if status.st_size and wanted.peeks(path, status.st_mode):
                identity = (status.st_dev, status.st_ino)
                if status.st_nlink > 1 and not bits and identity in seen:
                    yield Again(path, seen[identity], wanted.by_magic(self._head(path, wanted)))
                    return
                peeked = wanted.by_magic(self._head(path, wanted))
                if peeked and status.st_nlink > 1:
                    seen.setdefault(identity, path)
        except OSError as error:
            yield Unread(_reason(error), path, bits or None)
            return
        if bits | peeked:
            file = self._tree_file(path, path, status)
            answer = visit(file, bits | peeked)
            file.release()
            yield Found(file, bits | peeked, answer)

    def _head(self, path: str, wanted: Matcher) -> bytes:
        descriptor = self._open(path)
        try:
            return os.read(descriptor, wanted.head)
        finally:
            os.close(descriptor)

    def _open(self, path: str) -> int:
        """Open a file that may have been exchanged meanwhile: no link, nothing that blocks."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(os.path.join(self._root, path), flags)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(0, "it is no regular file any more", path)
        return descriptor

    def _tree_file(self, path: str, place: str, status: os.stat_result) -> TreeFile:
        return TreeFile(
            path,
            status.st_size,
            partial(self._read, place),
            self._limits,
            mode=status.st_mode & 0o7777,
            read_part=partial(self._read_part, place),
        )

    def _read_part(self, path: str, offset: int, size: int) -> bytes:
        try:
            descriptor = self._open(path)
        except OSError as error:
            raise ReadError(_reason(error)) from None
        try:
            return read_at(descriptor, offset, size)
        except OSError as error:
            raise ReadError(_reason(error)) from None
        finally:
            os.close(descriptor)

    def _read(self, path: str) -> bytes:
        try:
            descriptor = self._open(path)
        except OSError as error:
            raise ReadError(_reason(error)) from None
        try:
            size = os.fstat(descriptor).st_size
            if size > self._limits.file_bytes:
                raise ReadError(f"it has grown to {size:,} bytes")
            return read_at(descriptor, 0, size)
        except OSError as error:
            raise ReadError(_reason(error)) from None
        finally:
            os.close(descriptor)

    def _link(self, path: str, bits: int, wanted: Matcher, visit: Visit) -> Iterator[Event]:
        """A link with a wanted name: what it leads to, if that is not found by its own name."""
        place = self._resolve(path)
        if place is None:
            return
        bits = wanted.beyond(bits, place)
        try:
            status = os.lstat(os.path.join(self._root, place))
        except OSError:
            return
        if bits and stat.S_ISREG(status.st_mode):
            file = self._tree_file(path, place, status)
            answer = visit(file, bits)
            file.release()
            yield Found(file, bits, answer)

    def _resolve(self, path: str) -> str | None:
        """Where a path leads with all links followed within the root; None: in circles."""
        hops = 0
        done = ""
        rest = path.split("/")
        while rest:
            step = f"{done}/{rest[0]}" if done else rest[0]
            try:
                target = os.readlink(os.path.join(self._root, step))
            except OSError:
                done = step
                del rest[0]
                continue
            hops += 1
            if hops > self._limits.link_depth:
                return None
            rest = link_target(step, target).split("/") + rest[1:]
            done = ""
        return done

    def __enter__(self) -> "DirectoryTree":
        return self

    def __exit__(self, *exception: object) -> None:
        return None


def _reason(error: OSError) -> str:
    return f"cannot be read: {error.strerror or error}"
