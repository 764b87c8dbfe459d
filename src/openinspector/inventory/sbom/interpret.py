"""From one component to one package: ecosystem, name, version, source, places.

Pure derivation: the writer runs it too, and adds properties only for what it would get wrong.
"""

import re

from openinspector.inventory.sbom import properties as p
from openinspector.inventory.sbom.document import Component
from openinspector.inventory.sbom.ecosystems import MANAGERS, OS_TYPES, TYPES, go_version
from openinspector.inventory.sbom.purls import Purl
from openinspector.model import Location, Package, PackageManager
from openinspector.patterns import regex

_PACKAGE_DATABASES = regex(r"dpkg/status|apk/db/installed|/rpm/|rpmdb|[Pp]ackages\.db")
_SOURCE_RPM = regex(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)\.(?:no)?src\.rpm\Z")
_SYFT_PLACE = regex(r"syft:location:(\d{1,6}):(path|layerID)\Z")

FIELDS = (
    "ecosystem",
    "name",
    "version",
    "manager",
    "cataloger",
    "collector",
    "arch",
    "source_name",
    "source_version",
    "module",
    "from_base_image",
)
"""Fields that the writer states under `openinspector:package:` where derivation falls short."""


def derive(
    component: Component, purl: Purl, ecosystem: str | None, source: Component | None = None
) -> Package:
    """The package that a component speaks of.

    `ecosystem` is the distribution's, for packages of an operating system; None otherwise (then
    the purl's type decides). `source` is the source package's component when this one is nested
    in it.
    """
    facts = dict(component.properties)
    row = TYPES.get(purl.type)
    system = purl.type in OS_TYPES
    version = _system_version(component, purl) if system else purl.version or component.version
    if purl.type == "golang":
        version = go_version(version)
    source_name, source_version = _source(component, purl, facts, version, source)
    name = row.name(purl) if row else purl.name
    collector = facts.get(p.SOURCE_PACKAGE_COLLECTOR, "")
    if ecosystem is None:
        ecosystem = row.ecosystem if row else purl.type
    return Package(
        ecosystem=ecosystem,
        name=name,
        version=version,
        purl=component.purl,
        manager="OS" if system else _manager(facts, collector, row.manager if row else None),
        cataloger=facts.get(p.SOURCE_FILE_SCANNER, "") or "sbom",
        collector=collector or "sbom",
        locations=locations(component, system),
        arch=purl.qualifiers.get("arch"),
        source_name=source_name if source_name != name else None,
        source_version=source_version,
        module=_module(purl, facts),
        licenses=component.licenses,
        development=component.scope == "excluded" or facts.get(p.NPM_DEVELOPMENT) == "true",
        properties=_further(component),
    )


def _system_version(component: Component, purl: Purl) -> str:
    """`[epoch:]version-release`; the epoch stands in the qualifier, the version, or a property."""
    version = purl.version or component.version
    if ":" in version:
        return version.removeprefix("0:")
    epoch = purl.qualifiers.get("epoch", "")
    if not epoch and component.version.endswith(":" + version):
        epoch = component.version[: -len(version) - 1]
    return f"{epoch}:{version}" if epoch.isdigit() and int(epoch) else version


def _manager(
    facts: dict[str, str], collector: str, usual: PackageManager | None
) -> PackageManager | None:
    for name in (collector, facts.get(p.TRIVY + "PkgType"), facts.get("syft:package:foundBy")):
        if name and name in MANAGERS:
            return MANAGERS[name]
    return usual


def _source(
    component: Component,
    purl: Purl,
    facts: dict[str, str],
    version: str,
    source: Component | None,
) -> tuple[str | None, str | None]:
    """Name and version of the source package, each None when it is the binary package's own."""
    if purl.type not in OS_TYPES:
        return None, None
    name, found = _stated_source(purl, facts)
    found = found or purl.qualifiers.get("source_version")
    if source is not None and (name is None or name == source.name):
        name, found = source.name, _epoch_version(source)
    if found is not None and (
        found == version or (purl.type == "rpm" and found == version.partition(":")[2])
    ):
        found = None
    return name, found


def _epoch_version(component: Component) -> str:
    match = re.search(r"[?&]epoch=(\d+)", component.purl)
    epoch = match[1] if match else "0"
    return component.version if epoch.strip("0") == "" else f"{epoch}:{component.version}"


def _stated_source(purl: Purl, facts: dict[str, str]) -> tuple[str | None, str | None]:
    """What qualifiers (ours, syft's) and properties (Trivy's, syft's) say of the source."""
    qualifiers = purl.qualifiers
    if "source" in qualifiers:
        return qualifiers["source"], None
    upstream = qualifiers.get("upstream") or facts.get(p.SYFT_METADATA + "sourceRpm")
    if upstream and (match := _SOURCE_RPM.match(upstream)):
        return match["name"], match["version"]
    if upstream:
        name, _, version = upstream.partition("@")
        return name, version or None
    if trivy := facts.get(p.TRIVY + "SrcName"):
        return trivy, _trivy_source_version(facts)
    if syft := facts.get(p.SYFT_METADATA + "source"):
        return syft, facts.get(p.SYFT_METADATA + "sourceVersion") or None
    return qualifiers.get("origin") or facts.get(p.SYFT_METADATA + "originPackage") or None, None


def _trivy_source_version(facts: dict[str, str]) -> str | None:
    version = facts.get(p.TRIVY + "SrcVersion", "")
    release = facts.get(p.TRIVY + "SrcRelease", "")
    epoch = facts.get(p.TRIVY + "SrcEpoch", "0")
    if not version:
        return None
    version = f"{version}-{release}" if release else version
    return version if epoch == "0" else f"{epoch}:{version}"


def _module(purl: Purl, facts: dict[str, str]) -> str | None:
    return (
        purl.qualifiers.get("rpmmod")
        or purl.qualifiers.get("modularitylabel")
        or facts.get(p.TRIVY + "Modularitylabel")
        or facts.get(p.SYFT_METADATA + "modularityLabel")
        or None
    )


def locations(component: Component, system: bool = False) -> tuple[Location, ...]:
    """Where a component was seen: by the generator's properties, else by other tools'."""
    paths: list[str] = []
    layers: list[str] = []
    for name, value in component.properties:
        if name == p.SOURCE_PATH or name == p.SCANNER + "path":
            paths.append(value)
        elif name == p.LAYER_DIFF_ID:
            layers.append(value)
    if paths:
        if len(layers) != len(paths):
            layers = [""] * len(paths)
        return tuple(_place(path, layer) for path, layer in zip(paths, layers, strict=True))
    return _foreign_places(component, system)


def _foreign_places(component: Component, system: bool) -> tuple[Location, ...]:
    facts: dict[str, str] = {}
    syft: dict[int, dict[str, str]] = {}
    for name, value in component.properties:
        if name.startswith(p.SYFT_LOCATION) and (match := _SYFT_PLACE.match(name)):
            syft.setdefault(int(match[1]), {})[match[2]] = value
        else:
            facts.setdefault(name, value)
    if path := facts.get(p.TRIVY + "FilePath"):
        return (_place(path, facts.get(p.TRIVY + "LayerDiffID", "")),)
    if syft:
        places = [
            _place(x["path"], x.get("layerID", ""))
            for _, x in sorted(syft.items())
            if x.get("path")
        ]
        if system:
            places = [x for x in places if _PACKAGE_DATABASES.search(x.path)] or places
        return tuple(places)
    paths = component.paths or tuple(filter(None, [facts.get(p.CDXGEN_SOURCE_FILE)]))
    return tuple(_place(path, "") for path in paths)


def _place(path: str, layer: str) -> Location:
    return Location(path.removeprefix("/"), layer or None)


def _further(component: Component) -> tuple[tuple[str, str], ...]:
    """Properties that are no field of a package: the generator's further ones, and our own."""
    return tuple(
        (name.removeprefix(p.GENERATOR).removeprefix(p.PACKAGE_PROPERTY), value)
        for name, value in component.properties
        if name.startswith(p.PACKAGE_PROPERTY)
        or (name.startswith(p.GENERATOR) and name not in p.EVIDENCE)
    )
