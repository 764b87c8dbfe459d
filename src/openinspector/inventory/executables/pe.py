"""Read the headers of PE files (Microsoft's "PE Format": COFF and optional header, sections)."""

from struct import Struct

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.executables.image import Executable, Region

MAGIC = b"MZ"

_LFANEW = Struct("<I")
# machine, sections, time, symbol table, symbols, size of optional header, characteristics
_COFF = Struct("<HHIIIHH")
# name, virtual size, virtual address, raw size, raw offset, relocations ..., characteristics
_SECTION = Struct("<8sIIII12xI")
_DIRECTORY = Struct("<II")
_INITIALISED, _WRITE = 0x40, 0x80000000
_MAX_DIRECTORIES = 16
_NAME_LENGTH = 64


def is_pe(view: memoryview) -> bool:
    """Tell a PE file from the other kinds that begin with `MZ` (DOS programs, by chance)."""
    if len(view) < 0x40 or bytes(view[:2]) != MAGIC:
        return False
    start = _LFANEW.unpack_from(view, 0x3C)[0]
    return bytes(view[start : start + 4]) == b"PE\0\0"


def parse(view: memoryview) -> Executable:
    """Return the sections and data directories; addresses count from the image's base.

    Raises `ReadError` where the headers are broken or cut off.
    """
    if not is_pe(view):
        raise ReadError("it is not a PE file")
    start: int = _LFANEW.unpack_from(view, 0x3C)[0] + 4
    optional = start + _COFF.size
    if len(view) < optional + 2:
        raise ReadError("it is cut off in its PE header")
    _, count, _, symbols, symbol_count, optional_size, _ = _COFF.unpack_from(view, start)
    table = optional + optional_size
    if table + count * _SECTION.size > len(view):
        raise ReadError("its PE section table lies beyond its end: it was cut off")
    wide = bytes(view[optional : optional + 2]) == b"\x0b\x02"
    base = _base(view[optional:table], wide)
    names = symbols + symbol_count * 18 if symbols else 0
    sections = tuple(
        _section(view, row, base, names)
        for row in _SECTION.iter_unpack(view[table : table + count * _SECTION.size])
    )
    return Executable(
        format="pe",
        view=view,
        pointer=8 if wide else 4,
        big_endian=False,
        sections=sections,
        segments=sections,
        directories=_directories(view[optional:table], wide, base),
        base=base,
    )


def _base(optional: memoryview, wide: bool) -> int:
    field = Struct("<Q") if wide else Struct("<I")
    offset = 24 if wide else 28
    if len(optional) < offset + field.size:
        return 0
    base: int = field.unpack_from(optional, offset)[0]
    return base


def _section(
    view: memoryview, row: tuple[bytes, int, int, int, int, int], base: int, names: int
) -> Region:
    raw, _, address, size, offset, flags = row
    return Region(
        _name(view, raw, names),
        base + address,
        offset,
        size,
        flags & _WRITE != 0 and flags & _INITIALISED != 0,
    )


def _name(view: memoryview, raw: bytes, names: int) -> str:
    """A section's name; `/123` is an offset into the table of long names."""
    short = raw.partition(b"\0")[0]
    if names and short[:1] == b"/" and short[1:].isdigit():
        start = names + int(short[1:])
        long = bytes(view[start : start + _NAME_LENGTH])
        return long.partition(b"\0")[0].decode("latin-1")
    return short.decode("latin-1")


def _directories(optional: memoryview, wide: bool, base: int) -> tuple[tuple[int, int], ...]:
    offset = 108 if wide else 92
    if len(optional) < offset + 4:
        return ()
    count = min(_LFANEW.unpack_from(optional, offset)[0], _MAX_DIRECTORIES)
    rows = optional[offset + 4 : offset + 4 + count * _DIRECTORY.size]
    rows = rows[: len(rows) - len(rows) % _DIRECTORY.size]
    return tuple((base + row[0] if row[0] else 0, row[1]) for row in _DIRECTORY.iter_unpack(rows))
