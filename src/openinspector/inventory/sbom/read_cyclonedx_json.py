"""CycloneDX JSON (https://cyclonedx.org/docs/1.6/json/): only the members that matter here."""

from typing import Any

import msgspec

from openinspector.inventory.limits import Limits
from openinspector.inventory.sbom.document import NO_PARENT, Component, Document, Properties
from openinspector.inventory.sbom.json_document import Mismatch, decode, salvage
from openinspector.inventory.sbom.omissions import Omissions

VERSIONS = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")


class _Property(msgspec.Struct, gc=False):
    name: str = ""
    value: str | None = None


class _License(msgspec.Struct, gc=False):
    id: str | None = None
    name: str | None = None


class _LicenseChoice(msgspec.Struct, gc=False):
    license: _License | None = None
    expression: str | None = None


class _Occurrence(msgspec.Struct, gc=False):
    location: str = ""


class _Evidence(msgspec.Struct, gc=False):
    occurrences: list[_Occurrence] = []


class _Node(msgspec.Struct):
    type: str = ""
    name: str = ""
    version: str | None = None
    group: str | None = None
    purl: str | None = None
    ref: str | None = msgspec.field(default=None, name="bom-ref")
    scope: str | None = None
    properties: list[_Property] | None = None
    licenses: list[_LicenseChoice] | None = None
    evidence: _Evidence | None = None
    components: list["_Node"] | None = None


class _Metadata(msgspec.Struct):
    component: _Node | None = None
    properties: list[_Property] | None = None


class _Bom(msgspec.Struct):
    spec_version: str | None = msgspec.field(default=None, name="specVersion")
    metadata: _Metadata | None = None
    components: list[_Node] | None = None
    properties: list[_Property] | None = None


class _LooseBom(msgspec.Struct):
    spec_version: Any = msgspec.field(default=None, name="specVersion")
    metadata: Any = None
    components: Any = None
    properties: Any = None


def read(data: bytes, limits: Limits) -> Document:
    """Read CycloneDX JSON; raises `ValueError` when it cannot be read as that at all."""
    omitted = Omissions()
    try:
        bom = decode(data, _Bom)
    except Mismatch:
        bom = _lenient(decode(data, _LooseBom), omitted)
    if bom.spec_version not in VERSIONS:
        stated = bom.spec_version or "without specVersion"
        raise ValueError(
            f"CycloneDX {stated} is not supported; expected {VERSIONS[0]}-{VERSIONS[-1]}"
        )
    metadata = bom.metadata or _Metadata()
    components: list[Component] = []
    _flatten(bom.components or [], components, NO_PARENT, 1, limits, omitted)
    if metadata.component is not None and metadata.component.components:
        nested = metadata.component.components
        _flatten(nested, components, NO_PARENT, 1, limits, omitted)
    return Document(
        format=f"CycloneDX {bom.spec_version} JSON",
        components=components,
        subject=_component(metadata.component, NO_PARENT) if metadata.component else None,
        properties=[*_pairs(metadata.properties), *_pairs(bom.properties)],
        gaps=omitted.gaps(),
    )


def _flatten(
    nodes: list[_Node],
    into: list[Component],
    parent: int,
    depth: int,
    limits: Limits,
    omitted: Omissions,
) -> None:
    """Append nodes and what is nested in them, parents first."""
    for node in nodes:
        index = len(into)
        into.append(_component(node, parent))
        if not node.components:
            continue
        if depth >= limits.manifest_depth:
            for nested in node.components:
                omitted.add("too-deep", nested.name)
        else:
            _flatten(node.components, into, index, depth + 1, limits, omitted)


def _component(node: _Node, parent: int) -> Component:
    return Component(
        node.type,
        node.name,
        node.version or "",
        node.group or "",
        node.purl or "",
        node.ref or "",
        node.scope or "",
        _pairs(node.properties),
        _licenses(node.licenses) if node.licenses else (),
        tuple(x.location for x in node.evidence.occurrences if x.location) if node.evidence else (),
        parent,
    )


def _pairs(items: list[_Property] | None) -> Properties:
    return [(item.name, item.value or "") for item in items] if items else []


def _licenses(choices: list[_LicenseChoice]) -> tuple[str, ...]:
    texts = (x.expression or (x.license and (x.license.id or x.license.name)) for x in choices)
    return tuple(text for text in texts if text)


def _lenient(bom: _LooseBom, omitted: Omissions) -> _Bom:
    """A document with members of wrong types: what is well formed counts, the rest is told."""
    listed = [] if bom.components is None else bom.components
    if not isinstance(listed, list):
        omitted.add("malformed", "components, which is no list")
        listed = []
    nodes = _salvaged(listed, omitted)
    metadata, broken = salvage([bom.metadata] if bom.metadata is not None else [], _Metadata)
    properties = bom.properties if isinstance(bom.properties, list) else []
    for reason in broken:
        omitted.add("malformed", f"metadata {reason}")
    return _Bom(
        bom.spec_version if isinstance(bom.spec_version, str) else None,
        metadata[0] if metadata else None,
        nodes,
        salvage(properties, _Property)[0],
    )


def _salvaged(items: list[Any], omitted: Omissions) -> list[_Node]:
    """Components of a faulty list; what is nested in a faulty one stands on its own.

    Walks with a stack of its own: depth is bounded by the decoder's.
    """
    good: list[_Node] = []
    pending = list(reversed(items))
    while pending:
        item = pending.pop()
        nodes, broken = salvage([item], _Node)
        good.extend(nodes)
        if broken:
            omitted.add("malformed", broken[0])
            nested = item.get("components") if isinstance(item, dict) else None
            pending.extend(reversed(nested) if isinstance(nested, list) else [])
    return good
