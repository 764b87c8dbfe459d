"""What every target has in common: files that stream by, and what could not be read of it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import msgspec

from openinspector.inventory.cataloger import File, ReadError
from openinspector.inventory.limits import Limits
from openinspector.inventory.matching import Matcher
from openinspector.model import Kernel, Target

Report = Callable[[str, int, int | None], None]
"""`report(what, done, total)`: what is read, bytes or files done, of how many (None: unknown)."""


class Unread(msgspec.Struct, frozen=True):
    """Something of a target that could not be read, in plain words.

    `path` is the file or folder within the target, None when a whole layer or archive is meant;
    `bits` are those of the catalogers that wanted the file (None: nobody can tell what is
    missing, so everything may be). `total`: nothing of the target could be read because of it.
    """

    reason: str
    path: str | None = None
    bits: int | None = None
    total: bool = False


class Visit(Protocol):
    """Called once for each file that is found, while its content is at hand.

    That is in the thread that reads it. What it returns travels with `Found`.
    """

    def __call__(self, file: "TreeFile", bits: int) -> object:
        """The answer for a file that catalogers want."""
        ...

    def pack(self, answer: object) -> bytes:
        """An answer as bytes, to be kept with its layer."""
        ...

    def unpack(self, packed: bytes, layer: str | None) -> object:
        """The answer that was packed; `layer` is what the image calls the layer."""
        ...


class TreeFile:
    """One regular file of a target; its content is read when it is asked for.

    `layer` is the diff id of the image layer that holds it (see `Location.layer`). `lasting`: its
    content can be read as long as the tree is open, not only until it is released. `read_part`
    reads some bytes at an offset, for trees where that is cheaper than reading the whole.
    """

    __slots__ = ("_data", "_maximum", "_part", "_read", "lasting", "layer", "mode", "path", "size")

    def __init__(
        self,
        path: str,
        size: int,
        read: Callable[[], bytes],
        limits: Limits,
        layer: str | None = None,
        mode: int | None = None,
        lasting: bool = True,
        read_part: Callable[[int, int], bytes] | None = None,
    ) -> None:
        self.path = path
        self.size = size
        self.layer = layer
        self.mode = mode
        self.lasting = lasting
        self._data: bytes | None = None
        self._read = read
        self._part = read_part
        self._maximum = limits.file_bytes

    @property
    def data(self) -> bytes:
        """The whole content; raises `ReadError` when it cannot be read or is over the limit."""
        if self._data is None:
            if self.size > self._maximum:
                raise ReadError(
                    f"it has {self.size:,} bytes; files are read up to {self._maximum:,}"
                )
            self._data = self._read()
        return self._data

    def part(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes at an offset; raises `ReadError` when they cannot be read."""
        if self._part is None or self._data is not None:
            return self.data[offset : offset + size]
        return self._part(offset, max(min(size, self.size - offset), 0))

    def release(self) -> None:
        """Let the content go that was read."""
        self._data = None
        if not self.lasting:
            self._read = _released

    def companion(self, path: str) -> File | None:
        """None: only a cataloger that declares companions is given any."""
        return None

    def companions(self) -> Iterable[File]:
        """Nothing, as `companion`."""
        return ()


def _released() -> bytes:
    raise ReadError("its content was passed and is gone")


class Found(msgspec.Struct, frozen=True):
    """A file that somebody wants; `bits` says who (`Matcher.takers`), `answer` is the visit's.

    Its content may be gone, unless it is `lasting`.
    """

    file: TreeFile
    bits: int
    answer: object = None


class Again(msgspec.Struct, frozen=True):
    """Another name of a file that was found before and still stands (a hard link).

    Only for who goes by the file's first bytes and not by its name.
    """

    path: str
    original: str
    bits: int


class Gone(msgspec.Struct, frozen=True):
    """A file that was found before is replaced, removed or hidden by an upper layer."""

    path: str


Event = Found | Again | Gone


class FileTree(Protocol):
    """A target as a stream of the files that somebody wants.

    Used as a context manager: leaving it closes files and removes temporary ones.
    """

    @property
    def target(self) -> Target:
        """What is scanned, with an image's metadata."""
        ...

    @property
    def base_layers(self) -> frozenset[str] | None:
        """Diff ids of the layers that the base image brought; None where that is unknown."""
        ...

    @property
    def kernel(self) -> Kernel | None:
        """The kernel that runs, where the target is a running machine."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Facts worth saying: which image of several was taken, what was passed over."""
        ...

    def walk(
        self, wanted: Matcher, visit: Visit, report: Report | None = None
    ) -> "Iterator[Event | Unread]":
        """Visit and yield what is found, and what could not be read.

        A later event of the same path counts. Memory follows what is wanted, not what there is.
        """
        ...

    def __enter__(self) -> "FileTree": ...

    def __exit__(self, *exception: object) -> None: ...
