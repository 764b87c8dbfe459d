"""Gather the language packages of one manifest: checked, unique, and what was left out told once.

Every language cataloger makes one `Packages` for a file, adds what the file says and yields
`results()`: one `Package` for each name and version, and at most one `Gap` for each kind of entry
that could not be used.

The API's words for package managers, and which manifests go by them:

    PYTHONPKG  installed distributions       NODEPKG   node_modules
    PIP        requirements, uv, PDM,        NPM       npm, pnpm and Bun lock files
               pylock.toml, pip's part of    YARN      yarn.lock
               environment.yml               BUNDLER   Gemfile.lock
    PIPENV     Pipfile.lock                  GEMSPEC   installed gems
    POETRY     poetry.lock                   COMPOSER  composer.lock, installed.json
    (none)     Conda, Hex, Pub, Swift, CocoaPods, Conan, Hackage, R, Julia, GitHub Actions
"""

from collections.abc import Iterable, Iterator

import msgspec

from openinspector.inventory.cataloger import File
from openinspector.inventory.language_purl import Ecosystem, language_purl
from openinspector.model import Gap, Location, Package, PackageManager
from openinspector.patterns import regex

PART = "language-packages"

TEXT_LENGTH = 1024
"""Characters of a name or a version beyond which it is not believed."""

MOST_PACKAGES = 200_000
"""Packages of one manifest, and entries of one kind that are left out."""

_SHOWN = 8
_SHOWN_LENGTH = 60
_INSTALLED_TREE = regex(
    r"(?:^|/)(?:node_modules|site-packages|dist-packages|bower_components)/"
    r"|(?:^|/)gems/[^/]+-[0-9][^/]*/"
)


class Origin(msgspec.Struct, frozen=True):
    """What all packages of a kind of manifest share (see `Package`)."""

    ecosystem: Ecosystem
    manager: PackageManager | None
    cataloger: str
    collector: str


def inside_installed_package(path: str) -> bool:
    """Tell whether a manifest lies in the folder of an installed package.

    There it says what that package was developed with, not what is installed beside it: the
    installed packages are found by their own metadata. Covers `node_modules`, `site-packages` and
    the folders of gems.
    """
    return _INSTALLED_TREE.search(path) is not None


def usable(value: object) -> bool:
    """Tell whether a value may be a name or a version: short, one line, nothing invisible."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= TEXT_LENGTH
        and value.isprintable()
        and not value.isspace()
    )


class Packages:
    """The packages of one manifest; the last call is `results`."""

    def __init__(self, file: File, origin: Origin) -> None:
        self.path = file.path
        self.origin = origin
        self._location = (Location(file.path),)
        self._packages: dict[str, Package] = {}
        self._unpinned: dict[str, None] = {}
        self._unusable: dict[str, None] = {}
        self._beyond = 0

    def add(
        self,
        name: object,
        version: object,
        *,
        development: bool = False,
        licenses: Iterable[object] = (),
        qualifiers: Iterable[tuple[str, str]] = (),
        subpath: str = "",
        ecosystem: Ecosystem | None = None,
    ) -> None:
        """Add a package as the manifest writes it; the same one twice is one.

        It is for development only if every entry says so. A name without version counts as not
        pinned; names and versions that are not `usable` are counted and left out, licences that
        are not just left out.
        """
        if not usable(name):
            self.unusable(name)
            return
        assert isinstance(name, str)
        if version is None or version == "":
            self.unpinned(name)
            return
        if not usable(version):
            self.unusable(name)
            return
        assert isinstance(version, str)
        where = ecosystem or self.origin.ecosystem
        normal = where.normalise(name)
        purl = language_purl(where, normal, version, qualifiers, subpath)
        known = self._packages.get(purl)
        if known is None and len(self._packages) >= MOST_PACKAGES:
            self._beyond += 1
        elif known is None or (known.development and not development):
            self._packages[purl] = Package(
                ecosystem=where.name,
                name=normal,
                version=version,
                purl=purl,
                manager=self.origin.manager,
                cataloger=self.origin.cataloger,
                collector=self.origin.collector,
                locations=self._location,
                licenses=tuple(x for x in licenses if isinstance(x, str) and usable(x)),
                development=development,
            )

    def unpinned(self, name: str) -> None:
        """Note a package that is asked for without telling exactly one version."""
        if len(self._unpinned) < MOST_PACKAGES:
            self._unpinned[name if usable(name) else _shown(name)] = None

    def unusable(self, name: object) -> None:
        """Note an entry that has not the shape it should have."""
        if len(self._unusable) < MOST_PACKAGES:
            self._unusable[_shown(name)] = None

    def results(self) -> Iterator[Package | Gap]:
        """Yield the packages in the order in which they were added, then the gaps."""
        yield from self._packages.values()
        if self._unpinned:
            yield self._gap(self._unpinned, "not pinned to a version and not judged")
        if self._unusable:
            yield self._gap(self._unusable, "without a usable name and version, left out")
        if self._beyond:
            reason = f"it lists over {MOST_PACKAGES:,} packages; {self._beyond:,} were left out"
            yield Gap(PART, reason, self.path)

    def _gap(self, names: dict[str, None], reason: str) -> Gap:
        count = len(names)
        shown = [_shown(name) for name, _ in zip(names, range(_SHOWN), strict=False)]
        more = f" and {count - _SHOWN} more" if count > _SHOWN else ""
        entries = "entry" if count == 1 else "entries"
        return Gap(PART, f"{count} {entries} {reason}: {', '.join(shown)}{more}", self.path)


def _shown(value: object) -> str:
    """A value from a hostile file, safe to show in one line."""
    text = value if isinstance(value, str) else f"({type(value).__name__})"
    text = text[: _SHOWN_LENGTH + 1]
    if not text.isprintable():
        text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + "…"
