"""syft's own JSON (https://github.com/anchore/syft/tree/main/schema/json): artifacts and distro."""

from typing import Any

import msgspec

from openinspector.inventory.limits import Limits
from openinspector.inventory.sbom import properties as p
from openinspector.inventory.sbom.document import Component, Document, Properties
from openinspector.inventory.sbom.json_document import Mismatch, decode, salvage
from openinspector.inventory.sbom.omissions import Omissions


class _Location(msgspec.Struct, gc=False):
    path: str = ""
    layer: str = msgspec.field(default="", name="layerID")


class _License(msgspec.Struct, gc=False):
    value: str = ""
    expression: str = msgspec.field(default="", name="spdxExpression")


class _Metadata(msgspec.Struct, gc=False):
    """Fields of dpkg, rpm and apk records; other kinds have none of them."""

    source: Any = None
    source_version: Any = msgspec.field(default=None, name="sourceVersion")
    origin: Any = msgspec.field(default=None, name="originPackage")
    source_rpm: Any = msgspec.field(default=None, name="sourceRpm")
    module: Any = msgspec.field(default=None, name="modularityLabel")


class _Artifact(msgspec.Struct):
    name: str = ""
    version: str = ""
    purl: str = ""
    id: str = ""
    found_by: str = msgspec.field(default="", name="foundBy")
    locations: list[_Location] = []
    licenses: list[str | _License] | None = None
    metadata: _Metadata | None = None


class _Distro(msgspec.Struct, gc=False):
    id: str = ""
    name: str = ""
    version: str = msgspec.field(default="", name="versionID")
    codename: str = msgspec.field(default="", name="versionCodename")


class _Layer(msgspec.Struct, gc=False):
    digest: str = ""


class _ImageSource(msgspec.Struct, gc=False):
    image_id: str = msgspec.field(default="", name="imageID")
    tags: list[str] | None = None
    layers: list[_Layer] | None = None


class _Source(msgspec.Struct):
    type: str = ""
    name: str = ""
    metadata: _ImageSource | None = None
    target: Any = None


class _Sbom(msgspec.Struct):
    artifacts: list[_Artifact] | None = None
    distro: _Distro | None = None
    source: _Source | None = None


class _Loose(msgspec.Struct):
    artifacts: Any = None
    distro: Any = None
    source: Any = None


def read(data: bytes, limits: Limits) -> Document:
    """Read syft JSON; raises `ValueError` when it cannot be read as that at all."""
    omitted = Omissions()
    try:
        sbom = decode(data, _Sbom)
    except Mismatch:
        sbom = _lenient(decode(data, _Loose), omitted)
    components = [_component(artifact) for artifact in sbom.artifacts or ()]
    if sbom.distro is not None and sbom.distro.id:
        components.insert(0, _operating_system(sbom.distro))
    return Document(
        format="syft JSON",
        components=components,
        subject=_subject(sbom.source) if sbom.source is not None else None,
        gaps=omitted.gaps(),
    )


def _lenient(loose: _Loose, omitted: Omissions) -> _Sbom:
    """A document with members of wrong types: what is well formed counts, the rest is told."""
    items = loose.artifacts if isinstance(loose.artifacts, list) else []
    artifacts, broken = salvage(items, _Artifact)
    distro, no_distro = salvage([loose.distro] if loose.distro else [], _Distro)
    source, _ = salvage([loose.source] if loose.source else [], _Source)
    for reason in (*broken, *no_distro):
        omitted.add("malformed", reason)
    return _Sbom(artifacts, distro[0] if distro else None, source[0] if source else None)


def _component(artifact: _Artifact) -> Component:
    properties: Properties = [("syft:package:foundBy", artifact.found_by)]
    for number, place in enumerate(artifact.locations):
        properties.append((f"{p.SYFT_LOCATION}{number}:path", place.path))
        properties.append((f"{p.SYFT_LOCATION}{number}:layerID", place.layer))
    if artifact.metadata is not None:
        properties += _record(artifact.metadata)
    licenses = (
        x if isinstance(x, str) else x.expression or x.value for x in artifact.licenses or ()
    )
    return Component(
        kind="library",
        name=artifact.name,
        version=artifact.version,
        purl=artifact.purl,
        ref=artifact.id,
        properties=properties,
        licenses=tuple(dict.fromkeys(x for x in licenses if x)),
    )


def _record(metadata: _Metadata) -> Properties:
    pairs = (
        ("source", metadata.source),
        ("sourceVersion", metadata.source_version),
        ("originPackage", metadata.origin),
        ("sourceRpm", metadata.source_rpm),
        ("modularityLabel", metadata.module),
    )
    return [
        (p.SYFT_METADATA + name, value) for name, value in pairs if isinstance(value, str) and value
    ]


def _operating_system(distro: _Distro) -> Component:
    return Component(
        kind="operating-system",
        name=distro.name or distro.id,
        version=distro.version,
        properties=[
            (p.SYFT_DISTRIBUTION + "id", distro.id),
            (p.SYFT_DISTRIBUTION + "versionID", distro.version),
            (p.SYFT_DISTRIBUTION + "versionCodename", distro.codename),
        ],
    )


def _subject(source: _Source) -> Component | None:
    if source.type != "image" or source.metadata is None:
        return None
    metadata = source.metadata
    properties: Properties = [(p.IMAGE_ID, metadata.image_id)]
    properties += [(p.LAYER_DIFF_ID, layer.digest) for layer in metadata.layers or ()]
    properties += [(p.IMAGE_FIELD + "tag", tag) for tag in metadata.tags or ()]
    return Component(kind="container", name=source.name, properties=properties)
