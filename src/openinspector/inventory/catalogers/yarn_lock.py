"""`yarn.lock`: Yarn classic (its own format, v1) and Yarn 2 and later (YAML).

Both list each resolved package once, under the descriptors (`name@range`) that led to it. Neither
tells dependencies for development from the others.
"""

from collections.abc import Iterable, Iterator

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.documents import mapping, parse_yaml, read_lines, read_text, text
from openinspector.inventory.language_packages import (
    Origin,
    Packages,
    inside_installed_package,
)
from openinspector.inventory.language_purl import NPM
from openinspector.inventory.limits import Limits
from openinspector.inventory.npm_archives import published

_ORIGIN = Origin(NPM, "YARN", "javascript-yarn", "javascript-yarn")
_ARCHIVES = (".tgz", ".tar.gz")
_LOCAL = ("workspace:", "link:", "portal:", "file:")
_VERSION_KEYS = ("  version ", '  "version" ')
_UNPUBLISHED = "0.0.0-use.local"
"""The version that Yarn gives to members of the workspace."""


def parse_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield every resolved package but workspaces, links and other local folders."""
    if inside_installed_package(file.path):
        return
    source = read_text(file, limits)
    packages = Packages(file, _ORIGIN)
    if "\n__metadata:" in source or source.startswith("__metadata:"):
        for document in parse_yaml(source, limits):
            _add_modern(packages, mapping(document))
    else:
        _add_classic(packages, read_lines(file, limits))
    yield from packages.results()


def _add_classic(packages: Packages, lines: Iterable[str]) -> None:
    """Add the blocks `descriptor, descriptor:` with an indented `version "..."`."""
    descriptors: str | None = None
    for number, line in enumerate(lines, 1):
        if descriptors is not None and line.startswith(_VERSION_KEYS):
            _add_block(packages, descriptors, line.split(None, 1)[-1].strip().strip('"'))
            descriptors = None
        elif line and line[0] not in " #\t\r":
            if descriptors is not None:
                packages.unpinned(descriptors)
            if not line.rstrip().endswith(":"):
                raise ReadError(f"it is not a yarn.lock: line {number} is not a list of packages")
            descriptors = line.rstrip()[:-1]
    if descriptors is not None:
        packages.unpinned(descriptors)


def _add_block(packages: Packages, descriptors: str, version: str) -> None:
    for descriptor in descriptors.split(","):
        name, target = _split(descriptor.strip().strip('"'))
        if target.startswith("npm:"):
            # An alias, `name@npm:real@range`; `name@npm:range` is none.
            real, at, _ = target[4:].rpartition("@")
            name = real if at and real else name
        elif (known := published(target)) is not None:
            name, version = known
        if not _is_local(target) and version != _UNPUBLISHED:
            packages.add(name, version)


def _add_modern(packages: Packages, document: dict[str, object]) -> None:
    """Add the entries by their `resolution`, which has the real name of an alias."""
    for descriptors, value in document.items():
        if descriptors == "__metadata":
            continue
        entry = mapping(value)
        resolution = text(entry.get("resolution"))
        name, target = _split(resolution or descriptors.split(",")[0].strip())
        if not _is_local(target) and entry.get("version") != _UNPUBLISHED:
            packages.add(*(published(target) or (name, entry.get("version"))))


def _split(descriptor: str) -> tuple[str, str]:
    """Divide `@scope/name@range` at the `@` after the name."""
    at = descriptor.find("@", 1)
    return (descriptor, "") if at < 0 else (descriptor[:at], descriptor[at + 1 :])


def _is_local(target: str) -> bool:
    place = target.partition("#")[0].partition("::")[0]
    return place.startswith(_LOCAL) and not place.endswith(_ARCHIVES)


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="javascript-yarn",
        version=2,
        part="language-packages",
        parse=parse_lock,
        globs=("**/yarn.lock",),
    ),
)
