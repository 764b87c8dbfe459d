"""Which blocks of a disk file hold something, and their bytes.

No copy is made, so the file must not change: one that did is an error, not other bytes.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

BLOCK = 512 * 1024
"""Bytes of a block of the EBS direct APIs."""
_ZEROS = bytes(BLOCK)


@dataclass(frozen=True)
class Content:
    """The blocks of a disk file that hold something: indexes in order, and the file as it was."""

    path: Path
    blocks: tuple[int, ...]
    stamp: tuple[int, int] = field(repr=False)

    def read(self, index: int) -> bytes:
        """One block, filled up with zeros at the end of the file. Raises `ValueError`."""
        if _stamp(self.path) != self.stamp:
            raise ValueError(f"{self.path} changed after a snapshot was made of it")
        with self.path.open("rb") as file:
            file.seek(index * BLOCK)
            return file.read(BLOCK).ljust(BLOCK, b"\0")


def _stamp(path: Path) -> tuple[int, int]:
    told = path.stat()
    return told.st_size, told.st_mtime_ns


def content_of(path: Path) -> Content:
    """The blocks of a file, sparse or not, that are not all zero."""
    with path.open("rb") as file:
        blocks = tuple(_blocks(file.fileno(), path.stat().st_size))
    return Content(path, blocks, _stamp(path))


def _blocks(file: int, size: int) -> Iterator[int]:
    """Blocks with data, by asking the file system where the holes are, then reading."""
    done = position = 0
    while position < size:
        try:
            start = os.lseek(file, position, os.SEEK_DATA)
        except OSError:
            return
        position = os.lseek(file, start, os.SEEK_HOLE)
        first, last = max(start // BLOCK, done), -(-position // BLOCK)
        for index in range(first, last):
            data = os.pread(file, BLOCK, index * BLOCK)
            if data != _ZEROS[: len(data)]:
                yield index
        done = max(done, last)
