"""What ScanSbom answers (spec/sbom-generator.md 4.4 and 4.5): components and vulnerabilities.

Both output formats of the API are made from one `Scan` (`scan.py`): the tree of components as the
SBOM has it, the package of each, and the assessment of them all.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any

from openinspector.assess.ecosystems import is_operating_system
from openinspector.inventory.sbom import properties as p
from openinspector.inventory.sbom.document import NO_PARENT, Component
from openinspector.inventory.sbom.interpret import locations
from openinspector.model.finding import Finding
from openinspector.reports import ratings
from openinspector.reports.scan import Entry, Hit, Scan, entries, stands_for_source, surviving

SERVICE = "OpenInspector Scan SBOM API"

SCANNED = "Component scanned: no vulnerabilities found."
NO_RULES = "Component skipped: no rules found."
NO_PURL = "Component skipped: no purl provided."
BAD_PURL = "Component skipped: invalid purl."

_CHECKED = (p.GENERATOR + "dockerfile_finding:", p.GENERATOR + "certificate_finding:")


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
    if stands_for_source(component):
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
