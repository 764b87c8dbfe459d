"""Layers whose answers are kept: another image that shares one need not read it again.

What is kept of a layer is the whole stream of its items in their order, with what catalogers said
of each wanted file. Composing images of such streams is the composing of images itself, so that
whiteouts, replaced folders and hard links need no rule of their own.

A layer is known by what names its bytes for certain (`LayerSource.identity`), never by the diff id
that an image claims for it (docs/decisions/0003).
"""

import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

import msgspec
import zstandard

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.limits import MEBIBYTE, Limits
from openinspector.inventory.trees.layer import Hide, Hit, Item, Link, Same, Wanted
from openinspector.inventory.trees.layered import ReadsLayer
from openinspector.inventory.trees.tree import TreeFile, Unread, Visit

_MOST_FOLLOWED = 16 * MEBIBYTE
"""Bytes of files that links led to."""
_ROWS = 1000
_BATCH = 256 * 1024
"""Bytes of answers after which rows are written."""
_LENGTH = struct.Struct(">I")
_FOLLOWED = "/followed"


class Records(Protocol):
    """Where records are kept, by names of their own."""

    @property
    def most_bytes(self) -> int:
        """How large a record may be; a layer that needs more is read each time."""
        ...

    def find(self, name: str) -> bytes | None:
        """The record of that name, if it is kept."""
        ...

    def keep(self, name: str, record: bytes) -> None:
        """Keep a record; one of the same name is replaced."""
        ...


class _Hit(msgspec.Struct, array_like=True, tag=1):
    path: str
    bits: bytes
    size: int
    mode: int | None
    answer: bytes


class _Same(msgspec.Struct, array_like=True, tag=2):
    path: str
    original: str
    bits: bytes


class _Link(msgspec.Struct, array_like=True, tag=3):
    path: str
    target: str
    bits: bytes


class _Hide(msgspec.Struct, array_like=True, tag=4):
    path: str
    inside: bool


class _Unread(msgspec.Struct, array_like=True, tag=5):
    reason: str
    path: str
    bits: bytes | None
    total: bool


def _packed(bits: int) -> bytes:
    """Bits as bytes: a table of catalogers has more of them than msgpack's numbers hold."""
    return bits.to_bytes((bits.bit_length() + 7) // 8, "big")


def _bits(packed: bytes) -> int:
    return int.from_bytes(packed, "big")


_Row = str | _Hit | _Same | _Link | _Hide | _Unread
_decoder: "msgspec.msgpack.Decoder[list[_Row]]" = msgspec.msgpack.Decoder(list[_Row])


class RecordedLayer:
    """A layer of which a record is kept, or made when it is read for the first time.

    `identity` names its bytes; `shown` is the diff id by which this image calls it.
    """

    def __init__(
        self, layer: ReadsLayer, identity: str, shown: str | None, records: Records, limits: Limits
    ) -> None:
        self._layer = layer
        self._identity = identity
        self._shown = shown
        self._records = records
        self._limits = limits
        self.ahead = layer.ahead

    def items(self, wanted: Wanted, visit: Visit | None) -> Iterator[Item]:
        """Yield what `Layer.items` does; from the record where there is one."""
        record = self._records.find(self._identity)
        if visit is None:
            yield from self._followed(record, wanted)
            return
        if record is not None:
            yield from self._replayed(record, visit)
            return
        writer = _Writer(self._records.most_bytes)
        for item in self._layer.items(wanted, visit):
            writer.add(item, visit)
            yield item
        made = writer.finish()
        if made is not None:
            self._records.keep(self._identity, made)

    def _replayed(self, record: bytes, visit: Visit) -> Iterator[Item]:
        for row in _rows(record):
            if isinstance(row, str):
                yield row
            elif isinstance(row, _Hit):
                file = _file(row.path, row.size, row.mode, self._shown, self._limits, _passed)
                yield Hit(file, _bits(row.bits), visit.unpack(row.answer, self._shown))
            else:
                yield _item(row)

    def _followed(self, record: bytes | None, wanted: Wanted) -> Iterator[Item]:
        """What links are looked for: read again only what no record tells."""
        if record is None:
            yield from self._layer.items(wanted, None)
            return
        sought = {path for row in _rows(record) if (path := _path(row)) and wanted.by_path(path)}
        told = self._told()
        if not sought <= told.keys():
            read = list(self._layer.items(wanted, None))
            self._tell(told, read, sought)
            yield from read
            return
        for row in _rows(record):
            path = _path(row)
            if path in sought:
                yield from self._again(told[path])
            elif isinstance(row, _Hide):
                yield Hide(row.path, row.inside)
            else:
                yield row if isinstance(row, str) else row.path

    def _told(self) -> dict[str, "_Told"]:
        kept = self._records.find(self._identity + _FOLLOWED)
        return _told_decoder.decode(zstandard.decompress(kept)) if kept is not None else {}

    def _tell(self, told: dict[str, "_Told"], read: list[Item], sought: set[str]) -> None:
        """Keep what the sought paths turned out to be."""
        found: dict[str, _Told] = {}
        for item in read:
            if isinstance(item, Unread):
                return
            try:
                found |= _telling(item)
            except ReadError:
                return
        told |= {path: found.get(path, _Told()) for path in sought}
        if sum(len(each.data or b"") for each in told.values()) <= _MOST_FOLLOWED:
            try:
                packed = zstandard.compress(msgspec.msgpack.encode(told))
            except UnicodeEncodeError:
                return  # A link that leads to a name that is no UTF-8.
            self._records.keep(self._identity + _FOLLOWED, packed)

    def _again(self, told: "_Told") -> Iterator[Item]:
        if told.target is not None:
            yield Link(told.path, told.target, 1)
        elif told.data is not None:
            read = partial(bytes, told.data)
            size = len(told.data)
            file = _file(told.path, size, told.mode, self._shown, self._limits, read)
            yield Hit(file, 1, None)
        elif told.path:
            yield told.path


class _Told(msgspec.Struct, omit_defaults=True):
    """What a sought path is: a file, a link, or something else (a device)."""

    path: str = ""
    mode: int | None = None
    data: bytes | None = None
    target: str | None = None


_told_decoder: "msgspec.msgpack.Decoder[dict[str, _Told]]" = msgspec.msgpack.Decoder(
    dict[str, _Told]
)


def _telling(item: Item) -> dict[str, _Told]:
    if isinstance(item, Hit):
        file = item.file
        return {file.path: _Told(file.path, file.mode, bytes(file.data))}
    if isinstance(item, Link):
        return {item.path: _Told(item.path, target=item.target)}
    if isinstance(item, str):
        return {item: _Told(item)}
    return {}


def _path(row: _Row) -> str:
    """The path of what is no folder; "" for the rest."""
    if isinstance(row, str):
        return "" if row[-1] == "/" else row
    return "" if isinstance(row, _Hide | _Unread) else row.path


def _item(row: _Same | _Link | _Hide | _Unread) -> Item:
    """The item of a row that needs nothing more."""
    if isinstance(row, _Same):
        return Same(row.path, row.original, _bits(row.bits))
    if isinstance(row, _Link):
        return Link(row.path, row.target, _bits(row.bits))
    if isinstance(row, _Hide):
        return Hide(row.path, row.inside)
    bits = None if row.bits is None else _bits(row.bits)
    return Unread(row.reason, row.path, bits, row.total)


def _passed() -> bytes:
    raise ReadError("its layer was read for another image, and its content is not kept")


def _file(
    path: str,
    size: int,
    mode: int | None,
    layer: str | None,
    limits: Limits,
    read: Callable[[], bytes],
) -> TreeFile:
    return TreeFile(path, size, read, limits, layer, mode, lasting=False)


class _Writer:
    """Makes a record of a stream, unless that cannot be whole or is too large.

    Names that are no UTF-8 cannot be written: a layer that has some is read each time.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._rows: list[_Row] = []
        self._waiting = 0
        self._compressor = zstandard.ZstdCompressor(level=3).compressobj()
        self._parts: list[bytes] = []
        self._size = 0
        self._spoilt = False

    def add(self, item: Item, visit: Visit) -> None:
        """Take in the next item."""
        if self._spoilt:
            return
        if isinstance(item, str):
            # Nearly all of a layer.
            self._rows.append(item)
        else:
            try:
                row = _row(item, visit)
            except UnicodeEncodeError:
                row = None
            if row is None:
                self._spoil()
                return
            self._rows.append(row)
            if isinstance(row, _Hit):
                self._waiting += len(row.answer)
        if len(self._rows) >= _ROWS or self._waiting >= _BATCH:
            self._flush()

    def _spoil(self) -> None:
        self._spoilt = True
        self._parts.clear()
        self._rows.clear()

    def finish(self) -> bytes | None:
        """The record, or None."""
        self._flush()
        self._keep(self._compressor.flush())
        return None if self._spoilt else b"".join(self._parts)

    def _flush(self) -> None:
        if self._rows and not self._spoilt:
            try:
                batch = msgspec.msgpack.encode(self._rows)
            except UnicodeEncodeError:
                self._spoil()
                return
            self._rows.clear()
            self._waiting = 0
            self._keep(self._compressor.compress(_LENGTH.pack(len(batch)) + batch))

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._most_bytes:
            self._spoil()
        elif part:
            self._parts.append(part)


def _row(
    item: Hit | Same | Link | Hide | Unread, visit: Visit
) -> _Hit | _Same | _Link | _Hide | _Unread | None:
    """None for what makes a record useless: a layer that could not be read to its end."""
    if isinstance(item, Hit):
        file = item.file
        return _Hit(file.path, _packed(item.bits), file.size, file.mode, visit.pack(item.answer))
    if isinstance(item, Same):
        return _Same(item.path, item.original, _packed(item.bits))
    if isinstance(item, Link):
        return _Link(item.path, item.target, _packed(item.bits))
    if isinstance(item, Hide):
        return _Hide(item.path, item.inside)
    if item.path is None:
        return None
    bits = None if item.bits is None else _packed(item.bits)
    return _Unread(item.reason, item.path, bits, item.total)


def _rows(record: bytes) -> Iterator[_Row]:
    """The rows of a record that we made ourselves."""
    with zstandard.ZstdDecompressor().stream_reader(record) as reader:
        while head := reader.read(_LENGTH.size):
            yield from _decoder.decode(reader.read(_LENGTH.unpack(head)[0]))
