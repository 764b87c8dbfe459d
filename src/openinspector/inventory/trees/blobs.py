"""Where the parts of an image lie: members of a tar archive, or files of a layout folder."""

import os
import stat
import time
from typing import Protocol

import msgspec

from openinspector.inventory.limits import MEBIBYTE, Limits
from openinspector.inventory.trees import tar
from openinspector.inventory.trees.ahead import Ahead
from openinspector.inventory.trees.inflate import Budget, compression, inflate
from openinspector.inventory.trees.readers import FileReader, read_at
from openinspector.inventory.trees.tar_extensions import Damaged
from openinspector.model import TargetError

_DOCUMENT_BYTES = 16 * MEBIBYTE
"""Manifests, indexes and configurations; registries allow 4 MiB."""

_LINKS = 8


class Blob(msgspec.Struct, frozen=True):
    """A part of an open file; `length` may be less than was promised (a truncated archive).

    `identity` names its bytes for certain, "" where they cannot be named without reading them.
    """

    descriptor: int
    offset: int
    length: int
    identity: str = ""


_SETTLED = 2 * 10**9
"""Nanoseconds after which a file that changes has another time of change on any file system."""


def file_identity(descriptor: int) -> str:
    """What names the content of an open file: it differs whenever the file was written to.

    Nobody but the clock sets the time at which an inode changed. A file that changed just now has
    no identity: it may change again within the same tick (as git's index takes it,
    https://git-scm.com/docs/racy-git). Nor has one on a file system that counts whole seconds:
    those of read-only images give all files one time.
    """
    status = os.fstat(descriptor)
    if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) < _SETTLED:
        return ""
    if status.st_ctime_ns % 10**9 == 0:
        return ""
    parts = (
        *(status.st_dev, status.st_ino, status.st_size),
        *(status.st_mtime_ns, status.st_ctime_ns),
    )
    return f"file {' '.join(map(str, parts))}"


def _part_identity(whole: str, offset: int, length: int) -> str:
    return f"{whole} {offset}+{length}" if whole else ""


class Blobs(Protocol):
    """Parts of an image by their name within an archive or folder."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    @property
    def damage(self) -> str | None:
        """Why not all of it could be read."""
        ...

    def find(self, name: str) -> Blob | None:
        """The part of that name, if there is one."""
        ...

    def close(self) -> None:
        """Close files and remove temporary ones."""
        ...


def document(blobs: Blobs, name: str) -> bytes | None:
    """The bytes of a JSON document; None when it is not there, `TargetError` when too large."""
    blob = blobs.find(name)
    if blob is None:
        return None
    if blob.length > _DOCUMENT_BYTES:
        raise TargetError(f"{blobs.name}: {name} has {blob.length:,} bytes; expected a document")
    return read_at(blob.descriptor, blob.offset, blob.length)


class Archive:
    """A tar archive, inflated into a temporary file first when it is compressed."""

    def __init__(self, path: str, limits: Limits) -> None:
        self.name = path
        self.damage: str | None = None
        self._members: dict[str, tuple[int, int]] = {}
        self._links: dict[str, str] = {}
        self.cut = False
        """Whether the compressed archive could not be inflated to its end."""
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._identity = file_identity(self._descriptor)
        try:
            kind = compression(read_at(self._descriptor, 0, 8))
            if kind is not None:
                self._inflate(kind, limits)
            self._index(limits)
        except BaseException:
            self.close()
            raise

    def _inflate(self, kind: str, limits: Limits) -> None:
        import tempfile

        length = os.fstat(self._descriptor).st_size
        compressed, budget = self._descriptor, Budget(limits)
        ahead = Ahead(lambda: inflate(kind, compressed, 0, length, budget), len)
        try:
            # Closing the file object would close the descriptor: keep a duplicate of our own.
            with tempfile.TemporaryFile(prefix="openinspector-") as file:
                self._descriptor = os.dup(file.fileno())
                ahead.start()
                for chunk in ahead:
                    file.write(chunk)
        except Damaged as error:
            self.cut = True
            self.damage = f"unreadable from inflated offset {error.at:,}: {error.reason}"
        except OSError as error:
            raise TargetError(
                f"{self.name}: cannot inflate it into {tempfile.gettempdir()}:"
                f" {error.strerror}; TMPDIR names another folder"
            ) from None
        finally:
            ahead.close()
            if self._descriptor != compressed:
                os.close(compressed)

    def _index(self, limits: Limits) -> None:
        try:
            for path, kind, size, _, target, at, stretches in tar.entries(
                FileReader(self._descriptor)
            ):
                if kind == tar.FILE and stretches is None:
                    self._members[path] = (at, size)
                elif kind in (tar.SYMBOLIC_LINK, tar.HARD_LINK):
                    folder = path.rpartition("/")[0] if kind == tar.SYMBOLIC_LINK else ""
                    self._links[path] = tar.normal_path(f"{folder}/{target}")
                if len(self._members) > limits.archive_entries:
                    raise TargetError(
                        f"{self.name}: it has more than {limits.archive_entries:,} members;"
                        " expected an image"
                    )
        except Damaged as error:
            self.damage = self.damage or f"unreadable from offset {error.at:,}: {error.reason}"

    def find(self, name: str) -> Blob | None:
        """The member of that name; `docker save` links layers that occur twice."""
        name = tar.normal_path(name)
        for _ in range(_LINKS):
            if name in self._members:
                offset, size = self._members[name]
                left = os.fstat(self._descriptor).st_size - offset
                length = max(min(size, left), 0)
                identity = _part_identity(self._identity, offset, length)
                return Blob(self._descriptor, offset, length, identity)
            if name not in self._links:
                break
            name = self._links[name]
        return None

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members or name in self._links

    @property
    def descriptor(self) -> int:
        """The plain tar archive, inflated if need be."""
        return self._descriptor

    def close(self) -> None:
        """Close the archive and remove the temporary file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Folder:
    """A folder with files in it; links are not followed, names cannot leave it."""

    damage: str | None = None

    def __init__(self, path: str) -> None:
        self.name = path
        self._open: dict[str, Blob] = {}

    def find(self, name: str) -> Blob | None:
        """The file of that name below the folder."""
        if name in self._open:
            return self._open[name]
        normal = tar.normal_path(name)
        if not normal or normal.startswith(".."):
            return None
        try:
            descriptor = os.open(
                os.path.join(self.name, normal), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            )
        except OSError:
            return None
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            return None
        identity = file_identity(descriptor)
        blob = self._open[name] = Blob(descriptor, 0, status.st_size, identity)
        return blob

    def close(self) -> None:
        """Close every file."""
        for blob in self._open.values():
            os.close(blob.descriptor)
        self._open.clear()
