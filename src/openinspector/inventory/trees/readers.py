"""Bytes of one archive: at any place of an open file, or once through as a stream.

Files are read with `pread`, not mapped: a mapped file that shrinks meanwhile would end the
process, and pages that were only passed over would count as memory.
"""

import os
from collections.abc import Iterator

from openinspector.inventory.trees.tar_extensions import Damaged

_WINDOW = 32 * 1024
"""Read around a header. Small files share a window, large ones are jumped over."""

_KEPT = 4096
"""Up to so many bytes (headers, first bytes of a file) may be asked for again on a stream."""


def read_at(descriptor: int, offset: int, size: int) -> bytes:
    """Up to `size` bytes at an offset; fewer only where the file ends."""
    data = os.pread(descriptor, size, offset)
    if len(data) in (size, 0):
        return data
    parts = [data]
    done = len(data)
    while done < size and data:
        data = os.pread(descriptor, size - done, offset + done)
        parts.append(data)
        done += len(data)
    return b"".join(parts)


class FileReader:
    """A part of an open file: `length` bytes from `offset` (None: to its end)."""

    rereadable = True
    """Content can be taken at any time, in any order."""

    def __init__(self, descriptor: int, offset: int = 0, length: int | None = None) -> None:
        available = max(os.fstat(descriptor).st_size - offset, 0)
        self.length = available if length is None else min(length, available)
        self._descriptor = descriptor
        self._offset = offset
        self._window = b""
        self._start = 0

    def block(self, at: int) -> bytes:
        """The 512 bytes at an offset; fewer where the archive ends."""
        position = at - self._start
        data = self._window[position : position + 512] if position >= 0 else b""
        if len(data) == 512:
            return data
        self._start = at
        size = min(_WINDOW, self.length - at)
        self._window = read_at(self._descriptor, self._offset + at, size) if size > 0 else b""
        return self._window[:512]

    def take(self, at: int, size: int) -> bytes:
        """`size` bytes at an offset; raises `Damaged` when the archive ends before."""
        position = at - self._start
        if position >= 0:
            data = self._window[position : position + size]
            if len(data) == size:
                return data
        if at + size <= self.length:
            data = read_at(self._descriptor, self._offset + at, size)
            if len(data) == size:
                return data
        raise Damaged(self.length, "the archive ends within a file")

    def bytes_until(self, at: int) -> int:
        """How many bytes the archive has, if they are less than `at`; else `at`."""
        return min(at, self.length)


class StreamReader:
    """Chunks as they are inflated; what lies before the last offset asked for is forgotten."""

    rereadable = False

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._window = b""
        self._start = 0

    def block(self, at: int) -> bytes:
        """The 512 bytes at an offset; fewer where the archive ends."""
        position = at - self._start
        data = self._window[position : position + 512]
        if len(data) == 512:
            return data
        return self._more(at, 512)

    def take(self, at: int, size: int) -> bytes:
        """`size` bytes at an offset; raises `Damaged` when the archive ends before."""
        position = at - self._start
        data = self._window[position : position + size]
        if len(data) < size:
            data = self._more(at, size)
        if len(data) < size:
            raise Damaged(at + len(data), "the archive ends within a file")
        return data

    def bytes_until(self, at: int) -> int:
        """How many bytes the archive has, if they are less than `at`; else `at`."""
        if at > self._start + len(self._window):
            self._more(at - 1, 1)
        return min(at, self._start + len(self._window))

    def _more(self, at: int, size: int) -> bytes:
        """Go on to an offset and return what there is of `size` bytes there."""
        while self._start + len(self._window) <= at:
            passed = self._start + len(self._window)
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._start, self._window = passed, chunk
        parts = [self._window[at - self._start :]]
        have = len(parts[0])
        while have < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            parts.append(chunk)
            have += len(chunk)
        if size <= _KEPT or have <= size:
            self._start, self._window = at, b"".join(parts)
            return self._window[:size]
        # The rest of the last chunk is all that is still needed.
        self._start, self._window = at + size, parts[-1][size - have :]
        parts[-1] = parts[-1][: size - have]
        return b"".join(parts)
