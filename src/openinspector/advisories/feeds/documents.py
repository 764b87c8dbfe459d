"""A source as a stream of JSON documents, whatever holds them: zip, tar, folder, single file."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from openinspector.advisories.feeds.base import FeedError, chunks, head, load
from openinspector.advisories.feeds.zipped import Entry, Zip
from openinspector.advisories.items import digest
from openinspector.advisories.osv import LONGEST, Malformed

_ZIP = b"PK"
_TAR_MAGIC = slice(257, 262)


class Document(NamedTuple):
    """One JSON file: its path inside the source, its fingerprint, and how to read it.

    `read` raises `Malformed` when it is damaged or too large.
    """

    path: str
    fingerprint: bytes
    read: Callable[[], bytes]

    @property
    def name(self) -> str:
        """The file's name without folders and suffix."""
        return self.path.rpartition("/")[2].removesuffix(".json")


def documents(path: Path) -> Iterator[Document]:
    """Every `*.json` of a folder, a zip, a tar (plain, gzip, zstd, xz); or the one file itself."""
    if path.is_dir():
        yield from _of_folder(path)
        return
    start = head(path, 512)
    if start.startswith(_ZIP):
        yield from _of_zip(path)
    elif start[_TAR_MAGIC] == b"ustar":
        yield from _of_tar(path)
    else:
        data = load(path)
        yield Document(path.name, digest(data), lambda: data)


def _of_zip(path: Path) -> Iterator[Document]:
    archive = Zip(path)
    try:
        for entry in archive.entries():
            if entry.name.endswith(".json"):
                yield Document(entry.name, entry.fingerprint, _reader(archive, entry))
    finally:
        archive.close()


def _reader(archive: Zip, entry: Entry) -> Callable[[], bytes]:
    return lambda: archive.read(entry)


def _of_tar(path: Path) -> Iterator[Document]:
    try:
        with tarfile.open(fileobj=cast(IO[bytes], _Stream(path)), mode="r|") as archive:
            for member in archive:
                if not member.isreg() or not member.name.endswith(".json"):
                    continue
                if member.size > LONGEST:
                    yield _refused(member.name)
                    continue
                file = archive.extractfile(member)
                data = file.read() if file else b""
                yield Document(member.name, digest(data), _holding(data))
    except tarfile.TarError as error:
        raise FeedError(f"is no whole tar file: {error}") from None


def _holding(data: bytes) -> Callable[[], bytes]:
    return lambda: data


def _refused(name: str) -> Document:
    def read() -> bytes:
        raise Malformed(f"is larger than {LONGEST >> 20} MB")

    return Document(name, b"", read)


def _of_folder(path: Path) -> Iterator[Document]:
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        for name in sorted(files):
            if not name.endswith(".json"):
                continue
            file = Path(folder, name)
            status = file.lstat()
            if not stat.S_ISREG(status.st_mode):
                continue  # a link may lead anywhere
            shown = file.relative_to(path).as_posix()
            if status.st_size > LONGEST:
                yield _refused(shown)
                continue
            data = file.read_bytes()
            yield Document(shown, digest(data), _holding(data))


class _Stream:
    """The unpacked content of a file, to be read in order."""

    def __init__(self, path: Path) -> None:
        self._chunks = chunks(path)
        self._buffer = b""

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer at the end."""
        while len(self._buffer) < size:
            part = next(self._chunks, None)
            if part is None:
                break
            self._buffer += part
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data
