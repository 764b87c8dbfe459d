"""What a cataloger is: a row of name, file patterns, parser and version.

A parser gets bytes and nothing else: no network, no credentials, no subprocess, no file system.
What it yields are packages, files that its packages own, checks, a distribution, or gaps.
"""

from collections.abc import Callable, Iterable
from typing import Literal, Protocol

import msgspec

from openinspector.inventory.limits import DEFAULT_LIMITS, Limits
from openinspector.model import ConfigurationCheck, Distribution, Gap, Package

Part = Literal["os-packages", "language-packages", "applications", "configuration"]


class File(Protocol):
    """One regular file of a target, as a parser sees it. Content is hostile."""

    @property
    def path(self) -> str:
        """Path from the target's root, without a leading slash; inside archives after `!/`."""
        ...

    @property
    def size(self) -> int:
        """Size in bytes."""
        ...

    @property
    def data(self) -> bytes | memoryview:
        """The whole content. Raises `ReadError` when it cannot be read or is over the limit."""
        ...

    def part(self, offset: int, size: int) -> bytes | memoryview:
        """Up to `size` bytes at an offset, without reading the rest. Raises `ReadError`."""
        ...

    def companion(self, path: str) -> "File | None":
        """Another file of the target by its path; only those that `Cataloger.companions` match."""
        ...

    def companions(self) -> Iterable["File"]:
        """Every companion of the target, in order of path."""
        ...


class ReadError(Exception):
    """A file cannot be read or parsed as what it claims to be; the message says why."""


class Owned(msgspec.Struct, frozen=True):
    """Files that an OS package database says its packages own (paths without leading slash)."""

    paths: frozenset[str]


Yield = Package | Owned | ConfigurationCheck | Distribution | Gap
Parser = Callable[[File, Limits], Iterable[Yield]]


class Cataloger(msgspec.Struct, frozen=True):
    """One row of the table of catalogers.

    - `name`: the scanner's name (spec/sbom-generator.md 1.4 where it has one).
    - `version`: raised when the parser's answer for the same bytes changes; part of cache keys.
    - `part`: the part of a target that it covers.
    - `globs`: paths that it wants. `**/NAME`, `**/*.EXT`, an exact path, or a general glob where
      `*` stays within one path segment and `**` crosses them; matched case-sensitively unless
      `fold_case`.
    - `magics`: first bytes of programs and shared libraries that it wants whatever their name:
      of files with any execute bit, no known mode, no dot in the name, or an ending as programs
      and libraries have (`*.so`, `*.so.*`, `*.dll`, `*.dylib`, `*.exe`, `*.elf`, ...).
    - `parse`: called once for each wanted file that is visible in the target (for layered images
      possibly before that is known; results of hidden files are dropped).
    - `companions`: globs of further files that `parse` may ask for; a parser without companions
      is run while the target streams by.
    - `roots_only`: only meaningful in a root file system, not in a source tree.
    - `sources_only`: only meaningful in a source tree, not in a root file system.
    """

    name: str
    version: int
    part: Part
    parse: Parser
    globs: tuple[str, ...] = ()
    magics: tuple[bytes, ...] = ()
    companions: tuple[str, ...] = ()
    fold_case: bool = False
    roots_only: bool = False
    sources_only: bool = False


class MemoryFile:
    """A `File` over bytes at hand, for nested archives and tests."""

    __slots__ = ("_companions", "data", "path")

    def __init__(
        self, path: str, data: bytes | memoryview, companions: dict[str, bytes] | None = None
    ) -> None:
        self.path = path
        self.data = data
        self._companions = companions or {}

    @property
    def size(self) -> int:
        """Size in bytes."""
        return len(self.data)

    def part(self, offset: int, size: int) -> bytes | memoryview:
        """Up to `size` bytes at an offset."""
        return self.data[offset : offset + size]

    def companion(self, path: str) -> "MemoryFile | None":
        """The companion of that path, if it was given."""
        data = self._companions.get(path)
        return None if data is None else MemoryFile(path, data, self._companions)

    def companions(self) -> "Iterable[MemoryFile]":
        """Every companion that was given, in order of path."""
        return (
            MemoryFile(path, data, self._companions)
            for path, data in sorted(self._companions.items())
        )


def run(
    cataloger: Cataloger,
    path: str,
    data: bytes,
    companions: dict[str, bytes] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> list[Yield]:
    """Run one cataloger over bytes, as tests and nested archives do."""
    return list(cataloger.parse(MemoryFile(path, data, companions), limits))
