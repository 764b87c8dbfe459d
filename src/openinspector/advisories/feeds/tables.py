"""Text tables, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from openinspector.advisories.feeds.base import LARGEST_FILE, FeedError, chunks

_LONGEST_LINE = 1 << 20


def lines(path: Path) -> Iterator[str]:
    """The lines of a text file, without their ends, unpacked if need be.

    Raises `FeedError` for a line or a file without end.
    """
    rest = b""
    total = 0
    for part in chunks(path):
        total += len(part)
        if total > LARGEST_FILE:
            raise FeedError(f"unpacks to more than {LARGEST_FILE >> 20} MB")
        *whole, rest = (rest + part).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            raise FeedError("has an endless line")
        for line in whole:
            yield line.decode("utf-8", "replace").rstrip("\r")
    if rest:
        yield rest.decode("utf-8", "replace").rstrip("\r")
