"""Write an inventory as CycloneDX 1.5 JSON in the Amazon Inspector SBOM generator's shape.

spec/sbom-generator.md 2 and 3; https://cyclonedx.org/docs/1.5/json/.
"""

from typing import Any

import msgspec

from openinspector.inventory.sbom.compose import compose
from openinspector.inventory.sbom.document import NO_PARENT, Component, Document, Properties
from openinspector.inventory.sbom.json_document import encode
from openinspector.inventory.sbom.licenses import SPDX_IDENTIFIERS, is_expression
from openinspector.model import Inventory

TOOL = "openinspector"


def write_cyclonedx(inventory: Inventory, *, timestamp: str, serial: str, version: str) -> bytes:
    """CycloneDX 1.5 JSON, indented, with a newline at its end.

    `timestamp` is RFC 3339 in UTC (`2024-03-05T15:07:04Z`), `serial` a UUID (version 4) without
    `urn:uuid:`, `version` that of this program: the same arguments give the same bytes.
    """
    bom = cyclonedx_document(compose(inventory), timestamp, serial, version)
    complete = not inventory.gaps
    subject = bom["metadata"]["component"]["bom-ref"]
    aggregate = "unknown" if complete else "incomplete"
    bom["compositions"] = [{"aggregate": aggregate, "assemblies": [subject]}]
    return msgspec.json.format(encode(bom), indent=2) + b"\n"


def cyclonedx_document(
    document: Document, timestamp: str, serial: str, version: str
) -> dict[str, Any]:
    """The members of a CycloneDX 1.5 document, in the generator's order."""
    metadata: dict[str, Any] = {
        "timestamp": timestamp,
        "tools": {"components": [{"type": "application", "name": TOOL, "version": version}]},
    }
    if document.subject is not None:
        metadata["component"] = _node(document.subject)
    if document.properties:
        metadata["properties"] = _properties(document.properties)
    bom: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": metadata,
        "components": _tree(document.components),
    }
    return bom


def _tree(components: list[Component]) -> list[dict[str, Any]]:
    nodes = [_node(component) for component in components]
    roots = []
    for component, node in zip(components, nodes, strict=True):
        if component.parent == NO_PARENT:
            roots.append(node)
        else:
            nodes[component.parent].setdefault("components", []).append(node)
    return roots


def _node(component: Component) -> dict[str, Any]:
    node: dict[str, Any] = {
        "bom-ref": component.ref,
        "type": component.kind,
        "name": component.name,
    }
    if component.version:
        node["version"] = component.version
    if component.scope:
        node["scope"] = component.scope
    if component.licenses:
        node["licenses"] = _licenses(component.licenses)
    if component.purl:
        node["purl"] = component.purl
    if component.properties:
        node["properties"] = _properties(component.properties)
    return node


def _properties(items: Properties) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in items]


def _licenses(licenses: tuple[str, ...]) -> list[dict[str, Any]]:
    """SPDX identifiers, a single expression, or names: the schema allows no mixture of them."""
    if len(licenses) == 1 and is_expression(licenses[0]):
        return [{"expression": licenses[0]}]
    return [{"license": {"id" if text in SPDX_IDENTIFIERS else "name": text}} for text in licenses]
