"""Read a `pom.xml` with its parents at hand, and tell which versions its dependencies have.

Rules: Maven's "POM Reference" and "Introduction to the Dependency Mechanism". Only files of the
project are looked at: a parent or an imported list of versions that would have to be downloaded
leaves versions unknown, which is said.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from openinspector.inventory.cataloger import File, ReadError
from openinspector.inventory.documents import load_xml
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MAX_PARENTS = 16
_MAX_EXPANSIONS = 64
_MAX_VALUE = 1024
_PLACEHOLDER = regex(r"\$\{([^{}$]{1,200})\}")
_EXACT_RANGE = regex(r"\[\s*([^\[\](),\s]+)\s*\]")
_RANGE = regex(r"[\[\](),]")
_FLOATING = frozenset({"LATEST", "RELEASE"})


_Managed = dict[tuple[str, str, str, str], tuple[str, str]]
"""Version and scope by (group, artifact, type, classifier)."""


class Dependency(msgspec.Struct, frozen=True):
    """One dependency; `version` is empty where the files of the project do not tell it."""

    group: str
    artifact: str
    version: str
    scope: str = "compile"


class _Words:
    """What a project and a profile of it have in common: properties and dependencies."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.space = root.tag[: root.tag.rfind("}") + 1]
        self.properties = {
            child.tag[len(self.space) :]: (child.text or "").strip()[:_MAX_VALUE]
            for child in self._children("properties")
            if isinstance(child.tag, str)
        }

    def _children(self, path: str) -> Iterator[Element]:
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
        return [each for each in self._children(place) if each.tag == self.space + "dependency"]


class _Model(_Words):
    """One `pom.xml`: its own words, before inheritance."""

    def __init__(self, path: str, root: Element) -> None:
        super().__init__(root)
        self.path = path
        if root.tag != self.space + "project":
            raise ReadError("it is not a Maven project: its root element is not <project>")
        self.parent = root.find(self.space + "parent")

    def own(self, name: str) -> str:
        """A coordinate of the project itself, from its parent where it leaves it out."""
        return self.text(self.root, name) or self.text(self.parent, name)

    def profiles(self, by_default: bool = False) -> list[_Words]:
        """All profiles, or those that are active unless somebody chooses others."""
        return [
            _Words(each)
            for each in self._children("profiles")
            if each.tag == self.space + "profile"
            and not (by_default and self._activation(each) != "true")
        ]

    def _activation(self, profile: Element) -> str:
        return self.text(profile.find(self.space + "activation"), "activeByDefault")


def dependencies(file: File, limits: Limits) -> list[Dependency]:
    """Return the dependencies that a project declares itself, in their order.

    Those of its profiles are among them: each is built into something. Raises `ReadError` when
    the file is not a Maven project.
    """
    chain = list(_chain(file, limits))
    properties = _properties(chain)
    managed = _managed(chain, properties, file, limits)
    found = _declared(chain[0], properties, managed)
    for profile in chain[0].profiles():
        chosen = {**properties, **profile.properties}
        own_managed: _Managed = {}
        _manage(own_managed, profile, chosen)
        found += _declared(profile, chosen, {**managed, **own_managed})
    return found


def _declared(own: _Words, properties: dict[str, str], managed: _Managed) -> list[Dependency]:
    """The dependencies in the words of a project or a profile."""
    found = []
    for element in own.dependencies():
        group = _expand(own.text(element, "groupId"), properties)
        artifact = _expand(own.text(element, "artifactId"), properties)
        kind = own.text(element, "type") or "jar"
        classifier = own.text(element, "classifier")
        version, scope = managed.get((group, artifact, kind, classifier), ("", ""))
        version = _version(_expand(own.text(element, "version"), properties)) or version
        scope = own.text(element, "scope") or scope or "compile"
        found.append(Dependency(group, artifact, version, scope))
    return found


def _chain(file: File, limits: Limits) -> Iterator[_Model]:
    """The project and its parents as far as they are files of the target, nearest first."""
    model = _Model(file.path, load_xml(file, limits))
    yield model
    seen = {file.path}
    while model.parent is not None and len(seen) < _MAX_PARENTS:
        relative = model.parent.findtext(model.space + "relativePath")
        if relative is not None and not relative.strip():
            return
        path = _beside(model.path, (relative or "../pom.xml").strip())
        companion = file.companion(path) if path not in seen else None
        if companion is None:
            return
        seen.add(path)
        try:
            parent = _Model(path, load_xml(companion, limits))
        except ReadError:
            # The parent's own turn reports it; here it only leaves versions unknown.
            return
        if parent.text(parent.root, "artifactId") != model.text(model.parent, "artifactId"):
            return
        yield parent
        model = parent


def _beside(path: str, relative: str) -> str:
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(path), relative))
    return joined if joined.endswith(".xml") else f"{joined}/pom.xml".removeprefix("./")


def _properties(chain: list[_Model]) -> dict[str, str]:
    """All properties, the nearest project's first, and what Maven itself defines."""
    properties: dict[str, str] = {}
    for model in reversed(chain):
        for words in (model, *model.profiles(by_default=True)):
            properties.update(words.properties)
    own = chain[0]
    for name in ("groupId", "artifactId", "version"):
        value = own.own(name) if name != "artifactId" else own.text(own.root, name)
        for prefix in ("project.", "pom.", ""):
            properties.setdefault(prefix + name, value)
        properties.setdefault(f"project.parent.{name}", own.text(own.parent, name))
    return properties


def _managed(
    chain: list[_Model], properties: dict[str, str], file: File, limits: Limits
) -> _Managed:
    """What `dependencyManagement` of a project, its parents and the lists they import says."""
    managed: _Managed = {}
    imports: list[tuple[str, str]] = []
    for model in chain:
        for words in (*model.profiles(by_default=True), model):
            imports.extend(_manage(managed, words, properties))
    for _, artifact in imports[:_MAX_PARENTS]:
        listing = _imported(artifact, file, limits)
        if listing is not None:
            inherited = _properties([listing, *chain])
            _manage(managed, listing, inherited)
    return managed


def _manage(
    managed: _Managed,
    model: _Words,
    properties: dict[str, str],
) -> list[tuple[str, str]]:
    """Take in what one project manages; returns the lists that it imports."""
    imports = []
    for element in model.dependencies(managed=True):
        group = _expand(model.text(element, "groupId"), properties)
        artifact = _expand(model.text(element, "artifactId"), properties)
        scope, kind = model.text(element, "scope"), model.text(element, "type") or "jar"
        if scope == "import":
            imports.append((group, artifact))
            continue
        version = _version(_expand(model.text(element, "version"), properties))
        key = (group, artifact, kind, model.text(element, "classifier"))
        managed.setdefault(key, (version, scope))
    return imports


def _imported(artifact: str, file: File, limits: Limits) -> _Model | None:
    """A list of versions (`bom`) that is a module of the same project, in a folder of its name."""
    folder = posixpath.dirname(file.path)
    for _ in range(4):
        for name in (artifact, "bom"):
            path = f"{folder}/{name}/pom.xml".lstrip("/")
            companion = file.companion(path)
            if companion is None:
                continue
            try:
                model = _Model(path, load_xml(companion, limits))
            except ReadError:
                continue
            if model.text(model.root, "artifactId") == artifact:
                return model
        if not folder:
            return None
        folder = posixpath.dirname(folder)
    return None


def _expand(value: str, properties: dict[str, str]) -> str:
    """Replace placeholders; what stays in doubt keeps its `${`."""
    for _ in range(_MAX_EXPANSIONS):
        found = _PLACEHOLDER.search(value)
        if found is None or found[1] not in properties or len(value) > _MAX_VALUE:
            return value
        value = value[: found.start()] + properties[found[1]] + value[found.end() :]
    return value


def _version(text: str) -> str:
    """One exact version; empty for ranges, floating versions and unknown placeholders."""
    exact = _EXACT_RANGE.fullmatch(text)
    if exact is not None:
        return exact[1]
    if "${" in text or _RANGE.search(text) or text in _FLOATING:
        return ""
    return text
