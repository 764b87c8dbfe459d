"""qcow2: tables of two levels that say where each cluster of a disk lies in its image.

QEMU docs/interop/qcow2.rst. The C reader that there is (libqcow) gives zeros for some compressed
clusters without saying so, so this is our own.
"""

import struct
import zlib
from collections import OrderedDict
from typing import TypeVar

import zstandard

from openinspector.inventory.trees.disk.extent import Extent

_OFFSET = 0x00FF_FFFF_FFFF_FE00
"""Bits of a table's entry that are an offset in the image."""
_COMPRESSED = 1 << 62
_ZERO = 1
"""The cluster reads as zeros, whatever lies there (version 3)."""

_DIRTY, _CORRUPT, _EXTERNAL, _COMPRESSION, _SUBCLUSTERS = (1 << bit for bit in range(5))
_KNOWN = _DIRTY | _CORRUPT | _COMPRESSION
_TABLES_KEPT = 64
"""Tables of the second level that are remembered, and so many clusters that were inflated."""
_LARGEST_TABLE = 32 * 1024 * 1024
"""Bytes of the first table; QEMU's own limit."""


V = TypeVar("V")


class Unsupported(Exception):
    """An image that is valid and cannot be read alone; the message says why."""


def open_qcow2(image: Extent) -> Extent:
    """The disk in an image. Raises `OSError` if it is damaged, and `Unsupported`."""
    header = image.read_at(0, 104).ljust(104, b"\0")
    version, backing, backing_size, bits, size, encrypted, entries, table = struct.unpack_from(
        ">IQIIQIIQ", header, 4
    )
    if version not in (2, 3):
        raise Unsupported(f"it is QCOW of version {version}; versions 2 and 3 are read")
    features = struct.unpack_from(">Q", header, 72)[0] if version == 3 else 0
    if encrypted:
        raise Unsupported("the disk image is encrypted")
    if backing:
        name = image.read_at(backing, min(backing_size, 1023)).decode("utf-8", "replace")
        raise Unsupported(f"it only holds changes to {name}")
    if features & _EXTERNAL:
        raise Unsupported("its data lies in another file")
    if features & ~_KNOWN:
        raise Unsupported(f"it uses features that are not read ({features & ~_KNOWN:#x})")
    if not 9 <= bits <= 21 or entries * 8 > _LARGEST_TABLE:
        raise OSError(0, "its header says what cannot be")
    kind = image.read_at(104, 1)[0] if features & _COMPRESSION else 0
    if kind not in (0, 1):
        raise Unsupported(f"it is compressed by an unknown method ({kind})")
    first = _table(image, table, entries)
    return Extent(_Clusters(image, bits, first, bool(kind), version).read_at, size, image.allowance)


def _table(image: Extent, offset: int, entries: int) -> tuple[int, ...]:
    data = image.read_at(offset, entries * 8)
    if len(data) < entries * 8:
        raise OSError(0, "a table of the disk image lies beyond its end")
    return struct.unpack(f">{entries}Q", data)


class _Clusters:
    """Reads clusters of a disk by its tables."""

    def __init__(
        self, image: Extent, bits: int, first: tuple[int, ...], zstd: bool, version: int
    ) -> None:
        self._image = image
        self._bits = bits
        self._first = first
        self._zstd = zstd
        self._version = version
        self._tables: OrderedDict[int, tuple[int, ...]] = OrderedDict()
        self._inflated: OrderedDict[int, bytes] = OrderedDict()

    def read_at(self, offset: int, size: int) -> bytes:
        """`size` bytes of the disk; what was never written is zero."""
        parts = []
        while size > 0:
            cluster, within = divmod(offset, 1 << self._bits)
            count = min(size, (1 << self._bits) - within)
            parts.append(self._read(self._entry(cluster), within, count))
            offset += count
            size -= count
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _entry(self, cluster: int) -> int:
        """What the tables say of a cluster; 0: it was never written."""
        row, column = divmod(cluster, 1 << (self._bits - 3))
        place = self._first[row] & _OFFSET if row < len(self._first) else 0
        if not place:
            return 0
        table = self._tables.get(place)
        if table is None:
            table = _table(self._image, place, 1 << (self._bits - 3))
            _keep(self._tables, place, table)
        return table[column]

    def _read(self, entry: int, within: int, count: int) -> bytes:
        if entry & _COMPRESSED:
            return self._inflate(entry)[within : within + count]
        place = entry & _OFFSET
        if not place or (self._version == 3 and entry & _ZERO):
            return bytes(count)
        # The last cluster of an image may end early.
        data = self._image.read_at(place + within, count)
        if not data and place >= self._image.size:
            raise OSError(0, "the disk image ends too early")
        return data.ljust(count, b"\0")

    def _inflate(self, entry: int) -> bytes:
        """A compressed cluster: an offset in bytes, and the 512-byte sectors that follow."""
        known = self._inflated.get(entry)
        if known is not None:
            return known
        split = 62 - (self._bits - 8)
        place = entry & ((1 << split) - 1)
        sectors = ((entry & (_COMPRESSED - 1)) >> split) + 1
        data = self._image.read_at(place, sectors * 512 - (place & 511))
        size = 1 << self._bits
        try:
            if self._zstd:
                found = zstandard.ZstdDecompressor().stream_reader(data).read(size)
            else:
                found = zlib.decompressobj(-15).decompress(data, size)
        except (zlib.error, zstandard.ZstdError) as error:
            raise OSError(0, f"a compressed cluster is damaged: {error}") from None
        if len(found) != size:
            raise OSError(0, "a compressed cluster is damaged: it is too short")
        _keep(self._inflated, entry, found)
        return found


def _keep(cache: OrderedDict[int, V], key: int, value: V) -> None:
    cache[key] = value
    if len(cache) > _TABLES_KEPT:
        cache.popitem(last=False)
