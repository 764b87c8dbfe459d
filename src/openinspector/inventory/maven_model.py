"""One `pom.xml` in its own words, before inheritance (Maven's "POM Reference")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from openinspector.inventory.cataloger import File, ReadError
from openinspector.inventory.documents import parse_xml, read
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MAX_EXPANSIONS = 64
_MAX_VALUE = 1024
_PLACEHOLDER = regex(r"\$\{([^{}$]{1,200})\}")
_EXACT_RANGE = regex(r"\[\s*([^\[\](),\s]+)\s*\]")
_RANGE = regex(r"[\[\](),]")
_TAG_PREFIX = regex(rb"(</?[A-Za-z_][\w.-]*):")
_ATTRIBUTE_PREFIX = regex(rb"(\s(?!xmlns:)[A-Za-z_][\w.-]*):([\w.-]+\s*=\s*[\"'])")
_FLOATING = frozenset({"LATEST", "RELEASE"})

Coordinates = tuple[str, str, str]
"""Group, artifact, version."""


class Words:
    """What a project and a profile of it have in common: properties and dependencies."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.space = root.tag[: root.tag.rfind("}") + 1]
        self.properties = {
            child.tag[len(self.space) :]: (child.text or "").strip()[:_MAX_VALUE]
            for child in self.children("properties")
            if isinstance(child.tag, str)
        }

    def children(self, path: str) -> Iterator[Element]:
        """What stands in an element, by its path from here."""
        found = self.root.find("/".join(self.space + each for each in path.split("/")))
        return iter(()) if found is None else iter(found)

    def text(self, element: Element | None, name: str) -> str:
        """The text of a child element; empty where there is none."""
        if element is None:
            return ""
        return (element.findtext(self.space + name) or "").strip()

    def dependencies(self, managed: bool = False) -> list[Element]:
        """The elements of `dependencies`, or of `dependencyManagement`."""
        place = "dependencyManagement/dependencies" if managed else "dependencies"
        return [each for each in self.children(place) if each.tag == self.space + "dependency"]

    def exclusions(self, dependency: Element) -> frozenset[tuple[str, str]]:
        """Group and artifact of what a dependency is taken without; `*` stands for any."""
        space = self.space
        return frozenset(
            (self.text(each, "groupId"), self.text(each, "artifactId"))
            for each in dependency.iterfind(f"{space}exclusions/{space}exclusion")
        )


class Model(Words):
    """One project. `published`: it lies in a repository, not in the target."""

    def __init__(self, path: str, root: Element, published: bool = False) -> None:
        super().__init__(root)
        self.path = path
        self.published = published
        if root.tag != self.space + "project":
            raise ReadError("it is not a Maven project: its root element is not <project>")
        self.parent = root.find(self.space + "parent")

    def own(self, name: str) -> str:
        """A coordinate of the project itself, from its parent where it leaves it out."""
        return self.text(self.root, name) or self.text(self.parent, name)

    def profiles(self, by_default: bool = False) -> list[Words]:
        """All profiles, or those that are active unless somebody chooses others."""
        return [
            Words(each)
            for each in self.children("profiles")
            if each.tag == self.space + "profile"
            and not (by_default and self._activation(each) != "true")
        ]

    def _activation(self, profile: Element) -> str:
        return self.text(profile.find(self.space + "activation"), "activeByDefault")


def load(file: File, limits: Limits, published: bool = False) -> Model:
    """The project in a file; raises `ReadError`.

    Maven reads names without regard for namespaces: `<Xlint:-unchecked/>`, a prefix that nobody
    declared. Where a file is well-formed only so, it is read so.
    """
    data = read(file, limits)
    try:
        root = parse_xml(data, limits)
    except ReadError:
        plain = _ATTRIBUTE_PREFIX.sub(rb"\1_\2", _TAG_PREFIX.sub(rb"\1_", bytes(data)))
        if plain == data:
            raise
        root = parse_xml(plain, limits)
    return Model(file.path, root, published)


def expand(value: str, properties: dict[str, str]) -> str:
    """Replace placeholders; what stays in doubt keeps its `${`."""
    for _ in range(_MAX_EXPANSIONS):
        found = _PLACEHOLDER.search(value)
        if found is None or found[1] not in properties or len(value) > _MAX_VALUE:
            return value
        value = value[: found.start()] + properties[found[1]] + value[found.end() :]
    return value


def one_version(text: str) -> str:
    """One exact version; empty for ranges, floating versions and unknown placeholders."""
    exact = _EXACT_RANGE.fullmatch(text)
    if exact is not None:
        return exact[1]
    if "${" in text or _RANGE.search(text) or text in _FLOATING:
        return ""
    return text
