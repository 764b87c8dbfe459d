"""Tar headers, read raw: ustar, GNU and pax, each entry a plain tuple, nothing extracted.

Python's own module takes 40 µs an entry; an image has a hundred thousand. Where implementations
differ this follows Go's archive/tar, which unpacks the world's images: links, folders and devices
have no content whatever their size says, global pax headers change nothing, checksums may be
signed or unsigned, the archive ends at two zero blocks or at its end.

Formats: POSIX pax (IEEE 1003.1), https://www.gnu.org/software/tar/manual/html_node/Standard.html
"""

from collections.abc import Iterator
from typing import Protocol

from isal.isal_zlib import adler32

from openinspector.inventory.trees.tar_extensions import (
    EXTENSION_BYTES,
    Damaged,
    Stretches,
    gnu_sparse,
    number,
    pax_records,
    pax_sparse,
)

FILE, FOLDER, SYMBOLIC_LINK, HARD_LINK, DEVICE = range(5)

Entry = tuple[str, int, int, int, str, int, "Stretches | None"]
"""Path (normalised), kind, size (as a reader of the file sees it), mode, link target (as it
stands), offset of the content, and the stretches of a sparse file (None: content lies as it is)."""

BLOCK = 512
_ZEROES = bytes(BLOCK)
_ADLER = 65521
"""Adler-32's low half is 1 + the sum of all bytes, modulo this: it sums 512 bytes in 0.1 µs."""
_EXTENSION = 5
_KINDS = {
    **dict.fromkeys(b"07\0S", FILE),
    **dict.fromkeys(b"5D", FOLDER),
    ord("1"): HARD_LINK,
    ord("2"): SYMBOLIC_LINK,
    **dict.fromkeys(b"346", DEVICE),
    **dict.fromkeys(b"KLxXg", _EXTENSION),
}
"""What a type flag means; those that are not here are files."""

_GNU_LONG_LINK, _GNU_LONG_NAME, _PAX_GLOBAL, _DUMPED_FOLDER, _GNU_SPARSE = b"KLgDS"
_NO_FILES = frozenset(b"VMN")
"""Volume labels, continued files of other volumes, old lists of names."""

_CACHED = 65536


class Reader(Protocol):
    """Bytes of one archive. Offsets must not go back by more than a block on a stream."""

    def block(self, at: int) -> bytes:
        """The 512 bytes at an offset; fewer where the archive ends."""
        ...

    def take(self, at: int, size: int) -> bytes:
        """`size` bytes at an offset; raises `Damaged` when the archive ends before."""
        ...

    def bytes_until(self, at: int) -> int:
        """How many bytes the archive has, if they are less than `at`; else `at`."""
        ...


def entries(reader: Reader) -> Iterator[Entry]:
    """Yield the entries of a tar archive; the content of the last one can be taken meanwhile.

    Raises `Damaged`, with the offset, at the first header that is none: what follows cannot be
    trusted. Entries whose path leaves the archive's root (`../x`) are yielded with that path;
    `normal_path` has not resolved them.
    """
    at = end = 0
    modes: dict[bytes, int] = {}
    sums: dict[bytes, int] = {}
    name = link = None
    pax: dict[str, str] | None = None
    block = reader.block
    while True:
        header = block(at)
        if len(header) < BLOCK or header == _ZEROES:
            if name or link or pax:
                raise Damaged(at, "the archive ends after an extension header")
            _check_end(reader, header, at, end)
            return
        declared = header[148:156]
        total = sums.get(declared)
        if total is None:
            total = (number(declared, at) + sum(declared) - 255) % _ADLER
            if len(sums) < _CACHED:
                sums[declared] = total
        if total != adler32(header) & 0xFFFF:
            _check_slowly(header, number(declared, at), at)
        flag = header[156]
        kind = _KINDS.get(flag, FILE)
        start = at + BLOCK
        if kind in (FILE, _EXTENSION) or flag == _DUMPED_FOLDER:
            try:
                size = int(header[124:135], 8)
            except ValueError:
                size = -1
            if size < 0 or header[135]:
                size = number(header[124:136], at)
        else:
            size = 0
        if kind == _EXTENSION:
            if size > EXTENSION_BYTES:
                raise Damaged(at, f"an extension header has {size:,} bytes")
            data = reader.take(start, size)
            at = start + (size + 511 & -512)
            if flag == _GNU_LONG_NAME:
                name = _text(data)
            elif flag == _GNU_LONG_LINK:
                link = _text(data)
            elif flag != _PAX_GLOBAL:
                pax = pax_records(data, at)
            continue
        if name is None:
            stop = header.find(0, 0, 100)
            field = header[: stop if stop >= 0 else 100]
            if header[345] and header[257:263] == b"ustar\0":
                field = _prefix(header) + field
            path = field.decode("utf-8", "surrogateescape")
        else:
            path = name
        target = ""
        if kind in (SYMBOLIC_LINK, HARD_LINK):
            target = link if link is not None else _text(header[157:257])
        content = size
        stretches: Stretches | None = None
        if pax is not None:
            path = pax.get("path", path)
            target = pax.get("linkpath", target)
            if size or kind == FILE:
                content = size = _pax_size(pax, size, at)
        end = start + size
        if flag == _GNU_SPARSE:
            stretches, content, start, end = gnu_sparse(header, reader, start, size).place(
                start, size
            )
        elif pax is not None:
            sparse = pax_sparse(pax, reader, start, size)
            if sparse is not None:
                path = sparse.name or path
                stretches, content, start, end = sparse.place(start, size)
        at = end + 511 & -512
        if kind == FILE and path.endswith("/"):
            kind = FOLDER
        field = header[100:108]
        mode = modes.get(field)
        if mode is None:
            mode = number(field, at)
            if len(modes) < _CACHED:
                modes[field] = mode
        path = normal_path(path)
        if path and flag not in _NO_FILES:
            yield path, kind, content, mode, target, start, stretches
        name = link = pax = None


def _check_end(reader: Reader, header: bytes, at: int, end: int) -> None:
    """Whether the archive ends where it should; `end` is that of the last content."""
    there = reader.bytes_until(end)
    if there < end:
        raise Damaged(there, "the archive ends within a file")
    if header.strip(b"\0"):
        raise Damaged(at, "the archive ends within a header")
    if header and reader.block(at + BLOCK).strip(b"\0"):
        raise Damaged(at, "a zero block stands amid the archive")


def _prefix(header: bytes) -> bytes:
    """The folders that ustar (and star, in a shorter field) keep apart from the name."""
    stop = 476 if header[508:512] == b"tar\0" else 500
    return header[345:stop].partition(b"\0")[0] + b"/"


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def normal_path(path: str) -> str:
    """A path without leading slash, `.` and empty segments; `..` goes up, at most to the root.

    A path that would leave the root keeps one leading `..`: nobody wants such a path.
    """
    if path[:2] == "./":
        path = path[2:]
    if path[-1:] == "/":
        path = path.rstrip("/")
    if path[:1] in "./" or "/." in path or "//" in path:
        return _resolved(path)
    return path


def _resolved(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if not kept or kept == [".."]:
                kept = [".."]
            else:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    return "/".join(kept)


def _check_slowly(header: bytes, declared: int, at: int) -> None:
    """Some old programs summed signed bytes."""
    blank = header[:148] + b" " * 8 + header[156:]
    signed = sum(blank) - 256 * sum(byte > 127 for byte in blank)
    if declared != signed:
        raise Damaged(at, "a header's checksum is wrong")


def _pax_size(pax: dict[str, str], size: int, at: int) -> int:
    text = pax.get("size")
    if text is None:
        return size
    if not text.isascii() or not text.isdecimal() or len(text) > 19:
        raise Damaged(at, "a pax header has a size that is no number")
    return int(text)
