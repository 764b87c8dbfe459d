"""A Maven project with all that it inherits, and which versions its dependencies have.

Rules: Maven's "POM Reference" and "Introduction to the Dependency Mechanism". A parent or an
imported list of versions (`bom`) is looked for among the files of the target, then in a local
repository where one is given; nothing is downloaded. What is not found leaves versions unknown,
which is said.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from openinspector.inventory.cataloger import File, ReadError
from openinspector.inventory.limits import Limits
from openinspector.inventory.maven_model import (
    Coordinates,
    Model,
    Words,
    expand,
    load,
    one_version,
)
from openinspector.inventory.maven_repository import Repository

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MAX_PARENTS = 16
_MAX_IMPORTS = 64
_MAX_NESTED = 8

Excluded = frozenset[tuple[str, str]]


class Managed(NamedTuple):
    """What `dependencyManagement` says of a dependency."""

    version: str = ""
    scope: str = ""
    exclusions: Excluded = frozenset()


_Table = dict[tuple[str, str, str, str], Managed]
"""By group, artifact, type and classifier."""
_UNMANAGED = Managed()


class Dependency(msgspec.Struct, frozen=True):
    """One dependency; `version` is empty where nothing at hand tells it."""

    group: str
    artifact: str
    version: str
    scope: str = "compile"
    key: tuple[str, str, str, str] = ("", "", "", "")
    optional: bool = False
    exclusions: Excluded = frozenset()


class Project(msgspec.Struct):
    """A project, its parents as far as they are known (nearest first), and what they add up to."""

    chain: list[Model]
    properties: dict[str, str]
    managed: _Table

    def declared(self) -> list[Dependency]:
        """The dependencies of the project itself, of its profiles, and what parents hand down."""
        found = _declared(self.chain[0], self.properties, self.managed)
        for profile in self.chain[0].profiles():
            properties = {**self.properties, **profile.properties}
            managed: _Table = {}
            _manage(managed, profile, properties)
            found += _declared(profile, properties, {**self.managed, **managed})
        return self._with_inherited(found)

    def effective(self) -> list[Dependency]:
        """As `declared`, without profiles: what a published project brings along."""
        return self._with_inherited(_declared(self.chain[0], self.properties, self.managed))

    def _with_inherited(self, own: list[Dependency]) -> list[Dependency]:
        """The nearest declaration of each; versions of parents' are those that hold here."""
        known = {each.key for each in own}
        found = list(own)
        for model in self.chain[1:]:
            for each in _declared(model, self.properties, self.managed):
                if each.key not in known:
                    known.add(each.key)
                    found.append(each)
        return found


class Poms:
    """Where projects are found: files of the target, and a local repository."""

    def __init__(self, file: File, limits: Limits, repository: Repository | None = None) -> None:
        self._file = file
        self._limits = limits
        self._repository = repository
        self._published: dict[Coordinates, Project | None] = {}

    def project(self) -> Project:
        """The project of the file. Raises `ReadError` when it is none."""
        return self._whole(load(self._file, self._limits), 0)

    def published(self, at: Coordinates, nested: int = 0) -> Project | None:
        """A project of the local repository; None if it is not there, or cannot be read."""
        if at not in self._published:
            self._published[at] = None  # for one that leads back to itself
            model = self._published_model(at)
            if model is not None and nested < _MAX_NESTED:
                self._published[at] = self._whole(model, nested + 1)
        return self._published[at]

    def _published_model(self, at: Coordinates) -> Model | None:
        if self._repository is None:
            return None
        file = self._repository.pom(*at, self._limits)
        return None if file is None else _readable(file, self._limits, published=True)

    def _whole(self, model: Model, nested: int) -> Project:
        chain = list(self._chain(model))
        properties = _properties(chain)
        managed: _Table = {}
        imports: list[Coordinates] = []
        for each in chain:
            for words in (*each.profiles(by_default=True), each):
                imports.extend(_manage(managed, words, properties))
        for at in imports[:_MAX_IMPORTS]:
            for key, value in self._imported(at, chain, nested).items():
                managed.setdefault(key, value)
        return Project(chain, properties, managed)

    def _chain(self, model: Model) -> Iterator[Model]:
        """The project and its parents as far as they are at hand, nearest first."""
        seen = {model.path}
        yield model
        while len(seen) < _MAX_PARENTS:
            parent = self._parent(model)
            if parent is None or parent.path in seen:
                return
            seen.add(parent.path)
            yield parent
            model = parent

    def _parent(self, model: Model) -> Model | None:
        if model.parent is None:
            return None
        artifact = model.text(model.parent, "artifactId")
        relative = model.parent.findtext(model.space + "relativePath")
        if not model.published and (relative is None or relative.strip()):
            near = self._near(_beside(model.path, (relative or "../pom.xml").strip()), artifact)
            if near is not None:
                return near
        version = expand(model.text(model.parent, "version"), model.properties)
        return self._published_model((model.text(model.parent, "groupId"), artifact, version))

    def _imported(self, at: Coordinates, chain: list[Model], nested: int) -> _Table:
        """What an imported list of versions says; empty where it is not at hand."""
        listing = None if chain[0].published else self._listing(at[1])
        if listing is not None:
            managed: _Table = {}
            _manage(managed, listing, _properties([listing, *chain]))
            return managed
        project = self.published(at, nested)
        return {} if project is None else project.managed

    def _listing(self, artifact: str) -> Model | None:
        """A list that is a module of the same project, in a folder of its name."""
        folder = posixpath.dirname(self._file.path)
        for _ in range(4):
            for name in (artifact, "bom"):
                model = self._near(f"{folder}/{name}/pom.xml".lstrip("/"), artifact)
                if model is not None:
                    return model
            if not folder:
                return None
            folder = posixpath.dirname(folder)
        return None

    def _near(self, path: str, artifact: str) -> Model | None:
        """A project of the target by its path, if it is the artifact that is looked for."""
        companion = self._file.companion(path)
        model = None if companion is None else _readable(companion, self._limits)
        if model is None or model.text(model.root, "artifactId") != artifact:
            return None
        return model


def _readable(file: File, limits: Limits, published: bool = False) -> Model | None:
    """A project beside the one that is read: its own turn reports what is wrong with it."""
    try:
        return load(file, limits, published)
    except ReadError:
        return None


def _declared(own: Words, properties: dict[str, str], managed: _Table) -> list[Dependency]:
    """The dependencies in the words of a project or a profile."""
    found = []
    for element in own.dependencies():
        key = _key(own, element, properties)
        known = managed.get(key, _UNMANAGED)
        version = one_version(expand(own.text(element, "version"), properties)) or known.version
        found.append(
            Dependency(
                group=key[0],
                artifact=key[1],
                version=version,
                scope=own.text(element, "scope") or known.scope or "compile",
                key=key,
                optional=own.text(element, "optional") == "true",
                exclusions=own.exclusions(element) or known.exclusions,
            )
        )
    return found


def _key(own: Words, element: Element, properties: dict[str, str]) -> tuple[str, str, str, str]:
    group = expand(own.text(element, "groupId"), properties)
    artifact = expand(own.text(element, "artifactId"), properties)
    kind = own.text(element, "type") or "jar"
    return group, artifact, kind, own.text(element, "classifier")


def _beside(path: str, relative: str) -> str:
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(path), relative))
    return joined if joined.endswith(".xml") else f"{joined}/pom.xml".removeprefix("./")


def _properties(chain: list[Model]) -> dict[str, str]:
    """All properties, the nearest project's first; what Maven itself defines comes before them."""
    properties: dict[str, str] = {}
    for model in reversed(chain):
        for words in (model, *model.profiles(by_default=True)):
            properties.update(words.properties)
    own = chain[0]
    for name in ("groupId", "artifactId", "version"):
        value = own.own(name) if name != "artifactId" else own.text(own.root, name)
        above = own.text(own.parent, name)
        for prefix in ("project.", "pom."):
            for key, said in ((prefix + name, value), (f"{prefix}parent.{name}", above)):
                if said:
                    properties[key] = said
        properties.setdefault(name, value)
    return properties


def _manage(managed: _Table, words: Words, properties: dict[str, str]) -> list[Coordinates]:
    """Take in what one project manages; returns the lists that it imports."""
    imports: list[Coordinates] = []
    for element in words.dependencies(managed=True):
        key = _key(words, element, properties)
        version = one_version(expand(words.text(element, "version"), properties))
        scope = words.text(element, "scope")
        if scope == "import":
            imports.append((key[0], key[1], version))
        else:
            managed.setdefault(key, Managed(version, scope, words.exclusions(element)))
    return imports
