"""rpm's Berkeley DB hash database: `Packages` up to RHEL 8 and Fedora 32.

The on-disk structures are those of Berkeley DB 4 and 5 (its db_page.h): page 0 describes the
file, hash pages hold pairs of key and value, and a value too large for its page stands on a chain
of overflow pages. Keys are instance numbers; key 0 holds the highest, all others headers.
"""

import struct
from collections.abc import Iterator
from typing import Literal

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.rpmdb.damage import Damage

_MAGIC = 0x061561
_HASH_PAGES = frozenset({2, 13})
"""Page types of hash buckets: unsorted (before 4.6) and sorted."""
_OVERFLOW = 7
_ON_PAGE, _OFF_PAGE = 1, 3
_HEADER = 26

Order = Literal["<", ">"]


def _order(data: memoryview) -> Order | None:
    for order in ("<", ">"):
        if len(data) >= 72 and struct.unpack_from(f"{order}I", data, 12)[0] == _MAGIC:
            return order
    return None


def recognises(data: memoryview) -> bool:
    """Whether this is a Berkeley DB hash file, of either byte order."""
    return _order(data) is not None


class _Pages:
    """The pages of one file; every overflow page can be used once."""

    def __init__(self, data: memoryview, order: Order) -> None:
        self.data = data
        self.order = order
        self.size: int = struct.unpack_from(f"{order}I", data, 20)[0]
        encryption, kind, flags = data[24], data[25], data[26]
        if kind != 8 or not 512 <= self.size <= 65536 or self.size & (self.size - 1):
            raise ReadError("Berkeley DB file is damaged: page size or type")
        if encryption or flags & 1:
            raise ReadError("Berkeley DB file with encryption or checksums is not read")
        last: int = struct.unpack_from(f"{order}I", data, 32)[0]
        self.complete = len(data) // self.size
        self.promised = last + 1
        self.used: set[int] = set()

    def chain(self, page: int, length: int) -> bytes:
        """The value that begins on an overflow page."""
        parts: list[bytes] = []
        left = length
        while left > 0:
            if not 0 < page < self.complete or page in self.used:
                raise ReadError("overflow pages are damaged or cut short")
            self.used.add(page)
            start = page * self.size
            following, filled = struct.unpack_from(f"{self.order}I2xH", self.data, start + 16)
            if self.data[start + 25] != _OVERFLOW or filled > self.size - _HEADER:
                raise ReadError("overflow pages are damaged")
            taken = min(filled, left)
            parts.append(bytes(self.data[start + _HEADER : start + _HEADER + taken]))
            left -= taken
            page = following
        return b"".join(parts)

    def values(self, page: int) -> Iterator[tuple[bytes, bytes | ReadError]]:
        """The (key, value) pairs of a hash page."""
        start = page * self.size
        count: int = struct.unpack_from(f"{self.order}H", self.data, start + 20)[0]
        if count > (self.size - _HEADER) // 2:
            raise ReadError("hash page is damaged")
        offsets = struct.unpack_from(f"{self.order}{count}H", self.data, start + _HEADER)
        items = []
        end = self.size
        for offset in offsets:
            if not _HEADER <= offset < end:
                raise ReadError("hash page is damaged")
            items.append(self.data[start + offset : start + end])
            end = offset
        for key, value in zip(items[::2], items[1::2], strict=False):
            yield bytes(key[1:]), self._value(value)

    def _value(self, item: memoryview) -> bytes | ReadError:
        if item[0] == _ON_PAGE:
            return bytes(item[1:])
        if item[0] == _OFF_PAGE and len(item) >= 12:
            try:
                return self.chain(*struct.unpack_from(f"{self.order}II", item, 4))
            except ReadError as error:
                return error
        return ReadError("hash page holds an unknown kind of item")


def blobs(data: memoryview, damage: Damage) -> Iterator[bytes]:
    """Yield the header blobs of a Berkeley DB hash file; complain of damaged pages."""
    order = _order(data)
    if order is None:
        raise ReadError("not a Berkeley DB hash file")
    pages = _Pages(data, order)
    if pages.complete < pages.promised:
        damage(f"file is cut short: {pages.complete} of {pages.promised} pages")
    for page in range(1, pages.complete):
        if data[page * pages.size + 25] not in _HASH_PAGES:
            continue
        try:
            for key, value in pages.values(page):
                if isinstance(value, ReadError):
                    damage(str(value))
                elif any(key):
                    yield value
        except ReadError as error:
            damage(str(error))
