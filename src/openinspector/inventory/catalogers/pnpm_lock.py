"""`pnpm-lock.yaml`, lockfileVersion 5, 6 and 9.

Format: pnpm's lockfile types. Keys of `packages` are `/name/version_peers` (5),
`/name@version(peers)` (6) and `name@version` (9, where `snapshots` hold the peers and the
dependencies). What does not come from a registry has `name` and `version` inside.
"""

from collections.abc import Iterable, Iterator

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.development import only_for_development
from openinspector.inventory.documents import load_yaml_documents, mapping, text
from openinspector.inventory.language_packages import (
    Origin,
    Packages,
    inside_installed_package,
)
from openinspector.inventory.language_purl import NPM
from openinspector.inventory.limits import Limits

_ORIGIN = Origin(NPM, "NPM", "javascript-pnpm", "javascript-pnpm")


def parse_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield every package but those that are folders of the project."""
    if inside_installed_package(file.path):
        return
    documents = [mapping(value) for value in load_yaml_documents(file, limits)]
    if not any("lockfileVersion" in document for document in documents):
        raise ReadError("it is not a pnpm lock file: it has no lockfileVersion")
    packages = Packages(file, _ORIGIN)
    for document in documents:
        _add_document(packages, document)
    yield from packages.results()


def _add_document(packages: Packages, document: dict[str, object]) -> None:
    by_slash = text(document.get("lockfileVersion")).startswith(("3", "4", "5"))
    development = _development(document)
    for key, value in mapping(document.get("packages")).items():
        entry = mapping(value)
        if "directory" in mapping(entry.get("resolution")):
            continue
        name, version = _identity(key, by_slash)
        packages.add(
            entry.get("name") or name,
            entry.get("version") or (version if version[:1].isdigit() else None),
            development=entry.get("dev") == "true" or key in development,
        )


def _identity(key: str, by_slash: bool) -> tuple[str, str]:
    """Return the name and the version (or address) that a key tells."""
    place = key.partition("(")[0]
    if place.startswith("/"):
        place = place[1:]
    elif (by_slash or "@" not in place[1:]) and not place.startswith("@"):
        # `registry.example.org/name/version`: a registry other than the usual one.
        place = place.partition("/")[2] or place
    if not by_slash:
        at = place.find("@", 1)
        return (place, "") if at < 0 else (place[:at], place[at + 1 :])
    parts = place.split("/")
    scoped = 2 if place.startswith("@") else 1
    version = parts[scoped] if len(parts) > scoped else ""
    return "/".join(parts[:scoped]), version.partition("_")[0]


def _development(document: dict[str, object]) -> frozenset[str]:
    """What version 9 leaves to be found out: the packages that only devDependencies lead to."""
    snapshots = mapping(document.get("snapshots"))
    edges: dict[str, list[str]] = {}
    for key, value in snapshots.items():
        edges.setdefault(key.partition("(")[0], []).extend(_targets(value, _USED, snapshots))
    importers = list(mapping(document.get("importers")).values())
    return only_for_development(
        [key for value in importers for key in _targets(value, ("devDependencies",), snapshots)],
        [key for value in importers for key in _targets(value, _USED, snapshots)],
        lambda key: edges.get(key, ()),
    )


_USED = ("dependencies", "optionalDependencies")


def _targets(value: object, kinds: Iterable[str], snapshots: dict[str, object]) -> Iterator[str]:
    """The keys, without peers, of what an importer or a snapshot depends on."""
    for kind in kinds:
        for alias, target in mapping(mapping(value).get(kind)).items():
            version = text(target) or text(mapping(target).get("version"))
            key = f"{alias}@{version}"
            yield (key if key in snapshots else version).partition("(")[0]


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="javascript-pnpm",
        version=1,
        part="language-packages",
        parse=parse_lock,
        globs=("**/pnpm-lock.yaml",),
    ),
)
