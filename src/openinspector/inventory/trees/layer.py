"""One layer as a stream of what matters: wanted files, links, whiteouts, and bare paths.

Whoever applies layers one over another needs every path (it may replace something below), but the
content only of what a cataloger wants. Whiteouts: OCI image specification, "Layer Filesystem
Changeset" (https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts).
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

import msgspec

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.limits import MEBIBYTE, Limits
from openinspector.inventory.trees import tar
from openinspector.inventory.trees.inflate import Budget
from openinspector.inventory.trees.tar import FILE, FOLDER, HARD_LINK, SYMBOLIC_LINK
from openinspector.inventory.trees.tar_extensions import Damaged, Stretches, expand
from openinspector.inventory.trees.tree import TreeFile, Unread, Visit

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_RETAINED = 8 * 1024 * 1024
"""Bytes of wanted files of a stream that are kept for hard links to come."""

_PASSES = 4
"""How often a layer is read again for hard links whose file had been passed."""


class Hit(msgspec.Struct):
    """A wanted regular file."""

    file: TreeFile
    bits: int
    answer: object

    @property
    def path(self) -> str:
        """The file's path."""
        return self.file.path


class Same(msgspec.Struct):
    """A hard link to a file that was a `Hit`, for those who go by first bytes."""

    path: str
    original: str
    bits: int


class Link(msgspec.Struct):
    """A symbolic link with a wanted name, whose target would not be found by its own name.

    Without `bits`: a link in the place of a folder in which files are wanted.
    """

    path: str
    target: str
    bits: int


class Hide(msgspec.Struct):
    """A whiteout: lower layers lose the path, or (`inside`) only what is in that folder."""

    path: str
    inside: bool


Item = str | Hit | Same | Link | Hide | Unread
"""A bare path (a folder's ends with a slash) is something that nobody wants, but that replaces
what was there."""


class LayerReader(tar.Reader, Protocol):
    """A reader that may allow content to be taken later, in any order."""

    @property
    def rereadable(self) -> bool:
        """Whether content can be taken at any time, not only when its entry has come."""
        ...


class Wanted(Protocol):
    """What is asked of a `Matcher` here."""

    head: int
    anchors: set[str]
    """Folders whose links matter although they are not wanted themselves."""

    def by_path(self, path: str) -> int:
        """Who wants the path."""
        ...

    def beyond(self, bits: int, target: str) -> int:
        """Who of `bits` wants a link to a target although it would not find that by itself."""
        ...

    def peeks(self, path: str, mode: int | None) -> bool:
        """Whether somebody looks at the first bytes."""
        ...

    def by_magic(self, start: bytes) -> int:
        """Who wants a file of these first bytes."""
        ...


class Layer:
    """Reads one layer; `open_reader` starts from its beginning each time.

    `name` is what messages call it; `digest` is its diff id. `ahead`: it pays to read it in a
    thread of its own (because it must be inflated or waited for).
    """

    def __init__(
        self,
        open_reader: Callable[[], LayerReader],
        name: str,
        digest: str | None,
        budget: Budget,
        limits: Limits,
        ahead: bool = False,
    ) -> None:
        self.ahead = ahead
        self._open = open_reader
        self._name = name
        self._digest = digest
        self._budget = budget
        self._limits = limits

    def items(self, wanted: Wanted, visit: Visit | None) -> Iterator[Item]:
        """Yield every path of the layer, and what of it is wanted.

        A damaged layer ends with an `Unread`; what came before stands. Files are visited as their
        content comes by; without `visit`, they keep it.
        """
        pending: dict[str, list[tuple[str, int, int]]] = {}
        try:
            yield from self._scan(self._open(), wanted, visit, pending)
            for _ in range(_PASSES):
                if not pending:
                    break
                yield from self._reread(pending, visit)
        except Damaged as error:
            yield Unread(f"{self._name} is unreadable from offset {error.at:,}: {error.reason}")
        for target, links in pending.items():
            for path, bits, _ in links:
                yield Unread(f"its hard link to {target} leads nowhere", path, bits)

    def _scan(
        self,
        reader: LayerReader,
        wanted: Wanted,
        visit: Visit | None,
        pending: dict[str, list[tuple[str, int, int]]],
    ) -> Iterator[Item]:
        by_path, peeks, head = wanted.by_path, wanted.peeks, wanted.head
        hits: dict[str, int] = {}
        retained = _Retained(0 if reader.rereadable else _RETAINED)
        retainable = min(retained.most, self._limits.file_bytes)
        longest = self._limits.path_bytes
        parent = ""
        for entry in tar.entries(reader):
            path, kind, size, mode, target, at, stretches = entry
            self._budget.entries -= 1
            if self._budget.entries < 0:
                raise Damaged(at, f"there are more than {self._limits.entries:,} entries")
            if ".wh." in path:
                hide = whiteout(path)
                if hide is not None:
                    yield hide
                    continue
            if kind == FOLDER:
                parent = path
                yield path + "/"
                continue
            cut = path.rfind("/")
            if cut > 0 and path[:cut] != parent:
                # Most archives name a folder before its files; for others it is implied.
                parent = path[:cut]
                yield from _implied(parent)
            if len(path) > longest or path.startswith(".."):
                continue
            bits = by_path(path)
            if kind == FILE:
                peeked = 0
                if size and peeks(path, mode):
                    peeked = wanted.by_magic(_head(reader, at, min(head, size), stretches))
                if bits | peeked:
                    file = self._file(reader, path, mode, at, size, stretches)
                    hits[path] = peeked
                    if reader.rereadable:
                        retained.keep(path, file)
                    elif size <= retainable and stretches is None:
                        retained.add(path, file.data)
                    yield self._visited(file, bits | peeked, visit)
                    continue
            elif kind == HARD_LINK:
                item = self._hard_link(entry, bits, wanted, visit, hits, retained, pending)
                if item is not None:
                    yield item
                    continue
            elif kind == SYMBOLIC_LINK and path in wanted.anchors:
                yield Link(path, link_target(path, target), 0)
                continue
            elif kind == SYMBOLIC_LINK and bits:
                target = link_target(path, target)
                bits = wanted.beyond(bits, target)
                if bits:
                    yield Link(path, target, bits)
                    continue
            if path in hits:
                del hits[path]
                retained.forget(path)
            yield path

    def _hard_link(
        self,
        entry: tar.Entry,
        bits: int,
        wanted: Wanted,
        visit: Visit | None,
        hits: dict[str, int],
        retained: "_Retained",
        pending: dict[str, list[tuple[str, int, int]]],
    ) -> Item | None:
        path, _, _, mode, target, _, _ = entry
        target = tar.normal_path(target)
        peeked = hits.get(target, 0)
        if not bits:
            # Who goes by first bytes has seen them under the other name.
            return Same(path, target, peeked) if peeked and wanted.peeks(path, mode) else None
        lasting = retained.file(target)
        if lasting is not None:
            hits[path] = peeked
            return self._visited(self._renamed(lasting, path, mode), bits | peeked, visit)
        data = retained.get(target)
        if data is None:
            pending.setdefault(target, []).append((path, bits | peeked, mode))
            return None
        hits[path] = peeked
        read = partial(bytes, data)
        file = TreeFile(path, len(data), read, self._limits, self._digest, mode, lasting=False)
        return self._visited(file, bits | peeked, visit)

    def _visited(self, file: TreeFile, bits: int, visit: Visit | None) -> Hit:
        if visit is None:
            return Hit(file, bits, None)
        hit = Hit(file, bits, visit(file, bits))
        file.release()
        return hit

    def _reread(
        self, pending: dict[str, list[tuple[str, int, int]]], visit: Visit | None
    ) -> Iterator[Item]:
        """Read the layer again for files that hard links lead to."""
        targets = dict(pending)
        pending.clear()
        reader = self._open()
        for path, kind, size, _, target, at, stretches in tar.entries(reader):
            links = targets.get(path)
            if links is None:
                continue
            if kind == FILE:
                original = self._file(reader, path, 0, at, size, stretches)
                for name, bits, mode in links:
                    yield self._visited(self._renamed(original, name, mode), bits, visit)
                del targets[path]
            elif kind == HARD_LINK:
                pending.setdefault(tar.normal_path(target), []).extend(targets.pop(path))
        for path, links in targets.items():
            for name, bits, _ in links:
                yield Unread(f"its hard link to {path} leads nowhere", name, bits)

    def _renamed(self, file: TreeFile, path: str, mode: int) -> TreeFile:
        read = partial(_content, file)
        return TreeFile(path, file.size, read, self._limits, self._digest, mode, file.lasting)

    def _file(
        self,
        reader: LayerReader,
        path: str,
        mode: int,
        at: int,
        size: int,
        stretches: Stretches | None,
    ) -> TreeFile:
        stored = size if stretches is None else sum(length for _, length in stretches)
        take = partial(_take, reader, at, stored)
        part = partial(_take_part, reader, at) if reader.rereadable and stretches is None else None
        if not reader.rereadable and size <= self._limits.file_bytes:
            # A stream goes on: read now.
            take = partial(bytes, reader.take(at, stored))
        if stretches is not None:
            take = partial(_expanded, take, size, stretches, self._limits)
        return TreeFile(path, size, take, self._limits, self._digest, mode, reader.rereadable, part)


class _Retained:
    """Wanted files that hard links may lead to.

    Of a stream the content of those that passed last, up to some bytes; of what can be read at
    any time, all of them.
    """

    def __init__(self, most: int) -> None:
        self.most = self.left = most
        self._contents: dict[str, bytes] = {}
        self._files: dict[str, TreeFile] = {}

    def keep(self, path: str, file: TreeFile) -> None:
        """Keep a file that can be read at any time."""
        self._files[path] = file

    def file(self, path: str) -> TreeFile | None:
        """The file if it was kept."""
        return self._files.get(path)

    def add(self, path: str, data: bytes) -> None:
        """Keep a file, at the expense of the oldest ones."""
        self.forget(path)
        self._contents[path] = data
        self.left -= len(data)
        while self.left < 0:
            self.forget(next(iter(self._contents)))

    def get(self, path: str) -> bytes | None:
        """The content if it is still kept."""
        return self._contents.get(path)

    def forget(self, path: str) -> None:
        """Drop a file that was replaced."""
        self._files.pop(path, None)
        data = self._contents.pop(path, None)
        if data is not None:
            self.left += len(data)


def _take(reader: LayerReader, at: int, size: int) -> bytes:
    try:
        return reader.take(at, size)
    except Damaged as error:
        raise ReadError(error.reason) from None


def _take_part(reader: LayerReader, at: int, offset: int, size: int) -> bytes:
    return _take(reader, at + offset, size)


def _content(file: TreeFile) -> bytes:
    return file.data


def _expanded(take: Callable[[], bytes], size: int, stretches: Stretches, limits: Limits) -> bytes:
    stored = sum(length for _, length in stretches)
    if size > MEBIBYTE + limits.inflate_ratio * stored:
        raise ReadError(f"it is sparse: {stored:,} bytes stand for {size:,}")
    return expand(take(), size, stretches)


def _head(reader: LayerReader, at: int, size: int, stretches: Stretches | None) -> bytes:
    if stretches is None:
        return reader.take(at, size)
    offset, length = stretches[0] if stretches else (size, 0)
    return (bytes(offset) + reader.take(at, min(length, size)))[:size] if offset < size else b""


def _implied(folder: str) -> Iterator[str]:
    """A folder and those above it, as bare paths."""
    while folder:
        yield folder + "/"
        folder = folder[: max(folder.rfind("/"), 0)]


def whiteout(path: str) -> Hide | None:
    """What a path removes, if it is a whiteout."""
    folder, _, name = path.rpartition("/")
    if name == _OPAQUE:
        return Hide(folder, inside=True)
    hidden = name.removeprefix(_WHITEOUT)
    if hidden == name or hidden in ("", ".", "..") or hidden.startswith(_WHITEOUT):
        return None
    return Hide(f"{folder}/{hidden}" if folder else hidden, inside=False)


def link_target(path: str, target: str) -> str:
    """Where a symbolic link leads, as a path from the root; `..` at the root stays there."""
    kept = [] if target.startswith("/") else path.split("/")[:-1]
    for segment in target.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    return "/".join(kept)
