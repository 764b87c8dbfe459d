"""Entries of a hostile zip archive, read from its directory, or one by one where that is missing.

Format: PKWARE's APPNOTE.TXT. Nothing is believed that content depends on: sizes and checksums are
compared with what is inflated, entries must not share bytes.
"""

import stat
from collections.abc import Callable, Iterator
from struct import Struct
from typing import cast

import msgspec
from isal import isal_zlib

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.limits import MEBIBYTE, Limits
from openinspector.inventory.trees.readers import FileReader
from openinspector.inventory.trees.tar_extensions import Damaged

STORED, DEFLATED = 0, 8
_ENCRYPTED, _SIZES_FOLLOW, _UTF_8 = 0x1, 0x8, 0x800
_END = Struct("<4x4H2LH")
_END_64 = Struct("<4xQ2H2L4Q")
_CENTRAL = Struct("<4xBB2xHH4x3L3H4xLL")
_CENTRAL_SIZE = 46
_LOCAL = Struct("<6xHH4x3L2H")
_LOCAL_SIZE = 30
_LONGEST_COMMENT = 65_535
_UNIX = frozenset({3, 19})
"""Systems (Unix, macOS) whose attributes hold a file mode."""

_IN_ZIP_64 = 0xFFFFFFFF
_CHUNK = 256 * 1024
_InflateError = cast("type[Exception]", isal_zlib.error)


class ZipEntry(msgspec.Struct, frozen=True):
    """One entry as the archive describes it; `header` is the offset of its local header."""

    name: str
    mode: int | None
    method: int
    encrypted: bool
    checksum: int
    compressed: int
    size: int
    header: int
    data_at: int | None = None
    """Offset of the content, where it is known without looking at the local header."""

    @property
    def is_folder(self) -> bool:
        """Whether it stands for a folder."""
        return self.name.endswith("/")

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link, whose content is its target."""
        return self.mode is not None and stat.S_ISLNK(self.mode)


class Zip:
    """A zip archive in an open file. `problem` says what is wrong with it, once it was listed."""

    def __init__(self, reader: FileReader, limits: Limits) -> None:
        self.problem: str | None = None
        self._reader = reader
        self._limits = limits
        self._inflatable = limits.archive_inflated_bytes
        self._end = self._find_end()
        if self._end is None and reader.take(0, min(4, reader.length)) != b"PK\x03\x04":
            raise ReadError("it is not a zip archive")

    # --- listing ---------------------------------------------------------------------------------

    def entries(self) -> Iterator[ZipEntry]:
        """Yield the entries in the order of the archive's directory."""
        self.problem = None
        total = stored = 0
        try:
            for entry in self._walk() if self._end is None else self._directory(*self._end):
                total += 1
                stored += entry.compressed
                if total > self._limits.archive_entries:
                    self.problem = f"it has more than {self._limits.archive_entries:,} entries"
                    return
                yield entry
        except Damaged as error:
            self.problem = f"unreadable from offset {error.at:,}: {error.reason}"
        if stored > self._reader.length:
            self.problem = self.problem or "its entries overlap"

    def _find_end(self) -> tuple[int, int, int] | None:
        """Where the directory begins and ends, and how far its offsets are off."""
        reader = self._reader
        tail_at = max(0, reader.length - _LONGEST_COMMENT - _END.size)
        tail = reader.take(tail_at, reader.length - tail_at)
        at = tail.rfind(b"PK\x05\x06", 0, max(len(tail) - _END.size + 4, 0))
        if at < 0:
            return None
        stop = tail_at + at
        *_, size, offset, _ = _END.unpack_from(tail, at)
        locator = tail[max(at - 20, 0) : at]
        if len(locator) == 20 and locator.startswith(b"PK\x06\x07"):
            at_64 = int.from_bytes(locator[8:16], "little")
            for place in (at_64, stop - 20 - _END_64.size):
                if not 0 <= place <= reader.length - _END_64.size:
                    continue
                record = reader.take(place, _END_64.size)
                if record.startswith(b"PK\x06\x06"):
                    *_, size, offset = _END_64.unpack(record)
                    stop = place
                    break
        for start in (stop - size, offset):
            if 0 <= start <= stop and (size == 0 or self._begins(start, b"PK\x01\x02")):
                return start, min(start + size, stop), max(start - offset, 0)
        return None

    def _begins(self, at: int, signature: bytes) -> bool:
        return at + 4 <= self._reader.length and self._reader.take(at, 4) == signature

    def _directory(self, at: int, stop: int, shift: int) -> Iterator[ZipEntry]:
        take = self._reader.take
        while at + _CENTRAL_SIZE <= stop:
            record = take(at, _CENTRAL_SIZE)
            if not record.startswith(b"PK\x01\x02"):
                raise Damaged(at, "its directory is damaged")
            (_, system, flags, method, checksum, compressed, size, *lengths, attributes, header) = (
                _CENTRAL.unpack(record)
            )
            name_size, extra_size, comment_size = lengths
            more = take(at + _CENTRAL_SIZE, name_size + extra_size)
            if _IN_ZIP_64 in (compressed, size, header):
                size, compressed, header = _zip_64(more[name_size:], size, compressed, header)
            yield ZipEntry(
                name=_name(more[:name_size], flags),
                mode=(attributes >> 16 or None) if system in _UNIX else None,
                method=method,
                encrypted=bool(flags & _ENCRYPTED),
                checksum=checksum,
                compressed=compressed,
                size=size,
                header=header + shift,
            )
            at += _CENTRAL_SIZE + name_size + extra_size + comment_size
        if at != stop:
            raise Damaged(at, "its directory is damaged")

    def _walk(self) -> Iterator[ZipEntry]:
        """Entries from the beginning of an archive whose directory is missing."""
        at = 0
        length = self._reader.length
        while at + _LOCAL_SIZE <= length and self._begins(at, b"PK\x03\x04"):
            flags, method, checksum, compressed, size, name_size, extra_size = _LOCAL.unpack(
                self._reader.take(at, _LOCAL_SIZE)
            )
            name = _name(self._reader.take(at + _LOCAL_SIZE, name_size), flags)
            data_at = at + _LOCAL_SIZE + name_size + extra_size
            if data_at > length:
                raise Damaged(at, "the archive ends within a file")
            if flags & _SIZES_FOLLOW and not compressed and method == DEFLATED:
                compressed, size, checksum = self._measure(data_at)
            encrypted = bool(flags & _ENCRYPTED)
            if data_at + compressed > length:
                raise Damaged(at, "the archive ends within a file")
            yield ZipEntry(name, None, method, encrypted, checksum, compressed, size, at, data_at)
            at = data_at + compressed
            if flags & _SIZES_FOLLOW:
                after = self._reader.take(at, min(28, length - at)).find(b"PK\x03\x04")
                at += max(after, 0)
        raise Damaged(at, "its directory is missing, it was read from its beginning")

    def _measure(self, at: int) -> tuple[int, int, int]:
        """Compressed size, size and checksum of a stream that its sizes follow."""
        inflater = isal_zlib.decompressobj(-15)
        start, size, checksum = at, 0, 0
        pending = b""
        try:
            while not inflater.eof:
                if not pending:
                    pending = self._reader.take(at, min(_CHUNK, self._reader.length - at))
                    at += len(pending)
                    if not pending:
                        raise Damaged(start, "the archive ends within a file")
                chunk = inflater.decompress(pending, _CHUNK)
                pending = inflater.unconsumed_tail
                size += len(chunk)
                checksum = isal_zlib.crc32(chunk, checksum)
                self._spend(len(chunk))
        except (_InflateError, ReadError) as error:
            raise Damaged(start, str(error)) from None
        return at - len(inflater.unused_data) - start, size, checksum

    # --- content ---------------------------------------------------------------------------------

    def _spend(self, size: int) -> None:
        self._inflatable -= size
        if self._inflatable < 0:
            raise ReadError(
                f"the archive inflates to over {self._limits.archive_inflated_bytes:,} bytes"
            )

    def span(self, entry: ZipEntry) -> tuple[int, int]:
        """Where an entry begins and ends in the archive, with its header; raises `ReadError`."""
        return entry.header, self._data_at(entry) + entry.compressed

    def _data_at(self, entry: ZipEntry) -> int:
        if entry.data_at is not None:
            return entry.data_at
        at, length = entry.header, self._reader.length
        if at + _LOCAL_SIZE > length or not self._begins(at, b"PK\x03\x04"):
            raise ReadError("the archive's directory points to where it is not")
        *_, name_size, extra_size = _LOCAL.unpack(self._reader.take(at, _LOCAL_SIZE))
        data_at: int = at + _LOCAL_SIZE + name_size + extra_size
        if data_at + entry.compressed > length:
            raise ReadError("the archive ends within it")
        return data_at

    def head(self, entry: ZipEntry, size: int) -> bytes:
        """The first bytes of an entry; raises `ReadError`."""
        data_at = self._data_at(entry)
        if entry.method == STORED:
            return self._reader.take(data_at, min(size, entry.compressed))
        source = self._reader.take(data_at, min(1024, entry.compressed))
        return self._inflater(entry)(source, size)

    def _inflater(self, entry: ZipEntry) -> Callable[[bytes, int], bytes]:
        if entry.encrypted:
            raise ReadError("it is encrypted")
        if entry.method != DEFLATED:
            raise ReadError(f"it is compressed by method {entry.method}, which is not read")
        inflater = isal_zlib.decompressobj(-15)

        def inflate(data: bytes, limit: int) -> bytes:
            try:
                inflated: bytes = inflater.decompress(data, limit)
            except _InflateError as error:
                raise ReadError(f"it cannot be inflated: {error}") from None
            return inflated

        return inflate

    def read(self, entry: ZipEntry) -> bytes:
        """The whole content of an entry, checked; raises `ReadError`."""
        if entry.encrypted:
            raise ReadError("it is encrypted")
        if entry.size > self._limits.file_bytes:
            raise ReadError(f"it has {entry.size:,} bytes")
        if entry.size > MEBIBYTE + self._limits.inflate_ratio * entry.compressed:
            raise ReadError(f"{entry.compressed:,} bytes would inflate to {entry.size:,}")
        source = self._reader.take(self._data_at(entry), entry.compressed)
        data = source
        if entry.method != STORED:
            # One byte more than it should have shows whether there is more.
            data = self._inflater(entry)(source, entry.size + 1)
        self._spend(len(data))
        if len(data) != entry.size:
            raise ReadError(f"it should have {entry.size:,} bytes and does not")
        if isal_zlib.crc32(data) != entry.checksum:
            raise ReadError("its checksum is wrong")
        return data


def _name(name: bytes, flags: int) -> str:
    """UTF-8 where that is declared or fits; the older code page 437 else."""
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("utf-8", "replace") if flags & _UTF_8 else name.decode("cp437")


def _zip_64(extra: bytes, size: int, compressed: int, header: int) -> tuple[int, int, int]:
    """The true sizes and offset, from the extra field with number 1."""
    at = 0
    while at + 4 <= len(extra):
        number = int.from_bytes(extra[at : at + 2], "little")
        length = int.from_bytes(extra[at + 2 : at + 4], "little")
        if number == 1:
            body = extra[at + 4 : at + 4 + length]
            numbers = iter([int.from_bytes(body[i : i + 8], "little") for i in range(0, length, 8)])
            size, compressed, header = (
                next(numbers, each) if each == _IN_ZIP_64 else each
                for each in (size, compressed, header)
            )
            break
        at += 4 + length
    return size, compressed, header
