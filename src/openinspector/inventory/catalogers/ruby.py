"""Ruby: Bundler's lock files and the `*.gemspec` files of installed gems."""

import re
from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.documents import read_lines, read_text
from openinspector.inventory.language_packages import (
    Origin,
    Packages,
    inside_installed_package,
)
from openinspector.inventory.language_purl import RUBYGEMS
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex

_BUNDLER = Origin(RUBYGEMS, "BUNDLER", "ruby-gemfiles", "ruby-gemfiles")
_GEMSPEC = Origin(RUBYGEMS, "GEMSPEC", "ruby-gemspec", "ruby-gemspec")

_WITHIN_SECTION = frozenset(["", " ", "<", "=", ">"])
"""First characters of lines that begin no section; the last three mark a conflict of merging."""
_LOCKED = regex(r" {4}([^\s()]+) \(([^()\s]+)\)$")
_STUB = regex(r"^# stub: (\S+) ([0-9A-Za-z.]+) \S+", re.MULTILINE)
_LITERAL = r"""[ \t]*=[ \t]*(?:Gem::Version\.new[ (][ \t]*)?(["'])([^"'\n]+)\1"""
_NAME = regex(r"^[ \t]*\w+\.name" + _LITERAL, re.MULTILINE)
_VERSION = regex(r"^[ \t]*\w+\.version" + _LITERAL, re.MULTILINE)
_LICENSES = regex(r"^[ \t]*\w+\.licen[sc]es?[ \t]*=[ \t]*(.*)$", re.MULTILINE)
_QUOTED = regex(r"""["']([^"'\n]+)["']""")
_INTERPOLATED = regex(r"[#{}\\]")


def parse_gemfile_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the gems of every source but `PATH`, which is the project itself.

    `name (1.13.0-x86_64-linux)` is a build of 1.13.0 for a platform; all builds are one package.
    """
    if inside_installed_package(file.path):
        return
    packages = Packages(file, _BUNDLER)
    section = ""
    sections: set[str] = set()
    for line in read_lines(file, limits):
        if line[:1] not in _WITHIN_SECTION:
            section = line
            sections.add(line)
        elif section in ("GEM", "GIT", "PLUGIN SOURCE"):
            gem = _LOCKED.match(line)
            if gem:
                packages.add(gem[1], gem[2].partition("-")[0])
    if not sections & {"GEM", "GIT", "PATH", "DEPENDENCIES", "PLATFORMS"}:
        raise ReadError("it is not a Gemfile.lock: it has none of its sections")
    yield from packages.results()


def parse_gemspec(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the gem of a specification that RubyGems wrote on installation.

    Elsewhere a gemspec counts when its name and version are literal: a gem that Bundler took from
    a repository, or one kept in the tree. Not in the folder of a gem with a specification, and not
    at the root of the target, where it describes the project itself.
    """
    installed = "/specifications/" in f"/{file.path}"
    if not installed and ("/" not in file.path or _has_specification(file.path)):
        return
    source = read_text(file, limits)
    stub = _STUB.search(source) if installed else None
    name, version = (stub[1], stub[2]) if stub else (_find(_NAME, source), _find(_VERSION, source))
    if name and version:
        packages = Packages(file, _GEMSPEC)
        licenses = _LICENSES.search(source)
        found = _QUOTED.findall(licenses[1]) if licenses else []
        packages.add(name, version, licenses=found)
        yield from packages.results()
    elif installed:
        raise ReadError("it gives no literal name and version of the gem")


def _has_specification(path: str) -> bool:
    """Bundler's folder for gems from repositories is the one that RubyGems knows nothing of."""
    return inside_installed_package(path) and "/bundler/gems/" not in f"/{path}"


def _find(pattern: re.Pattern[str], source: str) -> str:
    """The literal that is assigned, empty when there is none or it is put together."""
    match = pattern.search(source)
    return "" if match is None or _INTERPOLATED.search(match[2]) else match[2].strip()


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="ruby-gemfiles",
        version=1,
        part="language-packages",
        parse=parse_gemfile_lock,
        globs=("**/Gemfile.lock", "**/gems.locked"),
    ),
    Cataloger(
        name="ruby-gemspec",
        version=1,
        part="language-packages",
        parse=parse_gemspec,
        globs=("**/*.gemspec",),
    ),
)
