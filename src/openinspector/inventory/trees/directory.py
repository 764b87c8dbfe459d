"""A folder of this machine as a tree: a root file system or a source tree."""

import os
import stat
from collections.abc import Iterator

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.limits import Limits
from openinspector.inventory.matching import Matcher
from openinspector.inventory.trees.readers import read_at
from openinspector.inventory.trees.tree import Event, Report, Unread, Visit
from openinspector.inventory.trees.walking import ROOT_EVIDENCE, SHELLS, Walk, reason
from openinspector.model import Kernel, Target, TargetError, TargetKind

_KERNEL_FOLDERS = ("proc", "sys", "dev")
"""What a running kernel mounts; never software of the target."""


def is_root_file_system(path: str) -> bool:
    """Whether a folder holds an operating system, or what a container was given of one."""
    if any(os.path.lexists(os.path.join(path, evidence)) for evidence in ROOT_EVIDENCE):
        return True
    return os.path.isdir(os.path.join(path, "etc")) and any(
        os.path.lexists(os.path.join(path, shell)) for shell in SHELLS
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
            why = error.strerror or str(error)
            raise TargetError(f"{path}: {why}; expected a folder that can be read") from None
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
        folders = OwnFolders(self._root, self._limits)
        walk = Walk(folders, [("", "")], self._limits, self._passed_over)
        return walk.events(wanted, visit, report)

    def __enter__(self) -> "DirectoryTree":
        return self

    def __exit__(self, *exception: object) -> None:
        return None


class OwnFolders:
    """Files by their path below a root (`Folders`)."""

    def __init__(self, root: str, limits: Limits) -> None:
        self._root = root
        self._limits = limits

    def entries(self, folder: str) -> "Iterator[os.DirEntry[str]]":
        """What the operating system lists."""
        with os.scandir(os.path.join(self._root, folder)) as scan:
            yield from scan

    def place(self, path: str, entry: "os.DirEntry[str]") -> str:
        """A path is its own place."""
        return path

    def find(self, path: str) -> str:
        """A path is its own place."""
        return path

    def status(self, place: str) -> os.stat_result:
        """Of a link itself."""
        return os.lstat(os.path.join(self._root, place))

    def link(self, place: str) -> str:
        """As it is written."""
        return os.readlink(os.path.join(self._root, place))

    def read(self, place: str) -> bytes:
        """The whole content, if it is still within the limits."""
        return self._content(place, 0, None)

    def read_part(self, place: str, offset: int, size: int) -> bytes:
        """Some bytes."""
        return self._content(place, offset, size)

    def _content(self, place: str, offset: int, size: int | None) -> bytes:
        try:
            descriptor = self._open(place)
            try:
                if size is None:
                    size = os.fstat(descriptor).st_size
                    if size > self._limits.file_bytes:
                        raise ReadError(f"it has grown to {size:,} bytes")
                return read_at(descriptor, offset, size)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise ReadError(reason(error)) from None

    def _open(self, path: str) -> int:
        """Open a file that may have been exchanged meanwhile: no link, nothing that blocks."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(os.path.join(self._root, path), flags)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(0, "it is no regular file any more", path)
        return descriptor
