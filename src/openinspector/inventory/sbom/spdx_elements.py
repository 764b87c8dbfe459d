"""What SPDX 2 documents have in common, whichever way they are written."""

import re

import msgspec

from openinspector.inventory.sbom import properties as p
from openinspector.inventory.sbom.document import NO_PARENT, Component, Document, Properties
from openinspector.inventory.sbom.omissions import Omissions
from openinspector.patterns import regex

VERSIONS = ("SPDX-2.2", "SPDX-2.3")
DOCUMENT_ID = "SPDXRef-DOCUMENT"

_NOTHING = frozenset({"", "NONE", "NOASSERTION"})
_KINDS = {
    "OPERATING-SYSTEM": "operating-system",
    "OPERATING_SYSTEM": "operating-system",
    "CONTAINER": "container",
    "APPLICATION": "application",
    "FILE": "file",
    "DEVICE": "device",
    "FIRMWARE": "firmware",
    "FRAMEWORK": "framework",
    "LIBRARY": "library",
}
"""`primaryPackagePurpose` (SPDX 2.3) as CycloneDX's component type; else `library`."""

_TRIVY_SYSTEM = "SPDXRef-OperatingSystem-"
"""How Trivy calls the operating system, before it told the purpose."""
_SYFT_PATH = regex(r"acquired package info from [^:]{1,200}: (?P<paths>.+)\Z", re.DOTALL)
_TRIVY_SOURCE = regex(r"built package from: (?P<name>\S+) (?P<version>\S+)\Z")
_TRIVY_FACT = regex(r"(?P<name>[A-Z][A-Za-z]+): (?P<value>.+)\Z", re.DOTALL)


class SpdxReference(msgspec.Struct, gc=False):
    """An external reference; only package URLs matter here."""

    type: str = msgspec.field(default="", name="referenceType")
    locator: str = msgspec.field(default="", name="referenceLocator")


class SpdxAnnotation(msgspec.Struct, gc=False):
    """An annotation: Trivy writes one property each, we write all properties in one."""

    annotator: str = ""
    comment: str = ""


class SpdxPackage(msgspec.Struct):
    """One package."""

    name: str = ""
    spdx_id: str = msgspec.field(default="", name="SPDXID")
    version: str | None = msgspec.field(default=None, name="versionInfo")
    purpose: str | None = msgspec.field(default=None, name="primaryPackagePurpose")
    source_info: str | None = msgspec.field(default=None, name="sourceInfo")
    declared: str | None = msgspec.field(default=None, name="licenseDeclared")
    references: list[SpdxReference] = msgspec.field(default_factory=list, name="externalRefs")
    annotations: list[SpdxAnnotation] = []
    attributions: list[str] = msgspec.field(default_factory=list, name="attributionTexts")


class SpdxRelationship(msgspec.Struct, gc=False):
    """One relationship; only what the document describes matters here."""

    element: str = msgspec.field(default="", name="spdxElementId")
    type: str = msgspec.field(default="", name="relationshipType")
    related: str | None = msgspec.field(default=None, name="relatedSpdxElement")


class SpdxDocument(msgspec.Struct):
    """A document."""

    version: str = msgspec.field(default="", name="spdxVersion")
    packages: list[SpdxPackage] = []
    relationships: list[SpdxRelationship] = []
    describes: list[str] = msgspec.field(default_factory=list, name="documentDescribes")
    annotations: list[SpdxAnnotation] = []


def as_document(document: SpdxDocument, form: str, omitted: Omissions) -> Document:
    """The document in the common form; `form` is how it was written (`JSON`, `tag-value`)."""
    if document.version not in VERSIONS:
        raise ValueError(
            f"{document.version or 'this SPDX document'} is not supported; "
            "expected SPDX-2.2 or SPDX-2.3"
        )
    described = _described(document)
    subject: Component | None = None
    components: list[Component] = []
    indices: dict[str, int] = {}
    for package in document.packages:
        component = _component(package)
        root = package.spdx_id == described
        if root:
            subject = component
        if not root or _is_software(component):
            indices.setdefault(package.spdx_id, len(components))
            components.append(component)
    _nest(document, components, indices)
    return Document(
        format=f"{document.version} {form}",
        components=components,
        subject=subject,
        properties=_properties(document.annotations),
        gaps=omitted.gaps(),
    )


def _described(document: SpdxDocument) -> str | None:
    """The one element that the document is about; None when it is about several."""
    ids = set(document.describes)
    for relation in document.relationships:
        if relation.type == "DESCRIBES" and relation.element == DOCUMENT_ID and relation.related:
            ids.add(relation.related)
        elif relation.type == "DESCRIBED_BY" and relation.related == DOCUMENT_ID:
            ids.add(relation.element)
    return ids.pop() if len(ids) == 1 else None


def _is_software(component: Component) -> bool:
    """A document about one package: that package is to be assessed too."""
    return bool(component.purl) and not component.purl.startswith(("pkg:oci/", "pkg:docker/"))


def _nest(document: SpdxDocument, components: list[Component], indices: dict[str, int]) -> None:
    """Binary packages beneath the source package that generates them, as our writer says it."""
    for relation in document.relationships:
        if relation.type != "GENERATED_FROM" or relation.related is None:
            continue
        child, parent = indices.get(relation.element), indices.get(relation.related)
        if child is not None and parent is not None and child != parent:
            components[child].parent = parent


def _component(package: SpdxPackage) -> Component:
    purl = next((x.locator for x in package.references if x.type == "purl"), "")
    source = package.source_info or ""
    properties = _properties(package.annotations) + _facts(package.attributions)
    if match := _TRIVY_SOURCE.match(source):
        properties.append((p.TRIVY + "SrcName", match["name"]))
        properties.append((p.TRIVY + "SrcVersion", match["version"]))
    usual = "library" if purl else "application"
    if package.spdx_id.startswith(_TRIVY_SYSTEM):
        usual = "operating-system"
    return Component(
        kind=_KINDS.get(package.purpose or "", usual),
        name=package.name,
        version=package.version or "",
        purl=purl,
        ref=package.spdx_id,
        scope="excluded" if (p.SCOPE, "excluded") in properties else "",
        properties=properties,
        licenses=_licenses(package.declared, properties),
        paths=_paths(source),
        parent=NO_PARENT,
    )


def _licenses(declared: str | None, properties: Properties) -> tuple[str, ...]:
    stated = tuple(value for name, value in properties if name == p.LICENSE)
    return stated or ((declared,) if declared and declared not in _NOTHING else ())


def _paths(source_info: str) -> tuple[str, ...]:
    match = _SYFT_PATH.match(source_info)
    return tuple(path for path in match["paths"].split(", ") if path) if match else ()


def _properties(annotations: list[SpdxAnnotation]) -> Properties:
    """All properties of our own annotation, and Trivy's one by one."""
    result: Properties = []
    for annotation in annotations:
        if annotation.annotator.startswith("Tool: openinspector"):
            try:
                result += msgspec.json.decode(annotation.comment, type=Properties)
            except (msgspec.DecodeError, RecursionError):
                continue
        elif annotation.annotator.startswith("Tool: trivy"):
            result += _facts([annotation.comment])
    return result


def _facts(texts: list[str]) -> Properties:
    """Trivy's `Name: value`."""
    matches = (_TRIVY_FACT.match(text) for text in texts)
    return [(p.TRIVY + match["name"], match["value"]) for match in matches if match]
