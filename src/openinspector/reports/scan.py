"""An assessed SBOM: which components of it each finding affects, whatever the answer's format."""

from collections.abc import Callable, Iterator
from datetime import datetime

import msgspec

from openinspector.assess import sources
from openinspector.assess.assessment import Assessment
from openinspector.assess.ecosystems import (
    distribution_ecosystems,
    is_operating_system,
    lookup_names,
)
from openinspector.assess.observation import Observation
from openinspector.inventory.sbom import properties as p
from openinspector.inventory.sbom.document import NO_PARENT, Component
from openinspector.model import Inventory, Knowledge, Package
from openinspector.model.finding import Finding


class Scan(msgspec.Struct, frozen=True):
    """An assessed SBOM.

    `components` are those of the document, parents before what is nested in them; `packages` the
    package of each (None: none, or not assessable), as `assemble_components` gives them.
    `has_rules` says whether any advisory speaks of a package. `scanned_at` is aware.
    """

    components: list[Component]
    packages: list[Package | None]
    assessment: Assessment
    inventory: Inventory
    has_rules: Callable[[Package], bool]
    scanned_at: datetime
    serial: str
    version: str


class Hit(msgspec.Struct, frozen=True):
    """One affected component: its index, and the version that fixes it."""

    index: int
    fixed: str | None


class Entry(msgspec.Struct, frozen=True):
    """One vulnerability, check or end of life, with the components that it affects."""

    identity: str
    finding: Finding
    observation: Observation | None
    hits: tuple[Hit, ...]


def surviving(scan: Scan) -> Scan:
    """The scan without language packages that an OS package owns.

    Real answers leave components with `is_duplicate_package` out; their OS package is answered.
    """
    keep = [not _is_duplicate(component) for component in scan.components]
    if all(keep):
        return scan
    numbers = {NO_PARENT: NO_PARENT}
    for index, kept in enumerate(keep):
        if kept:
            numbers[index] = len(numbers) - 1
    components = [
        msgspec.structs.replace(component, parent=numbers.get(component.parent, NO_PARENT))
        for component, kept in zip(scan.components, keep, strict=True)
        if kept
    ]
    packages = [x for x, kept in zip(scan.packages, keep, strict=True) if kept]
    return msgspec.structs.replace(scan, components=components, packages=packages)


def _is_duplicate(component: Component) -> bool:
    return (p.GENERATOR + "is_duplicate_package", "true") in component.properties


def entries(scan: Scan) -> list[Entry]:
    """Everything found, worst first, by what it affects in the document."""
    places: dict[Package, list[int]] = {}
    for index, package in enumerate(scan.packages):
        if package is not None:
            places.setdefault(_key(package), []).append(index)
    observations = {x.vulnerability.id: x for x in scan.assessment.observations}
    found = []
    for finding in scan.assessment.findings:
        details, code = finding.package_vulnerability_details, finding.code_vulnerability_details
        if code is not None:
            hits = _file_hits(scan, code.detector_id, code.file_path.file_path)
            identity, observation = code.detector_id, None
        elif details is not None:
            identity = details.vulnerability_id
            observation = observations.get(identity)
            hits = _package_hits(scan, observation, places) if observation else _system(scan)
        else:
            continue
        entry = Entry(identity, finding, observation, tuple(hits))
        if entry.hits:
            found.append(entry)
    return found


def _key(package: Package) -> Package:
    """What makes a component the one that a package of the inventory stands for."""
    return msgspec.structs.replace(package, licenses=(), properties=())


def _package_hits(
    scan: Scan, observation: Observation, places: dict[Package, list[int]]
) -> Iterator[Hit]:
    """Affected packages, and the source component that they are nested in (spec 4.3.6)."""
    seen: set[int] = set()
    for match in observation.matches:
        for index in places.get(_key(match.package), ()):
            fixed = None
            if match.fixed_version is not None:
                fixed = sources.shown_fix(match.package, match.fixed_version)
            parent = scan.components[index].parent
            for affected in (parent, index):
                if affected == NO_PARENT or affected in seen:
                    continue
                if affected == index or stands_for_source(scan.components[affected]):
                    seen.add(affected)
                    yield Hit(affected, fixed)


def stands_for_source(component: Component) -> bool:
    """Whether a component was written for nothing but the source of what is nested in it."""
    return (p.SOURCE_PACKAGE, "only") in component.properties


def _system(scan: Scan) -> Iterator[Hit]:
    for index, component in enumerate(scan.components):
        if component.kind == "operating-system":
            yield Hit(index, None)
            return


def _file_hits(scan: Scan, identity: str, path: str) -> Iterator[Hit]:
    for index, component in enumerate(scan.components):
        if component.kind != "file" or component.name.partition(":")[2] != path:
            continue
        if any(name.endswith(":" + identity) for name, _ in component.properties):
            yield Hit(index, None)


def has_rules(knowledge: Knowledge, inventory: Inventory, package: Package) -> bool:
    """Whether any advisory speaks of a package."""
    if not is_operating_system(package):
        return bool(knowledge.affected(package.ecosystem, package.name))
    if inventory.distribution is None:
        return False
    return any(
        knowledge.affected(ecosystem, name)
        for ecosystem in distribution_ecosystems(inventory.distribution)[:1]
        for name, _ in lookup_names(package)
    )
