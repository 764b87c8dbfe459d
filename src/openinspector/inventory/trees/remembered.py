"""Layers that were read before, remembered in a folder of the user's.

One file for each record (`recorded`), named by the digest of what it is about and beginning with
its own checksum; a file that does not fit it is read as if it were not there. What was not used
for longest goes first.
"""

import hashlib
import os
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from openinspector.inventory.limits import MEBIBYTE
from openinspector.inventory.table_version import table_stamp

_CHECKSUM = 16
_DAYS = 30
_MOST = 512 * MEBIBYTE
_ENDING = ".layer"


class RememberedLayers:
    """Records in a folder (`registry.LayerRecords`), for one way to read: `asked` tells it.

    A folder that cannot be written to remembers nothing: a scan does not fail for it.
    """

    most_bytes = 4 * MEBIBYTE

    def __init__(self, folder: Path, asked: Iterable[str] = ()) -> None:
        self._folder = folder
        self._way = "\0".join((table_stamp(), *asked))
        self._kept = False

    def begin(self, digests: Collection[str]) -> frozenset[str]:
        """Which of some layers seem to be remembered; `find` looks whether they are whole."""
        return frozenset(digest for digest in digests if self._path(digest).exists())

    def find(self, name: str) -> bytes | None:
        """The record of that name, if it is remembered whole."""
        path = self._path(name)
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        record = data[_CHECKSUM:]
        return record if data[:_CHECKSUM] == _checksum(record) else None

    def keep(self, name: str, record: bytes) -> None:
        """Remember a record, whole or not at all."""
        path = self._path(name)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(_checksum(record) + record)
            draft.replace(path)
            self._kept = True
        except OSError:
            with suppress(OSError):
                draft.unlink()

    def end(self) -> None:
        """Forget what is old or too much, if something was added."""
        if self._kept:
            self._kept = False
            for path in _surplus(self._folder, time.time()):
                with suppress(OSError):
                    path.unlink()

    def _path(self, name: str) -> Path:
        named = f"{self._way}\0{name}".encode("utf-8", "surrogateescape")
        return self._folder / (hashlib.sha256(named).hexdigest() + _ENDING)


def _checksum(record: bytes) -> bytes:
    return hashlib.blake2b(record, digest_size=_CHECKSUM).digest()


def _surplus(folder: Path, now: float) -> Iterator[Path]:
    """What to forget: files not used for long, then the oldest beyond what all may take."""
    found = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            found.append((status.st_mtime, status.st_size, entry.path))
    left = _MOST
    for used, size, path in sorted(found, reverse=True):
        left -= size
        if left < 0 or now - used > _DAYS * 86400:
            yield Path(path)
