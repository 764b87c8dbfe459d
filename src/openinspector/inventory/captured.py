"""Files whose content is asked for after the walk: companions, and who reads them.

Small ones are kept in memory, large ones in one temporary file.
"""

import threading
from collections.abc import Iterator
from typing import IO

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.matching import Takers
from openinspector.inventory.trees.tree import TreeFile

_IN_MEMORY = 256 * 1024
_CAPTURED = 64 * 1024 * 1024
"""Bytes kept in memory; whatever comes after goes to the temporary file."""

Held = bytes | tuple[int, int] | ReadError | TreeFile
"""Content in memory, or by offset and size in the temporary file, or what keeps it unread, or a
file that can be read at any time."""


class Captured:
    """Captured files by path. A context manager: leaving it removes the temporary file."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[TreeFile, Takers, Held]] = {}
        self._spool: IO[bytes] | None = None
        self._memory = 0
        self._lock = threading.Lock()

    def hold(self, file: TreeFile) -> "Held":
        """Keep a file's content while it is at hand; to be followed by `add` or nothing.

        May be called from any thread. A file that cannot be read is held as that.
        """
        if file.lasting:
            return file
        try:
            data = file.data
        except ReadError as error:
            return error
        with self._lock:
            if len(data) <= _IN_MEMORY and self._memory < _CAPTURED:
                self._memory += len(data)
                return data
            if self._spool is None:
                import tempfile

                # Closed when the whole is: see __exit__.
                self._spool = tempfile.TemporaryFile(prefix="openinspector-")  # noqa: SIM115
            offset = self._spool.seek(0, 2)
            self._spool.write(data)
            return offset, len(data)

    def add(self, file: TreeFile, takers: Takers, held: "Held") -> None:
        """Take in a file that stands."""
        self._files[file.path] = (file, takers, held)

    def forget(self, path: str) -> None:
        """Drop a file that is gone."""
        self._files.pop(path, None)

    def content(self, held: "Held") -> bytes:
        """The content of a held file; raises `ReadError`."""
        if isinstance(held, TreeFile):
            data = held.data
            held.release()
            return data
        if isinstance(held, ReadError):
            raise held
        if isinstance(held, bytes):
            return held
        assert self._spool is not None
        with self._lock:
            self._spool.seek(held[0])
            return self._spool.read(held[1])

    def get(self, path: str) -> "tuple[TreeFile, Takers, Held] | None":
        """A captured file, who wants it, and its content."""
        return self._files.get(path)

    def __iter__(self) -> "Iterator[tuple[TreeFile, Takers, Held]]":
        """Every captured file, in order of path."""
        for path in sorted(self._files):
            yield self._files[path]

    def __enter__(self) -> "Captured":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._spool is not None:
            self._spool.close()


class WithCompanions:
    """A captured file as its cataloger sees it: with the companions that the cataloger declares."""

    def __init__(
        self, file: TreeFile, held: Held, captured: Captured, wanted: dict[str, None]
    ) -> None:
        self.path = file.path
        self.size = file.size
        self._held = held
        self._captured = captured
        self._wanted = wanted

    @property
    def data(self) -> bytes:
        """The whole content; raises `ReadError` when it cannot be read or is over the limit."""
        return self._captured.content(self._held)

    def part(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes at an offset; raises `ReadError` as `data`."""
        return self.data[offset : offset + size]

    def companion(self, path: str) -> "WithCompanions | None":
        """Another file of the target by its path, if the cataloger declared it."""
        found = self._captured.get(path) if path in self._wanted else None
        return None if found is None else self._view(found)

    def companions(self) -> "Iterator[WithCompanions]":
        """Every companion of the target, in order of path."""
        for path in self._wanted:
            found = self._captured.get(path)
            if found is not None:
                yield self._view(found)

    def _view(self, found: tuple[TreeFile, Takers, Held]) -> "WithCompanions":
        return WithCompanions(found[0], found[2], self._captured, self._wanted)
