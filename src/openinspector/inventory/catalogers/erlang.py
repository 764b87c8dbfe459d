"""Elixir's `mix.lock` and Erlang's `rebar.lock`: packages of Hex.

Both are terms of their language, written by machine with one dependency on a line.
"""

from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.documents import read_text
from openinspector.inventory.language_packages import (
    Origin,
    Packages,
    inside_installed_package,
)
from openinspector.inventory.language_purl import HEX
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex

_MIX = Origin(HEX, None, "elixir-mix", "elixir-mix")
_REBAR = Origin(HEX, None, "erlang-rebar", "erlang-rebar")

_MIX_ENTRY = regex(
    r'"([^"\n]{1,1024})":\s{0,64}\{:(hex|package|git|path),\s{0,64}'
    r'(?::?"([^"\n]{0,1024})"|:([^",\s]{1,1024})),\s{0,64}"([^"\n]{0,1024})"'
)
_REBAR_ENTRY = regex(
    r'\{<<"([^"\n]{1,1024})">>,\s{0,64}'
    r'\{(?:pkg,\s{0,64}<<"([^"\n]{1,1024})">>,\s{0,64}<<"([^"\n]{0,1024})">>|(git|hg|git_subdir),)'
)


def parse_mix_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the packages from Hex; those from repositories have no version."""
    if inside_installed_package(file.path):
        return
    source = read_text(file, limits)
    if not source.lstrip().startswith("%{"):
        raise ReadError("it is not a mix.lock: it does not hold a map")
    packages = Packages(file, _MIX)
    for app, kind, quoted, atom, version in _MIX_ENTRY.findall(source):
        if kind == "hex":
            packages.add(quoted or atom, version)
        elif kind == "git":
            packages.unpinned(app)
    yield from packages.results()


def parse_rebar_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the packages from Hex; those from repositories have no version."""
    if inside_installed_package(file.path):
        return
    source = read_text(file, limits)
    if not source.lstrip().startswith(("{", "[")):
        raise ReadError("it is not a rebar.lock: it does not hold a term")
    packages = Packages(file, _REBAR)
    for app, name, version, repository in _REBAR_ENTRY.findall(source):
        if repository:
            packages.unpinned(app)
        else:
            packages.add(name, version)
    yield from packages.results()


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="elixir-mix",
        version=1,
        part="language-packages",
        parse=parse_mix_lock,
        globs=("**/mix.lock",),
    ),
    Cataloger(
        name="erlang-rebar",
        version=1,
        part="language-packages",
        parse=parse_rebar_lock,
        globs=("**/rebar.lock",),
    ),
)
