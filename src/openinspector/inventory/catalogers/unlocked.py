"""Manifests that no lock file stands beside: which versions they lead to is not known.

A source tree with `package.json` alone would otherwise look clean: its dependencies are ranges,
which a package manager resolves when it installs. So they are told as a gap, one for each
manifest that declares dependencies and has no lock file in its folder or above.
"""

import posixpath
from collections.abc import Callable, Iterable, Iterator

import msgspec

from openinspector.inventory.cataloger import Cataloger, File, Yield
from openinspector.inventory.documents import load_json, load_toml, load_yaml, mapping, read_text
from openinspector.inventory.language_packages import PART, inside_installed_package
from openinspector.inventory.limits import Limits
from openinspector.model import Gap, Package
from openinspector.patterns import regex

NOT_LOCKED = "its dependencies are not judged: no lock file says which versions are used"

Declares = Callable[[File, Limits], bool]
"""Tells whether a manifest declares any dependency."""

_MOST_FOLDERS = 32
_PLATFORM = ("php", "ext-", "lib-", "composer-")


class Manifest(msgspec.Struct, frozen=True):
    """A manifest by its name, the files that lock it, and what writes such a file."""

    name: str
    locks: tuple[str, ...]
    advice: str
    declares: Declares


def _keys(load: Callable[[File, Limits], object], *paths: str) -> Declares:
    """Whether one of the tables at `a.b` in a document has entries."""

    def declares(file: File, limits: Limits) -> bool:
        document = mapping(load(file, limits))
        return any(_at(document, path) for path in paths)

    return declares


def _at(value: object, path: str) -> object:
    for key in path.split("."):
        value = mapping(value).get(key)
    return value


def _words(pattern: str) -> Declares:
    """Whether a build script has a line that declares a dependency."""
    search = regex(pattern, 8).search  # re.MULTILINE
    return lambda file, limits: search(read_text(file, limits)) is not None


def _composer(file: File, limits: Limits) -> bool:
    required = mapping(mapping(load_json(file, limits)).get("require"))
    return any(not name.startswith(_PLATFORM) for name in required)


def _poetry(file: File, limits: Limits) -> bool:
    document = load_toml(file, limits)
    asked = mapping(_at(document, "tool.poetry.dependencies"))
    return bool(_at(document, "project.dependencies")) or any(name != "python" for name in asked)


MANIFESTS: tuple[Manifest, ...] = (
    Manifest(
        "package.json",
        (
            *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"),
            *("bun.lock", "bun.lockb", "node_modules/.package-lock.json"),
        ),
        "npm install --package-lock-only",
        _keys(load_json, "dependencies", "devDependencies", "optionalDependencies"),
    ),
    Manifest(
        "pyproject.toml",
        (
            *("poetry.lock", "pdm.lock", "uv.lock", "pylock.toml", "Pipfile.lock"),
            "requirements.txt",
        ),
        "uv lock, poetry lock or pdm lock",
        _poetry,
    ),
    Manifest("Pipfile", ("Pipfile.lock",), "pipenv lock", _keys(load_toml, "packages")),
    Manifest(
        "Gemfile",
        ("Gemfile.lock", "gems.locked"),
        "bundle lock",
        _words(r"^[ \t]*gem[ \t(]+[\"']"),
    ),
    Manifest(
        "composer.json",
        ("composer.lock", "vendor/composer/installed.json"),
        "composer update --no-install",
        _composer,
    ),
    Manifest(
        "Cargo.toml",
        ("Cargo.lock",),
        "cargo generate-lockfile",
        _keys(load_toml, "dependencies", "workspace.dependencies", "build-dependencies"),
    ),
    *(
        Manifest(
            name,
            ("gradle.lockfile", "gradle/verification-metadata.xml"),
            "gradle dependencies --write-locks",
            _words(r"[\"'][\w.-]+:[\w.-]+(?::[^\"'\n]*)?[\"']"),
        )
        for name in ("build.gradle", "build.gradle.kts")
    ),
    Manifest("mix.exs", ("mix.lock",), "mix deps.get", _words(r"\{:\w+,[ \t]*[\"'~>\w]")),
    Manifest("pubspec.yaml", ("pubspec.lock",), "dart pub get", _keys(load_yaml, "dependencies")),
    Manifest(
        "Package.swift",
        ("Package.resolved",),
        "swift package resolve",
        _words(r"\.package\([^)]*url:"),
    ),
    Manifest("Podfile", ("Podfile.lock",), "pod install", _words(r"^[ \t]*pod[ \t(]+[\"']")),
)
"""Formats whose manifests alone name no versions; those of Maven, Go, NuGet and pip do."""


def _parser(manifest: Manifest) -> Callable[[File, Limits], Iterator[Yield]]:
    def parse(file: File, limits: Limits) -> Iterator[Yield]:
        if inside_installed_package(file.path) or _is_locked(file, manifest.locks):
            return
        if manifest.declares(file, limits):
            yield Gap(PART, f"{NOT_LOCKED} (`{manifest.advice}` writes one)", file.path)

    return parse


def _is_locked(file: File, locks: tuple[str, ...]) -> bool:
    """Whether a lock file lies in the folder of a manifest, or above as in workspaces."""
    folder = posixpath.dirname(file.path)
    for _ in range(_MOST_FOLDERS):
        if any(file.companion(f"{folder}/{lock}".lstrip("/")) is not None for lock in locks):
            return True
        if not folder:
            return False
        folder = posixpath.dirname(folder)
    return False


def without_installed(gaps: Iterable[Gap], packages: Iterable[Package]) -> list[Gap]:
    """Leave out gaps about a `package.json` whose packages were found installed below it."""
    roots = {
        place.path[: place.path.index("node_modules/")]
        for package in packages
        for place in package.locations
        if "node_modules/" in place.path
    }
    return [
        gap
        for gap in gaps
        if not (
            gap.reason.startswith(NOT_LOCKED)
            and gap.path is not None
            and gap.path.endswith("package.json")
            and gap.path.removesuffix("package.json") in roots
        )
    ]


CATALOGERS: tuple[Cataloger, ...] = tuple(
    Cataloger(
        name=f"unlocked-{manifest.name}",
        version=1,
        part="language-packages",
        parse=_parser(manifest),
        globs=(f"**/{manifest.name}",),
        companions=tuple(f"**/{lock}" for lock in manifest.locks),
        sources_only=True,
    )
    for manifest in MANIFESTS
)
