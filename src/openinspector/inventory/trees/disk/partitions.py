"""Partition tables: MBR with its extended partitions, and GPT.

UEFI Specification 2.10, chapter 5 (GPT, protective and legacy MBR).
"""

import struct
import uuid
import zlib
from collections.abc import Iterator

import msgspec

from openinspector.inventory.limits import MEBIBYTE
from openinspector.inventory.trees.disk.extent import DAMAGE, Extent, plain

_SECTOR = 512
_SECTORS = (512, 4096)
"""Sizes of a sector; those of an MBR are taken for 512 bytes."""
_GPT = b"EFI PART"
_LARGEST_TABLE = 16 * MEBIBYTE
_EXTENDED = frozenset({0x05, 0x0F, 0x85})
_PROTECTIVE = 0xEE
_MOST = 1024
"""Partitions that are looked at."""

EFI_SYSTEM = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"


class Partition(msgspec.Struct, frozen=True):
    """A span of a disk; `uuid` as PARTUUID has it, `type` a GUID or the MBR's two hex digits."""

    number: int
    extent: Extent
    uuid: str
    type: str


class DamagedTable(Exception):
    """A partition table that cannot be read, or only up to some partition."""


def has_gpt(disk: Extent) -> bool:
    """Whether a GPT header stands where sectors of 512 or 4096 bytes have it."""
    return any(disk.read_at(size, 8) == _GPT for size in _SECTORS)


def has_mbr(disk: Extent) -> bool:
    """Whether the first sector is a master boot record with a partition in it.

    A boot sector ends with the same two bytes: what a file system of the whole disk has there is
    told apart by the flags, which are 0x00 or 0x80 in a partition table.
    """
    sector = disk.read_at(0, _SECTOR)
    if sector[510:] != b"\x55\xaa":
        return False
    rows = [sector[at : at + 16] for at in range(446, 510, 16)]
    return all(row[0] in (0, 0x80) for row in rows) and any(row[4] for row in rows)


def partitions(disk: Extent) -> Iterator[Partition]:
    """Yield the partitions in order. Raises `DamagedTable`, also midway."""
    try:
        if has_gpt(disk) or _is_protective(disk):
            yield from _gpt(disk)
        elif has_mbr(disk):
            yield from _mbr(disk)
    except DAMAGE as error:
        raise DamagedTable(f"the partition table is damaged: {plain(error)}") from None


def _is_protective(disk: Extent) -> bool:
    """Whether the MBR says that there is a GPT."""
    return has_mbr(disk) and any(row[0] == _PROTECTIVE for row in _rows(disk.read_at(0, _SECTOR)))


def _gpt(disk: Extent) -> Iterator[Partition]:
    """By the header behind the first sector, or the copy in the last one."""
    for sector in _SECTORS:
        for place in (sector, disk.size - sector):
            entries = _entries(disk, place, sector)
            if entries is not None:
                for number, entry in enumerate(entries, start=1):
                    if any(entry[:16]):
                        yield _of_entry(disk, number, entry, sector)
                return
    raise DamagedTable("the partition table (GPT) is damaged, and so is its copy")


def _entries(disk: Extent, place: int, sector: int) -> list[bytes] | None:
    """The rows of a table that is whole, by its checksums; None: there is none."""
    header = disk.read_at(place, sector)
    if len(header) < sector or not header.startswith(_GPT):
        return None
    length, checksum = struct.unpack_from("<II", header, 12)
    first, count, size, table_checksum = struct.unpack_from("<QIII", header, 72)
    if not 92 <= length <= sector or not 128 <= size <= 4096 or count * size > _LARGEST_TABLE:
        return None
    table = disk.read_at(first * sector, count * size)
    if zlib.crc32(header[:16] + bytes(4) + header[20:length]) != checksum:
        return None
    if zlib.crc32(table) != table_checksum:
        return None
    return [table[at : at + size] for at in range(0, len(table), size)][:_MOST]


def _of_entry(disk: Extent, number: int, entry: bytes, sector: int) -> Partition:
    kind, own = (str(uuid.UUID(bytes_le=entry[at : at + 16])) for at in (0, 16))
    first, last = struct.unpack_from("<QQ", entry, 32)
    size = (last - first + 1) * sector
    return Partition(number, _within(disk, first * sector, size, number), own, kind)


def _mbr(disk: Extent) -> Iterator[Partition]:
    sector = disk.read_at(0, _SECTOR)
    signature = struct.unpack_from("<I", sector, 440)[0]
    extended = None
    for number, (kind, start, count) in enumerate(_rows(sector), start=1):
        if kind in _EXTENDED:
            extended = start
        elif kind:
            yield _partition(disk, number, start, count, kind, signature)
    if extended is not None:
        yield from _logical(disk, extended, signature)


def _logical(disk: Extent, first: int, signature: int) -> Iterator[Partition]:
    """The chain within an extended partition: each record names its partition and the next."""
    place = first
    for number in range(5, 5 + _MOST):
        sector = disk.read_at(place * _SECTOR, _SECTOR)
        if len(sector) < _SECTOR or sector[510:] != b"\x55\xaa":
            raise DamagedTable(f"the record of partition {number} is damaged")
        (kind, start, count), (following, link, _), *_ = _rows(sector)
        if kind:
            yield _partition(disk, number, place + start, count, kind, signature)
        if following not in _EXTENDED or not link:
            return
        place = first + link
    raise DamagedTable(f"there are more than {_MOST} partitions")


def _rows(sector: bytes) -> list[tuple[int, int, int]]:
    """Type, first sector and number of sectors of the four rows."""
    rows = [struct.unpack_from("<4xB3xII", sector, at) for at in range(446, 510, 16)]
    return [(kind, start, count) for kind, start, count in rows]


def _partition(
    disk: Extent, number: int, start: int, count: int, kind: int, signature: int
) -> Partition:
    extent = _within(disk, start * _SECTOR, count * _SECTOR, number)
    return Partition(number, extent, f"{signature:08x}-{number:02x}", f"{kind:02x}")


def _within(disk: Extent, offset: int, size: int, number: int) -> Extent:
    if not 0 < offset < disk.size:
        raise DamagedTable(f"partition {number} lies beyond the end of the disk")
    return disk.part(offset, size)
