"""rpm's SQLite database, `rpmdb.sqlite`, read without SQLite.

Format: https://www.sqlite.org/fileformat2.html. Only the b-tree of the table `Packages` (hnum
INTEGER PRIMARY KEY, blob BLOB) is walked: no SQL of a hostile schema is ever run, nothing is
copied, and a damaged page costs only the packages on it.
"""

import struct
from collections.abc import Iterator, Mapping

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.rpmdb import wal
from openinspector.inventory.rpmdb.damage import Damage

_MAGIC = b"SQLite format 3\0"
_INTERIOR, _LEAF = 5, 13


def recognises(data: memoryview) -> bool:
    """Whether this is an SQLite database."""
    return bytes(data[:16]) == _MAGIC


class _Database:
    """Pages of one database, with those that the write-ahead log replaces."""

    def __init__(self, data: memoryview, replaced: Mapping[int, memoryview], size: int) -> None:
        self.data = data
        self.replaced = replaced
        self.size = size
        self.usable = size - data[20]
        if self.usable < 480:
            raise ReadError("SQLite database is damaged: page size")
        self.used: set[int] = set()
        self.left = len(data) + size * len(replaced)

    def page(self, number: int) -> memoryview:
        """One page by its number from 1, once."""
        if number in self.used:
            raise ReadError(f"SQLite page {number} is used twice")
        self.used.add(number)
        page = self.replaced.get(number)
        if page is None:
            page = self.data[(number - 1) * self.size : number * self.size] if number else None
        if page is None or len(page) < self.size:
            raise ReadError(f"SQLite page {number} is missing: the file is cut short")
        return page

    def rows(self, root: int, damage: Damage) -> Iterator[bytes]:
        """The payload of every row of a table."""
        waiting = [root]
        while waiting:
            number = waiting.pop()
            try:
                page = self.page(number)
                children, cells = self._cells(page, 100 if number == 1 else 0)
            except ReadError as error:
                damage(str(error))
                continue
            waiting.extend(reversed(children))
            for cell in cells:
                if self.left < 0:
                    raise ReadError("SQLite cells promise more than the database holds")
                try:
                    yield self._payload(page, cell)
                except ReadError as error:
                    damage(str(error))

    def _cells(self, page: memoryview, start: int) -> tuple[list[int], tuple[int, ...]]:
        """The pages below an interior page, or the offsets of a leaf's cells."""
        kind, count = struct.unpack_from(">B2xH", page, start)
        head = start + (12 if kind == _INTERIOR else 8)
        if kind not in (_INTERIOR, _LEAF) or head + 2 * count > self.usable:
            raise ReadError("SQLite page is damaged")
        offsets = struct.unpack_from(f">{count}H", page, head)
        if kind == _LEAF:
            return [], offsets
        if any(offset > self.usable - 4 for offset in offsets):
            raise ReadError("SQLite page is damaged")
        children = [struct.unpack_from(">I", page, offset)[0] for offset in offsets]
        return [*children, struct.unpack_from(">I", page, start + 8)[0]], ()

    def _payload(self, page: memoryview, at: int) -> bytes:
        """The payload of a leaf cell, with what overflow pages hold of it."""
        length, at = _varint(page, at)
        _, at = _varint(page, at)
        self.left -= length + 4  # a cell's offset, length and row id take four bytes or more
        most = self.usable - 35
        local = length
        if length > most:
            least = (self.usable - 12) * 32 // 255 - 23
            local = least + (length - least) % (self.usable - 4)
            local = local if local <= most else least
        if at + local + (4 if local < length else 0) > self.usable:
            raise ReadError("SQLite cell is damaged")
        parts = [bytes(page[at : at + local])]
        left = length - local
        following = struct.unpack_from(">I", page, at + local)[0] if left else 0
        while left > 0:
            overflow = self.page(following)
            following = struct.unpack_from(">I", overflow)[0]
            part = bytes(overflow[4 : 4 + min(left, self.usable - 4)])
            parts.append(part)
            left -= len(part)
        return b"".join(parts)


def _varint(page: memoryview, at: int) -> tuple[int, int]:
    """A variable-length integer and where it ends."""
    value = 0
    for step in range(9):
        if at >= len(page):
            raise ReadError("SQLite cell is damaged")
        byte = page[at]
        at += 1
        if step == 8:
            return value << 8 | byte, at
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, at


_FIXED_SIZES = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8, 8: 0, 9: 0}
"""Serial type to size of the value in bytes."""


def _columns(payload: bytes, most: int) -> list[tuple[int, bytes]]:
    """The first columns of a record: serial type and raw value."""
    view = memoryview(payload)
    head, at = _varint(view, 0)
    columns: list[tuple[int, bytes]] = []
    value = head
    while at < head and len(columns) < most:
        kind, at = _varint(view, at)
        size = _FIXED_SIZES[kind] if kind in _FIXED_SIZES else (kind - 12) // 2
        if kind in (10, 11) or value + size > len(payload):
            raise ReadError("SQLite record is damaged")
        columns.append((kind, payload[value : value + size]))
        value += size
    return columns


def _root(database: _Database, damage: Damage) -> int:
    """The root page of the table Packages, by the schema on page 1."""
    for payload in database.rows(1, damage):
        try:
            columns = _columns(payload, 4)
        except ReadError as error:
            damage(str(error))
            continue
        if len(columns) == 4 and columns[0][1] == b"table" and columns[1][1] == b"Packages":
            return int.from_bytes(columns[3][1], "big")
    raise ReadError("SQLite database without a table of packages")


def blobs(data: memoryview, journal: memoryview | None, damage: Damage) -> Iterator[bytes]:
    """Yield the header blobs of an rpm SQLite database; complain of damaged pages.

    What a write-ahead log beside it has committed counts, as it would for rpm itself.
    """
    size = int.from_bytes(data[16:18], "big")
    size = 65536 if size == 1 else size
    if len(data) < 512 or size < 512 or size & (size - 1):
        raise ReadError("SQLite database is damaged or cut short")
    replaced = wal.committed(journal, size, damage) if journal else {}
    database = _Database(data, replaced, size)
    root = _root(database, damage)
    for payload in database.rows(root, damage):
        try:
            columns = _columns(payload, 2)
        except ReadError as error:
            damage(str(error))
            continue
        if len(columns) == 2 and columns[1][0] >= 12:
            yield columns[1][1]
