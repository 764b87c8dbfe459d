"""A folder as destination: each bucket name is a sub-folder of the configured one.

The names come from callers. Every part of a key is quoted, so that no key leaves the folder.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from openinspector.signals.destinations.destination import DestinationError, ErrorCode, Watch

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_READABLE = " :=@+,()'!*"
_LONGEST = 200
_PARTIAL = ".partial"


class Folder:
    """Objects as files; an unfinished one is hidden beside its place and renamed at the end."""

    def __init__(self, root: Path, bucket: str) -> None:
        self._root = root / bucket
        self._named = bool(_BUCKET.fullmatch(bucket)) and ".." not in bucket

    def check(self) -> None:
        """The bucket's name must be one, and its folder must be writable."""
        if not self._named:
            raise DestinationError("BUCKET_NOT_FOUND", "This is not a bucket's name.")
        try:
            self._root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _refused(error) from error
        if not os.access(self._root, os.W_OK | os.X_OK):
            raise DestinationError("INVALID_PERMISSIONS", "The folder cannot be written.")

    def write(self, key: str, chunks: Iterable[bytes], watch: Watch) -> None:
        """Write a file beside its place, sync it, rename it."""
        path = self._path(key)
        partial = _partial(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            watch.publish()
            partial.replace(path)
            _sync(path.parent)
        except OSError as error:
            raise _refused(error) from error
        finally:
            partial.unlink(missing_ok=True)

    def discard(self, key: str, attempt: str | None) -> None:
        """Remove the hidden file of an attempt that died."""
        _partial(self._path(key)).unlink(missing_ok=True)

    def remove(self, key: str) -> None:
        """Remove a finished file."""
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._root.joinpath(*(_quoted(part) for part in key.split("/") if part))


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}{_PARTIAL}")


def _quoted(part: str) -> str:
    """A file name that means nothing to a file system; long ones keep a digest of the rest."""
    name = quote(part, safe=_READABLE, errors="surrogatepass")
    if name.startswith("."):
        name = "%2E" + name[1:]
    if len(name) > _LONGEST:
        digest = hashlib.sha256(part.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        name = f"{name[:_LONGEST]}~{digest}{Path(name).suffix[:8]}"
    return name


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refused(error: OSError) -> DestinationError:
    denied = isinstance(error, PermissionError)
    code: ErrorCode = "INVALID_PERMISSIONS" if denied else "INTERNAL_ERROR"
    return DestinationError(code, f"The folder refused: {error.strerror}.")
