"""A zip archive as a layer: its entries below a folder, with what of them is wanted."""

import stat
from bisect import bisect
from collections.abc import Iterator
from functools import partial

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.limits import Limits
from openinspector.inventory.trees.layer import Hit, Item, Link, Wanted, link_target
from openinspector.inventory.trees.tar import normal_path
from openinspector.inventory.trees.tar_extensions import Damaged
from openinspector.inventory.trees.tree import TreeFile, Unread, Visit
from openinspector.inventory.trees.zip_entries import Zip, ZipEntry

_LONGEST_TARGET = 4096


class ZipLayer:
    """Reads a zip.

    `name` is what messages call it, `below` the folder that it is unpacked in, `digest` what
    `Location.layer` says of its files.
    """

    ahead = False

    def __init__(
        self, archive: Zip, name: str, below: str, digest: str | None, limits: Limits
    ) -> None:
        self._archive = archive
        self._name = name
        self._below = f"{below}/" if below else ""
        self._digest = digest
        self._limits = limits

    def items(self, wanted: Wanted, visit: Visit | None) -> Iterator[Item]:
        """Yield every path of the archive, and what of it is wanted; see `Layer.items`."""
        spans: list[tuple[int, int]] = []
        sealed = 0
        for entry in self._archive.entries():
            path = normal_path(entry.name.replace("\\", "/"))
            if path.startswith("..") or len(path) > self._limits.path_bytes:
                bits = wanted.by_path(path.removeprefix("../"))
                if bits:
                    yield Unread(f"its name leads out of {self._name}", path, bits)
                continue
            if not path:
                continue
            path = self._below + path
            if entry.is_folder:
                yield path + "/"
            elif entry.is_link:
                yield from self._link(entry, path, wanted)
            elif entry.mode is not None and not _is_file(entry.mode):
                yield path
            else:
                yield from self._file(entry, path, wanted, visit, spans)
                sealed += entry.encrypted and not wanted.by_path(path)
        if sealed:
            yield Unread(f"{self._name}: {sealed:,} encrypted files were not read")
        if self._archive.problem:
            yield Unread(f"{self._name}: {self._archive.problem}")

    def _file(
        self,
        entry: ZipEntry,
        path: str,
        wanted: Wanted,
        visit: Visit | None,
        spans: list[tuple[int, int]],
    ) -> Iterator[Item]:
        bits = wanted.by_path(path)
        try:
            if entry.size and not entry.encrypted and wanted.peeks(path, entry.mode):
                bits |= wanted.by_magic(self._archive.head(entry, wanted.head))
            if bits:
                self._claim(entry, spans)
        except (ReadError, Damaged) as error:
            yield Unread(str(error), path, bits or None)
            bits = 0
        if not bits:
            yield path
            return
        read = partial(_read, self._archive, entry)
        file = TreeFile(path, entry.size, read, self._limits, self._digest, entry.mode)
        answer = visit(file, bits) if visit is not None else None
        file.release()
        yield Hit(file, bits, answer)

    def _claim(self, entry: ZipEntry, spans: list[tuple[int, int]]) -> None:
        """Entries that share bytes are how a small archive inflates without end."""
        start, end = span = self._archive.span(entry)
        place = bisect(spans, span)
        before = spans[place - 1][1] if place else 0
        after = spans[place][0] if place < len(spans) else end
        if before > start or after < end:
            raise ReadError("it shares its bytes with another entry")
        spans.insert(place, span)

    def _link(self, entry: ZipEntry, path: str, wanted: Wanted) -> Iterator[Item]:
        bits = wanted.by_path(path)
        if bits and entry.size <= _LONGEST_TARGET:
            try:
                target = _read(self._archive, entry).decode("utf-8", "surrogateescape")
            except ReadError as error:
                yield Unread(str(error), path, bits)
            else:
                target = link_target(path, target)
                bits = wanted.beyond(bits, target)
                if bits:
                    yield Link(path, target, bits)
                    return
        yield path


def _is_file(mode: int) -> bool:
    return stat.S_IFMT(mode) in (0, stat.S_IFREG)


def _read(archive: Zip, entry: ZipEntry) -> bytes:
    try:
        return archive.read(entry)
    except Damaged as error:
        raise ReadError(error.reason) from None
