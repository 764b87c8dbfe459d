"""Partition tables: MBR with its extended partitions, and GPT.

UEFI Specification 2.10, chapter 5 (GPT, protective and legacy MBR).
"""

import struct
from collections.abc import Iterator

import msgspec

from openinspector.inventory.trees.disk.extent import DAMAGE, Extent, plain

_SECTOR = 512
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
    return any(disk.read_at(size, 8) == b"EFI PART" for size in (512, 4096))


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
        if has_gpt(disk):
            yield from _gpt(disk)
        elif has_mbr(disk):
            yield from _mbr(disk)
    except DAMAGE as error:
        raise DamagedTable(f"the partition table is damaged: {plain(error)}") from None


def _gpt(disk: Extent) -> Iterator[Partition]:
    import pyvsgpt

    volume = pyvsgpt.volume()
    volume.open_file_object(disk)
    count = volume.number_of_partitions
    for index in range(min(count, _MOST)):
        found = volume.get_partition(index)
        number = found.entry_index + 1
        extent = _within(disk, found.volume_offset, found.size, number)
        yield Partition(number, extent, found.identifier.lower(), found.type_identifier.lower())
    if count > _MOST:
        raise DamagedTable(f"there are more than {_MOST} partitions")


def _mbr(disk: Extent) -> Iterator[Partition]:
    sector = disk.read_at(0, _SECTOR)
    signature = struct.unpack_from("<I", sector, 440)[0]
    extended = None
    for number, (kind, start, count) in enumerate(_rows(sector), start=1):
        if kind in _EXTENDED:
            extended = start
        elif kind == _PROTECTIVE:
            raise DamagedTable("the partition table (GPT) that the disk should have is not there")
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
