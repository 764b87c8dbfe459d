"""What an ELF, PE or Mach-O file says of itself: where its sections lie, in the file and in memory.

Nothing is copied: sections are slices of the file's own bytes.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

Format = Literal["elf", "pe", "mach-o"]

MAX_SECTIONS = 65_536
"""Sections, segments or load commands of one file beyond which it is not believed."""


class Region(msgspec.Struct, frozen=True):
    """A section or segment: `size` bytes at `offset` in the file, at `address` in memory.

    `name` is empty for ELF and PE segments. `offset` and `size` are as the file claims; slices of
    the file are always cut to what is there.
    """

    name: str
    address: int
    offset: int
    size: int
    writable: bool = False


class Executable(msgspec.Struct, frozen=True):
    """One executable, or one architecture of a universal one.

    - `view`: all bytes of the executable (of its slice of a universal file).
    - `pointer`: size of an address, 4 or 8 bytes; `big_endian`: order of its bytes.
    - `sections`: named parts; `segments`: what is loaded into memory (for PE the sections again).
    - `directories`: PE's data directories as (address, size), by number.
    """

    format: Format
    view: memoryview
    pointer: int
    big_endian: bool
    sections: tuple[Region, ...]
    segments: tuple[Region, ...]
    directories: tuple[tuple[int, int], ...] = ()
    base: int = 0
    """For PE: the address that the relative addresses of the file count from."""
    damage: str = ""
    """What of the headers could not be read, in words; the rest is as it should be."""

    @property
    def order(self) -> str:
        """The byte order as `struct` writes it."""
        return ">" if self.big_endian else "<"

    def region(self, name: str) -> Region | None:
        """The first section of that name."""
        return next((section for section in self.sections if section.name == name), None)

    def section(self, name: str) -> memoryview | None:
        """The bytes of the first section of that name; cut where the file ends."""
        region = self.region(name)
        return None if region is None else self.bytes_of(region)

    def bytes_of(self, region: Region) -> memoryview:
        """The bytes of a region in the file; cut where the file ends."""
        return self.view[region.offset : region.offset + region.size]

    def at(self, address: int, size: int) -> memoryview | None:
        """The `size` bytes that the file has for an address; None where it has not all of them."""
        for region in self.segments:
            inside = address - region.address
            if inside >= 0 and inside + size <= region.size:
                start = region.offset + inside
                found = self.view[start : start + size]
                return found if len(found) == size else None
        return None

    def writable(self) -> Iterator[Region]:
        """Segments that hold initialised, writable data, in the file's order."""
        return (region for region in self.segments if region.writable and region.size)
