"""Installed npm packages: the `package.json` files below `node_modules`."""

import re
from collections.abc import Iterator

import msgspec

from openinspector.inventory.cataloger import Cataloger, File, Yield
from openinspector.inventory.documents import decode_json, mapping, sequence, text
from openinspector.inventory.language_packages import Origin, Packages, usable
from openinspector.inventory.language_purl import NPM
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex

_ORIGIN = Origin(NPM, "NODEPKG", "javascript-nodejs", "javascript-nodejs")

# Greedy, so that it is the innermost node_modules which counts.
_PLACE = regex(r"(?:.*/)?node_modules/(?P<folder>(?:@[^/]+/)?[^/]+)/(?P<inner>.+/)?[^/]+$")
_NAME = regex(r"(?:@[a-z0-9~_.-]+/)?[a-z0-9~_-][a-z0-9~_.-]*", re.IGNORECASE)
_VERSION = regex(r"v?[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]+)?")
_NOT_SHIPPED = regex(
    r"(?:^|/)(?:tests?|__tests__|specs?|fixtures?|__fixtures__|mocks?|__mocks__|examples?|demos?"
    r"|samples?|benchmarks?|templates?|test-[^/]*|docs?)/",
    re.IGNORECASE,
)


class _Manifest(msgspec.Struct):
    """The fields of a `package.json` that matter; each may be anything in a hostile one."""

    name: object = None
    version: object = None
    license: object = None
    licenses: object = None
    private: object = None


_DECODER = msgspec.json.Decoder(_Manifest)


def parse_manifest(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the package that a `package.json` describes, if it describes an installed one.

    The manifest right in a package's folder always does. One deeper inside a package does when it
    looks like another package that was copied in: a public name other than the folder's, a real
    version, not among tests, examples or templates. The rest (`{"type": "module"}`, entry points
    such as `rxjs/ajax`) only steer the module loader.
    """
    manifest = decode_json(file, limits, _DECODER)
    if manifest.name is None and manifest.version is None:
        return
    place = _PLACE.match(file.path)
    if place is not None and place["inner"] and not _is_copied_in(manifest, place):
        return
    if not usable(manifest.version):
        return
    packages = Packages(file, _ORIGIN)
    packages.add(
        manifest.name or (place and place["folder"]),
        manifest.version,
        licenses=_licenses(manifest),
    )
    yield from packages.results()


def _is_copied_in(manifest: _Manifest, place: re.Match[str]) -> bool:
    name, version = text(manifest.name), text(manifest.version)
    return (
        name != place["folder"]
        and manifest.private is not True
        and len(name) <= 214
        and _NAME.fullmatch(name) is not None
        and len(version) <= 256
        and _VERSION.fullmatch(version) is not None
        and not version.startswith("0.0.0")
        and _NOT_SHIPPED.search(place["inner"]) is None
    )


def _licenses(manifest: _Manifest) -> list[object]:
    """`license` as text or `{type}`, and the older `licenses` list of either."""
    named = [manifest.license, *sequence(manifest.licenses)]
    return [value if isinstance(value, str) else mapping(value).get("type") for value in named]


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="javascript-nodejs",
        version=1,
        part="language-packages",
        parse=parse_manifest,
        globs=(
            "**/node_modules/**/package.json",
            # Where Node.js images unpack Yarn.
            "opt/yarn-v*/package.json",
        ),
    ),
)
