"""SBOMs within attestations: in-toto statements, plain or in DSSE envelopes, one or several lines.

Sources: the in-toto Attestation Framework, DSSE's protocol, and cosign, which puts some predicates
below `Data`, as an object or as a text.
"""

import base64
import binascii
from typing import Any

import msgspec

_MARKS = (b'"payloadType"', b'"predicateType"')
_HEAD = 64 * 1024
_MOST_LINES = 1000


class _Wrapped(msgspec.Struct, gc=False):
    """An envelope or a statement: whichever it is, the other's members are missing."""

    payload: str | None = None
    predicate_type: str = msgspec.field(default="", name="predicateType")
    predicate: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)


class _Data(msgspec.Struct, gc=False):
    data: Any = msgspec.field(default=None, name="Data")


def unwrapped(document: bytes) -> tuple[bytes, int]:
    """The first SBOM among the attestations of a document; any other document as it is.

    And how many attestations are left that are SBOMs too, or that nobody looked at.
    """
    head = document[:_HEAD]
    if not any(mark in head for mark in _MARKS):
        return document, 0
    whole = _sbom(document)
    if whole is not None:
        return whole, 0
    lines = document.splitlines()
    found = [sbom for line in lines[:_MOST_LINES] if (sbom := _sbom(line)) is not None]
    if not found:
        return document, 0
    return found[0], len(found) - 1 + len(lines[_MOST_LINES:])


def _sbom(attestation: bytes) -> bytes | None:
    """The predicate of a statement, if that is an SBOM."""
    wrapped = _decoded(attestation)
    if wrapped is not None and wrapped.payload is not None:
        try:
            wrapped = _decoded(base64.b64decode(wrapped.payload))
        except (binascii.Error, ValueError):
            return None
    if wrapped is None or not any(
        word in wrapped.predicate_type.lower() for word in ("cyclonedx", "spdx")
    ):
        return None
    predicate = bytes(wrapped.predicate)
    try:
        inner = msgspec.json.decode(predicate, type=_Data).data
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if inner is None:
        return predicate
    return inner.encode() if isinstance(inner, str) else msgspec.json.encode(inner)


def _decoded(data: bytes) -> _Wrapped | None:
    try:
        return msgspec.json.decode(data, type=_Wrapped)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
