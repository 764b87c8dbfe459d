"""What LVM2 writes about a volume group: found by a physical volume's label, a text of sections.

LVM2's lib/format_text/layout.h and doc/lvm2-raid.txt; `pvck --dump` shows the same.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Union

from openinspector.inventory.trees.disk.extent import Extent

Value = Union[str, int, "list[str | int]", "Section"]
Section = dict[str, Value]
"""`name { key = value ... }`: values are strings, numbers, lists of them, and sections."""

_SECTOR = 512
_MAGIC = b" LVM2 x[5A%r0N*>"
_LARGEST = 64 * 1024 * 1024
_DEPTH = 16
_AREAS = 16
_CHECKSUM_START = 0xF597A6CF
_TOKEN = re.compile(
    r"""\s+ | \#[^\n]* | "(?P<string>(?:[^"\\]|\\.)*)" | (?P<number>-?\d+(?:\.\d+)?)(?![\w.-])"""
    r"""| (?P<word>[\w.+-]+) | (?P<mark>[{}\[\]=,])""",
    re.VERBOSE,
)


def read_label(volume: Extent) -> tuple[str, list[tuple[int, int]]]:
    """A physical volume's identifier and its metadata areas (offset, size). Raises `OSError`."""
    for sector in range(4):
        label = volume.read_at(sector * _SECTOR, _SECTOR)
        if label.startswith(b"LABELONE") and len(label) == _SECTOR:
            return _header(label, struct.unpack_from("<I", label, 20)[0])
    raise OSError(0, "the label of the physical volume is missing")


def _header(label: bytes, start: int) -> tuple[str, list[tuple[int, int]]]:
    """The header of a physical volume: two lists of areas (data, metadata), each ended by zeros."""
    if not 32 <= start <= _SECTOR - 40:
        raise OSError(0, "the label of the physical volume is damaged")
    identifier = label[start : start + 32].decode("latin-1")
    lists: list[list[tuple[int, int]]] = [[], []]
    current = 0
    for at in range(start + 40, _SECTOR - 15, 16):
        offset, size = struct.unpack_from("<QQ", label, at)
        if offset:
            lists[current].append((offset, size))
        elif current:
            break
        else:
            current = 1
    return identifier, lists[1][:_AREAS]


def read_text(volume: Extent, areas: list[tuple[int, int]]) -> str | None:
    """The metadata in the first area that is whole; None: this volume has none.

    Raises `OSError` if there are areas and none is whole.
    """
    for start, size in areas:
        header = volume.read_at(start, _SECTOR)
        if len(header) < _SECTOR or header[4:20] != _MAGIC:
            continue
        offset, length, checksum, _ = struct.unpack_from("<QQII", header, 40)
        if not _SECTOR <= offset < size or not length <= min(size, _LARGEST):
            continue
        before = min(length, size - offset)
        # The area is a ring: what does not fit at its end goes on behind its header.
        data = volume.read_at(start + offset, before)
        data += volume.read_at(start + _SECTOR, length - before)
        if zlib.crc32(data, _CHECKSUM_START ^ 0xFFFFFFFF) ^ 0xFFFFFFFF == checksum:
            return data.rstrip(b"\0").decode("utf-8", "replace")
    if areas:
        raise OSError(0, "the metadata of LVM is damaged")
    return None


def parse(text: str) -> Section:
    """The sections of a metadata text. Raises `ValueError` if it is none."""
    return _section(_tokens(text), 0)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError("the metadata of LVM cannot be understood")
        position = match.end()
        if match.lastgroup:
            yield match.lastgroup, match[match.lastgroup]


def _section(tokens: Iterator[tuple[str, str]], depth: int) -> Section:
    if depth > _DEPTH:
        raise ValueError("the metadata of LVM is nested too deeply")
    found: Section = {}
    for kind, name in tokens:
        if (kind, name) == ("mark", "}"):
            return found
        _, mark = next(tokens, ("", ""))
        if mark == "{":
            found[name] = _section(tokens, depth + 1)
        elif mark == "=":
            found[name] = _value(tokens)
        else:
            raise ValueError("the metadata of LVM cannot be understood")
    if depth:
        raise ValueError("the metadata of LVM ends too early")
    return found


def _value(tokens: Iterator[tuple[str, str]]) -> Value:
    first = next(tokens, ("", ""))
    if first != ("mark", "["):
        return _scalar(first)
    items: list[str | int] = []
    for token in tokens:
        if token == ("mark", "]"):
            return items
        if token != ("mark", ","):
            items.append(_scalar(token))
    raise ValueError("the metadata of LVM ends too early")


def _scalar(token: tuple[str, str]) -> str | int:
    kind, text = token
    if kind == "number":
        return int(text.partition(".")[0])
    if kind == "string":
        return re.sub(r"\\(.)", r"\1", text)
    raise ValueError("the metadata of LVM cannot be understood")
