"""The version resource of Windows executables: numbers and texts such as `ProductVersion`.

Formats: Microsoft's "PE Format" (the .rsrc section) and "VS_VERSIONINFO structure".
"""

from collections.abc import Iterator
from struct import Struct

from openinspector.inventory.executables.image import Executable

_RESOURCES = 2
_VERSION = 16
_TABLE = Struct("<12x2H")
_ENTRY = Struct("<2I")
_LEAF = Struct("<2I8x")
_HEAD = Struct("<3H")
_FIXED = Struct("<4I")
_SIGNATURE = 0xFEEF04BD
_MOST_ENTRIES = 4096
_MOST_BYTES = 1024 * 1024
_SUBDIRECTORY = 0x80000000


def read(executable: Executable) -> dict[str, str]:
    """Return the texts of the first version resource by name; empty where there is none.

    `FileVersion` and `ProductVersion` also come from the numbers where the texts lack them. What is
    damaged is left out.
    """
    if executable.format != "pe" or len(executable.directories) <= _RESOURCES:
        return {}
    address, _ = executable.directories[_RESOURCES]
    region = next(
        (each for each in executable.sections if 0 <= address - each.address < each.size), None
    )
    if not address or region is None:
        return {}
    resources = executable.bytes_of(region)[address - region.address :]
    for start, size in _leaves(resources):
        inside = start + executable.base - address
        if 0 <= inside < len(resources):
            return _texts(resources[inside : inside + min(size, _MOST_BYTES)])
    return {}


def _leaves(resources: memoryview) -> Iterator[tuple[int, int]]:
    """Relative address and size of every version resource, through the three levels of tables."""
    for kind, table in _entries(resources, 0):
        if kind != _VERSION or not table & _SUBDIRECTORY:
            continue
        for _, names in _entries(resources, table & ~_SUBDIRECTORY):
            if not names & _SUBDIRECTORY:
                continue
            for _, leaf in _entries(resources, names & ~_SUBDIRECTORY):
                if not leaf & _SUBDIRECTORY and leaf + _LEAF.size <= len(resources):
                    yield _LEAF.unpack_from(resources, leaf)


def _entries(resources: memoryview, at: int) -> Iterator[tuple[int, int]]:
    if at + _TABLE.size > len(resources):
        return
    named, numbered = _TABLE.unpack_from(resources, at)
    rows = resources[at + _TABLE.size :][: min(named + numbered, _MOST_ENTRIES) * _ENTRY.size]
    yield from _ENTRY.iter_unpack(rows[: len(rows) - len(rows) % _ENTRY.size])


def _texts(block: memoryview) -> dict[str, str]:
    found: dict[str, str] = {}
    texts: dict[str, str] = {}
    for key, value, children in _blocks(block, 1):
        if key != "VS_VERSION_INFO":
            continue
        if len(value) >= 24 and int.from_bytes(value[:4], "little") == _SIGNATURE:
            file_high, file_low, high, low = _FIXED.unpack_from(value, 8)
            found["FileVersion"] = _number(file_high, file_low)
            found["ProductVersion"] = _number(high, low)
        for kind, _, tables in _blocks(children, _MOST_ENTRIES):
            if kind != "StringFileInfo":
                continue
            for _, _, strings in _blocks(tables, _MOST_ENTRIES):
                for name, text, _ in _blocks(strings, _MOST_ENTRIES):
                    texts.setdefault(name, _decoded(text))
    return found | {name: text for name, text in texts.items() if text}


def _blocks(data: memoryview, most: int) -> Iterator[tuple[str, memoryview, memoryview]]:
    """Key, value and children of the blocks that follow each other, each on four bytes."""
    at = 0
    while at + _HEAD.size <= len(data) and most > 0:
        length, value_length, kind = _HEAD.unpack_from(data, at)
        if length < _HEAD.size:
            return
        block = data[at : at + length]
        end = _HEAD.size
        while end + 1 < len(block) and (block[end] or block[end + 1]):
            end += 2
        key = str(block[_HEAD.size : end], "utf-16-le", "replace")
        start = _aligned(end + 2)
        # The length of a text counts characters, that of anything else bytes.
        size = value_length * 2 if kind == 1 else value_length
        yield key, block[start : start + size], block[_aligned(start + size) :]
        at = at + _aligned(length)
        most -= 1


def _aligned(offset: int) -> int:
    return offset + -offset % 4


def _decoded(value: memoryview) -> str:
    return str(value, "utf-16-le", "replace").partition("\0")[0].strip()


def _number(high: int, low: int) -> str:
    return f"{high >> 16}.{high & 0xFFFF}.{low >> 16}.{low & 0xFFFF}"
