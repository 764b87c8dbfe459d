"""Parse what archives say of themselves: MANIFEST.MF, pom.properties and their file names."""

import re

import msgspec

from openinspector.patterns import regex

Coordinates = tuple[str, str, str]
"""Group, artifact and version; empty where unknown."""

_POM_PLACE = regex(r"(?:^|/)META-INF/maven/([^/]+)/([^/]+)/pom\.(?:properties|xml)$")
_PROPERTY = regex(r"\s*([A-Za-z.]+)\s*[=:]\s*(.*)")
_UNICODE = regex(r"\\u([0-9a-fA-F]{4})")

_CLASSIFIER = regex(
    r"[-.](?:(?:linux|osx|macos|windows|win32|win64|win)(?:[-_](?:x86[-_]64|x86[-_]32|x86|amd64"
    r"|aarch[-_]?64|aarch64|arm64|i386|ppcle[-_]64|s390[-_]64))?(?:-fedora)?|sources?|javadoc|tests?"
    r"|test-sources|all|shaded|exec|executable|jar-with-dependencies|with-dependencies|bin|uber|fat"
    r"|fatjar|boot|standalone|bundled?|no_aop|no_deps|nodeps|noapt|slim|runtime|classes|jakarta"
    r"|plain|small|dist|minimal|complete)$",
    re.IGNORECASE,
)
_FIRST_NUMBER = regex(r"v?[0-9]+(?:[._][0-9A-Za-z_+]+)*(?:\+[0-9A-Za-z.]+)?", re.ASCII)
_FURTHER = regex(
    r"(?:[0-9][0-9A-Za-z._+]*|(?:alpha|beta|a|b|m|mr|rc|cr|ga|final|release|snapshot|sp|pr|jre|jdk"
    r"|java|android|incubating|preview|pre|dev|build|v|redhat|fuse|jbossorg|jbossas|jboss|patch|hadoop"
    r"|r|ea|milestone|snap|eap|hal|p|rev|cdh|hdp|emr|amzn|atlassian|psd|brew|wso2v|nightly|stable"
    r"|native|g)(?:[0-9.][0-9A-Za-z._]*)?)",
    re.IGNORECASE | re.ASCII,
)
_STEM_LENGTH = 255

is_version = regex(
    r"v?[0-9]++(?:[._][0-9A-Za-z]++)*+(?:[-+~_][0-9A-Za-z.+_-]*+)?", re.ASCII
).fullmatch
"""Whether a text may be a version: it begins with a number and holds no spaces."""

is_group = regex(r"[A-Za-z_][\w-]*(?:\.[\w-]+)*", re.ASCII).fullmatch
is_artifact = regex(r"[A-Za-z0-9_][\w.-]*", re.ASCII).fullmatch


class FileName(msgspec.Struct, frozen=True):
    """What the file name of an archive says: `netty-all-4.1.1.Final-linux-x86_64.jar`."""

    stem: str
    artifact: str
    version: str
    classifier: str = ""


def parse_manifest(data: bytes | memoryview) -> dict[str, str]:
    """Return the main section of a manifest by lower-case attribute names (JAR specification)."""
    text = str(data, "utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    main = text.lstrip("\n").partition("\n\n")[0].replace("\n ", "")
    attributes: dict[str, str] = {}
    for line in main.split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            attributes.setdefault(name.strip().lower(), value.strip())
    return attributes


def parse_pom_properties(name: str, data: bytes | memoryview) -> Coordinates | None:
    """Return the coordinates of a `pom.properties`; its folders tell what it leaves out.

    None when the entry lies elsewhere than Maven puts it. A version that still is a placeholder
    (`${project.version}`) is unknown.
    """
    place = _POM_PLACE.search(name)
    if place is None:
        return None
    values: dict[str, str] = {}
    for line in str(data, "utf-8", "replace").splitlines():
        found = _PROPERTY.match(line)
        if found is not None:
            values.setdefault(found[1], _UNICODE.sub(_character, found[2]).strip())
    group = values.get("groupId", "")
    artifact = values.get("artifactId", "")
    version = values.get("version", "")
    return (
        group if is_group(group) else place[1],
        artifact if is_artifact(artifact) else place[2],
        version if is_version(version) or (version and "$" not in version) else "",
    )


def pom_folder(name: str) -> tuple[str, str] | None:
    """The group and artifact that the folders of a `pom.xml` or `pom.properties` name."""
    place = _POM_PLACE.search(name)
    return (place[1], place[2]) if place else None


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def parse_file_name(name: str) -> FileName:
    """Divide a file name into artifact, version and classifier.

    The version begins at the first hyphen after which every part may belong to one:
    `log4j-1.2-api-2.17.0` is version 2.17.0 of `log4j-1.2-api`.
    """
    stem = name.rpartition(".")[0][:_STEM_LENGTH]
    classifiers: list[str] = []
    plain = stem
    while len(classifiers) < 3 and (found := _CLASSIFIER.search(plain)) and found.start() > 0:
        classifiers.insert(0, found[0][1:])
        plain = plain[: found.start()]
    parts = plain.split("-")
    for at in range(1, len(parts)):
        if _FIRST_NUMBER.fullmatch(parts[at]) and all(
            _FURTHER.fullmatch(part) for part in parts[at + 1 :]
        ):
            return FileName(stem, "-".join(parts[:at]), "-".join(parts[at:]), "-".join(classifiers))
    return FileName(stem, stem, "")
