"""Write an inventory as SPDX 2.3 JSON (https://spdx.github.io/spdx-spec/v2.3/).

SPDX has no properties. Those of CycloneDX (spec/sbom-generator.md 3) stand in one annotation of
each element, as a JSON list of pairs, and read back.
"""

from typing import Any

import msgspec

from openinspector.inventory.sbom import properties as p
from openinspector.inventory.sbom.compose import compose
from openinspector.inventory.sbom.document import NO_PARENT, Component, Properties
from openinspector.inventory.sbom.json_document import encode
from openinspector.inventory.sbom.licenses import SPDX_IDENTIFIERS
from openinspector.inventory.sbom.spdx_elements import DOCUMENT_ID
from openinspector.model import Inventory

TOOL = "openinspector"

_PURPOSES = {
    "operating-system": "OPERATING-SYSTEM",
    "container": "CONTAINER",
    "application": "APPLICATION",
    "library": "LIBRARY",
    "file": "FILE",
    "device": "DEVICE",
}


def write_spdx(inventory: Inventory, *, timestamp: str, serial: str, version: str) -> bytes:
    """SPDX 2.3 JSON, indented, with a newline at its end.

    `timestamp` is RFC 3339 in UTC without fraction (`2024-03-05T15:07:04Z`), `serial` a UUID,
    `version` that of this program: the same arguments give the same bytes.
    """
    document = compose(inventory)
    subject = document.subject
    assert subject is not None
    writer = _Writer(timestamp, version)
    spdx: dict[str, Any] = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT_ID,
        "name": inventory.target.name or TOOL,
        "documentNamespace": f"https://spdx.org/spdxdocs/{TOOL}-{serial}",
        "creationInfo": {"created": timestamp, "creators": [f"Tool: {TOOL}-{version}"]},
        **writer.annotations(document.properties),
        "packages": [writer.package(x) for x in (subject, *document.components)],
        "relationships": _relationships(subject, document.components),
    }
    return msgspec.json.format(encode(spdx), indent=2) + b"\n"


def _identifier(component: Component) -> str:
    return f"SPDXRef-{component.ref}"


class _Writer:
    """Writes elements; all annotations of a document share its date and tool."""

    def __init__(self, timestamp: str, version: str) -> None:
        self._annotation = {
            "annotationDate": timestamp,
            "annotationType": "OTHER",
            "annotator": f"Tool: {TOOL}-{version}",
        }

    def annotations(self, properties: Properties) -> dict[str, Any]:
        """The `annotations` member that holds properties; nothing without any."""
        if not properties:
            return {}
        comment = encode(properties).decode()
        return {"annotations": [{**self._annotation, "comment": comment}]}

    def package(self, component: Component) -> dict[str, Any]:
        """One package element."""
        properties = list(component.properties)
        declared = _declared(component.licenses)
        if component.licenses and component.licenses != (declared,):
            properties += [(p.LICENSE, text) for text in component.licenses]
        if component.scope:
            properties.append((p.SCOPE, component.scope))
        package: dict[str, Any] = {
            "SPDXID": _identifier(component),
            "name": component.name or "unnamed",
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False,
            "primaryPackagePurpose": _PURPOSES[component.kind],
        }
        if component.version:
            package["versionInfo"] = component.version
        if declared:
            package["licenseDeclared"] = declared
        if component.purl:
            package["externalRefs"] = [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": component.purl,
                }
            ]
        return {**package, **self.annotations(properties)}


def _declared(licenses: tuple[str, ...]) -> str:
    """The licence expression, where every licence is an identifier that SPDX lists."""
    known = bool(licenses) and SPDX_IDENTIFIERS.issuperset(licenses)
    return " AND ".join(licenses) if known else ""


def _relationships(subject: Component, components: list[Component]) -> list[dict[str, str]]:
    def relate(element: str, kind: str, related: str) -> dict[str, str]:
        return {
            "spdxElementId": element,
            "relationshipType": kind,
            "relatedSpdxElement": related,
        }

    root = _identifier(subject)
    relations = [relate(DOCUMENT_ID, "DESCRIBES", root)]
    for component in components:
        element = _identifier(component)
        relations.append(relate(root, "CONTAINS", element))
        if component.parent != NO_PARENT:
            source = _identifier(components[component.parent])
            relations.append(relate(element, "GENERATED_FROM", source))
    return relations
