"""Tell which library an archive is: what Maven wrote, else its manifest, its name and its classes.

What Maven wrote is a fact. The rest is marked by `identified_by`: `manifest` (the group stands in
the manifest), `known-artifact` (the table of groups knows it, and its classes are there). Where no
group is found the artifact stands alone, and is told as not judged: a group that was made up could
only match by luck.
"""

import re

import msgspec

from openinspector.inventory.jars.groups import RENAMED, HasFolder, known_group
from openinspector.inventory.jars.metadata import (
    Coordinates,
    FileName,
    is_artifact,
    is_group,
    is_version,
    parse_file_name,
)
from openinspector.patterns import regex

_NEBULA = regex(r"([\w.-]+)#([\w.-]+);(.+)", re.ASCII)
_NO_CODE = frozenset({"source", "sources", "javadoc", "test-sources"})
_JAVA_ITSELF = ("java runtime environment", "java platform api specification")
_PART_OF_JDK = regex(
    r"(?:^|/)lib/(?:ext/|security/|security/policy/(?:un)?limited/|management/|desktop/)?"
    r"(?:access-bridge(?:-32|-64)?|charsets|cldrdata|dnsns|dt|jaccess|java-atk-wrapper|javaws|jce"
    r"|jconsole|jfr|jfxrt|jfxswt|ant-javafx|javafx-mx|jrt-fs|jsse|ct\.sym|localedata|local_policy"
    r"|US_export_policy|management-agent|nashorn|nimbus|packager|plugin|resources|rt|sa-jdi"
    r"|sunec|sunjce_provider|sunmscapi|sunpkcs11|swingx|tools|orb|zipfs|icedtea-sound)\.jar$"
)


class Evidence(msgspec.Struct, frozen=True):
    """What an archive says of itself.

    `path` is its path in the target; `poms` are the coordinates that Maven left in it;
    `has_folder` tells whether it holds a folder of classes.
    """

    path: str
    manifest: dict[str, str]
    poms: tuple[Coordinates, ...]
    has_folder: HasFolder


class Identity(msgspec.Struct, frozen=True):
    """One library; `identified_by` is empty where Maven's own metadata says it."""

    group: str
    artifact: str
    version: str
    identified_by: str = ""

    @property
    def name(self) -> str:
        """`group:artifact`, or the artifact alone where the group is unknown."""
        return f"{self.group}:{self.artifact}" if self.group else self.artifact


def identify(evidence: Evidence) -> tuple[Identity, ...]:
    """Return every library that an archive holds itself (nested archives apart).

    First the one that it is, then those that were merged into it and kept their metadata. A
    library whose version is unknown is left out; nothing at all means that it says nothing.
    """
    file = parse_file_name(evidence.path.rpartition("/")[2])
    own = _own_pom(file, evidence.poms)
    merged = [
        Identity(group, artifact, version)
        for group, artifact, version in evidence.poms
        if version and (group, artifact, version) != own
    ]
    if own is None:
        main = _derive(file, evidence)
    else:
        version = own[2] or _version(file, evidence.manifest)
        main = Identity(own[0], own[1], version) if version else None
    return ((main,) if main else ()) + tuple(dict.fromkeys(merged))


def is_part_of_java(evidence: Evidence) -> bool:
    """Tell whether an archive belongs to a Java runtime, which is judged as a whole."""
    titles = (
        evidence.manifest.get("implementation-title", "").lower(),
        evidence.manifest.get("specification-title", "").lower(),
    )
    return any(title in _JAVA_ITSELF for title in titles) or bool(
        _PART_OF_JDK.search(evidence.path)
    )


def _own_pom(file: FileName, poms: tuple[Coordinates, ...]) -> Coordinates | None:
    """The coordinates of the archive itself, among those of all that was merged into it."""
    matching = [
        pom
        for pom in poms
        if pom[1] in (file.artifact, file.stem) or file.stem.startswith(pom[1] + "-")
    ]
    if matching:
        return max(matching, key=lambda pom: (len(pom[1]), pom[2] == file.version))
    if len(poms) == 1 and not file.version:
        # A renamed archive (app.jar) with the metadata of one library is taken to be that one.
        return poms[0]
    return None


def _derive(file: FileName, evidence: Evidence) -> Identity | None:
    manifest = evidence.manifest
    if file.classifier.rpartition("-")[2] in _NO_CODE or is_part_of_java(evidence):
        return None
    version = _version(file, manifest)
    if not version:
        return None
    if manifest.get("group-id") and is_artifact(manifest.get("short-name", "")):
        # Jenkins plug-ins
        group = manifest["group-id"]
        return Identity(
            group if is_group(group) else "", manifest["short-name"], version, "manifest"
        )
    artifacts = _artifacts(file, manifest)
    stated = _nebula_group(manifest)
    if stated:
        return Identity(stated, artifacts[0], version, "manifest")
    for artifact in artifacts:
        known = known_group(artifact, version, evidence.has_folder)
        if known is not None:
            return Identity(known, artifact, version, "known-artifact")
    artifact = artifacts[0]
    group = _manifest_group(artifact, manifest)
    return Identity(group, artifact, version, "manifest" if group else "file-name")


def _version(file: FileName, manifest: dict[str, str]) -> str:
    """The version: the file name's, which is the one of its coordinates, else the manifest's."""
    if file.version:
        return file.version
    for attribute in ("implementation-version", "plugin-version", "bundle-version"):
        words = manifest.get(attribute, "").split()
        if words and is_version(words[0]):
            return words[0]
    return ""


def _artifacts(file: FileName, manifest: dict[str, str]) -> list[str]:
    """What the artifact may be called, the likeliest first; at least the name of the file."""
    renamed = RENAMED.get(file.stem)
    title = manifest.get("implementation-title", "")
    bundle = manifest.get("bundle-symbolicname", "").partition(";")[0].strip()
    if file.version:
        names = [file.artifact]
    elif renamed and "tomcat" in title.lower():
        names = [renamed]
    else:
        names = [file.stem, title, bundle, bundle.rpartition(".")[2]]
    return [name for name in dict.fromkeys(names) if is_artifact(name)] or [file.artifact]


def _manifest_group(artifact: str, manifest: dict[str, str]) -> str:
    """The group that a manifest names; empty where it names none.

    OSGi names follow from coordinates: `group.artifact`, or the artifact alone when it begins
    with the group (maven-bundle-plugin).
    """
    bundle = manifest.get("bundle-symbolicname", "").partition(";")[0].strip()
    vendor = manifest.get("implementation-vendor-id", "")
    candidates = [
        manifest.get("maven-group-id", "") or manifest.get("group-id", ""),
        bundle[: -len(artifact) - 1] if bundle.endswith("." + artifact) else "",
        vendor if "." in vendor else "",
    ]
    return next((each for each in candidates if each and is_group(each)), "")


def _nebula_group(manifest: dict[str, str]) -> str:
    """The group that Gradle's Nebula wrote (`group#project;version`); empty where it did not.

    A statement about this very archive, unlike the table's prefixes: of `elasticsearch-*` most are
    of `org.elasticsearch`, the clients are not.
    """
    nebula = _NEBULA.fullmatch(manifest.get("implementation-title", ""))
    return nebula[1] if nebula and is_group(nebula[1]) else ""
