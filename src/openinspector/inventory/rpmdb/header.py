"""The rpm header: one package's tags, as every database format stores them.

Format: https://rpm.org/docs/latest/manual/format_header.html. A header blob in a database has no
magic: number of index entries and size of data (big-endian), the index (tag, type, offset,
count), then the data.
"""

import struct

import msgspec

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.os_packages import is_name, is_version

_NAME, _VERSION, _RELEASE, _EPOCH = 1000, 1001, 1002, 1003
_VENDOR, _LICENSE, _ARCH = 1011, 1014, 1022
_OLD_FILE_NAMES, _SOURCE_RPM = 1027, 1044
_DIRECTORY_INDEXES, _BASE_NAMES, _DIRECTORY_NAMES = 1116, 1117, 1118
_MODULARITY_LABEL = 5096

_WANTED = frozenset(
    {
        _NAME,
        _VERSION,
        _RELEASE,
        _EPOCH,
        _VENDOR,
        _LICENSE,
        _ARCH,
        _OLD_FILE_NAMES,
        _SOURCE_RPM,
        _DIRECTORY_INDEXES,
        _BASE_NAMES,
        _DIRECTORY_NAMES,
        _MODULARITY_LABEL,
    }
)

_INT32 = 4
_TEXTS = frozenset({6, 8, 9})
"""Types STRING, STRING_ARRAY and I18NSTRING."""

_EXPANSION = 16
"""How many times larger than its header a file list may grow when folders are put before names.

Real ones stay under twice; a liar could name one long folder a million times.
"""


class Header(msgspec.Struct, frozen=True):
    """What a header says of one package. `files` are paths without leading slash.

    `files` is None where the list is damaged or lies about its size.
    """

    name: str
    version: str
    release: str
    epoch: int | None
    arch: str | None
    source_rpm: str | None
    module: str | None
    license: str | None
    vendor: str | None
    files: frozenset[str] | None


Index = dict[int, tuple[int, int, int]]
"""Tag to (type, offset into the data, count)."""


def parse(blob: bytes) -> Header:
    """Read one header blob. Raises ReadError when it is none, or names no package."""
    index, data = _open(blob)
    name = _text(index, data, _NAME)
    version = _text(index, data, _VERSION)
    if not version or not name or not (is_name(name) and is_version(version)):
        raise ReadError("package header without name or version")
    epochs = _numbers(index, data, _EPOCH)
    return Header(
        name=name,
        version=version,
        release=_text(index, data, _RELEASE) or "",
        epoch=epochs[0] if epochs else None,
        arch=_text(index, data, _ARCH),
        source_rpm=_text(index, data, _SOURCE_RPM),
        module=_text(index, data, _MODULARITY_LABEL),
        license=_text(index, data, _LICENSE),
        vendor=_text(index, data, _VENDOR),
        files=_files(index, data),
    )


def _open(blob: bytes) -> tuple[Index, bytes]:
    if len(blob) < 8:
        raise ReadError("package header is cut short")
    entries, size = struct.unpack_from(">II", blob)
    start = 8 + 16 * entries
    if start + size > len(blob):
        raise ReadError("package header is cut short")
    index: Index = {}
    for tag, kind, offset, count in struct.iter_unpack(">IIII", blob[8:start]):
        if tag in _WANTED and tag not in index and offset < size:
            index[tag] = (kind, offset, count)
    return index, blob[start : start + size]


def _texts(index: Index, data: bytes, tag: int) -> list[str] | None:
    """The NUL-terminated texts of a tag; None where the tag is missing or damaged.

    Bytes that are no UTF-8 survive as surrogates: file names may hold any.
    """
    entry = index.get(tag)
    if entry is None or entry[0] not in _TEXTS:
        return None
    _, offset, count = entry
    if count > len(data) - offset:
        return None
    texts = data[offset:].split(b"\0", count)[:count]
    if len(texts) < count:
        return None
    return b"\0".join(texts).decode("utf-8", "surrogateescape").split("\0") if texts else []


def _text(index: Index, data: bytes, tag: int) -> str | None:
    """The first text of a tag; None where it is missing, damaged or empty."""
    entry = index.get(tag)
    if entry is None or entry[0] not in _TEXTS:
        return None
    end = data.find(b"\0", entry[1])
    text = data[entry[1] : end] if end >= 0 else data[entry[1] :]
    return text.decode("utf-8", "replace") or None


def _numbers(index: Index, data: bytes, tag: int) -> tuple[int, ...] | None:
    entry = index.get(tag)
    if entry is None or entry[0] != _INT32:
        return None
    _, offset, count = entry
    if count * 4 > len(data) - offset:
        return None
    return struct.unpack_from(f">{count}I", data, offset)


def _files(index: Index, data: bytes) -> frozenset[str] | None:
    """The paths of a package; None where they cannot be told."""
    if _BASE_NAMES not in index and _OLD_FILE_NAMES not in index:
        return frozenset()
    if _BASE_NAMES not in index:  # rpm 3 kept whole paths
        whole = _texts(index, data, _OLD_FILE_NAMES)
        return None if whole is None else frozenset(path.removeprefix("/") for path in whole)
    names = _texts(index, data, _BASE_NAMES)
    folders = _texts(index, data, _DIRECTORY_NAMES)
    indexes = _numbers(index, data, _DIRECTORY_INDEXES)
    if names is None or folders is None or indexes is None or len(indexes) != len(names):
        return None
    if indexes and max(indexes) >= len(folders):
        return None
    sizes = [len(folder) for folder in folders]
    if sum([sizes[at] for at in indexes]) > _EXPANSION * len(data):
        return None
    folders = [folder.removeprefix("/") for folder in folders]
    return frozenset([folders[at] + name for at, name in zip(indexes, names, strict=True)])
