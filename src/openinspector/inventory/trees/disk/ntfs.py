"""NTFS, by libfsntfs: the default data streams of files, as a system that mounts it shows them."""

import stat
from collections.abc import Iterator
from typing import Any

from openinspector.inventory.trees.disk.extent import DAMAGE, Extent
from openinspector.inventory.trees.disk.file_systems import (
    LISTING,
    OPENING,
    Node,
    is_plain,
    read_fully,
)

_ROOT = 5
_RESERVED = 24
"""Files below this number are the file system's own ([MS-FSCC] and ntfs.com: $MFT to $Extend)."""
_NUMBER = 0xFFFF_FFFF_FFFF
"""The part of a file reference that is its number; the rest says how often it was used."""
_REPARSE_POINT = 0x400
_SYSTEM = 0x4
_ENCRYPTED = 0x4000
_COMPRESSED_BY_WOF = "WofCompressedData"
_INTERIX_LINK = b"IntxLNK\1"
"""Begins a symbolic link as Services for Unix and Linux's drivers write it: then UTF-16."""
_LONGEST_LINK = 64 * 1024
_PERMISSIONS = 0o777
"""NTFS has no execute bits: everything may be run, as its drivers on Linux show it."""


class NtfsFileSystem:
    """A file system of numbered records (`FileSystem`)."""

    def __init__(self, kind: str, extent: Extent, number: int) -> None:
        import pyfsntfs

        self.number = number
        self.extent = extent
        self.notes: tuple[str, ...] = ()
        extent.allowance.allow(OPENING)
        self._volume = pyfsntfs.volume()
        self._volume.open_file_object(extent)
        self._last: tuple[int, Any] = (-1, None)

    @property
    def label(self) -> str:
        """The name that its owner gave it."""
        return str(self._volume.name or "")

    def root(self) -> Node:
        """The uppermost folder."""
        return Node(self, "", _ROOT, stat.S_IFDIR | _PERMISSIONS, 0)

    def children(self, folder: Node) -> Iterator[Node]:
        """What a folder holds; goes on after a damaged entry, and raises at the end."""
        self.extent.allowance.allow(LISTING)
        listed = self._volume.get_file_entry(folder.st_ino)
        damaged = 0
        for index in range(listed.number_of_sub_file_entries):
            self.extent.allowance.allow(LISTING)
            try:
                entry = listed.get_sub_file_entry(index)
                number, name = entry.file_reference & _NUMBER, entry.name or ""
                if number < _RESERVED:
                    continue
                node = Node(self, name, number, self._mode(entry), entry.size or 0)
            except DAMAGE:
                damaged += 1
                continue
            if is_plain(name):
                yield node
            else:
                damaged += 1
        if damaged:
            raise OSError(0, f"{damaged} of its entries are damaged")

    def _mode(self, entry: Any) -> int:
        if entry.file_attribute_flags & _REPARSE_POINT and entry.symbolic_link_target:
            return stat.S_IFLNK | _PERMISSIONS
        if entry.has_directory_entries_index():
            return stat.S_IFDIR | _PERMISSIONS
        if _interix_link(entry):
            return stat.S_IFLNK | _PERMISSIONS
        return stat.S_IFREG | _PERMISSIONS

    def target(self, link: Node) -> str:
        """Where a link leads within this volume; a drive's letter is taken for this one's."""
        self.extent.allowance.allow(LISTING)
        entry = self._entry(link)
        if _interix_link(entry):
            return _interix_link(entry)
        text = str(entry.symbolic_link_target or "").removeprefix("\\??\\")
        if text[1:2] == ":":
            text = text[2:]
        return text.replace("\\", "/")

    def read(self, file: Node, offset: int, size: int) -> bytes:
        """Up to `size` bytes at an offset; fewer only at the end."""
        self.extent.allowance.allow(2 * size + LISTING)
        entry = self._entry(file)
        flags = entry.file_attribute_flags
        if flags & _ENCRYPTED:
            raise OSError(0, "it is encrypted (EFS)")
        if flags & _REPARSE_POINT and not entry.has_alternate_data_stream_by_name(
            _COMPRESSED_BY_WOF
        ):
            raise OSError(0, "its content is kept elsewhere (a reparse point)")
        if not entry.has_default_data_stream():
            return b""
        return read_fully(entry.read_buffer_at_offset, offset, size)

    def _entry(self, node: Node) -> Any:
        """The reader's own object; that of the last file is kept, for files are read in parts."""
        number, entry = self._last
        if number != node.st_ino:
            entry = self._volume.get_file_entry(node.st_ino)
            self._last = (node.st_ino, entry)
        return entry


def _interix_link(entry: Any) -> str:
    """Where a link of the Interix kind leads; empty if the file is none."""
    start = len(_INTERIX_LINK)
    if not entry.file_attribute_flags & _SYSTEM or not entry.has_default_data_stream():
        return ""
    if not start < (entry.size or 0) <= _LONGEST_LINK:
        return ""
    data = read_fully(entry.read_buffer_at_offset, 0, entry.size)
    if not data.startswith(_INTERIX_LINK):
        return ""
    return data[start:].decode("utf-16-le", "surrogateescape")
