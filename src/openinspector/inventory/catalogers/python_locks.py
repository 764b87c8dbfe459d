"""Python lock files: Pipfile.lock, poetry.lock, uv.lock, pdm.lock, pylock.toml (PEP 751)."""

from collections.abc import Iterable, Iterator

from openinspector.inventory.cataloger import Cataloger, File, Parser, ReadError, Yield
from openinspector.inventory.development import names_development, only_for_development
from openinspector.inventory.documents import load_json, load_toml, mapping, sequence, text
from openinspector.inventory.language_packages import (
    Origin,
    Packages,
    inside_installed_package,
)
from openinspector.inventory.language_purl import PYPI
from openinspector.inventory.limits import Limits

_PIPENV = Origin(PYPI, "PIPENV", "python-pipenv", "python-pipenv")
_POETRY = Origin(PYPI, "POETRY", "python-poetry", "python-poetry")
_UV = Origin(PYPI, "PIP", "python-uv", "python-uv")
_PDM = Origin(PYPI, "PIP", "python-pdm", "python-pdm")
_PYLOCK = Origin(PYPI, "PIP", "python-pylock", "python-pylock")

_ARCHIVES = (".whl", ".zip", ".tar.gz", ".tar.bz2", ".tgz")
_MEMBER_SOURCES = frozenset({"editable", "virtual", "directory"})
"""uv's words for the project itself, members of its workspace and other local folders."""


def parse_pipfile_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the packages of every category; `develop` and the like are for development."""
    if inside_installed_package(file.path):
        return
    packages = Packages(file, _PIPENV)
    for category, entries in mapping(load_json(file, limits)).items():
        if category == "_meta":
            continue
        development = names_development(category)
        for name, value in mapping(entries).items():
            entry = mapping(value)
            version = text(entry.get("version"))
            if version.startswith("=="):
                packages.add(name, version.lstrip("="), development=development)
            elif not _is_local_path(entry.get("path")):
                packages.unpinned(name)
    yield from packages.results()


def parse_poetry_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield every package; those outside the main group are for development.

    Up to Poetry 1.4 `category` tells, since 2.1 `groups`; between them nothing does.
    """
    packages, entries = _toml_entries(file, limits, _POETRY, "package")
    for entry in entries:
        if text(mapping(entry.get("source")).get("type")) == "directory":
            continue
        groups = sequence(entry.get("groups"))
        packages.add(
            entry.get("name"),
            entry.get("version"),
            development=entry.get("category") == "dev" or bool(groups and "main" not in groups),
        )
    yield from packages.results()


def parse_pdm_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield every package; those of groups named for development only are for development."""
    packages, entries = _toml_entries(file, limits, _PDM, "package")
    for entry in entries:
        if _is_local_path(entry.get("path")):
            continue
        groups = [text(group) for group in sequence(entry.get("groups"))]
        packages.add(
            entry.get("name"),
            entry.get("version"),
            development=bool(groups) and all(map(names_development, groups)),
        )
    yield from packages.results()


def parse_pylock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield every package; those that only dependency groups ask for are for development."""
    packages, entries = _toml_entries(file, limits, _PYLOCK, "packages")
    for entry in entries:
        if "directory" in entry:
            continue
        marker = text(entry.get("marker"))
        packages.add(
            entry.get("name"),
            entry.get("version"),
            development=all("dependency_groups" in part for part in marker.split(" or ")),
        )
    yield from packages.results()


def parse_uv_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield every package but the workspace's own members.

    For development is what only the members' `dev-dependencies` lead to; extras count as used.
    """
    packages, entries = _toml_entries(file, limits, _UV, "package")
    kept = list(entries)
    development = _uv_development(kept)
    for entry in kept:
        if not _is_member(entry):
            name = entry.get("name")
            packages.add(name, entry.get("version"), development=text(name) in development)
    yield from packages.results()


def _is_member(entry: dict[str, object]) -> bool:
    return not _MEMBER_SOURCES.isdisjoint(mapping(entry.get("source")))


def _uv_development(entries: list[dict[str, object]]) -> frozenset[str]:
    edges: dict[str, list[str]] = {}
    production: list[str] = []
    development: list[str] = []
    for entry in entries:
        used = _names(entry.get("dependencies"))
        for extra in mapping(entry.get("optional-dependencies")).values():
            used += _names(extra)
        edges.setdefault(text(entry.get("name")), []).extend(used)
        if _is_member(entry):
            production += used
            for group in mapping(entry.get("dev-dependencies")).values():
                development += _names(group)
    return only_for_development(development, production, lambda name: edges.get(name, ()))


def _names(dependencies: object) -> list[str]:
    return [text(mapping(value).get("name")) for value in sequence(dependencies)]


def _toml_entries(
    file: File, limits: Limits, origin: Origin, key: str
) -> tuple[Packages, Iterable[dict[str, object]]]:
    """Load a TOML lock file and its array of packages; entries that are no tables are noted."""
    packages = Packages(file, origin)
    if inside_installed_package(file.path):
        return packages, ()
    document = load_toml(file, limits)
    entries = document.get(key, [])
    if not isinstance(entries, list):
        raise ReadError(f"its `{key}` is not an array of tables")
    tables: list[dict[str, object]] = []
    for entry in entries:
        if isinstance(entry, dict):
            tables.append(entry)
        else:
            packages.unusable(entry)
    return packages, tables


def _is_local_path(path: object) -> bool:
    """Tell whether a path leads to a folder of the project, not to an archive."""
    return isinstance(path, str) and not path.endswith(_ARCHIVES)


def _row(origin: Origin, parse: Parser, *globs: str) -> Cataloger:
    return Cataloger(
        name=origin.cataloger, version=1, part="language-packages", parse=parse, globs=globs
    )


CATALOGERS: tuple[Cataloger, ...] = (
    _row(_PIPENV, parse_pipfile_lock, "**/Pipfile.lock"),
    _row(_POETRY, parse_poetry_lock, "**/poetry.lock"),
    _row(_UV, parse_uv_lock, "**/uv.lock"),
    _row(_PDM, parse_pdm_lock, "**/pdm.lock"),
    _row(_PYLOCK, parse_pylock, "**/pylock.toml", "**/pylock.*.toml"),
)
