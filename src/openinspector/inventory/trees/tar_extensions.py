"""What tar headers carry beyond the first 512 bytes: numbers in base 256, pax records, sparse maps.

Sparse formats: https://www.gnu.org/software/tar/manual/html_node/Sparse-Formats.html
"""

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from openinspector.inventory.trees.tar import Reader

EXTENSION_BYTES = 1024 * 1024
"""Largest extension header (long names, pax records, sparse maps); Go has the same limit."""

_LARGEST = 1 << 62

Stretches = tuple[tuple[int, int], ...]
"""Offset and length of each stretch of data of a sparse file; zeroes lie between them."""


class Damaged(Exception):
    """An archive cannot be read any further; `at` is the offset within it."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason


def number(field: bytes, at: int) -> int:
    """An octal number padded with spaces or NUL, or a base-256 one; never negative."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big") & (1 << (8 * len(field) - 1)) - 1
        if field[0] & 0x40 or value > _LARGEST:
            raise Damaged(at, "a header holds a number out of range")
        return value
    digits = field.strip(b" \0").partition(b"\0")[0]
    if not digits:
        return 0
    try:
        value = int(digits, 8)
    except ValueError:
        raise Damaged(at, "a header holds a number that is none") from None
    if value < 0 or b"_" in digits:
        raise Damaged(at, "a header holds a number that is none")
    return value


def pax_records(data: bytes, at: int) -> dict[str, str]:
    """The records of a pax header, `LENGTH KEY=VALUE` and a newline each.

    The repeated keys of sparse format 0.0 become the one key of 0.1.
    """
    records: dict[str, str] = {}
    pairs: list[str] = []
    position = 0
    while position < len(data):
        space = data.find(b" ", position, position + 20)
        length = data[position:space] if space > 0 else b""
        if not length.isdigit():
            if not data[position:].strip(b"\0"):
                break
            raise Damaged(at, "a pax header is malformed")
        end = position + int(length)
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if end <= space + 1 or end > len(data) or not equals or data[end - 1] != 0x0A:
            raise Damaged(at, "a pax header is malformed")
        text = value.decode("utf-8", "surrogateescape")
        name = key.decode("utf-8", "surrogateescape")
        if name in ("GNU.sparse.offset", "GNU.sparse.numbytes"):
            pairs.append(text)
        elif text or name not in ("path", "linkpath", "size"):
            records[name] = text
        position = end
    if pairs:
        records["GNU.sparse.map"] = ",".join(pairs)
    return records


class Sparse(msgspec.Struct, frozen=True):
    """A sparse file: its real size, where its data belongs, what of the archive comes before it."""

    size: int
    stretches: Stretches
    header_bytes: int = 0
    """Bytes of map between the header and the data, multiple of 512."""
    counted: bool = False
    """Whether the size in the header counts those bytes."""
    name: str | None = None

    def place(self, start: int, size: int) -> tuple[Stretches, int, int, int]:
        """Stretches, real size, offset of the data and of its end."""
        data = start + self.header_bytes
        end = start + size if self.counted else data + size
        return self.stretches, self.size, data, end


def gnu_sparse(header: bytes, reader: "Reader", start: int, size: int) -> Sparse:
    """The old GNU format: a map in the header, continued in blocks of 21 pairs before the data."""
    pairs = [header[386 + 24 * i : 410 + 24 * i] for i in range(4)]
    real = number(header[483:495], start)
    extended = header[482]
    blocks = 0
    while extended:
        block = reader.block(start + 512 * blocks)
        blocks += 1
        if len(block) < 512 or 512 * blocks > EXTENSION_BYTES:
            raise Damaged(start, "the map of a sparse file does not end")
        pairs += [block[24 * i : 24 * i + 24] for i in range(21)]
        extended = block[504]
    stretches = [
        (number(pair[:12], start), number(pair[12:], start))
        for pair in pairs
        if pair[0] or pair[12]
    ]
    return _checked(Sparse(real, tuple(stretches), 512 * blocks), size, start)


def pax_sparse(pax: dict[str, str], reader: "Reader", start: int, size: int) -> Sparse | None:
    """The pax formats 0.0, 0.1 (map in the records) and 1.0 (map before the data)."""
    if "GNU.sparse.map" not in pax and pax.get("GNU.sparse.major") != "1":
        return None
    name = pax.get("GNU.sparse.name") or None
    real = _decimal(pax.get("GNU.sparse.realsize") or pax.get("GNU.sparse.size"), start)
    if pax.get("GNU.sparse.major") == "1":
        numbers, used = _map_of_1_0(reader, start, size)
        sparse = Sparse(real, _pairs(numbers, start), used, True, name)
        return _checked(sparse, size - used, start)
    numbers = [_decimal(text, start) for text in pax["GNU.sparse.map"].split(",")]
    return _checked(Sparse(real, _pairs(numbers, start), name=name), size, start)


def _map_of_1_0(reader: "Reader", start: int, size: int) -> tuple[list[int], int]:
    """Decimal numbers, a line each: how many pairs, then the pairs; padded to whole blocks."""
    text = bytearray()
    wanted = None
    newlines = 0
    while wanted is None or newlines < wanted:
        if len(text) >= min(size, EXTENSION_BYTES):
            raise Damaged(start, "the map of a sparse file does not end")
        block = reader.take(start + len(text), 512)
        text += block
        newlines += block.count(b"\n")
        if wanted is None and newlines:
            wanted = 1 + 2 * _decimal(text.partition(b"\n")[0].decode("ascii", "replace"), start)
    lines = text.decode("ascii", "replace").split("\n")
    return [_decimal(line, start) for line in lines[1:wanted]], len(text)


def _pairs(numbers: list[int], at: int) -> Stretches:
    if len(numbers) % 2:
        raise Damaged(at, "the map of a sparse file is malformed")
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def _decimal(text: str | None, at: int) -> int:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 19:
        raise Damaged(at, "the map of a sparse file is malformed")
    return int(text)


def _checked(sparse: Sparse, stored: int, at: int) -> Sparse:
    """Stretches must ascend, lie within the file and hold just what the archive stores."""
    end = 0
    for offset, length in sparse.stretches:
        if offset < end:
            raise Damaged(at, "the map of a sparse file is malformed")
        end = offset + length
    if end > sparse.size or sum(length for _, length in sparse.stretches) != stored:
        raise Damaged(at, "the map of a sparse file does not fit its data")
    return sparse


def expand(data: bytes, size: int, stretches: Stretches) -> bytes:
    """The content of a sparse file from the data that the archive stores."""
    content = bytearray(size)
    position = 0
    for offset, length in stretches:
        content[offset : offset + length] = data[position : position + length]
        position += length
    return bytes(content)
