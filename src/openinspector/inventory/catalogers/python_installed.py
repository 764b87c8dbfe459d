"""Installed Python distributions: `*.dist-info/METADATA`, `*.egg-info`, `*.egg` folders and zips.

Format: the core metadata specification, headers in the manner of RFC 822 up to the first empty
line. The folder's own name (`NAME-VERSION.dist-info`) stands in for a missing header.
"""

import re
from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, MemoryFile, ReadError, Yield
from openinspector.inventory.documents import decode_text, read
from openinspector.inventory.jars.zip_directory import Budget, list_entries
from openinspector.inventory.language_packages import Origin, Packages, usable
from openinspector.inventory.language_purl import PYPI
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex

_ORIGIN = Origin(PYPI, "PYTHONPKG", "python-pkg", "python-pkg")
_HEADER = regex(
    r"^(Name|Version|License|License-Expression|Classifier)[ \t]*:(.*)$",
    re.MULTILINE | re.IGNORECASE,
)
_HEADERS_END = regex(rb"\r?\n[ \t]*\r?\n")
_FOLDER = regex(
    r"(?:^|/)([^/]+?)-([0-9][^/-]*)(?:-py[0-9.]+(?:-[^/]*)?)?\.(?:dist-info|egg-info|egg)(?:/|$)"
)
_IN_AN_EGG = b"EGG-INFO/PKG-INFO"
_LICENSE_LENGTH = 100
"""Longer `License` headers hold the text of the licence rather than its name."""


def parse_installed(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the distribution that a metadata file describes; `ReadError` if it names none."""
    headers = _headers(file, limits)
    name, version = _first(headers, "name"), _first(headers, "version")
    if not (usable(name) and usable(version)):
        folders = _FOLDER.findall(file.path)
        if not folders:
            raise ReadError("its headers give no usable name and version")
        name, version = name or folders[-1][0], version or folders[-1][1]
    packages = Packages(file, _ORIGIN)
    packages.add(name, version, licenses=_licenses(headers))
    yield from packages.results()


def parse_egg(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the distribution in a zipped egg, which Python imports from as it is."""
    view = memoryview(file.data)
    listing = list_entries(view, lambda name: name == _IN_AN_EGG, limits)
    if not listing.entries:
        raise ReadError(listing.problem or f"it holds no {_IN_AN_EGG.decode()}")
    data = Budget(limits).read(view, listing.entries[0], limits.manifest_bytes)
    yield from parse_installed(MemoryFile(file.path, data), limits)


def _headers(file: File, limits: Limits) -> dict[str, list[str]]:
    data = read(file, limits)
    end = _HEADERS_END.search(data)
    found: dict[str, list[str]] = {}
    for name, value in _HEADER.findall(decode_text(data[: end.start()] if end else data)):
        found.setdefault(name.lower(), []).append(value.strip())
    return found


def _first(headers: dict[str, list[str]], name: str) -> str:
    return headers.get(name, [""])[0]


def _licenses(headers: dict[str, list[str]]) -> tuple[str, ...]:
    """The licence expression, else the short licence, else what the classifiers say."""
    for name in ("license-expression", "license"):
        value = _first(headers, name)
        if value and value.upper() != "UNKNOWN" and len(value) <= _LICENSE_LENGTH:
            return (value,)
    classifiers = (value.split("::") for value in headers.get("classifier", []))
    return tuple(
        parts[-1].strip()
        for parts in classifiers
        if parts[0].strip() == "License" and len(parts) > 2
    )


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="python-pkg",
        version=1,
        part="language-packages",
        parse=parse_installed,
        globs=(
            "**/*.dist-info/METADATA",
            "**/*.egg-info/PKG-INFO",
            "**/EGG-INFO/PKG-INFO",
            "**/*.egg-info",
        ),
    ),
    Cataloger(
        name="python-egg",
        version=1,
        part="language-packages",
        parse=parse_egg,
        globs=("**/*.egg",),
    ),
)
