"""NuGet packages: what .NET programs were built with and what their projects ask for.

Formats: "runtime-configuration-file" of dotnet/sdk (`*.deps.json`), and NuGet's documentation of
`packages.lock.json`, `packages.config`, `PackageReference` and central package management. Names
keep their case; matching folds it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.documents import decode_json, load_json, load_xml, mapping, text
from openinspector.inventory.language_packages import Origin, Packages
from openinspector.inventory.language_purl import Ecosystem
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NUGET = Ecosystem("NuGet", "nuget")

_DEPS = Origin(NUGET, "DOTNET_CORE", "dotnet-deps", "dotnet-deps")
_LOCK = Origin(NUGET, "NUGET", "dotnet-lock", "nuget-packages-lock")
_CONFIG = Origin(NUGET, "NUGET", "dotnet-config", "nuget-packages-config")
_PROJECT = Origin(NUGET, "NUGET", "dotnet-project", "nuget-project")

_CENTRAL = "Directory.Packages.props"
_SHARED = "Directory.Build.props"
_TEST_KIT = "microsoft.net.test.sdk"
_REFERENCES = ("PackageReference", "GlobalPackageReference", "PackageVersion")
_FLAVOUR = "runtimepack."
_ASSETS = ("runtime", "runtimeTargets", "native", "resources")
_MAX_FOLDERS = 32
_MAX_VALUE = 1024
_PROPERTY = regex(r"\$\(([A-Za-z_][\w.-]{0,99})\)")
_LITERAL = regex(r"[0-9][0-9A-Za-z.+-]*")
_EXACT = regex(r"\[\s*([0-9][0-9A-Za-z.+-]*)\s*(?:,\s*\1\s*)?\]")


class _Deps(msgspec.Struct):
    """The parts of a `deps.json` that matter."""

    runtimeTarget: object = None
    targets: dict[str, object] = {}
    libraries: dict[str, object] = {}


_DEPS_DECODER = msgspec.json.Decoder(_Deps)


def parse_deps(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the packages whose files a program runs with, its own .NET runtime among them.

    Packages that only gave reference assemblies, or lost against a newer assembly of the runtime,
    have no assets in the target and are not there.
    """
    deps = decode_json(file, limits, _DEPS_DECODER)
    named = deps.runtimeTarget
    name = named if isinstance(named, str) else text(mapping(named).get("name"))
    target = deps.targets.get(name)
    if target is None and len(deps.targets) == 1:
        (target,) = deps.targets.values()
    packages = Packages(file, _DEPS)
    for key, value in deps.libraries.items():
        kind = text(mapping(value).get("type")).lower()
        if kind not in ("package", "runtimepack"):
            continue
        if isinstance(target, dict) and not _has_assets(mapping(target.get(key))):
            continue
        library, _, version = key.partition("/")
        if kind == "runtimepack":
            library = library.removeprefix(_FLAVOUR)
        packages.add(library, version)
    yield from packages.results()


def _has_assets(entry: dict[str, object]) -> bool:
    return any(entry.get(kind) for kind in _ASSETS)


def parse_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield what `packages.lock.json` resolved for any framework; projects are not packages."""
    lock = mapping(load_json(file, limits))
    frameworks = lock.get("dependencies")
    if not isinstance(frameworks, dict):
        raise ReadError("it is not a NuGet lock file: it has no dependencies")
    packages = Packages(file, _LOCK)
    for framework in frameworks.values():
        for name, value in mapping(framework).items():
            entry = mapping(value)
            if text(entry.get("type")).lower() != "project":
                packages.add(name, entry.get("resolved"))
    yield from packages.results()


def parse_config(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield what `packages.config` lists."""
    root = load_xml(file, limits)
    if _tag(root) != "packages":
        raise ReadError("it is not a NuGet packages.config")
    packages = Packages(file, _CONFIG)
    for element in root:
        if _tag(element) == "package":
            development = element.get("developmentDependency", "").lower() == "true"
            packages.add(element.get("id"), element.get("version"), development=development)
    yield from packages.results()


def parse_project(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the packages that a project file gives a version to.

    A version without brackets is the lowest that is taken, and what NuGet resolves to. A reference
    without version is told by `Directory.Packages.props` above it, where the package is reported.
    """
    root = load_xml(file, limits)
    if _tag(root) != "Project":
        raise ReadError("it is not an MSBuild project")
    packages = Packages(file, _PROJECT)
    references = [each for each in root.iter() if _tag(each) in _REFERENCES]
    if not references:
        return
    properties = _properties(root, file, limits)
    central: frozenset[str] | None = None
    for_tests = any(_name(each).lower() == _TEST_KIT for each in references)
    for reference in references:
        name = _name(reference)
        version = _child(reference, "VersionOverride") or _child(reference, "Version")
        if not version and name:
            if central is None:
                central = _central_names(file, limits)
            if name.lower() in central or reference.get("Update"):
                continue
        exact = _exact(_expand(version, properties))
        private = _child(reference, "PrivateAssets").lower() == "all"
        packages.add(name, exact, development=for_tests or private)
    yield from packages.results()


def _name(reference: Element) -> str:
    return (reference.get("Include") or reference.get("Update") or "").strip()


def _child(reference: Element, name: str) -> str:
    """A property of a reference: an attribute, or an element within it."""
    value = reference.get(name)
    if value is None:
        value = next((each.text for each in reference if _tag(each) == name), None)
    return (value or "").strip()


def _exact(version: str) -> str:
    """The version that a range means at its lowest; empty where it is open or unknown."""
    if _LITERAL.fullmatch(version):
        return version
    found = _EXACT.fullmatch(version)
    return found[1] if found else ""


def _properties(root: Element, file: File, limits: Limits) -> dict[str, str]:
    """Properties of the project and of the files above it that apply to it."""
    properties: dict[str, str] = {}
    for name in (_CENTRAL, _SHARED):
        above = _above(file, name)
        if above is not None:
            properties.update(_own_properties(_quietly(above, limits)))
    properties.update(_own_properties(root))
    return properties


def _own_properties(root: Element | None) -> dict[str, str]:
    if root is None:
        return {}
    return {
        _tag(each): (each.text or "").strip()[:_MAX_VALUE]
        for group in root
        if _tag(group) == "PropertyGroup"
        for each in group
    }


def _expand(value: str, properties: dict[str, str]) -> str:
    for _ in range(8):
        found = _PROPERTY.search(value)
        if found is None or found[1] not in properties or len(value) > _MAX_VALUE:
            break
        value = value[: found.start()] + properties[found[1]] + value[found.end() :]
    return value


def _central_names(file: File, limits: Limits) -> frozenset[str]:
    """Names, in lower case, that the nearest `Directory.Packages.props` gives a version to."""
    central = _above(file, _CENTRAL)
    root = None if central is None else _quietly(central, limits)
    if root is None:
        return frozenset()
    return frozenset(_name(each).lower() for each in root.iter() if _tag(each) == "PackageVersion")


def _above(file: File, name: str) -> File | None:
    """The nearest file of that name in the folder of a file or above it, other than itself."""
    folder = posixpath.dirname(file.path)
    for _ in range(_MAX_FOLDERS):
        path = f"{folder}/{name}".lstrip("/")
        found = None if path == file.path else file.companion(path)
        if found is not None or not folder:
            return found
        folder = posixpath.dirname(folder)
    return None


def _quietly(file: File, limits: Limits) -> Element | None:
    """A file that is reported on its own turn when it is broken."""
    try:
        return load_xml(file, limits)
    except ReadError:
        return None


def _tag(element: Element) -> str:
    """An element's name without namespace; comments and the like have none."""
    tag = element.tag
    return tag[tag.rfind("}") + 1 :] if isinstance(tag, str) else ""


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="dotnet-deps",
        version=1,
        part="language-packages",
        parse=parse_deps,
        globs=("**/*.deps.json",),
    ),
    Cataloger(
        name="dotnet-lock",
        version=1,
        part="language-packages",
        parse=parse_lock,
        globs=("**/packages.lock.json",),
    ),
    Cataloger(
        name="dotnet-config",
        version=1,
        part="language-packages",
        parse=parse_config,
        globs=("**/packages.config",),
        fold_case=True,
    ),
    Cataloger(
        name="dotnet-project",
        version=1,
        part="language-packages",
        parse=parse_project,
        globs=("**/*.csproj", "**/*.fsproj", "**/*.vbproj", f"**/{_CENTRAL}", f"**/{_SHARED}"),
        companions=(f"**/{_CENTRAL}", f"**/{_SHARED}"),
    ),
)
