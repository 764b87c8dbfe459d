"""Read the headers of Mach-O files, thin and universal (Apple's `mach-o/loader.h`, `fat.h`)."""

from struct import Struct

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.executables.image import MAX_SECTIONS, Executable, Region

_THIN = {
    b"\xce\xfa\xed\xfe": ("<", False),
    b"\xcf\xfa\xed\xfe": ("<", True),
    b"\xfe\xed\xfa\xce": (">", False),
    b"\xfe\xed\xfa\xcf": (">", True),
}
_FAT, _FAT_64 = b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"

MAGICS: tuple[bytes, ...] = (*_THIN, _FAT, _FAT_64)

_MAX_ARCHITECTURES = 32
"""A Java class begins as a universal file does, and has at least 45 where this number stands."""

_SEGMENT, _SEGMENT_64 = 0x1, 0x19
_ZERO_FILL = {0x1, 0xC, 0x12}
_READ_WRITE = 3


def is_universal(view: memoryview) -> bool:
    """Tell a universal file from a Java class, which has the same first bytes."""
    magic = bytes(view[:4])
    if magic not in (_FAT, _FAT_64) or len(view) < 8:
        return False
    return 0 < int.from_bytes(view[4:8], "big") <= _MAX_ARCHITECTURES


def architectures(view: memoryview) -> list[memoryview]:
    """The thin files within a universal one. Raises `ReadError` where their table is cut off."""
    wide = bytes(view[:4]) == _FAT_64
    record = Struct(">8xQQ8x") if wide else Struct(">8xII4x")
    count = int.from_bytes(view[4:8], "big")
    table = view[8 : 8 + count * record.size]
    if len(table) < count * record.size:
        raise ReadError("it is cut off in its table of architectures")
    return [view[offset : offset + size] for offset, size in record.iter_unpack(table)]


def parse(view: memoryview) -> Executable:
    """Return the sections and segments of a thin file. Raises `ReadError` on broken headers."""
    kind = _THIN.get(bytes(view[:4]))
    if kind is None:
        raise ReadError("it is not a Mach-O file")
    order, wide = kind
    header = Struct(f"{order}16xIII" + ("4x" if wide else ""))
    if len(view) < header.size:
        raise ReadError("it is cut off in its Mach-O header")
    count, size, _ = header.unpack_from(view)
    commands = view[header.size : header.size + size]
    if len(commands) < size or count > MAX_SECTIONS:
        raise ReadError("its Mach-O load commands lie beyond its end: it was cut off")
    sections: list[Region] = []
    segments: list[Region] = []
    for command in _commands(commands, count, order):
        _segment(command, order, sections, segments)
    return Executable(
        format="mach-o",
        view=view,
        pointer=8 if wide else 4,
        big_endian=order == ">",
        sections=tuple(sections),
        segments=tuple(segments),
    )


def _commands(commands: memoryview, count: int, order: str) -> list[memoryview]:
    head = Struct(f"{order}II")
    found = []
    offset = 0
    for _ in range(count):
        if offset + head.size > len(commands):
            break
        size = head.unpack_from(commands, offset)[1]
        if size < head.size or offset + size > len(commands):
            raise ReadError("a Mach-O load command has an impossible size")
        found.append(commands[offset : offset + size])
        offset += size
    return found


def _segment(
    command: memoryview, order: str, sections: list[Region], segments: list[Region]
) -> None:
    """Add a segment and its sections, if the load command is one."""
    kind = Struct(f"{order}I").unpack_from(command)[0]
    if kind not in (_SEGMENT, _SEGMENT_64):
        return
    wide = kind == _SEGMENT_64
    # name, address, size in memory, offset, size in the file, two protections, sections, flags
    head = Struct(f"{order}8x16s{'4Q' if wide else '4I'}4I")
    if len(command) < head.size:
        raise ReadError("a Mach-O segment is cut off")
    name, address, _, offset, size, _, protection, count, _ = head.unpack_from(command)
    writable = protection & _READ_WRITE == _READ_WRITE
    segments.append(Region(_text(name), address, offset, size, writable))
    # name, segment's name, address, size, offset, alignment, relocations, flags, reserved
    record = Struct(f"{order}16s16s{'2Q' if wide else '2I'}5I{'12x' if wide else '8x'}")
    rows = command[head.size : head.size + count * record.size]
    rows = rows[: len(rows) - len(rows) % record.size]
    for own, _, start, length, where, _, _, _, flags in record.iter_unpack(rows):
        if flags & 0xFF not in _ZERO_FILL:
            sections.append(Region(_text(own), start, where, length, writable))


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("latin-1")
