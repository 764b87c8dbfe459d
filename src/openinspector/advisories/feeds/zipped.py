"""Zip archives of many small documents, read without holding their directory in memory.

An archive of osv.dev has up to 220,000 entries: Python's `zipfile` takes 150 MB and seconds for
them before the first is read. The format is PKWARE's APPNOTE (6.3.10), sections 4.3.7 to 4.3.16;
zip64 is read, encryption and splitting are refused.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from isal import isal_zlib

from openinspector.advisories.feeds.base import INFLATE_ERROR, FeedError
from openinspector.advisories.osv import LONGEST, Malformed

_END, _END64, _LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_ENTRY, _LOCAL = b"PK\x01\x02", b"PK\x03\x04"
_STORED, _DEFLATED = 0, 8
_LARGE = 0xFFFFFFFF
_ENCRYPTED = 1
_LONGEST_COMMENT = 65535 + 22


class Entry(NamedTuple):
    """One file of an archive: where it is, and what its directory says of it."""

    name: str
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    flags: int

    @property
    def fingerprint(self) -> bytes:
        """Changes whenever the content does, without reading it: its CRC-32 and sizes."""
        return struct.pack("<IHH", self.crc, self.size & 0xFFFF, self.packed & 0xFFFF)


class Zip:
    """An open archive; `entries` are in the order of its directory."""

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise FeedError("is empty") from None
        self._start, self._end = self._directory()

    def entries(self) -> Iterator[Entry]:
        """Every file. Raises `FeedError` where the directory is damaged."""
        place = self._start
        while place < self._end:
            if self._map[place : place + 4] != _ENTRY:
                raise FeedError("has a damaged directory")
            try:
                fields = struct.unpack_from("<4x4xHH4xIIIHHH8xI", self._map, place)
            except struct.error:
                raise FeedError("has a directory that is cut short") from None
            flags, method, crc, packed, size, name, extra, comment, offset = fields
            text = self._map[place + 46 : place + 46 + name].decode("utf-8", "replace")
            if _LARGE in (packed, size, offset):
                more = self._map[place + 46 + name : place + 46 + name + extra]
                packed, size, offset = _zip64(more, packed, size, offset)
            yield Entry(text, method, crc, packed, size, offset, flags)
            place += 46 + name + extra + comment

    def read(self, entry: Entry, limit: int = LONGEST) -> bytes:
        """Unpack one file. Raises `Malformed` when it is damaged or larger than `limit` bytes."""
        if entry.size > limit:
            raise Malformed(f"is larger than {limit >> 20} MB")
        if entry.flags & _ENCRYPTED or entry.method not in (_STORED, _DEFLATED):
            raise Malformed("is encrypted or packed in a way that is not read")
        header = self._map[entry.offset : entry.offset + 30]
        if len(header) < 30 or header[:4] != _LOCAL:
            raise Malformed("is not where the archive's directory says")
        name, extra = struct.unpack_from("<HH", header, 26)
        start = entry.offset + 30 + name + extra
        data = self._map[start : start + entry.packed]
        return self._inflate(data, entry) if entry.method == _DEFLATED else data

    def close(self) -> None:
        """Give the file back."""
        self._map.close()

    def _inflate(self, data: bytes, entry: Entry) -> bytes:
        inflater = isal_zlib.decompressobj(wbits=-15)
        try:
            # One byte more than is announced tells a lying size without unpacking a bomb.
            content = inflater.decompress(data, entry.size + 1)
        except INFLATE_ERROR as error:
            raise Malformed(f"cannot be unpacked: {error}") from None
        if len(content) != entry.size or isal_zlib.crc32(content) != entry.crc:
            raise Malformed("does not unpack to what the archive's directory says")
        return content

    def _directory(self) -> tuple[int, int]:
        """Where the central directory begins and ends."""
        size = len(self._map)
        found = self._map.rfind(_END, max(0, size - _LONGEST_COMMENT))
        if found < 0 or found + 22 > size:
            raise FeedError("is no whole zip file: it has no directory")
        length, start = struct.unpack_from("<II", self._map, found + 12)
        if _LARGE in (length, start) and self._map[found - 20 : found - 16] == _LOCATOR64:
            (place,) = struct.unpack_from("<Q", self._map, found - 12)
            if place + 56 > size or self._map[place : place + 4] != _END64:
                raise FeedError("has a damaged directory")
            length, start = struct.unpack_from("<QQ", self._map, place + 40)
        if start + length > size:
            raise FeedError("is no whole zip file: its directory is cut short")
        return start, start + length


def _zip64(extra: bytes, packed: int, size: int, offset: int) -> tuple[int, int, int]:
    """The 64-bit values of the extra field with tag 1, in the order in which they are missing."""
    place = 0
    while place + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, place)
        if tag == 1:
            values = iter(struct.iter_unpack("<Q", extra[place + 4 : place + 4 + length // 8 * 8]))
            size, packed, offset = (
                next(values, (0,))[0] if each == _LARGE else each for each in (size, packed, offset)
            )
            break
        place += 4 + length
    return packed, size, offset
