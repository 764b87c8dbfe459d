"""Inflate gzip, zstd, bzip2 and xz as bounded streams of chunks."""

from collections.abc import Callable, Iterator
from typing import Protocol

from openinspector.inventory.limits import MEBIBYTE, Limits
from openinspector.inventory.trees.readers import read_at
from openinspector.inventory.trees.tar_extensions import Damaged

CHUNK = MEBIBYTE
"""Inflated bytes of one chunk: large enough for the interpreter's lock not to matter."""

_INPUT = 256 * 1024
_MAGICS = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
}


class Budget:
    """What one target may still take: inflated bytes and entries, over all its layers."""

    def __init__(self, limits: Limits) -> None:
        self.ratio = limits.inflate_ratio
        self.left = limits.image_bytes
        self.entries = limits.entries

    def spend(self, chunk: int, inflated: int, compressed: int) -> None:
        """Account for a chunk; raises `Damaged` past a limit. Totals are of one stream."""
        self.left -= chunk
        if self.left < 0:
            raise Damaged(inflated, "it inflates to more than an image may have")
        if inflated > MEBIBYTE + self.ratio * compressed:
            raise Damaged(inflated, f"it inflates to more than {self.ratio:,} times its size")


def compression(start: bytes) -> str | None:
    """The compression that first bytes tell of; None: none that is known."""
    return next((name for magic, name in _MAGICS.items() if start.startswith(magic)), None)


class _Input:
    """A part of a file as a source of compressed bytes that counts what was taken."""

    def __init__(self, descriptor: int, offset: int, length: int) -> None:
        self.taken = 0
        self._descriptor = descriptor
        self._offset = offset
        self.length = length

    def read(self, size: int = -1) -> bytes:
        """The next bytes, b"" at the end (the protocol of a binary file)."""
        left = self.length - self.taken
        wanted = left if size < 0 else min(size, left)
        data = read_at(self._descriptor, self._offset + self.taken, wanted) if wanted > 0 else b""
        self.taken += len(data)
        return data

    def at(self, at: int, size: int) -> bytes:
        """Bytes anywhere in the input; fewer at its end."""
        size = min(size, self.length - at)
        return read_at(self._descriptor, self._offset + at, size) if size > 0 else b""


class _Decompressor(Protocol):
    """The interface that bz2, lzma and isal share."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def inflate(
    kind: str, descriptor: int, offset: int, length: int, budget: Budget
) -> Iterator[bytes]:
    """Yield chunks of inflated bytes.

    Raises `Damaged` where the stream is corrupt, ends early or passes a limit, after everything
    that could be read was yielded; its `at` counts inflated bytes.
    """
    source = _Input(descriptor, offset, length)
    chunks = _zstd(source) if kind == "zstd" else _members(source, _DECOMPRESSORS[kind])
    total = 0
    try:
        for chunk in chunks:
            total += len(chunk)
            budget.spend(len(chunk), total, source.taken)
            yield chunk
    except Damaged as error:
        raise Damaged(total, error.reason) from None


def _members(source: _Input, new: Callable[[], tuple[_Decompressor, bytes]]) -> Iterator[bytes]:
    """Members one after another (as `cat a.gz b.gz` makes them); other bytes behind are ignored."""
    decompressor, magic = new()
    pending = b""
    while True:
        if not pending and decompressor.needs_input:
            pending = source.read(_INPUT)
            if not pending:
                raise Damaged(0, "its compressed data ends early")
        try:
            chunk = decompressor.decompress(pending, CHUNK)
        except (OSError, ValueError, EOFError, ArithmeticError) as error:
            raise Damaged(0, f"its compressed data is damaged ({error})") from None
        except Exception as error:  # isal and lzma have exceptions of their own
            if type(error).__name__ not in ("IsalError", "error", "LZMAError"):
                raise
            raise Damaged(0, f"its compressed data is damaged ({error})") from None
        pending = b""
        if chunk:
            yield chunk
        if decompressor.eof:
            pending = decompressor.unused_data or source.read(_INPUT)
            while pending and len(pending) < len(magic):
                more = source.read(_INPUT)
                pending += more
                if not more:
                    break
            if not pending.startswith(magic):
                return
            decompressor, magic = new()


def _zstd(source: _Input) -> Iterator[bytes]:
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=128 * MEBIBYTE)
    # The reader asks for any object with `read`.
    stream = decompressor.stream_reader(source, read_size=_INPUT, read_across_frames=True)  # type: ignore[arg-type]
    try:
        while chunk := stream.read(CHUNK):
            yield chunk
    except zstandard.ZstdError as error:
        raise Damaged(0, f"its compressed data is damaged ({error})") from None
    # The reader takes the end of the file for the end of the data.
    if not _zstd_is_whole(source):
        raise Damaged(0, "its compressed data ends early")


def _zstd_is_whole(source: _Input) -> bool:
    """Whether every frame of zstd data has its last block (RFC 8878, section 3.1)."""
    at = 0
    while at < source.length:
        start = source.at(at, 8)
        if start[1:4] == b"\x2a\x4d\x18" and start[0] & 0xF0 == 0x50:
            at += 8 + int.from_bytes(start[4:8], "little")
            continue
        if len(start) < 8:
            return False
        flags = start[4]
        single = flags >> 5 & 1
        content_size = (single, 2, 4, 8)[flags >> 6]
        at += 5 + (1 - single) + (0, 1, 2, 4)[flags & 3] + content_size
        last = False
        while not last:
            block = source.at(at, 3)
            if len(block) < 3:
                return False
            head = int.from_bytes(block, "little")
            last = bool(head & 1)
            repeated = head >> 1 & 3 == 1
            at += 3 + (1 if repeated else head >> 3)
        at += 4 * (flags >> 2 & 1)
    return at == source.length


def _gzip() -> tuple[_Decompressor, bytes]:
    from isal import igzip_lib

    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP), b"\x1f\x8b"


def _bzip2() -> tuple[_Decompressor, bytes]:
    import bz2

    return bz2.BZ2Decompressor(), b"BZh"


def _xz() -> tuple[_Decompressor, bytes]:
    import lzma

    return lzma.LZMADecompressor(memlimit=256 * MEBIBYTE), b"\xfd7zXZ\x00"


_DECOMPRESSORS = {"gzip": _gzip, "bzip2": _bzip2, "xz": _xz}
