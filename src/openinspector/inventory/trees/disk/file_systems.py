"""What every file system of a disk has in common: nodes, and how they are read."""

import stat
from collections.abc import Callable, Iterator
from typing import Protocol

from openinspector.inventory.limits import MEBIBYTE
from openinspector.inventory.trees.disk.extent import Extent

OPENING = 512 * MEBIBYTE
"""Bytes of the disk that opening a file system may take to read."""
LISTING = 128 * MEBIBYTE
"""The same for one folder: more than a million entries."""


class Node:
    """A file, folder or link of a file system, with what `os.DirEntry` and `os.stat_result` say."""

    __slots__ = ("content", "file_system", "name", "st_ino", "st_mode", "st_nlink", "st_size")

    def __init__(
        self,
        file_system: "FileSystem",
        name: str,
        number: int,
        mode: int,
        size: int,
        links: int = 1,
    ) -> None:
        self.file_system = file_system
        self.name = name
        self.st_ino = number
        self.st_mode = mode
        self.st_size = size
        self.st_nlink = links
        self.content: bytes | None = None
        """The whole content, where it came with the entry."""

    @property
    def st_dev(self) -> int:
        """The number of the file system."""
        return self.file_system.number

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a folder itself."""
        return stat.S_ISDIR(self.st_mode)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a regular file itself."""
        return stat.S_ISREG(self.st_mode)

    def is_symlink(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self.st_mode)


class FileSystem(Protocol):
    """A file system that is read by the numbers of its files (inodes).

    Everything raises what `extent.DAMAGE` lists when the disk says what cannot be.
    """

    number: int
    """Tells it from the others of the disk."""
    notes: tuple[str, ...]
    """Facts worth saying about it."""
    extent: Extent

    def root(self) -> Node:
        """The uppermost folder."""
        ...

    def children(self, folder: Node) -> Iterator[Node]:
        """What a folder holds; goes on after an entry that is damaged, and raises at the end."""
        ...

    def target(self, link: Node) -> str:
        """Where a symbolic link leads."""
        ...

    def read(self, file: Node, offset: int, size: int) -> bytes:
        """Up to `size` bytes at an offset; fewer only at the end."""
        ...


def read_fully(read: Callable[[int, int], bytes | None], offset: int, size: int) -> bytes:
    """Ask `read(size, offset)` until everything is there; fewer bytes only at the end."""
    parts = []
    while size > 0 and (data := read(size, offset)):
        parts.append(data)
        offset += len(data)
        size -= len(data)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def is_plain(name: str) -> bool:
    """Whether a name is one segment of a path, as every honest name is."""
    return bool(name) and name not in (".", "..") and "/" not in name and "\0" not in name
