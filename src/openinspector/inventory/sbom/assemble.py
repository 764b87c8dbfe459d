"""From a document to an inventory: every component ends as a package, a check, or a gap."""

from collections.abc import Iterable

import msgspec

from openinspector.inventory.limits import Limits
from openinspector.inventory.sbom import properties as p
from openinspector.inventory.sbom import subject
from openinspector.inventory.sbom.checks import checks_of
from openinspector.inventory.sbom.distributions import Releases, of_purls
from openinspector.inventory.sbom.document import NO_PARENT, Component, Document
from openinspector.inventory.sbom.ecosystems import (
    NOT_SOFTWARE,
    OS_TYPES,
    PARTS,
    part_of,
)
from openinspector.inventory.sbom.interpret import FIELDS, derive
from openinspector.inventory.sbom.omissions import Omissions
from openinspector.inventory.sbom.purls import Purl, parse_purl
from openinspector.model import (
    SOURCE_MARK,
    ConfigurationCheck,
    Distribution,
    Gap,
    Inventory,
    Package,
)

_NO_PACKAGES = frozenset({"operating-system", "file", "data", "cryptographic-asset", "platform"})
"""Kinds of components that are not software to assess when they carry no purl."""

_CONVERTIBLE = {"from_base_image": {"true": True, "false": False}}


def assemble(document: Document, name: str, limits: Limits) -> Inventory:
    """The inventory of a document that the user called `name`."""
    return assemble_components(document, name, limits)[0]


def assemble_components(
    document: Document, name: str, limits: Limits
) -> tuple[Inventory, list[Package | None]]:
    """The inventory of a document, and beside it the package of each of its components.

    None stands for components that are no package, or cannot be assessed.
    """
    purls = [parse_purl(c.purl) if c.purl else None for c in document.components]
    distribution = _distribution(document, purls)
    omitted = Omissions()
    by_component: list[Package | None] = []
    checks: list[ConfigurationCheck] = []
    releases = Releases(distribution)
    parents = _source_parents(document.components, purls)
    for index, (component, purl) in enumerate(zip(document.components, purls, strict=True)):
        package = None
        if component.kind == "file":
            checks.extend(checks_of(component))
        if purl is None:
            _note_missing_purl(component, omitted)
        else:
            package = _package(document.components, index, purl, releases, parents, omitted)
        by_component.append(package)
    packages, subsumed = _by_owner(document.components, by_component, releases)
    if len(packages) > limits.packages:
        omitted.add("over-limit", str(len(packages) - limits.packages))
        del packages[limits.packages :]
    examined = subject.examined_of(document) or _examined(packages, checks)
    if not examined:
        document.gaps.append(Gap("os-packages", "the document lists nothing to assess", total=True))
    inventory = Inventory(
        target=subject.target_of(document, name, distribution is not None),
        packages=_ordered(packages),
        distribution=distribution,
        kernel=subject.kernel_of(document),
        checks=tuple(checks),
        gaps=(*document.gaps, *subject.gaps_of(document), *omitted.gaps(packages, distribution)),
        notes=(*document.notes, *subject.notes_of(document)),
        examined=examined,
        subsumed=_ordered(subsumed),
    )
    return inventory, by_component


def _by_owner(
    components: list[Component], by_component: list[Package | None], releases: Releases
) -> tuple[list[Package], list[Package]]:
    """Packages to judge, and those whose file a package of the judged distribution owns."""
    packages: list[Package] = []
    subsumed: list[Package] = []
    for component, package in zip(components, by_component, strict=True):
        if package is not None:
            owned = releases.judged and (p.DUPLICATE, "true") in component.properties
            (subsumed if owned else packages).append(package)
    return packages, subsumed


def _distribution(document: Document, purls: Iterable[Purl | None]) -> Distribution | None:
    """By the operating-system component where there is one, else by what most purls say."""
    for component in document.components:
        if component.kind == "operating-system":
            found = subject.distribution_of(component)
            if found is not None:
                return found
    return of_purls(purl for purl in purls if purl is not None and purl.type in OS_TYPES)


def _source_parents(components: list[Component], purls: list[Purl | None]) -> frozenset[int]:
    """Indices of components that group the binary packages of one source (spec 4.3.6)."""
    parents = set()
    for component, purl in zip(components, purls, strict=True):
        if component.parent == NO_PARENT or purl is None or purl.type not in OS_TYPES:
            continue
        parent = purls[component.parent]
        if parent is not None and (parent.type, parent.namespace) == (purl.type, purl.namespace):
            parents.add(component.parent)
    return frozenset(parents)


def _package(
    components: list[Component],
    index: int,
    purl: Purl,
    releases: Releases,
    parents: frozenset[int],
    omitted: Omissions,
) -> Package | None:
    """The package of one component with a valid purl; None when it is none, or cannot be judged."""
    component = components[index]
    role = _own(component, p.SOURCE_PACKAGE)
    if purl.type in NOT_SOFTWARE:
        omitted.add("image", component.name)
        return None
    if role == "only":
        return None
    ecosystem = None
    if purl.type in OS_TYPES:
        if (other := releases.other(purl)) is not None:
            omitted.add("other-distribution", f"{component.name} ({other.name} {other.version})")
            return None
        ecosystem = releases.ecosystem(purl)
    source = components[component.parent] if component.parent in parents else None
    package = derive(component, purl, ecosystem, source)
    package = _with_own_fields(package, component)
    if (p.SUBSUMED, "true") in component.properties:
        facts = tuple(x for x in package.properties if x != ("is_duplicate_package", "true"))
        package = msgspec.structs.replace(package, properties=facts)
    if not package.version:
        omitted.add("no-version", component.name)
        return None
    if (index in parents and role is None) or package.arch == "src":
        return marked_as_source(package)
    return package


def marked_as_source(package: Package) -> Package:
    """Say of a package that it stands for a source: no second count beside its binaries."""
    if SOURCE_MARK in package.properties:
        return package
    return msgspec.structs.replace(package, properties=(*package.properties, SOURCE_MARK))


def _own(component: Component, name: str) -> str | None:
    return next((value for key, value in component.properties if key == name), None)


def _with_own_fields(package: Package, component: Component) -> Package:
    """Apply what our own writer stated because it cannot be derived."""
    changes: dict[str, object] = {}
    for key, value in component.properties:
        field = key.removeprefix(p.PACKAGE_FIELD) if key.startswith(p.PACKAGE_FIELD) else ""
        if field in FIELDS:
            changes[field] = _CONVERTIBLE.get(field, {}).get(value, value or None)
    return msgspec.structs.replace(package, **changes) if changes else package


def _note_missing_purl(component: Component, omitted: Omissions) -> None:
    """Count a component without usable package URL that may be software.

    Also the generator's Go binaries: their `go_toolchain` is any Go version found in the file
    (`go1.9` for a compiler of 1.22), so no standard library is concluded from it.
    """
    if component.purl:
        omitted.add("invalid-purl", component.name)
    elif component.kind not in _NO_PACKAGES and not _is_heading(component):
        omitted.add("no-purl", component.name)


def _is_heading(component: Component) -> bool:
    """Trivy groups packages under components that stand for a lock file or a folder."""
    return any(name == p.TRIVY + "Class" for name, _ in component.properties)


def _ordered(packages: list[Package]) -> tuple[Package, ...]:
    """In the order that `Inventory` promises, exact repetitions left out."""

    def order(package: Package) -> tuple[str, str, str, str, str]:
        path = package.locations[0].path if package.locations else ""
        return package.ecosystem, package.name, package.version, path, package.purl

    unique: dict[tuple[object, ...], Package] = {}
    for package in packages:
        unique.setdefault((package.purl, package.locations, package.module), package)
    return tuple(sorted(unique.values(), key=order))


def _examined(packages: list[Package], checks: list[ConfigurationCheck]) -> tuple[str, ...]:
    """The parts that the document evidently covers."""
    found = {part_of(package) for package in packages}
    if checks:
        found.add("configuration")
    return tuple(part for part in PARTS if part in found)
