"""From what catalogers yielded to an inventory: whose, where, judged by which distribution."""

from collections.abc import Iterable, Sequence

import msgspec

from openinspector.inventory.cataloger import Cataloger, Owned, Part, Yield
from openinspector.inventory.catalogers.dockerfile import from_history
from openinspector.inventory.catalogers.unlocked import without_installed
from openinspector.inventory.distribution import choose, kind_of, stamp, unjudged
from openinspector.inventory.matching import Matcher
from openinspector.inventory.plain_text import plain
from openinspector.inventory.trees.tree import FileTree, Unread
from openinspector.model import (
    ConfigurationCheck,
    Distribution,
    Gap,
    Inventory,
    Location,
    Package,
)
from openinspector.patterns import regex

_MERGED = regex(r"(?:usr/)?(bin|sbin|lib|lib32|lib64|libx32)/")
"""Folders that distributions merge into /usr; package databases name them either way."""


class Outcome(msgspec.Struct):
    """What one cataloger yielded for one file."""

    cataloger: Cataloger
    path: str
    layer: str | None
    items: list[Yield]


class _Sorted:
    """Yielded items by what they are."""

    def __init__(self) -> None:
        self.packages: list[tuple[Package, Part]] = []
        self.owned: list[frozenset[str]] = []
        self.checks: list[ConfigurationCheck] = []
        self.gaps: list[Gap] = []
        self.distributions: list[tuple[str, Distribution]] = []
        self.other_distributions: list[Distribution] = []

    def add(self, outcome: Outcome, base: frozenset[str] | None) -> None:
        """Take in what one cataloger yielded, with places filled in."""
        for item in outcome.items:
            if isinstance(item, Package):
                placed = _placed(item, outcome, base)
                self.packages.append((placed, outcome.cataloger.part))
            elif isinstance(item, Owned):
                self.owned.append(item.paths)
            elif isinstance(item, ConfigurationCheck):
                self.checks.append(item)
            elif isinstance(item, Gap):
                self.gaps.append(item if item.path else _at(item, outcome.path))
            elif outcome.cataloger.name == "os-release":
                self.distributions.append((outcome.path, item))
            else:
                self.other_distributions.append(item)


def _at(gap: Gap, path: str) -> Gap:
    return msgspec.structs.replace(gap, path=path)


def conclude(
    tree: FileTree,
    matcher: Matcher,
    outcomes: Iterable[Outcome],
    unread: Iterable[Unread],
    maximum: int,
) -> Inventory:
    """The inventory of what stands: places, distribution, ownership, order; and every gap."""
    found = _Sorted()
    for outcome in outcomes:
        found.add(outcome, tree.base_layers)
    distribution = choose(found.distributions) or next(iter(found.other_distributions), None)
    packages = _unique(found, distribution)
    found_gaps = without_installed(found.gaps, (package for package, _ in packages))
    gaps = [*_tree_gaps(matcher, unread), *found_gaps]
    if len(packages) > maximum:
        reason = f"more than {maximum:,} packages were found; the rest is left out"
        gaps += [Gap(part, reason) for part in _parts(matcher)]
        del packages[maximum:]
    gaps += unjudged([p for p, part in packages if part == "os-packages"], distribution)
    notes = list(tree.notes)
    if tree.target.is_root and not any(part == "os-packages" for _, part in packages):
        missing = _no_os_packages(distribution, gaps)
        if isinstance(missing, Gap):
            gaps.append(missing)
        elif missing:
            notes.append(missing)
    judged = distribution is not None and kind_of(distribution) != ""
    owned = found.owned if judged else []
    kept, subsumed = _by_owner(packages, owned)
    gaps = _without_owned(gaps, owned)
    inventory = Inventory(
        target=tree.target,
        packages=kept,
        distribution=distribution,
        kernel=tree.kernel,
        checks=tuple(sorted(_checks(tree, found), key=lambda c: (c.path, c.begin_line, c.id))),
        gaps=tuple(dict.fromkeys(gaps)),
        notes=tuple(dict.fromkeys(notes)),
        examined=_examined(tree, matcher),
        subsumed=subsumed,
    )
    return plain(inventory)


def _checks(tree: FileTree, found: _Sorted) -> list[ConfigurationCheck]:
    """The checks of files, and for an image those of its history."""
    image = tree.target.image
    if image is None:
        return found.checks
    return [*found.checks, *from_history(image.history, image.user)]


def _examined(tree: FileTree, matcher: Matcher) -> tuple[str, ...]:
    history = {"configuration"} if tree.target.image is not None else set()
    return tuple(sorted({*_parts(matcher), *history}))


def _placed(package: Package, outcome: Outcome, base: frozenset[str] | None) -> Package:
    """A package with its place, the place's layer, and whether that came with the base image."""
    locations = package.locations or (Location(outcome.path),)
    layer = outcome.layer
    if layer is None:
        if package.locations:
            return package
        return msgspec.structs.replace(package, locations=locations)
    return msgspec.structs.replace(
        package,
        locations=tuple(
            place if place.layer else Location(place.path, layer) for place in locations
        ),
        from_base_image=None if base is None else layer in base,
    )


def _unique(found: _Sorted, distribution: Distribution | None) -> list[tuple[Package, Part]]:
    """Packages with ecosystem and package URL, one for each URL and path, in order."""
    stamped = stamp((package for package, _ in found.packages), distribution)
    parts = (part for _, part in found.packages)
    unique: dict[tuple[str, str], tuple[Package, Part]] = {}
    for package, part in zip(stamped, parts, strict=True):
        key = (package.purl, package.locations[0].path)
        known = unique.get(key)
        if known is None or (known[0].development and not package.development):
            unique[key] = (package, part)
    return sorted(unique.values(), key=_order)


def _order(pair: tuple[Package, Part]) -> tuple[str, str, str, str, str]:
    package = pair[0]
    path = package.locations[0].path
    return package.ecosystem, package.name, package.version, path, package.purl


def _by_owner(
    packages: Sequence[tuple[Package, Part]], owned: Sequence[frozenset[str]]
) -> tuple[tuple[Package, ...], tuple[Package, ...]]:
    """Packages to report, and those whose file an OS package owns."""
    evidence = {
        name for package, part in packages if part != "os-packages" for name in _names(package)
    }
    hits = set().union(*(evidence & paths for paths in owned)) if evidence else set()
    kept: list[Package] = []
    subsumed: list[Package] = []
    for package, part in packages:
        owner = hits and part != "os-packages" and not hits.isdisjoint(_names(package))
        (subsumed if owner else kept).append(package)
    return tuple(kept), tuple(subsumed)


def _without_owned(gaps: list[Gap], owned: Sequence[frozenset[str]]) -> list[Gap]:
    """Gaps that matter: what an OS package owns is judged as that package."""
    return [
        gap
        for gap in gaps
        if gap.part == "os-packages"
        or gap.path is None
        or not any(name in paths for name in _spellings(gap.path) for paths in owned)
    ]


def _names(package: Package) -> tuple[str, ...]:
    """The file that proves a package, by every name that it may have."""
    return _spellings(package.locations[0].path)


def _spellings(path: str) -> tuple[str, ...]:
    """A file (the outermost archive) by the names that package databases may give it."""
    path = path.partition("!/")[0]
    if _MERGED.match(path) is None:
        return (path,)
    short = path.removeprefix("usr/")
    return short, f"usr/{short}"


def _no_os_packages(distribution: Distribution | None, gaps: Sequence[Gap]) -> Gap | str:
    """What to say when a root file system has shown no OS package."""
    unreadable = any(gap.part == "os-packages" for gap in gaps)
    if distribution is None:
        return "" if unreadable else "no operating system was found, only what stands by itself"
    if not kind_of(distribution):
        return ""  # `unjudged` says that such packages are not read at all
    which = "could be read" if unreadable else "were found: there is no package database"
    return Gap("os-packages", f"no packages of {distribution.name} {which}", total=True)


def _parts(matcher: Matcher) -> tuple[str, ...]:
    return tuple(sorted({cataloger.part for cataloger in matcher.catalogers}))


def _tree_gaps(matcher: Matcher, unread: Iterable[Unread]) -> list[Gap]:
    """What could not be read, for each part of the target that it may have held."""
    return [
        Gap(part, item.reason, item.path, item.total)
        for item in unread
        for part in sorted(
            matcher.parts_below(item.path)
            if item.bits is None
            else {cataloger.part for cataloger in matcher.takers(item.bits).all}
        )
    ]
