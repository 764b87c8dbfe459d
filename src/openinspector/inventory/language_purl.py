"""Package URLs of language packages, many at a time (purl-spec; spec/sbom-generator.md 2.1)."""

import re
from collections.abc import Callable, Iterable
from urllib.parse import quote

import msgspec

from openinspector.patterns import regex

_is_plain = regex(r"[A-Za-z0-9.~_-]+", re.ASCII).fullmatch
_PYPI_SEPARATORS = regex(r"[-_.]+")


def normalise_pypi(name: str) -> str:
    """Return a Python project's normalised name (PEP 503)."""
    return _PYPI_SEPARATORS.sub("-", name).lower()


def _as_is(name: str) -> str:
    return name


class Ecosystem(msgspec.Struct, frozen=True):
    """How one ecosystem writes names.

    - `name`: OSV's name, or our own where OSV has none (`Conda`, `CocoaPods`).
    - `purl_type`: the type of its package URLs.
    - `normalise`: the one spelling of a name that advisories and package URLs use.
    - `lower_purl`: purl-spec wants the name in lower case, the ecosystem does not.
    """

    name: str
    purl_type: str
    normalise: Callable[[str], str] = _as_is
    lower_purl: bool = False


PYPI = Ecosystem("PyPI", "pypi", normalise_pypi)
NPM = Ecosystem("npm", "npm", lower_purl=True)
RUBYGEMS = Ecosystem("RubyGems", "gem")
PACKAGIST = Ecosystem("Packagist", "composer", str.lower)
HEX = Ecosystem("Hex", "hex", lower_purl=True)
PUB = Ecosystem("Pub", "pub", lower_purl=True)
SWIFT = Ecosystem("SwiftURL", "swift")
COCOAPODS = Ecosystem("CocoaPods", "cocoapods")
CONAN = Ecosystem("ConanCenter", "conan")
HACKAGE = Ecosystem("Hackage", "hackage")
CRAN = Ecosystem("CRAN", "cran")
BIOCONDUCTOR = Ecosystem("Bioconductor", "bioconductor")
JULIA = Ecosystem("Julia", "julia")
CONDA = Ecosystem("Conda", "conda")
GITHUB_ACTIONS = Ecosystem("GitHub Actions", "github", lower_purl=True)


def language_purl(
    ecosystem: Ecosystem,
    name: str,
    version: str,
    qualifiers: Iterable[tuple[str, str]] = (),
    subpath: str = "",
) -> str:
    """Write a package URL for a normalised name, whose `/` divide namespace and name.

    `@scope/name` becomes `%40scope/name`. Empty qualifiers are left out, the others sorted. Agrees
    with `packageurl.PackageURL.to_string` on what package managers write (tests say so), without
    its parsing and validation, which cost more than reading a lock file.
    """
    shown = _lowered(ecosystem, name) if ecosystem.lower_purl else name
    if not _is_plain(shown):
        shown = "/".join(_encode(part) for part in shown.split("/") if part)
    if not _is_plain(version):
        version = quote(version, safe=":/")
    purl = f"pkg:{ecosystem.purl_type}/{shown}@{version}"
    kept = sorted((key, value) for key, value in qualifiers if value)
    if kept:
        purl += "?" + "&".join(f"{key}={quote(value, safe=':/')}" for key, value in kept)
    if subpath:
        purl += "#" + "/".join(_encode(part) for part in subpath.split("/") if part)
    return purl


def _lowered(ecosystem: Ecosystem, name: str) -> str:
    """The name in lower case; npm's old mixed-case scopes keep theirs, as in the reference."""
    if ecosystem is not NPM:
        return name.lower()
    scope, slash, rest = name.rpartition("/")
    return f"{scope}{slash}{rest.lower()}"


def _encode(part: str) -> str:
    return quote(part, safe=":")
