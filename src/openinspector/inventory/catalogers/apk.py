"""Alpine, Wolfi and Chainguard packages: apk's database of what is installed.

Format: https://wiki.alpinelinux.org/wiki/Apk_spec (installed database): a line is one letter, a
colon and a value; an empty line ends a package. Advisories are keyed by the origin package.
"""

from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, Owned, ReadError, Yield
from openinspector.inventory.limits import Limits
from openinspector.inventory.os_packages import is_name, is_version
from openinspector.model import Gap, Location, Package

_BINARY = b"ADB"
"""First bytes of apk 3's binary database format (`ADB.`, or `ADBd` and `ADBc` compressed)."""


def _licenses(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def read_entry(lines: list[str], owned: set[str]) -> dict[str, str]:
    """The single-letter fields before the file list of one package; its files join `owned`."""
    fields: dict[str, str] = {}
    folder = ""
    for line in lines:
        letter, value = line[:1], line[2:]
        if letter == "R":
            owned.add(f"{folder}{value}")
        elif letter == "F":
            folder = f"{value.strip('/')}/" if value else ""
        elif line[1:2] == ":":
            fields.setdefault(letter, value)
    return fields


def parse(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield every package of the database, then the files that they own."""
    if file.size > limits.manifest_bytes:
        raise ReadError(f"package database is over {limits.manifest_bytes} bytes")
    data = bytes(file.data)
    if data.startswith(_BINARY):
        raise ReadError("apk's binary database format is not read")
    text = data.decode("utf-8", "surrogateescape").replace("\r\n", "\n")
    location = (Location(file.path),)
    owned: set[str] = set()
    broken = 0
    for entry in text.split("\n\n"):
        lines = entry.split("\n")
        fields = read_entry(lines, owned)
        name, version = _clean(fields.get("P")), _clean(fields.get("V"))
        if is_version(version) and is_name(name):
            origin = _clean(fields.get("o"))
            yield Package(
                ecosystem="",
                name=name,
                version=version,
                purl="",
                manager="OS",
                cataloger="alpine-apk",
                collector="alpine-apk",
                locations=location,
                arch=_clean(fields.get("A")) or None,
                source_name=origin if origin and origin != name else None,
                licenses=_licenses(_clean(fields.get("L"))),
            )
        elif entry.strip(" \t\n\0"):
            broken += 1
    if owned:
        yield Owned(frozenset(owned))
    if broken:
        yield Gap("os-packages", f"{broken} entries without package or version", file.path)


def _clean(text: str | None) -> str:
    """Replace undecodable bytes, which names and versions never have."""
    return (text or "").strip().encode("utf-8", "surrogateescape").decode("utf-8", "replace")


CATALOGERS = (
    Cataloger(
        name="alpine-apk",
        version=1,
        part="os-packages",
        parse=parse,
        globs=("lib/apk/db/installed", "usr/lib/apk/db/installed"),
        roots_only=True,
    ),
)
