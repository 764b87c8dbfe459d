"""Debian packages: the dpkg status database, distroless status.d, and the lists of owned files.

Format: deb822 stanzas, https://manpages.debian.org/dpkg-query.1 (states) and
https://www.debian.org/doc/debian-policy/ch-controlfields.html (fields).
"""

import re
from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, Owned, ReadError, Yield
from openinspector.inventory.limits import Limits
from openinspector.inventory.os_packages import is_name, is_version
from openinspector.model import Gap, Location, Package
from openinspector.patterns import regex

_NAMES = rb"\n(Package|Status|Version|Architecture|Source)"
_FIELD = regex(_NAMES + rb":[ \t]*([^\n]*)")
"""A field as dpkg writes it. A literal first byte makes the search four times faster than `^`."""

_FIELD_LOOSELY = regex(_NAMES + rb"[ \t]*:[ \t]*([^\n]*)", re.IGNORECASE)
"""A field as dpkg also accepts it."""

_NEEDED = frozenset({b"Package", b"Version"})

_BLANK = regex(rb"\n[ \t]*\n")

_ABSENT = frozenset({b"not-installed", b"config-files"})
"""States of a package whose files are not there; in every other state some of them are."""

_SOURCE = regex(r"(\S+)\s*(?:\(([^()]*)\))?")


def stanzas(data: bytes) -> list[bytes]:
    """Split a deb822 file at its blank lines, which CR or stray blanks do not hide."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return _BLANK.split(data)


def read_stanza(stanza: bytes) -> dict[bytes, bytes]:
    """The fields of interest of one stanza, by lower-case name; the first of equals counts."""
    lines = b"\n" + stanza
    found = _FIELD.findall(lines)
    if not {name for name, _ in found} >= _NEEDED:
        found = _FIELD_LOOSELY.findall(lines)
    fields: dict[bytes, bytes] = {}
    for name, value in found:
        fields.setdefault(name.lower(), value.rstrip())
    return fields


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def split_source(text: str) -> tuple[str | None, str | None]:
    """Name and version of a Source field: `glibc` or `gcc-12 (12.2.0-14)`."""
    found = _SOURCE.match(text)
    return (found[1], (found[2] or "").strip() or None) if found else (None, None)


def _package(fields: dict[bytes, bytes], location: tuple[Location, ...]) -> Package:
    name, version = _text(fields[b"package"]), _text(fields[b"version"])
    source, source_version = split_source(_text(fields.get(b"source", b"")))
    return Package(
        ecosystem="",
        name=name,
        version=version,
        purl="",
        manager="OS",
        cataloger="dpkg",
        collector="debian-dpkg",
        locations=location,
        arch=_text(fields[b"architecture"]) if fields.get(b"architecture") else None,
        source_name=source if source != name else None,
        source_version=source_version if source_version != version else None,
    )


def parse_status(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the packages of a status file that are installed at least in part.

    A stanza without a state counts as installed (status.d has none). One that names no package,
    or no version though installed, is a gap.
    """
    if file.size > limits.manifest_bytes:
        raise ReadError(f"package database is over {limits.manifest_bytes} bytes")
    location = (Location(file.path),)
    broken = 0
    for stanza in stanzas(bytes(file.data)):
        fields = read_stanza(stanza)
        if not fields and not stanza.strip(b" \t\n\0"):
            continue
        state = fields.get(b"status", b"").split()
        if state and state[-1] in _ABSENT:
            continue
        name, version = _text(fields.get(b"package", b"")), _text(fields.get(b"version", b""))
        if is_version(version) and is_name(name):
            yield _package(fields, location)
        else:
            broken += 1
    if broken:
        yield Gap("os-packages", f"{broken} entries without package or version", file.path)


def parse_list(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the files of one package: `info/NAME.list`, an absolute path on each line."""
    if file.size > limits.manifest_bytes:
        raise ReadError(f"file list is over {limits.manifest_bytes} bytes")
    text = bytes(file.data).decode("utf-8", "surrogateescape")
    yield Owned(frozenset(line[1:] for line in text.split("\n") if line[:1] == "/"))


def parse_checksums(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the files of one distroless package: `status.d/NAME.md5sums`, digest and path."""
    if file.size > limits.manifest_bytes:
        raise ReadError(f"list of checksums is over {limits.manifest_bytes} bytes")
    text = bytes(file.data).decode("utf-8", "surrogateescape")
    pairs = (line.split(None, 1) for line in text.split("\n"))
    yield Owned(frozenset(pair[1].removeprefix("./").lstrip("/") for pair in pairs if pair[1:]))


def parse_status_part(file: File, limits: Limits) -> Iterator[Yield]:
    """Read one file of status.d: a stanza of its own, or the checksums beside it."""
    yield from (parse_checksums if file.path.endswith(".md5sums") else parse_status)(file, limits)


CATALOGERS = (
    Cataloger(
        name="dpkg",
        version=1,
        part="os-packages",
        parse=parse_status,
        globs=("var/lib/dpkg/status",),
        roots_only=True,
    ),
    Cataloger(
        name="dpkg-distroless",
        version=1,
        part="os-packages",
        parse=parse_status_part,
        globs=("var/lib/dpkg/status.d/*",),
        roots_only=True,
    ),
    Cataloger(
        name="dpkg-files",
        version=1,
        part="os-packages",
        parse=parse_list,
        globs=("var/lib/dpkg/info/*.list",),
        roots_only=True,
    ),
)
