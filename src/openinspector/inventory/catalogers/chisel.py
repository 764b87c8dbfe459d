"""Ubuntu packages of chiselled images: Chisel's manifest, a jsonwall compressed with Zstandard.

Format: https://documentation.ubuntu.com/chisel (`/var/lib/chisel/manifest.wall`): one JSON object
a line, told apart by `kind`. It does not say which source a package was built from.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from openinspector.inventory.cataloger import Cataloger, File, Owned, ReadError, Yield
from openinspector.inventory.limits import Limits
from openinspector.inventory.os_packages import is_name, is_version
from openinspector.model import Gap, Location, Package


class _Line(msgspec.Struct, gc=False):
    """A line of any kind; other members are skipped."""

    kind: Any = None
    name: Any = None
    version: Any = None
    arch: Any = None
    path: Any = None
    count: Any = None


def parse_manifest(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the packages that slices were cut from, and the files that stand; `ReadError`."""
    location = (Location(file.path),)
    owned: list[str] = []
    found = broken = 0
    lines = _inflated(file, limits).splitlines()
    for line in lines:
        try:
            entry = msgspec.json.decode(line, type=_Line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            broken += 1
            continue
        if isinstance(entry.count, int) and entry.count > len(lines):
            yield Gap("os-packages", f"it has {len(lines)} of {entry.count} lines", file.path)
        if entry.kind == "path" and isinstance(entry.path, str):
            owned.append(entry.path.lstrip("/"))
        elif entry.kind == "package":
            if _is_text(entry.name, is_name) and _is_text(entry.version, is_version):
                found += 1
                yield _package(entry, location)
            else:
                broken += 1
    yield Owned(frozenset(owned))
    if broken:
        yield Gap("os-packages", f"{broken} entries without package or version", file.path)
    if found:
        reason = "it does not name the sources of its packages: only advisories on a source of the"
        yield Gap("os-packages", f"{reason} package's own name are found", file.path)


def _is_text(value: object, check: Any) -> bool:
    return isinstance(value, str) and check(value)


def _package(entry: _Line, location: tuple[Location, ...]) -> Package:
    return Package(
        ecosystem="",
        name=entry.name,
        version=entry.version,
        purl="",
        manager="OS",
        cataloger="chisel",
        collector="debian-dpkg",
        locations=location,
        arch=entry.arch if isinstance(entry.arch, str) else None,
    )


def _inflated(file: File, limits: Limits) -> bytes:
    import zstandard

    most = limits.manifest_bytes
    try:
        with zstandard.ZstdDecompressor().stream_reader(bytes(file.data)) as stream:
            text: bytes = stream.read(most + 1)
    except zstandard.ZstdError as error:
        raise ReadError(f"it is not Chisel's manifest: {error}") from None
    if len(text) > most:
        raise ReadError(f"it inflates to over {most:,} bytes")
    if not text.startswith(b'{"jsonwall"'):
        raise ReadError("it is not Chisel's manifest: it does not begin as one")
    return text


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="chisel",
        version=1,
        part="os-packages",
        parse=parse_manifest,
        globs=("var/lib/chisel/manifest.wall",),
        roots_only=True,
    ),
)
