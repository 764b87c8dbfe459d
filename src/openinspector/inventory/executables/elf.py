"""Read the headers of ELF files (System V gABI, chapter 4 and 5; both classes and byte orders)."""

from collections.abc import Callable
from struct import Struct

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.executables.image import MAX_SECTIONS, Executable, Region

MAGIC = b"\x7fELF"

_LOAD = 1
_NO_BITS = 8
_COMPRESSED = 0x800
_WRITE_AND_EXECUTE, _WRITE = 3, 2
_NAME_LENGTH = 64
_HEAD = 64
_LONGEST_NAMES = 1024 * 1024


class _Layout:
    """The records of one class (32 or 64 bits) and byte order."""

    def __init__(self, order: str, wide: bool) -> None:
        word = "Q" if wide else "I"
        # phoff, shoff, flags, ehsize, phentsize, phnum, shentsize, shnum, shstrndx
        self.header = Struct(f"{order}8x{word}{word}I6H" if wide else f"{order}4x{word}{word}I6H")
        # name, type, flags, addr, offset, size, link, info, addralign, entsize
        self.section = Struct(f"{order}II4{word}II2{word}")
        # 64: type, flags, offset, vaddr, paddr, filesz, memsz, align
        # 32: type, offset, vaddr, paddr, filesz, memsz, flags, align
        self.segment = Struct(f"{order}II6Q" if wide else f"{order}8I")
        self.wide = wide


_LAYOUTS = {
    (class_, data): _Layout("<" if data == 1 else ">", class_ == 2)
    for class_ in (1, 2)
    for data in (1, 2)
}


def section_names(size: int, part: Callable[[int, int], bytes | memoryview]) -> bytes | None:
    """The string table of section names of a file of `size` bytes, read by `part(offset, size)`.

    None where the headers are not plain and whole: `parse` then says what is wrong. Most programs
    hold nothing of interest, and this tells so from some hundred bytes of each.
    """
    head = part(0, _HEAD)
    if len(head) < _HEAD or bytes(head[:4]) != MAGIC:
        return None
    layout = _LAYOUTS.get((head[4], head[5]))
    if layout is None:
        return None
    phoff, shoff, _, _, phentsize, phnum, entry, count, names = layout.header.unpack_from(head, 24)
    record = layout.section
    whole = shoff and entry == record.size and names < count <= MAX_SECTIONS and names != 0xFFFF
    if not whole or max(shoff + count * entry, phoff + phnum * phentsize) > size:
        return None
    row = part(shoff + names * entry, entry)
    if len(row) < entry:
        return None
    _, _, _, _, offset, length, *_ = record.unpack_from(row)
    if length > _LONGEST_NAMES or offset + length > size:
        return None
    return bytes(part(offset, length))


def parse(view: memoryview) -> Executable:
    """Return the sections and loaded segments.

    A section table out of reach leaves `sections` empty and is told by `damage`: it stands at the
    end of the file and is the first to go when a file is cut off. Raises `ReadError` where the
    headers are broken.
    """
    if len(view) < 52:
        raise ReadError("it is cut off in its ELF header")
    layout = _LAYOUTS.get((view[4], view[5]))
    if layout is None:
        raise ReadError("its ELF header names no known class and byte order")
    if len(view) < 24 + layout.header.size:
        raise ReadError("it is cut off in its ELF header")
    phoff, shoff, _, _, phentsize, phnum, shentsize, shnum, names = layout.header.unpack_from(
        view, 24
    )
    damage = ""
    try:
        sections = _sections(view, layout, shoff, shentsize, shnum, names)
    except ReadError as error:
        sections, damage = (), str(error)
    return Executable(
        format="elf",
        view=view,
        pointer=8 if layout.wide else 4,
        big_endian=view[5] == 2,
        sections=sections,
        segments=_segments(view, layout, phoff, phentsize, phnum),
        damage=damage,
    )


def _sections(
    view: memoryview, layout: _Layout, offset: int, entry: int, count: int, names: int
) -> tuple[Region, ...]:
    """The section table; empty where the file has none (stripped of it, or packed)."""
    record = layout.section
    if offset == 0 or entry != record.size:
        return ()
    if offset + record.size > len(view):
        raise ReadError("its ELF section table lies beyond its end: it was cut off")
    if count == 0 or names == 0xFFFF:
        # More sections than 16 bits can tell: the first record holds the true numbers.
        first = record.unpack_from(view, offset)
        count, names = count or first[5], first[6] if names == 0xFFFF else names
    end = offset + count * record.size
    if count > MAX_SECTIONS or end > len(view):
        raise ReadError("its ELF section table lies beyond its end: it was cut off")
    table = list(record.iter_unpack(view[offset:end]))
    if names >= len(table):
        return ()
    strings = view[table[names][4] : table[names][4] + table[names][5]]
    return tuple(
        # Neither compressed sections nor those without bytes can be read as they stand.
        Region(_name(strings, row[0]), row[3], row[4], row[5], bool(row[2] & 1))
        for row in table
        if row[1] != _NO_BITS and not row[2] & _COMPRESSED
    )


def _name(strings: memoryview, offset: int) -> str:
    return bytes(strings[offset : offset + _NAME_LENGTH]).partition(b"\0")[0].decode("latin-1")


def _segments(
    view: memoryview, layout: _Layout, offset: int, entry: int, count: int
) -> tuple[Region, ...]:
    record = layout.segment
    end = offset + count * record.size
    if offset == 0 or entry != record.size:
        return ()
    if end > len(view):
        raise ReadError("its ELF program headers lie beyond its end: it was cut off")
    regions = []
    for row in record.iter_unpack(view[offset:end]):
        if row[0] != _LOAD:
            continue
        flags, start, address, size = (
            (row[1], row[2], row[3], row[5]) if layout.wide else (row[6], row[1], row[2], row[4])
        )
        regions.append(Region("", address, start, size, flags & _WRITE_AND_EXECUTE == _WRITE))
    return tuple(regions)
