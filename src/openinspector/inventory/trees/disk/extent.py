"""Bytes of a disk at any place, in the shape that the C readers of file systems want."""

import io
import re
from collections.abc import Callable
from typing import BinaryIO

ReadAt = Callable[[int, int], bytes]
"""`read_at(offset, size)`: up to `size` bytes; fewer only at the end. Raises `OSError`."""

_FUNCTION = re.compile(r"^(?:py|lib)\w+: ")
_SENTENCE = re.compile(r"\b(?:py|lib)\w+: (.+?)\.(?=\s|$)")

DAMAGE = (OSError, MemoryError, OverflowError, RuntimeError, ValueError)
"""What the C readers raise on content that is not as it should be."""


class Allowance:
    """How many bytes may still be read, so that lying sizes end and loops do not run forever."""

    def __init__(self) -> None:
        self._left = 0

    def allow(self, size: int) -> None:
        """Start anew: the next step may read so many bytes."""
        self._left = size

    def spend(self, size: int) -> None:
        """Raise `OSError` when more is read than was allowed."""
        self._left -= size
        if self._left < 0:
            raise OSError(0, "more of the disk would be read than such a thing can need")


class Extent:
    """A span of a disk: a file object with `read`, `seek`, `tell` and `get_size`."""

    def __init__(self, read_at: ReadAt, size: int, allowance: Allowance) -> None:
        self.size = size
        self.allowance = allowance
        self._read_at = read_at
        self._position = 0

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes at an offset; fewer only at the end. Raises `OSError`."""
        size = min(size, self.size - offset)
        if size <= 0 or offset < 0:
            return b""
        return self._read_at(offset, size)

    def part(self, offset: int, size: int) -> "Extent":
        """A span within; what would lie beyond the end is cut off."""
        offset = min(max(offset, 0), self.size)
        size = min(max(size, 0), self.size - offset)
        return Extent(lambda at, count: self._read_at(offset + at, count), size, self.allowance)

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self.read_at(self._position, self.size if size < 0 else size)
        self._position += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to an offset."""
        origin = (0, self._position, self.size)[whence]
        self._position = origin + offset
        return self._position

    def tell(self) -> int:
        """The offset of the next byte."""
        return self._position

    def get_size(self) -> int:
        """The size in bytes, as the C readers ask for it."""
        return self.size


def whole(source: BinaryIO, allowance: Allowance | None = None) -> Extent:
    """All of a seekable file. Raises `OSError`."""
    spent = allowance or Allowance()

    def read_at(offset: int, size: int) -> bytes:
        spent.spend(size)
        source.seek(offset)
        parts = []
        while size > 0 and (data := source.read(size)):
            parts.append(data)
            size -= len(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    return Extent(read_at, source.seek(0, io.SEEK_END), spent)


def plain(error: BaseException) -> str:
    """The gist of an error.

    The C readers write a chain of sentences, each with its function's name: what failed, the
    cause, and then all between the two.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    sentences = _SENTENCE.findall(str(error))
    if len(sentences) > 1:
        return str(sentences[1])
    return _FUNCTION.sub("", str(error)).rstrip(".") or type(error).__name__
