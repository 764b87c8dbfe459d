"""What all readers of feeds share: errors, and files read within limits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from isal import isal_zlib

LARGEST_FILE = 1 << 30
"""Bytes of one unpacked document; the largest known is NVD's of one year, about 200 MB."""

_CHUNK = 1 << 20
INFLATE_ERROR = cast("type[Exception]", isal_zlib.error)
"""What the inflater raises; its stub declares an instance."""

_GZIP, _ZSTD, _XZ = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00"


class FeedError(Exception):
    """A whole source cannot be read; the message says why, in plain words."""


def load(path: Path, limit: int = LARGEST_FILE) -> bytes:
    """The whole content of a file, unpacked if it is gzip, zstd or xz.

    Raises `FeedError` when it is damaged or larger than `limit` bytes.
    """
    parts = []
    total = 0
    for part in chunks(path):
        total += len(part)
        if total > limit:
            raise FeedError(f"unpacks to more than {limit >> 20} MB")
        parts.append(part)
    return b"".join(parts)


def head(path: Path, size: int = 4096) -> bytes:
    """The first bytes of a file's unpacked content; what could be read of a damaged one."""
    found = b""
    try:
        for part in chunks(path, size):
            found += part
            if len(found) >= size:
                break
    except FeedError:
        pass  # the file is told apart by what came before the damage
    return found[:size]


def chunks(path: Path, size: int = _CHUNK) -> Iterator[bytes]:
    """A file's content, unpacked, in pieces of at most `size` bytes."""
    with path.open("rb") as file:
        start = file.read(6)
        file.seek(0)
        unpack = next(
            (unpack for magic, unpack in _UNPACKERS.items() if start.startswith(magic)), None
        )
        if unpack is not None:
            yield from unpack(file, size)
            return
        while data := file.read(size):
            yield data


def _gunzip(file: Any, size: int) -> Iterator[bytes]:
    """Gzip, of any number of members."""
    inflater = isal_zlib.decompressobj(wbits=31)
    pending = b""
    try:
        while True:
            data = pending or file.read(_CHUNK)
            if not data:
                break
            part = inflater.decompress(data, size)
            pending = inflater.unconsumed_tail
            if inflater.eof:
                pending = inflater.unused_data.lstrip(b"\0")
                inflater = isal_zlib.decompressobj(wbits=31)
            if part:
                yield part
    except INFLATE_ERROR as error:
        raise FeedError(f"is no whole gzip file: {error}") from None


def _unzstd(file: Any, size: int) -> Iterator[bytes]:
    import zstandard

    reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
        file, read_across_frames=True
    )
    try:
        while part := reader.read(size):
            yield part
    except zstandard.ZstdError as error:
        raise FeedError(f"is no whole zstd file: {error}") from None


def _unxz(file: Any, size: int) -> Iterator[bytes]:
    import lzma

    try:
        with lzma.open(file) as reader:
            while part := reader.read(size):
                yield part
    except (lzma.LZMAError, EOFError) as error:
        raise FeedError(f"is no whole xz file: {error}") from None


_UNPACKERS = {_GZIP: _gunzip, _ZSTD: _unzstd, _XZ: _unxz}
