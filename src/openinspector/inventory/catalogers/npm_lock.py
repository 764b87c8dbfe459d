"""npm's `package-lock.json` (lockfileVersion 1, 2, 3) and `npm-shrinkwrap.json`.

Format: npm's documentation of package-lock.json. Versions 2 and 3 list every folder below
`node_modules` under `packages`; version 1 nests `dependencies`.
"""

from collections.abc import Iterator

import msgspec

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.documents import decode_json, load_json, mapping, text
from openinspector.inventory.language_packages import (
    Origin,
    Packages,
    inside_installed_package,
)
from openinspector.inventory.language_purl import NPM
from openinspector.inventory.limits import Limits
from openinspector.inventory.npm_archives import published

_ORIGIN = Origin(NPM, "NPM", "javascript-npm-packagelock", "javascript-npm-packagelock")
_FOLDER = "node_modules/"
_SHRINKWRAP = "npm-shrinkwrap.json"


class _Entry(msgspec.Struct):
    """One installed package; each field may be anything in a hostile file."""

    name: object = None
    version: object = None
    resolved: object = None
    license: object = None
    dev: object = None
    link: object = None
    extraneous: object = None


class _Lock(msgspec.Struct):
    """The common case, decoded without touching what is not needed."""

    packages: dict[str, _Entry]


_DECODER = msgspec.json.Decoder(_Lock)


def parse_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield what a lock file installs: not the project itself, its workspaces or links.

    A `npm-shrinkwrap.json` in the same folder takes the place of `package-lock.json`.
    """
    if inside_installed_package(file.path):
        return
    folder, _, name = file.path.rpartition("/")
    if name != _SHRINKWRAP and file.companion(f"{folder}/{_SHRINKWRAP}".lstrip("/")) is not None:
        return
    packages = Packages(file, _ORIGIN)
    try:
        folders = decode_json(file, limits, _DECODER).packages
    except ReadError:
        # Version 1, or an entry that is not an object: read again, entry by entry.
        _add_any(packages, load_json(file, limits))
    else:
        for path, entry in folders.items():
            _add_folder(packages, path, entry)
    yield from packages.results()


def _add_any(packages: Packages, document: object) -> None:
    lock = mapping(document)
    folders, nested = lock.get("packages"), lock.get("dependencies")
    if isinstance(folders, dict):
        for path, value in folders.items():
            if isinstance(value, dict):
                _add_folder(packages, path, msgspec.convert(value, _Entry))
            else:
                packages.unusable(path)
    elif isinstance(nested, dict):
        _add_nested(packages, nested)
    elif "lockfileVersion" not in lock:
        raise ReadError("it is not an npm lock file: it has neither packages nor dependencies")


def _add_folder(packages: Packages, path: str, entry: _Entry) -> None:
    """Add an entry of `packages`. Without `node_modules/` it is the project or a workspace."""
    at = path.rfind(_FOLDER)
    if at < 0 or entry.link is True or entry.extraneous is True or _is_local(entry.resolved):
        return
    packages.add(
        # `name` is there when the folder has another one, as for `npm:` aliases.
        entry.name or path[at + len(_FOLDER) :],
        entry.version,
        development=entry.dev is True,
        licenses=(entry.license,),
    )


def _add_nested(packages: Packages, dependencies: dict[str, object]) -> None:
    pending = [dependencies]
    while pending:
        for name, value in pending.pop().items():
            if not isinstance(value, dict):
                packages.unusable(name)
                continue
            _add_dependency(packages, name, msgspec.convert(value, _Entry))
            pending.append(mapping(value.get("dependencies")))


def _add_dependency(packages: Packages, name: str, entry: _Entry) -> None:
    """Add an entry of version 1, whose `version` may also be an alias, a path or an address."""
    version = entry.version
    development = entry.dev is True
    if isinstance(version, str) and ":" in version:
        if version.startswith("npm:"):
            name, _, version = version[4:].rpartition("@")
        elif _is_local(version):
            return
        elif (known := published(version)) is not None:
            name, version = known
        else:
            packages.unpinned(f"{name} ({version})")
            return
    packages.add(name, version, development=development)


def _is_local(address: object) -> bool:
    """Tell whether a package comes from a folder of the project itself, not from an archive."""
    place = text(address)
    return place.startswith("file:") and not place.endswith((".tgz", ".tar.gz"))


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="javascript-npm-packagelock",
        version=2,
        part="language-packages",
        parse=parse_lock,
        globs=("**/package-lock.json", f"**/{_SHRINKWRAP}"),
        companions=(f"**/{_SHRINKWRAP}",),
    ),
)
