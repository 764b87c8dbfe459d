"""What a classifier is, and what it makes of a file."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Literal

import msgspec

from openinspector.inventory.cataloger import File
from openinspector.inventory.executables.constants import WHOLE_FILE_BYTES, constants
from openinspector.inventory.limits import Limits
from openinspector.model import Location, Package
from openinspector.patterns import regex

Where = Literal["constants", "text", "whole", "path", "manifest", "resource", "go"]

TEXT_BYTES = 512 * 1024
"""How much of a text is searched from its beginning."""

_UPDATE = regex(
    r"([0-9]+(?:\.[0-9]+)*)(?:[-_.~]?((?:alpha|beta|rc|preview|pre|p|u|update|sp)[-._]?[0-9]+))",
    re.IGNORECASE,
)
_NEEDS_QUOTING = regex(r"([^A-Za-z0-9._-])")
_MAX_VERSION = 80


class Classifier(msgspec.Struct, frozen=True):
    r"""One way to recognise a product.

    - `product`: the tail of its package URL (spec/sbom-generator.md 5.3): `vendor/name`. `{0}` is
      the group `name` of the pattern.
    - `globs`: files that may be it.
    - `patterns`: regular expressions; the groups of the first one that matches make the version.
      With `parts` each gives one number of it, joined by dots, and all must match.
    - `where`: `constants` of an executable; `text`; the `whole` of an archive; the `path`; the
      main section of a jar's `manifest` (patterns as `Attribute: value`); the version `resource`
      of a Windows executable (as `Name: value`); the build information of a `go` program, whose
      main module or package the pattern is.
    - `cpes`: `vendor:product` names under which NVD publishes about it.
    - `unique`: all matches in the file must say the same, else nothing is known.
    - `standalone`: the match runs into text behind it (`9.1.22036e910ab2c`); the version is its
      longest beginning that stands alone, between zero bytes, elsewhere in the file.
    - `begins`: a regular expression on the path whose group is how the version must begin
      (`python3.11` holds 3.11.x).
    - `unless`: a regular expression on paths that are not looked at.
    - `verified`: the real files that it was tried on; empty where none could be had.
    """

    product: str
    globs: tuple[str, ...]
    patterns: tuple[str, ...]
    where: Where = "constants"
    cpes: tuple[str, ...] = ()
    parts: bool = False
    unique: bool = False
    standalone: bool = False
    begins: str = ""
    unless: str = ""
    verified: str = ""


class Recognised(msgspec.Struct, frozen=True):
    """A product and its version; `facts` are further properties (spec/sbom-generator.md 3.1)."""

    product: str
    version: str
    cpes: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


def recognise(classifier: Classifier, file: File, limits: Limits) -> Recognised | None:
    """Apply one classifier to a file that its globs match."""
    if classifier.unless and re.search(classifier.unless, file.path):
        return None
    found = _READERS[classifier.where](classifier, file, limits)
    if found is None:
        return None
    version, name = found
    if not version or len(version) > _MAX_VERSION or not version.isprintable():
        return None
    return Recognised(classifier.product.replace("{0}", name), version, classifier.cpes)


def application(found: Recognised, path: str, cataloger: str) -> Package:
    """The package of a product (spec/sbom-generator.md 2.1: `pkg:generic/vendor/name@version`)."""
    from openinspector.model.purl import make_purl

    namespace, _, name = found.product.rpartition("/")
    return Package(
        ecosystem="generic",
        name=found.product,
        version=found.version,
        purl=make_purl("generic", name, found.version, namespace),
        manager=None,
        cataloger=cataloger,
        collector=cataloger,
        locations=(Location(path),),
        properties=(*(("cpe", cpe(each, found.version)) for each in found.cpes), *found.facts),
    )


def cpe(name: str, version: str) -> str:
    """The CPE 2.3 name of a version of `vendor:product` (NISTIR 7695): `9.9p2` is 9.9, update p2.

    The names in the table hold no colon but the dividing one, and are written unquoted.
    """
    vendor, _, product = name.partition(":")
    java = re.fullmatch(r"(1\.[0-9]\.[0-9])_([0-9]+)", version)
    update = _UPDATE.fullmatch(version)
    number, more = version, "*"
    if java is not None:
        number, more = java[1], f"update{java[2]}"
    elif update is not None:
        number, more = update[1], update[2].lower()
    fields = [_NEEDS_QUOTING.sub(r"\\\1", each) for each in (vendor, product, number)]
    return f"cpe:2.3:a:{':'.join(fields)}:{more}:*:*:*:*:*:*"


# --- where versions stand ------------------------------------------------------------------------

_Found = tuple[str, str] | None
"""Version, and the group `name`."""


@cache
def _compiled(pattern: str) -> "re.Pattern[bytes]":
    return re.compile(pattern.encode("latin-1"), re.DOTALL)


def _in_constants(classifier: Classifier, file: File, _: Limits) -> _Found:
    views = list(constants(file.data))
    if classifier.begins and views:
        return _beginning(classifier, file.path, views)
    return _in_views(classifier, views) if views else None


def _in_text(classifier: Classifier, file: File, _: Limits) -> _Found:
    return _in_views(classifier, [memoryview(file.data)[:TEXT_BYTES]])


def _in_whole(classifier: Classifier, file: File, _: Limits) -> _Found:
    return _in_views(classifier, [memoryview(file.data)[:WHOLE_FILE_BYTES]])


def _in_path(classifier: Classifier, file: File, _: Limits) -> _Found:
    return _in_views(classifier, [memoryview(file.path.encode("utf-8", "surrogateescape"))])


def _in_manifest(classifier: Classifier, file: File, limits: Limits) -> _Found:
    from openinspector.inventory.jars.archive import read_manifest

    attributes = read_manifest(file.data, limits)
    lines = "".join(f"{name}: {value}\n" for name, value in attributes.items())
    return _in_views(classifier, [memoryview(lines.encode())])


def _in_resource(classifier: Classifier, file: File, _: Limits) -> _Found:
    from openinspector.inventory import executables
    from openinspector.inventory.executables import version_resource

    for executable in executables.parse(file.data):
        texts = version_resource.read(executable)
        lines = "".join(f"{name}: {value}\n" for name, value in texts.items())
        return _in_views(classifier, [memoryview(lines.encode("utf-8", "replace"))])
    return None


def _in_go_program(classifier: Classifier, file: File, _: Limits) -> _Found:
    from openinspector.inventory import executables
    from openinspector.inventory.executables import go_build_info
    from openinspector.inventory.go_modules import main_version

    for executable in executables.parse(file.data):
        info = go_build_info.read(executable)
        if info is None:
            continue
        path = info.path or (info.main.path if info.main else "")
        if any(_compiled(each).fullmatch(path.encode()) for each in classifier.patterns):
            version = main_version(info)
            return (version.removeprefix("v"), "") if version else None
    return None


_READERS: dict[Where, Callable[[Classifier, File, Limits], _Found]] = {
    "constants": _in_constants,
    "text": _in_text,
    "whole": _in_whole,
    "path": _in_path,
    "manifest": _in_manifest,
    "resource": _in_resource,
    "go": _in_go_program,
}


def _in_views(classifier: Classifier, views: list[memoryview]) -> _Found:
    if classifier.parts:
        numbers = [_first(pattern, views) for pattern in classifier.patterns]
        texts = [_version(found) for found in numbers if found is not None]
        return (".".join(texts), "") if len(texts) == len(classifier.patterns) else None
    for pattern in classifier.patterns:
        found = _first(pattern, views)
        if found is None:
            continue
        version = _version(found)
        if classifier.unique and any(_version(each) != version for each in _all(pattern, views)):
            return None
        if classifier.standalone:
            version = _standing_alone(version, views)
        name = found.groupdict().get("name") or b""
        return version, name.decode("utf-8", "replace")
    return None


def _beginning(classifier: Classifier, path: str, views: list[memoryview]) -> _Found:
    """The one version in a file that begins as its path says."""
    named = re.search(classifier.begins, path)
    if named is None:
        return None
    start = named[1] + "."
    versions = {
        version
        for pattern in classifier.patterns
        for found in _all(pattern, views)
        if (version := _version(found)).startswith(start)
    }
    return (versions.pop(), "") if len(versions) == 1 else None


def _first(pattern: str, views: list[memoryview]) -> "re.Match[bytes] | None":
    return next((found for view in views if (found := _compiled(pattern).search(view))), None)


def _all(pattern: str, views: list[memoryview]) -> Iterator["re.Match[bytes]"]:
    for view in views:
        yield from _compiled(pattern).finditer(view)


def _version(found: "re.Match[bytes]") -> str:
    """The groups of a match that are not named, one after the other."""
    named = set(found.re.groupindex.values())
    groups = enumerate(found.groups(), start=1)
    text = b"".join(group for number, group in groups if group and number not in named)
    return text.decode("utf-8", "replace").strip()


def _standing_alone(version: str, views: list[memoryview]) -> str:
    for end in range(len(version), 0, -1):
        if not version[end - 1].isdigit():
            continue
        alone = f"\\x00{re.escape(version[:end])}\\x00"
        if version.count(".", 0, end) >= 2 and _first(alone, views) is not None:
            return version[:end]
    return ""
