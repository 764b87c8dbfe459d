"""CycloneDX XML (https://cyclonedx.org/docs/1.6/xml/): one pass of expat, entities refused."""

from typing import NoReturn

from openinspector.inventory.limits import Limits
from openinspector.inventory.sbom.document import NO_PARENT, Component, Document, Properties
from openinspector.inventory.sbom.omissions import Omissions
from openinspector.inventory.sbom.read_cyclonedx_json import VERSIONS
from openinspector.patterns import regex

_NAMESPACE = regex(r"http://cyclonedx\.org/schema/bom/(\d+\.\d+)\Z")

_TEXTS = {
    ("component", "name"): "name",
    ("component", "version"): "version",
    ("component", "group"): "group",
    ("component", "purl"): "purl",
    ("component", "scope"): "scope",
}
"""(parent element, element): the component's field that its text fills."""

_HOMES = frozenset({"bom", "metadata", "components", "component"})
"""Where a component is part of what the document describes: not among `tools`, `pedigree` ..."""

_DOCUMENT_PROPERTIES = (["bom", "properties"], ["bom", "metadata", "properties"])

_LICENSES = frozenset({("license", "id"), ("license", "name"), ("licenses", "expression")})


class _Reader:
    """Keeps the path of open elements and of open components; a text is filled at its end tag."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.version = ""
        self.components: list[Component] = []
        self.subject: Component | None = None
        self.properties: Properties = []
        self.omitted = Omissions()
        self._path: list[str] = []
        self._open: list[tuple[int, Component, int]] = []
        self._text: list[str] = []
        self._attributes: dict[str, str] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element opens."""
        uri, _, name = tag.rpartition(" ")
        if not self._path:
            self._check_root(uri, name)
        self._path.append(name)
        if len(self._path) > self.limits.manifest_depth * 4:
            raise ValueError(f"its XML is nested over {len(self._path) - 1} levels deep")
        self._text.clear()
        self._attributes = attributes
        if name == "component" and _HOMES.issuperset(self._path):
            self._open_component(attributes)

    def _check_root(self, uri: str, name: str) -> None:
        match = _NAMESPACE.match(uri)
        if name != "bom" or match is None:
            raise ValueError(
                f"this XML is not CycloneDX: its root is {name[:80]!r} of {uri[:200]!r}"
            )
        self.version = match[1]
        if self.version not in VERSIONS:
            raise ValueError(
                f"CycloneDX {self.version} is not supported; expected {VERSIONS[0]}-{VERSIONS[-1]}"
            )

    def _open_component(self, attributes: dict[str, str]) -> None:
        parent = self._open[-1][0] if self._open else NO_PARENT
        component = Component(
            kind=attributes.get("type", ""),
            name="",
            ref=attributes.get("bom-ref", ""),
            properties=[],
            parent=parent,
        )
        if self._path[-2] == "metadata":
            self.subject, index = component, NO_PARENT
        else:
            index = len(self.components)
            self.components.append(component)
        self._open.append((index, component, len(self._path)))

    def text(self, data: str) -> None:
        """Characters of the innermost element."""
        self._text.append(data)

    def end(self, tag: str) -> None:
        """An element closes."""
        parent = self._path[-2] if len(self._path) > 1 else ""
        name = self._path.pop()
        text = "".join(self._text).strip()
        self._text.clear()
        if self._open and self._open[-1][2] == len(self._path) + 1:
            self._open.pop()
        elif name == "property":
            self._property(text)
        elif self._open and text:
            self._field(parent, name, text)

    def _property(self, text: str) -> None:
        pair = (self._attributes.get("name", ""), text)
        if self._path in _DOCUMENT_PROPERTIES:
            self.properties.append(pair)
        elif self._open and len(self._path) == self._open[-1][2] + 1:
            self._open[-1][1].properties.append(pair)

    def _field(self, parent: str, name: str, text: str) -> None:
        _, component, depth = self._open[-1]
        inside = len(self._path) - depth
        if inside == 0 and (field := _TEXTS.get((parent, name))):
            setattr(component, field, text)
        elif (parent, name) in _LICENSES and self._path[depth : depth + 1] == ["licenses"]:
            component.licenses = (*component.licenses, text)
        elif (parent, name) == ("occurrence", "location"):
            component.paths = (*component.paths, text)


def read(data: bytes, limits: Limits) -> Document:
    """Read CycloneDX XML; raises `ValueError` when it cannot be read as that."""
    from xml.parsers import expat

    reader = _Reader(limits)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = _refuse_entities
    parser.ExternalEntityRefHandler = _refuse_entities
    parser.buffer_text = True
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        if not reader.components:
            raise ValueError(f"this is not valid XML: {error}") from None
        reader.omitted.add("malformed", f"the XML breaks off ({error})")
    return Document(
        format=f"CycloneDX {reader.version} XML",
        components=reader.components,
        subject=reader.subject,
        properties=reader.properties,
        gaps=reader.omitted.gaps(),
    )


def _refuse_entities(*arguments: object) -> NoReturn:
    raise ValueError("its XML declares entities, which are refused")
