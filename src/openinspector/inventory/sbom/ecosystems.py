"""Purl types as tables: which ecosystem, how its names are written, which package manager."""

from collections.abc import Callable

import msgspec

from openinspector.inventory.sbom.purls import Purl
from openinspector.model import Package, PackageManager
from openinspector.patterns import regex

_SEPARATORS = regex(r"[-_.]+")


def _bare(purl: Purl) -> str:
    return purl.name


def _path(purl: Purl) -> str:
    return f"{purl.namespace}/{purl.name}" if purl.namespace else purl.name


def _folded_path(purl: Purl) -> str:
    return _path(purl).lower()


def _coordinates(purl: Purl) -> str:
    return f"{purl.namespace}:{purl.name}" if purl.namespace else purl.name


def _pypi(purl: Purl) -> str:
    """PEP 503."""
    return _SEPARATORS.sub("-", purl.name).lower()


def _npm(purl: Purl) -> str:
    if not purl.namespace:
        return purl.name
    return f"@{purl.namespace.removeprefix('@')}/{purl.name}"


class PurlType(msgspec.Struct, frozen=True):
    """One purl type: OSV's ecosystem, the way from purl to package name, the usual manager."""

    ecosystem: str
    name: Callable[[Purl], str]
    manager: PackageManager | None


OS_TYPES = frozenset({"deb", "rpm", "apk", "alpm", "ebuild"})
"""Types whose ecosystem is the distribution's."""

NOT_SOFTWARE = frozenset({"oci", "docker"})
"""Types that name an image: what is in it must be listed as components of its own."""

TYPES: dict[str, PurlType] = {
    "pypi": PurlType("PyPI", _pypi, "PYTHONPKG"),
    "npm": PurlType("npm", _npm, "NODEPKG"),
    "maven": PurlType("Maven", _coordinates, "JAR"),
    "clojars": PurlType("Maven", _coordinates, "JAR"),
    "golang": PurlType("Go", _path, "GOMOD"),
    "cargo": PurlType("crates.io", _bare, "CARGO"),
    "gem": PurlType("RubyGems", _bare, "GEMSPEC"),
    "composer": PurlType("Packagist", _folded_path, "COMPOSER"),
    "nuget": PurlType("NuGet", _bare, "NUGET"),
    "hex": PurlType("Hex", _bare, None),
    "pub": PurlType("Pub", _bare, None),
    "swift": PurlType("SwiftURL", _path, None),
    "cocoapods": PurlType("CocoaPods", _bare, None),
    "conan": PurlType("ConanCenter", _bare, None),
    "cran": PurlType("CRAN", _bare, None),
    "bioconductor": PurlType("Bioconductor", _bare, None),
    "hackage": PurlType("Hackage", _bare, None),
    "opam": PurlType("opam", _bare, None),
    "julia": PurlType("Julia", _bare, None),
    "bitnami": PurlType("Bitnami", _bare, None),
    "github": PurlType("GitHub Actions", _path, None),
    "githubactions": PurlType("GitHub Actions", _path, None),
    "conda": PurlType("Conda", _bare, None),
    "generic": PurlType("generic", _path, None),
    "huggingface": PurlType("huggingface", _path, None),
    "ollama": PurlType("ollama", _path, None),
}
"""No manager where the `inspector2` model has no word for it."""

_APPLICATIONS = frozenset({"generic", "bitnami", "huggingface", "ollama"})

PARTS = ("os-packages", "language-packages", "applications", "configuration")


def part_of(package: Package) -> str:
    """The part of a target that a package belongs to, by the type of its package URL."""
    type_ = package.purl[4:].partition("/")[0]
    if type_ in OS_TYPES:
        return "os-packages"
    return "applications" if type_ in _APPLICATIONS else "language-packages"


MANAGERS: dict[str, PackageManager] = {
    # Collectors of the Amazon Inspector SBOM generator (spec/sbom-generator.md 1.4).
    "python-pkg": "PYTHONPKG",
    "python-requirements": "PIP",
    "python-poetry": "POETRY",
    "javascript-nodejs": "NODEPKG",
    "javascript-npm-packagelock": "NPM",
    "goconst-package": "GOMOD",
    "go-binary": "GOBINARY",
    "java-jar": "JAR",
    "ruby-gemfiles": "BUNDLER",
    "ruby-gemspec": "GEMSPEC",
    "ruby-globalgems": "GEMSPEC",
    "php": "COMPOSER",
    # `aquasecurity:trivy:PkgType`.
    "pip": "PIP",
    "pipenv": "PIPENV",
    "poetry": "POETRY",
    "npm": "NPM",
    "yarn": "YARN",
    "node-pkg": "NODEPKG",
    "jar": "JAR",
    "pom": "POM",
    "gobinary": "GOBINARY",
    "gomod": "GOMOD",
    "gemspec": "GEMSPEC",
    "bundler": "BUNDLER",
    "dotnet-core": "DOTNET_CORE",
    # `syft:package:foundBy`.
    "go-module-binary-cataloger": "GOBINARY",
    "javascript-lock-cataloger": "NPM",
    "ruby-gemfile-cataloger": "BUNDLER",
    "dotnet-deps-cataloger": "DOTNET_CORE",
    "java-pom-cataloger": "POM",
}
"""Manager by the name of the collector that found the package, where that tells more than the
purl's type does."""


def go_version(version: str) -> str:
    """A Go version without its `v`, the toolchain's without its `go`."""
    if version[:2] == "go" and version[2:3].isdigit():
        return version[2:]
    return version[1:] if version[:1] == "v" and version[1:2].isdigit() else version
