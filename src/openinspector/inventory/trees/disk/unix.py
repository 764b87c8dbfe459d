"""ext2, ext3, ext4 and XFS, by libfsext and libfsxfs: two readers of one shape.

A file system that was in use when it was copied has changes in its journal that are not yet at
their places. They are not replayed; what is read is what was written back.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from openinspector.inventory.trees.disk.extent import DAMAGE, Extent
from openinspector.inventory.trees.disk.file_systems import (
    LISTING,
    OPENING,
    Node,
    is_plain,
    read_fully,
)

MODULES = {"ext": "pyfsext", "xfs": "pyfsxfs"}
"""The reader of each kind of `signatures.FORMATS`."""

_RECOVER = 0x4
"""INCOMPAT_RECOVER of ext3 and ext4: the journal holds changes."""

_INLINE_DATA = 0x8000
"""INCOMPAT_INLINE_DATA of ext4: small files may lie within their inodes."""
_INLINE = 60
"""Bytes of such a file that lie where others have their map of blocks; the rest lies in an extended
attribute, which libfsext shows in a folder's entries only, and not as a part of the content."""
_LARGEST_INODE = 4096
_INLINE_REST = "system.data"


class UnixFileSystem:
    """A file system of inodes with permissions and link counts (`FileSystem`)."""

    def __init__(self, kind: str, extent: Extent, number: int) -> None:
        self.number = number
        self.extent = extent
        self.notes: tuple[str, ...] = ()
        extent.allowance.allow(OPENING)
        self._volume = import_module(MODULES[kind]).volume()
        self._volume.open_file_object(extent)
        self._last: tuple[int, Any] = (-1, None)
        features = int.from_bytes(extent.read_at(1120, 4), "little") if kind == "ext" else 0
        self._inline = bool(features & _INLINE_DATA)
        if features & _RECOVER:
            self.notes = ("it was in use when it was copied: its journal was not replayed",)

    def root(self) -> Node:
        """The uppermost folder."""
        return self._node(self._volume.root_directory, "")

    def _node(self, entry: Any, name: str) -> Node:
        node = Node(
            self, name, entry.inode_number, entry.file_mode, entry.size, entry.number_of_links
        )
        if self._inline and _INLINE < node.st_size <= _LARGEST_INODE and node.is_file():
            node.content = _inline(entry)
        return node

    def children(self, folder: Node) -> Iterator[Node]:
        """What a folder holds; goes on after a damaged entry, and raises at the end."""
        self.extent.allowance.allow(LISTING)
        listed = self._volume.get_file_entry_by_inode(folder.st_ino)
        damaged = 0
        for index in range(listed.number_of_sub_file_entries):
            self.extent.allowance.allow(LISTING)
            try:
                entry = listed.get_sub_file_entry(index)
                node = self._node(entry, entry.name)
            except DAMAGE:
                damaged += 1
                continue
            if is_plain(node.name):
                yield node
            else:
                damaged += 1
        if damaged:
            raise OSError(0, f"{damaged} of its entries are damaged or no UTF-8")

    def target(self, link: Node) -> str:
        """Where a symbolic link leads."""
        self.extent.allowance.allow(LISTING)
        return str(self._entry(link).symbolic_link_target or "")

    def read(self, file: Node, offset: int, size: int) -> bytes:
        """Up to `size` bytes at an offset; fewer only at the end."""
        self.extent.allowance.allow(2 * size + LISTING)
        if file.content is not None:
            return file.content[offset : offset + size]
        return read_fully(self._entry(file).read_buffer_at_offset, offset, size)

    def _entry(self, node: Node) -> Any:
        """The reader's own object; that of the last file is kept, for files are read in parts."""
        number, entry = self._last
        if number != node.st_ino:
            entry = self._volume.get_file_entry_by_inode(node.st_ino)
            self._last = (node.st_ino, entry)
        return entry


def _inline(entry: Any) -> bytes | None:
    """The content of a file that lies in its inode; None: it does not."""
    if entry.number_of_extents:
        return None
    for index in range(entry.number_of_extended_attributes):
        attribute = entry.get_extended_attribute(index)
        if attribute.name == _INLINE_REST:
            rest = attribute.read_buffer(attribute.size)
            return bytes(entry.read_buffer_at_offset(_INLINE, 0) + rest)
    return None
