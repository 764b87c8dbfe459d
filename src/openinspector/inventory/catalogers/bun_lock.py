"""Bun's `bun.lock` (JSON with comments and trailing commas); `bun.lockb` is told as a gap.

Format: Bun's documentation. `packages` maps a place (`name`, or `parent/name` where versions
differ) to `[identity, registry, facts, hash]`, `workspaces` holds the members' dependencies.
"""

from collections.abc import Iterable, Iterator

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.development import only_for_development
from openinspector.inventory.documents import load_jsonc, mapping, sequence, text
from openinspector.inventory.language_packages import (
    PART,
    Origin,
    Packages,
    inside_installed_package,
)
from openinspector.inventory.language_purl import NPM
from openinspector.inventory.limits import Limits
from openinspector.inventory.npm_archives import published
from openinspector.model import Gap

_ORIGIN = Origin(NPM, "NPM", "javascript-bun", "javascript-bun")
_LOCAL = ("workspace:", "link:", "file:", "root:")
_USED = ("dependencies", "optionalDependencies", "peerDependencies")


def parse_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield every package but workspaces, links and other local folders."""
    if inside_installed_package(file.path):
        return
    lock = mapping(load_jsonc(file, limits))
    if "lockfileVersion" not in lock:
        raise ReadError("it is not a bun.lock: it has no lockfileVersion")
    entries = mapping(lock.get("packages"))
    development = _development(mapping(lock.get("workspaces")), entries)
    packages = Packages(file, _ORIGIN)
    for place, value in entries.items():
        identity = text(next(iter(sequence(value)), None))
        at = identity.find("@", 1)
        if at < 0:
            packages.unusable(place)
            continue
        name, version = identity[:at], identity[at + 1 :]
        if version.startswith(_LOCAL):
            continue
        name, version = published(version) or (name, version)
        packages.add(
            name, version if version[:1].isdigit() else None, development=place in development
        )
    yield from packages.results()


def parse_binary_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield a gap: the binary format is not read. A text lock beside it says the same."""
    folder = file.path.rpartition("/")[0]
    if (
        not inside_installed_package(file.path)
        and file.companion(f"{folder}/bun.lock".lstrip("/")) is None
    ):
        yield Gap(
            PART,
            "Bun's binary lock is not read; `bun install --save-text-lockfile` writes bun.lock",
            file.path,
        )


def _development(workspaces: dict[str, object], entries: dict[str, object]) -> frozenset[str]:
    development: list[str] = []
    production: list[str] = []
    for value in workspaces.values():
        workspace = mapping(value)
        name = text(workspace.get("name"))
        development += _places(workspace, ("devDependencies",), name, entries)
        production += _places(workspace, _USED, name, entries)

    def dependencies(place: str) -> Iterable[str]:
        facts = next((x for x in sequence(entries.get(place)) if isinstance(x, dict)), {})
        return _places(facts, _USED, place, entries)

    return only_for_development(development, production, dependencies)


def _places(
    value: dict[str, object], kinds: Iterable[str], base: str, entries: dict[str, object]
) -> list[str]:
    """Where the dependencies of what lies at `base` lie: beside it or nearer to the root."""
    return [
        place
        for kind in kinds
        for name in mapping(value.get(kind))
        for place in [_resolve(name, base, entries)]
        if place is not None
    ]


def _resolve(name: str, base: str, entries: dict[str, object]) -> str | None:
    while base:
        place = f"{base}/{name}"
        if place in entries:
            return place
        base = base.rpartition("/")[0]
        if base.rpartition("/")[2].startswith("@"):
            base = base.rpartition("/")[0]
    return name if name in entries else None


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="javascript-bun",
        version=2,
        part="language-packages",
        parse=parse_lock,
        globs=("**/bun.lock",),
    ),
    Cataloger(
        name="javascript-bun-binary",
        version=1,
        part="language-packages",
        parse=parse_binary_lock,
        globs=("**/bun.lockb",),
        companions=("**/bun.lock",),
    ),
)
