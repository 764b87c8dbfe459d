"""Read the real inventories of ../shared/data/inventories, whatever tool wrote them."""

import importlib
import json
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from openinspector.inventory.cataloger import Cataloger, MemoryFile
from openinspector.inventory.distribution import identify, stamp
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.inventory.matching import glob_regex
from openinspector.inventory.sbom.read import read_sbom
from openinspector.model import Distribution, Inventory, Kernel, Package, Target

_SBOMS = (".cdx.json", ".spdx.json", ".cdx.xml", "bom.json", ".syft.json")

_SYSTEMS = {
    # File name of a package list that does not say what it was taken from.
    "apk-alpine": {"ID": "alpine", "VERSION_ID": "3.13"},
    "apk-alpine-3.9": {"ID": "alpine", "VERSION_ID": "3.9"},
    "apk-alpine-3.18": {"ID": "alpine", "VERSION_ID": "3.18"},
    "dpkg-ubuntu-18.04": {"ID": "ubuntu", "VERSION_ID": "18.04"},
    "amazon-2-packages": {"ID": "amzn", "VERSION_ID": "2"},
    "centos-6-packages": {"ID": "centos", "VERSION_ID": "6"},
    "fedora-35-packages": {"ID": "fedora", "VERSION_ID": "35"},
    "photon-3-packages": {"ID": "photon", "VERSION_ID": "3.0"},
    "suse-15.3-packages": {"ID": "opensuse-leap", "VERSION_ID": "15.3"},
    "opensuse-tumbleweed-packages": {"ID": "opensuse-tumbleweed"},
    "vulnimage-packages": {"ID": "alpine", "VERSION_ID": "3.7"},
}

_CATALOGER = {"deb": "dpkg", "rpm": "rhel-rpm", "apk": "alpine-apk"}


def files(folder: Path, name: str) -> dict[str, bytes]:
    """The files of one inventory's zip."""
    with zipfile.ZipFile(folder / f"{name}.zip") as archive:
        return {each: archive.read(each) for each in archive.namelist() if not each.endswith("/")}


def load(folder: Path, name: str) -> Inventory:
    """One inventory, as our own collectors would give it."""
    found = files(folder, name)
    path, data = next(iter(found.items()))
    if path.endswith(_SBOMS):
        return read_sbom(data, name)
    if path.endswith(("index.json", "report.json")):
        return _claircore(json.loads(data), name)
    if path == "packages.json":
        return _listed(json.loads(data), name)
    if path.endswith(".json") and name.endswith("-host"):
        return _host(json.loads(data), name)
    return _catalogued(found, name)


def _system(
    packages: Iterable[Package], distribution: Distribution | None, name: str, **more: Any
) -> Inventory:
    target = Target("host" if more.get("kernel") else "image", name, is_root=True)
    stamped = tuple(sorted(stamp(packages, distribution), key=lambda each: each.purl))
    return Inventory(target, stamped, distribution, examined=("os-packages",), **more)


def _binary(cataloger: str, name: str, version: str, **more: Any) -> Package:
    for field in ("source_name", "source_version"):
        if more.get(field) == (name if field == "source_name" else version):
            more[field] = None
    return Package("", name, version, "", "OS", cataloger, cataloger, **more)


def _claircore(document: dict[str, Any], name: str) -> Inventory:
    """claircore's index and vulnerability reports."""
    (said,) = document["distributions"].values()
    fields = {"ID": said["did"], "VERSION_ID": said["version_id"], "NAME": said["name"]}
    kind = "rpm" if said["did"] == "rhel" else "deb"
    packages = []
    for each in document["packages"].values():
        source = each.get("source") or {}
        packages.append(
            _binary(
                _CATALOGER[kind],
                each["name"],
                each["version"],
                source_name=source.get("name", "").split(" (")[0] or None,
                source_version=source.get("version") or None,
                arch=each.get("arch") or None,
                module=each.get("module") or None,
            )
        )
    return _system(packages, identify(fields), name)


def _version(record: dict[str, Any], prefix: str = "") -> str:
    version, release = record.get(f"{prefix}Version", ""), record.get(f"{prefix}Release", "")
    epoch = record.get(f"{prefix}Epoch", 0)
    text = f"{version}-{release}" if release else version
    return f"{epoch}:{text}" if epoch else text


def _listed(document: list[dict[str, Any]], name: str) -> Inventory:
    """trivy's package lists."""
    distribution = identify(_SYSTEMS[name])
    kinds = {"Alpine": "apk", "Debian": "deb", "Ubuntu": "deb"}
    kind = kinds.get(distribution.ecosystem if distribution else "", "rpm")
    packages = [
        _binary(
            _CATALOGER[kind],
            each["Name"],
            _version(each),
            source_name=each.get("SrcName") or None,
            source_version=_version(each, "Src") or None,
            arch=each.get("Arch") or None,
            module=each.get("Modularitylabel") or None,
        )
        for each in document
        if each.get("AnalyzedBy") in ("apk", "rpm", "dpkg")
    ]
    return _system(packages, distribution, name)


def _host(document: dict[str, Any], name: str) -> Inventory:
    """vuls' results of instances, the running kernel among them."""
    family = {"amazon": "amzn", "redhat": "rhel", "oracle": "ol"}.get(
        document["family"], document["family"]
    )
    fields = {"ID": family, "VERSION_ID": document["release"].split(" ")[0]}
    kind = "deb" if family in ("debian", "ubuntu") else "rpm"
    sources = {
        binary: source
        for source in (document.get("SrcPackages") or {}).values()
        for binary in source["binaryNames"]
    }
    packages = []
    for each in document["packages"].values():
        version = each["version"] + (f"-{each['release']}" if each["release"] else "")
        source = sources.get(each["name"], {})
        packages.append(
            _binary(
                _CATALOGER[kind],
                each["name"],
                re.sub(r"^0:", "", version),
                source_name=source.get("name"),
                source_version=source.get("version"),
                arch=each.get("arch") or None,
            )
        )
    kernel = Kernel(document["runningKernel"]["release"])
    return _system(packages, identify(fields), name, kernel=kernel)


_FAMILIES = (
    *("dpkg", "apk", "rpm", "npm_lock", "yarn_lock", "pnpm_lock", "python_locks", "ruby", "php"),
    *("rust", "golang", "java"),
)


def _rows() -> Iterable[Cataloger]:
    for family in _FAMILIES:
        yield from importlib.import_module(
            f"openinspector.inventory.catalogers.{family}"
        ).CATALOGERS


def _catalogued(found: dict[str, bytes], name: str) -> Inventory:
    """Package databases, manifests and lock files, by our own catalogers."""
    rows = _rows()
    packages: list[Package] = []
    for row in rows:
        patterns = [re.compile(glob_regex(glob)) for glob in row.globs]
        for path, data in found.items():
            if any(pattern.fullmatch(path) for pattern in patterns):
                yielded = row.parse(MemoryFile(path, data, found), DEFAULT_LIMITS)
                packages.extend(each for each in yielded if isinstance(each, Package))
    fields = _SYSTEMS.get(name)
    if fields is not None:
        return _system(packages, identify(fields), name)
    ordered = tuple(sorted(packages, key=lambda each: (each.ecosystem, each.name, each.version)))
    return Inventory(Target("directory", name), ordered, examined=("language-packages",))
