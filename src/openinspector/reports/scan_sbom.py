"""What ScanSbom answers (spec/sbom-generator.md 4.4 and 4.5): components and vulnerabilities.

Both output formats of the API are made from one `Scan`: the tree of components as the SBOM has
it, the package of each, and the assessment of them all.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from openinspector.assess import sources
from openinspector.assess.assessment import Assessment
from openinspector.assess.ecosystems import is_operating_system
from openinspector.assess.observation import Observation
from openinspector.inventory.sbom import properties as p
from openinspector.inventory.sbom.document import NO_PARENT, Component
from openinspector.inventory.sbom.interpret import locations
from openinspector.model import Inventory, Package
from openinspector.model.finding import Finding
from openinspector.reports import ratings

SERVICE = "OpenInspector Scan SBOM API"
INSPECTOR_URL = "https://aws.amazon.com/inspector/"

SCANNED = "Component scanned: no vulnerabilities found."
NO_RULES = "Component skipped: no rules found."
NO_PURL = "Component skipped: no purl provided."
BAD_PURL = "Component skipped: invalid purl."

_CHECKED = (p.GENERATOR + "dockerfile_finding:", p.GENERATOR + "certificate_finding:")


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

    @property
    def known_exploited(self) -> Any:
        """CISA's entry, if there is one."""
        return self.observation.vulnerability.known_exploited if self.observation else None


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
                if affected == index or _stands_for_source(scan.components[affected]):
                    seen.add(affected)
                    yield Hit(affected, fixed)


def _stands_for_source(component: Component) -> bool:
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


# --- CYCLONE_DX_1_5 ------------------------------------------------------------------------------


def cyclonedx_answer(scan: Scan) -> dict[str, Any]:
    """The answer in the output format `CYCLONE_DX_1_5`.

    Component references are numbered anew in the order of the document.
    """
    scan = surviving(scan)
    found = entries(scan)
    moment = scan.scanned_at.astimezone(UTC)
    counters = ratings.counters(entry.finding for entry in found)
    names = ((f"{p.SCANNER}{word}_vulnerabilities", str(n)) for word, n in counters.items())
    answer: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{scan.serial}",
        "metadata": {
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S.")
            + f"{moment.microsecond // 1000:03d}Z",
            "tools": {"services": [{"name": SERVICE, "version": scan.version}]},
            "properties": [{"name": name, "value": value} for name, value in names],
        },
    }
    if scan.components:
        answer["components"] = _tree(scan, found)
    if found:
        answer["vulnerabilities"] = [
            _vulnerability(number, entry) for number, entry in enumerate(found, start=1)
        ]
    return answer


def reference(index: int) -> str:
    """The reference of the component of that index in an answer."""
    return f"comp-{index + 1}"


def _tree(scan: Scan, found: list[Entry]) -> list[dict[str, Any]]:
    affected = {hit.index for entry in found for hit in entry.hits}
    nodes = [
        _node(scan, index, component, index in affected)
        for index, component in enumerate(scan.components)
    ]
    roots = []
    for component, node in zip(scan.components, nodes, strict=True):
        if component.parent == NO_PARENT:
            roots.append(node)
        else:
            nodes[component.parent].setdefault("components", []).append(node)
    return roots


def _node(scan: Scan, index: int, component: Component, affected: bool) -> dict[str, Any]:
    node: dict[str, Any] = {
        "bom-ref": reference(index),
        "type": component.kind,
        "name": component.name,
    }
    if component.version:
        node["version"] = component.version
    if component.purl:
        node["purl"] = component.purl
    items = list(_component_properties(scan, index, component, affected))
    if items:
        node["properties"] = [{"name": name, "value": value} for name, value in items]
    return node


def _component_properties(
    scan: Scan, index: int, component: Component, affected: bool
) -> Iterator[tuple[str, str]]:
    package = scan.packages[index]
    if package is not None and not is_operating_system(package):
        slash = (
            "/"
            if any(
                name == p.SOURCE_PATH and value[:1] == "/" for name, value in component.properties
            )
            else ""
        )
        yield from ((p.SCANNER + "path", slash + x.path) for x in locations(component))
    for name, value in component.properties:
        if name.startswith(_CHECKED):
            yield p.SCANNER + name.removeprefix(p.GENERATOR), value
    if component.kind == "operating-system" and affected and scan.inventory.distribution:
        ended = ratings.timestamp(scan.inventory.distribution.end_of_life)
        if ended:
            yield p.SCANNER + "end_of_life", ended
    message = None if affected else _message(scan, index, component)
    if message:
        yield p.SCANNER + ("warning" if message in (NO_PURL, BAD_PURL) else "info"), message


def _message(scan: Scan, index: int, component: Component) -> str | None:
    """What is said of a component without vulnerabilities; None where it is no software."""
    package = scan.packages[index]
    if package is not None:
        return SCANNED if scan.has_rules(package) else NO_RULES
    if component.kind in ("operating-system", "file"):
        return None
    if not component.purl:
        return NO_PURL
    if _stands_for_source(component):
        children = (
            x
            for x, other in zip(scan.packages, scan.components, strict=True)
            if x is not None and other.parent == index
        )
        return SCANNED if any(map(scan.has_rules, children)) else NO_RULES
    return NO_RULES if ratings.is_purl(component.purl) else BAD_PURL


def _vulnerability(number: int, entry: Entry) -> dict[str, Any]:
    """One vulnerability object (the table of spec 4.4)."""
    exploit = entry.finding.exploit_available == "YES"
    vulnerability: dict[str, Any] = {
        "bom-ref": f"vuln-{number}",
        "id": entry.identity,
        "source": ratings.source_of(entry.identity),
        **_optional("references", _references(entry)),
        "ratings": list(ratings.ratings_of(entry.finding, entry.observation)),
        **_optional("cwes", ratings.cwes_of(entry.finding, entry.observation)),
        "description": entry.finding.description,
        **_optional("advisories", [{"url": url} for url in ratings.urls_of(entry.finding)]),
        **ratings.times_of(entry.finding, entry.observation),
        "analysis": {"state": "exploitable" if exploit else "in_triage"},
        "affects": [{"ref": reference(hit.index)} for hit in entry.hits],
    }
    items = [
        *ratings.intelligence(entry.finding, entry.observation),
        *(
            (f"fixed_version:{reference(hit.index)}", hit.fixed)
            for hit in entry.hits
            if hit.fixed is not None
        ),
    ]
    written = [{"name": p.SCANNER + name, "value": value} for name, value in items]
    return {**vulnerability, **_optional("properties", written)}


def _optional(name: str, value: Any) -> dict[str, Any]:
    return {name: value} if value else {}


def _references(entry: Entry) -> list[dict[str, Any]]:
    return [
        {"id": identity, "source": ratings.source_of(identity)}
        for identity in ratings.related(entry.finding, entry.observation)
    ]


# --- INSPECTOR -----------------------------------------------------------------------------------


def inspector_answer(scan: Scan) -> dict[str, Any]:
    """The answer in the output format `INSPECTOR`."""
    scan = surviving(scan)
    found = entries(scan)
    return {
        "messages": list(_messages(scan, found)),
        "vulnerabilities": [_plain(scan, entry) for entry in found],
        "vulnerability_count": ratings.counters(entry.finding for entry in found),
    }


def _messages(scan: Scan, found: Iterable[Entry]) -> Iterator[dict[str, str]]:
    affected = {hit.index for entry in found for hit in entry.hits}
    for index, component in enumerate(scan.components):
        message = _message(scan, index, component)
        if component.kind == "operating-system" and index in affected:
            distribution = scan.inventory.distribution
            ended = ratings.timestamp(distribution.end_of_life) if distribution else None
            message = f"Component end-of-life: {ended}" if ended else None
        elif index in affected:
            continue
        if message is None:
            continue
        if component.purl:
            yield {"info_message": message, "purl": component.purl}
        else:
            named = {"name": component.name, "version": component.version}
            yield {"info_message": message, **{k: v for k, v in named.items() if v}}


def _plain(scan: Scan, entry: Entry) -> dict[str, Any]:
    finding = entry.finding
    urls = ratings.urls_of(finding)
    return {
        "id": entry.identity,
        "severity": ratings.counted(finding),
        "source": ratings.source_of(entry.identity)["url"],
        **_optional("related", list(ratings.related(finding, entry.observation))),
        **_optional("references", urls),
        "description": finding.description,
        **ratings.times_of(finding, entry.observation),
        "properties": ratings.plain_properties(finding, entry.observation),
        "affects": [_affected(scan, hit, finding) for hit in entry.hits],
    }


def _affected(scan: Scan, hit: Hit, finding: Finding) -> dict[str, Any]:
    component = scan.components[hit.index]
    code = finding.code_vulnerability_details
    if code is not None:
        lines = f"{code.file_path.start_line}-{code.file_path.end_line}"
        return {"file": component.name, "lines": lines}
    if not component.purl:
        return {"name": component.name, "version": component.version}
    package = scan.packages[hit.index]
    affected: dict[str, Any] = {"installed_version": component.purl}
    if hit.fixed is not None:
        affected["fixed_version"] = hit.fixed
    if package is not None and not is_operating_system(package):
        places = locations(component)
        affected |= {"path": places[0].path} if places else {}
    return affected
