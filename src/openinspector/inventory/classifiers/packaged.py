"""Programs that carry a `package.json`: extensions of editors, desktop programs, tools of npm.

Which they are, and where they lie: spec/sbom-generator.md 5.3.
"""

import re

import msgspec

from openinspector.inventory.cataloger import File
from openinspector.inventory.classifiers.classifier import Recognised
from openinspector.inventory.documents import decode_json, text
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex


class _Manifest(msgspec.Struct):
    name: object = None
    version: object = None


class Packaged(msgspec.Struct, frozen=True):
    """A product by the path of its manifest; with `name`, only if the manifest says so."""

    product: str
    glob: str
    path: str
    name: str = ""
    cpes: tuple[str, ...] = ()


def _extension(product: str, identity: str) -> Packaged:
    """An extension of Visual Studio Code and its kin: a folder `publisher.name-version`."""
    path = rf"/{re.escape(identity)}-[0-9][^/]*/package\.json\Z"
    return Packaged(product, f"**/extensions/{identity}-*/package.json", path)


def _npm(product: str, package: str, *cpes: str) -> Packaged:
    path = rf"(?:^|/)node_modules/{re.escape(package)}/package\.json\Z"
    return Packaged(product, f"**/node_modules/{package}/package.json", path, package, cpes)


def _desktop(product: str, name: str) -> Packaged:
    """A desktop program made with Electron."""
    glob = "**/resources/app/package.json"
    return Packaged(product, glob, r"(?:^|/)resources/app/package\.json\Z", name)


PACKAGED: tuple[Packaged, ...] = (
    _extension("continue-dev/continue", "continue.continue"),
    _extension("sourcegraph/cody", "sourcegraph.cody-ai"),
    _extension("cline/cline", "saoudrizwan.claude-dev"),
    _extension("amazon/amazon-q", "amazonwebservices.amazon-q-vscode"),
    _extension("github/copilot", "github.copilot"),
    _npm("anthropic/claude-code", "@anthropic-ai/claude-code", "anthropic:claude_code"),
    _npm("github/copilot", "@github/copilot"),
    _npm("google/puppeteer", "puppeteer"),
    _desktop("cursor/cursor", "Cursor"),
    _desktop("codeium/windsurf", "Windsurf"),
    _desktop("anthropic/claude-desktop", "Claude"),
    _desktop("lmstudio/lm-studio", "LM Studio"),
)

GLOBS: tuple[str, ...] = tuple(dict.fromkeys(row.glob for row in PACKAGED))

_VERSION = regex(r"[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]{1,40})?")


def packaged(file: File, limits: Limits) -> Recognised | None:
    """The product whose manifest a file is; None where it is another program's."""
    rows = [row for row in PACKAGED if re.search(row.path, f"/{file.path}")]
    if not rows:
        return None
    manifest = decode_json(file, limits, msgspec.json.Decoder(_Manifest))
    name, version = text(manifest.name), text(manifest.version)
    if not _VERSION.fullmatch(version):
        return None
    for row in rows:
        if not row.name or row.name.lower().replace(" ", "-") == name.lower().replace(" ", "-"):
            return Recognised(row.product, version, row.cpes)
    return None
