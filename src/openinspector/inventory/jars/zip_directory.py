"""List and inflate entries of hostile zip archives over a memoryview.

Format: PKWARE's APPNOTE.TXT. Only what is asked for is decoded or inflated, and stored entries are
slices: a jar of 30,000 classes costs the walk over its directory. An archive without directory (cut
off) is read entry by entry from its beginning.
"""

from collections.abc import Callable
from struct import Struct
from typing import cast

import msgspec
from isal import isal_zlib

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.limits import MEBIBYTE, Limits

_END = Struct("<4x4H2LH")
_END_64 = Struct("<4xQ2H2L4Q")
_CENTRAL = Struct("<8x2H4xL2L3H8xL")
_CENTRAL_SIZE = 46
_LENGTHS = Struct("<3H")
_LOCAL = Struct("<6x2H8x2L2H")
_LOCAL_SIZE = 30
_MAX_COMMENT = 65_535
_CHUNK = 256 * 1024
_ENCRYPTED, _SIZES_FOLLOW = 0x1, 0x8
_STORED, _DEFLATED = 0, 8
_IN_ZIP_64 = 0xFFFFFFFF

_InflateError = cast("type[Exception]", isal_zlib.error)

Wanted = Callable[[bytes], bool]


class Entry(msgspec.Struct, frozen=True):
    """One file of an archive; sizes as the archive claims, `data_at` is where its bytes begin."""

    name: str
    method: int
    encrypted: bool
    compressed: int
    data_at: int


class Listing(msgspec.Struct, frozen=True):
    """The wanted entries of an archive, how many it has in all, and what is wrong with it."""

    entries: tuple[Entry, ...]
    total: int
    problem: str = ""


class Budget:
    """How many bytes an archive and all that are nested in it may still inflate to."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.left = limits.archive_inflated_bytes

    def inflate(self, view: memoryview, entry: Entry, limit: int, *, prefix: bool = False) -> bytes:
        """Inflate an entry to at most `limit` bytes; more is an error, or cut off for `prefix`."""
        source = view[entry.data_at : entry.data_at + entry.compressed]
        most = min(limit, self.left)
        inflater = isal_zlib.decompressobj(-15)
        try:
            data: bytes = inflater.decompress(source, most + 1)
        except _InflateError as error:
            raise ReadError(f"{_shown(entry)} cannot be inflated: {error}") from None
        self.left -= min(len(data), most)
        if len(data) > MEBIBYTE and len(data) > self.limits.inflate_ratio * max(len(source), 1):
            raise ReadError(f"{_shown(entry)} inflates more than is possible: it is a bomb")
        if len(data) > most:
            if prefix and most == limit:
                return data[:most]
            raise ReadError(f"{_shown(entry)} inflates to over {most:,} bytes")
        if not inflater.eof and not prefix:
            raise ReadError(f"{_shown(entry)} is cut off")
        return data

    def read(
        self, view: memoryview, entry: Entry, limit: int, *, prefix: bool = False
    ) -> bytes | memoryview:
        """Return the bytes of an entry; raises `ReadError` on all that cannot be read."""
        if entry.encrypted:
            raise ReadError(f"{_shown(entry)} is encrypted")
        if entry.method == _DEFLATED:
            return self.inflate(view, entry, limit, prefix=prefix)
        if entry.method != _STORED:
            raise ReadError(f"{_shown(entry)} is compressed by an unknown method ({entry.method})")
        if entry.compressed > limit and not prefix:
            raise ReadError(f"{_shown(entry)} has more than {limit:,} bytes")
        data = view[entry.data_at : entry.data_at + min(entry.compressed, limit)]
        if len(data) < min(entry.compressed, limit):
            raise ReadError(f"{_shown(entry)} is cut off")
        return data


def _shown(entry: Entry) -> str:
    name = entry.name if len(entry.name) <= 200 else entry.name[:200] + "…"
    return "its entry " + "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name
    )


def list_entries(view: memoryview, wanted: Wanted, limits: Limits) -> Listing:
    """List the entries whose names (as bytes) are wanted.

    Raises `ReadError` when it is no zip archive at all.
    """
    end = _find_end(view)
    if end is None:
        if bytes(view[:4]) != b"PK\x03\x04":
            raise ReadError("it is not a zip archive")
        return _walk(view, wanted, limits)
    start, stop, shift = end
    found: list[Entry] = []
    total = 0
    problem = ""
    at = start
    lengths, size = _LENGTHS.unpack_from, _CENTRAL_SIZE
    data = view[:stop]
    while at + size <= stop:
        name_size, extra_size, comment_size = lengths(data, at + 28)
        name = bytes(data[at + size : at + size + name_size])
        if total >= limits.archive_entries:
            problem = f"it has more than {limits.archive_entries:,} entries; the rest was not read"
            break
        if wanted(name):
            if bytes(data[at : at + 4]) != b"PK\x01\x02":
                problem = "its directory is damaged"
                break
            entry = _central(view, at, name, shift)
            if entry is None:
                problem = "its directory points to entries that are not there"
            else:
                found.append(entry)
        total += 1
        at += size + name_size + extra_size + comment_size
    if at > stop:
        problem = problem or "its directory is damaged"
    return Listing(tuple(found), total, problem)


def _find_end(view: memoryview) -> tuple[int, int, int] | None:
    """Where the directory begins and ends, and how far offsets are off for what stands before."""
    tail_at = max(0, len(view) - _MAX_COMMENT - _END.size)
    tail = bytes(view[tail_at:])
    at = tail.rfind(b"PK\x05\x06")
    while at >= 0 and at + _END.size > len(tail):
        at = tail.rfind(b"PK\x05\x06", 0, at)
    if at < 0:
        return None
    stop = tail_at + at
    *_, size, offset, _ = _END.unpack_from(view, stop)
    locator = stop - 20
    if locator >= 0 and bytes(view[locator : locator + 4]) == b"PK\x06\x07":
        end_64 = int.from_bytes(view[locator + 8 : locator + 16], "little")
        if bytes(view[end_64 : end_64 + 4]) != b"PK\x06\x06":
            end_64 = locator - _END_64.size
        if bytes(view[end_64 : end_64 + 4]) == b"PK\x06\x06":
            stop = end_64
            *_, size, offset = _END_64.unpack_from(view, stop)
    for start in (stop - size, offset):
        if start >= 0 and (size == 0 or bytes(view[start : start + 4]) == b"PK\x01\x02"):
            return start, min(start + size, len(view)), max(start - offset, 0)
    return None


def _central(view: memoryview, at: int, name: bytes, shift: int) -> Entry | None:
    """The entry of a directory record; None where its local header is not there."""
    flags, method, _, compressed, size, name_size, extra_size, _, offset = _CENTRAL.unpack_from(
        view, at
    )
    if _IN_ZIP_64 in (compressed, size, offset):
        extra = view[at + _CENTRAL_SIZE + name_size :][:extra_size]
        compressed, offset = _zip_64(extra, size, compressed, offset)
    local = offset + shift
    if local + _LOCAL_SIZE > len(view) or bytes(view[local : local + 4]) != b"PK\x03\x04":
        return None
    name_size, extra_size = _LENGTHS.unpack_from(view, local + 24)[1:]
    return Entry(
        name=name.decode("utf-8", "replace"),
        method=method,
        encrypted=bool(flags & _ENCRYPTED),
        compressed=compressed,
        data_at=local + _LOCAL_SIZE + name_size + extra_size,
    )


def _zip_64(extra: memoryview, size: int, compressed: int, offset: int) -> tuple[int, int]:
    """The true compressed size and offset, from the extra field with number 1."""
    at = 0
    while at + 4 <= len(extra):
        number = int.from_bytes(extra[at : at + 2], "little")
        length = int.from_bytes(extra[at + 2 : at + 4], "little")
        if number == 1:
            body = extra[at + 4 : at + 4 + length]
            numbers = iter([int.from_bytes(body[i : i + 8], "little") for i in range(0, length, 8)])
            fields = [
                next(numbers, each) if each == _IN_ZIP_64 else each
                for each in (size, compressed, offset)
            ]
            return fields[1], fields[2]
        at += 4 + length
    return compressed, offset


def _walk(view: memoryview, wanted: Wanted, limits: Limits) -> Listing:
    """List entries from the beginning of an archive whose directory is missing."""
    found: list[Entry] = []
    total = at = 0
    budget = limits.archive_inflated_bytes
    while at + _LOCAL_SIZE <= len(view) and bytes(view[at : at + 4]) == b"PK\x03\x04":
        flags, method, compressed, _, name_size, extra_size = _LOCAL.unpack_from(view, at)
        name = bytes(view[at + _LOCAL_SIZE : at + _LOCAL_SIZE + name_size])
        data_at = at + _LOCAL_SIZE + name_size + extra_size
        if total >= limits.archive_entries or compressed == _IN_ZIP_64:
            break
        if flags & _SIZES_FOLLOW:
            measured = _measure(view[data_at:], budget) if method == _DEFLATED else None
            if measured is None:
                break
            compressed, inflated = measured
            budget -= inflated
        if data_at + compressed > len(view):
            break
        if wanted(name):
            text = name.decode("utf-8", "replace")
            found.append(Entry(text, method, bool(flags & _ENCRYPTED), compressed, data_at))
        total += 1
        at = data_at + compressed
        if flags & _SIZES_FOLLOW:
            after = bytes(view[at : at + 28]).find(b"PK\x03\x04")
            if after < 0:
                break
            at += after
    return Listing(tuple(found), total, "it is cut off: its directory is missing")


def _measure(view: memoryview, budget: int) -> tuple[int, int] | None:
    """The compressed and inflated size of a stream whose sizes follow it; None: cut off."""
    inflater = isal_zlib.decompressobj(-15)
    inflated = at = 0
    try:
        while not inflater.eof and inflated <= budget:
            pending = inflater.unconsumed_tail or view[at : at + _CHUNK]
            if not pending:
                return None
            if not inflater.unconsumed_tail:
                at += len(pending)
            inflated += len(inflater.decompress(pending, _CHUNK))
    except _InflateError:
        return None
    if not inflater.eof:
        return None
    return at - len(inflater.unused_data), inflated
