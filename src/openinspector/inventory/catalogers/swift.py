"""Swift: the package manager's `Package.resolved` (1, 2, 3) and CocoaPods' `Podfile.lock`."""

import re
from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.documents import load_json, load_yaml, mapping, sequence, text
from openinspector.inventory.language_packages import (
    Origin,
    Packages,
    inside_installed_package,
)
from openinspector.inventory.language_purl import COCOAPODS, SWIFT
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex

_SWIFT = Origin(SWIFT, None, "swift-package-resolved", "swift-package-resolved")
_PODS = Origin(COCOAPODS, None, "cocoapods", "cocoapods")
_SCHEME = regex(r"[a-z][a-z0-9+.-]*://(?:[^/@]*@)?", re.IGNORECASE)
_SECURE_SHELL = regex(r"(?:[^/@:]+@)?([^/@:]+\.[^/@:]+):(?!//)(.+)")
_HOST = regex(r"[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?")
_LOCATION_LENGTH = 2048


def parse_resolved(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield every pin with a version; pins to branches and commits have none."""
    document = mapping(load_json(file, limits))
    pins = document.get("pins", mapping(document.get("object")).get("pins"))
    if not isinstance(pins, list):
        raise ReadError("it is not a Package.resolved: it has no pins")
    packages = Packages(file, _SWIFT)
    for value in pins:
        pin = mapping(value)
        if pin.get("kind") == "localSourceControl":
            continue
        location = text(pin.get("location")) or text(pin.get("repositoryURL"))
        name = repository_name(location) or text(pin.get("identity")) or text(pin.get("package"))
        packages.add(name, mapping(pin.get("state")).get("version"))
    yield from packages.results()


def repository_name(location: str) -> str:
    """Return a repository's address as OSV's SwiftURL names it: `host/owner/name`."""
    if len(location) > _LOCATION_LENGTH:
        return ""
    secure_shell = _SECURE_SHELL.fullmatch(location)
    if secure_shell:
        host, path = secure_shell[1], secure_shell[2]
    else:
        scheme = _SCHEME.match(location)
        host, _, path = location[scheme.end() if scheme else 0 :].partition("/")
    path = path.strip("/").removesuffix(".git")
    return f"{host.lower()}/{path}" if _HOST.fullmatch(host) and path else ""


def parse_podfile_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the pods, each once: `PINCache/Core (3.0.3)` is a part of `PINCache`.

    Pods from a folder of the project (`:path`) are left out.
    """
    if inside_installed_package(file.path):
        return
    document = mapping(load_yaml(file, limits))
    if "PODS" not in document:
        raise ReadError("it is not a Podfile.lock: it has no PODS")
    sources = mapping(document.get("EXTERNAL SOURCES"))
    packages = Packages(file, _PODS)
    for entry in sequence(document["PODS"]):
        title = next(iter(entry), "") if isinstance(entry, dict) else text(entry)
        pod, _, version = title.partition(" (")
        name = pod.partition("/")[0]
        if ":path" not in mapping(sources.get(name)):
            packages.add(name, version.removesuffix(")"))
    yield from packages.results()


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="swift-package-resolved",
        version=1,
        part="language-packages",
        parse=parse_resolved,
        globs=("**/Package.resolved",),
    ),
    Cataloger(
        name="cocoapods",
        version=1,
        part="language-packages",
        parse=parse_podfile_lock,
        globs=("**/Podfile.lock",),
    ),
)
