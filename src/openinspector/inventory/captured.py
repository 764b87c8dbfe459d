"""Files whose content is asked for after the walk: companions, and who reads them.

Small ones are kept in memory, large ones in one temporary file.
"""

import tempfile
from collections.abc import Iterator
from typing import IO

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.matching import Takers
from openinspector.inventory.trees.tree import TreeFile

_IN_MEMORY = 256 * 1024
_CAPTURED = 64 * 1024 * 1024
"""Bytes kept in memory; whatever comes after goes to the temporary file."""


class Captured:
    """Captured files by path. A context manager: leaving it removes the temporary file."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[TreeFile, Takers]] = {}
        self._contents: dict[str, bytes | tuple[int, int] | ReadError] = {}
        self._spool: IO[bytes] | None = None
        self._memory = 0

    def add(self, file: TreeFile, takers: Takers) -> None:
        """Keep a file. One that cannot be read is kept as that."""
        self.forget(file.path)
        self._files[file.path] = (file, takers)
        if file.lasting:
            return
        try:
            data = file.data
        except ReadError as error:
            self._contents[file.path] = error
            return
        if len(data) <= _IN_MEMORY and self._memory < _CAPTURED:
            self._memory += len(data)
            self._contents[file.path] = data
            return
        if self._spool is None:
            # Closed when the whole is: see __exit__.
            self._spool = tempfile.TemporaryFile(prefix="openinspector-")  # noqa: SIM115
        offset = self._spool.seek(0, 2)
        self._spool.write(data)
        self._contents[file.path] = (offset, len(data))

    def forget(self, path: str) -> None:
        """Drop a file that is gone."""
        if self._files.pop(path, None) is not None:
            content = self._contents.pop(path, None)
            if isinstance(content, bytes):
                self._memory -= len(content)

    def content(self, path: str) -> bytes:
        """The content of a captured file; raises `ReadError`."""
        file, _ = self._files[path]
        content = self._contents.get(path)
        if content is None:
            return file.data
        if isinstance(content, ReadError):
            raise content
        if isinstance(content, bytes):
            return content
        assert self._spool is not None
        self._spool.seek(content[0])
        return self._spool.read(content[1])

    def get(self, path: str) -> tuple[TreeFile, Takers] | None:
        """A captured file and who wants it."""
        return self._files.get(path)

    def __iter__(self) -> Iterator[tuple[TreeFile, Takers]]:
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

    def __init__(self, file: TreeFile, captured: Captured, wanted: "dict[str, None]") -> None:
        self.path = file.path
        self.size = file.size
        self._captured = captured
        self._wanted = wanted

    @property
    def data(self) -> bytes:
        """The whole content; raises `ReadError` when it cannot be read or is over the limit."""
        return self._captured.content(self.path)

    def companion(self, path: str) -> "WithCompanions | None":
        """Another file of the target by its path, if the cataloger declared it."""
        found = self._captured.get(path) if path in self._wanted else None
        return None if found is None else WithCompanions(found[0], self._captured, self._wanted)

    def companions(self) -> "Iterator[WithCompanions]":
        """Every companion of the target, in order of path."""
        for path in self._wanted:
            found = self._captured.get(path)
            if found is not None:
                yield WithCompanions(found[0], self._captured, self._wanted)
