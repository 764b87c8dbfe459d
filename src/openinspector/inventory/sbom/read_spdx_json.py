"""SPDX 2.2 and 2.3 JSON (https://spdx.github.io/spdx-spec/v2.3/)."""

from typing import Any

import msgspec

from openinspector.inventory.limits import Limits
from openinspector.inventory.sbom.document import Document
from openinspector.inventory.sbom.json_document import Mismatch, decode, salvage
from openinspector.inventory.sbom.omissions import Omissions
from openinspector.inventory.sbom.spdx_elements import SpdxDocument, SpdxPackage, as_document


class _Loose(msgspec.Struct):
    spdx_version: Any = msgspec.field(default=None, name="spdxVersion")
    packages: Any = None
    relationships: Any = None
    describes: Any = msgspec.field(default=None, name="documentDescribes")
    annotations: Any = None


def read(data: bytes, limits: Limits) -> Document:
    """Read SPDX JSON; raises `ValueError` when it cannot be read as that at all."""
    omitted = Omissions()
    try:
        document = decode(data, SpdxDocument)
    except Mismatch:
        document = _lenient(decode(data, _Loose), omitted)
    return as_document(document, "JSON", omitted)


def _lenient(loose: _Loose, omitted: Omissions) -> SpdxDocument:
    """A document with members of wrong types: what is well formed counts, the rest is told."""
    items = loose.packages if isinstance(loose.packages, list) else []
    packages, broken = salvage(items, SpdxPackage)
    if items is not loose.packages:
        broken.append("packages")
    whole: dict[str, Any] = {"spdxVersion": loose.spdx_version}
    for name, value in (
        ("documentDescribes", loose.describes),
        ("annotations", loose.annotations),
        ("relationships", loose.relationships),
    ):
        try:
            msgspec.convert({} if value is None else {name: value}, SpdxDocument)
        except msgspec.ValidationError:
            broken.append(name)
        else:
            whole |= {} if value is None else {name: value}
    for reason in broken:
        omitted.add("malformed", reason)
    document = msgspec.convert(whole, SpdxDocument)
    document.packages = packages
    return document
