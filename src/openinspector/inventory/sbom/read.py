"""Read an SBOM of any supported format into an inventory."""

import re
from collections.abc import Callable

from openinspector.inventory.limits import DEFAULT_LIMITS, Limits
from openinspector.inventory.sbom.document import Document
from openinspector.model import Gap, Inventory, TargetError

SUPPORTED = (
    "CycloneDX 1.2-1.7 JSON or XML, SPDX 2.2/2.3 JSON or tag-value, syft JSON, or an attestation"
    " of one"
)

_PARTS = ("os-packages", "language-packages", "applications")
"""What an SBOM may list."""
_GZIP = b"\x1f\x8b"
_GZIP_MEMBERS = 1000
_HEAD = 4096
"""Bytes that must tell the format of what is not JSON."""
_SIZE_FACTOR = 4
"""An SBOM may be this much larger than `Limits.manifest_bytes`: it lists all of a target."""

Reader = Callable[[bytes, Limits], Document]


def read_sbom(data: bytes, name: str, limits: Limits = DEFAULT_LIMITS) -> Inventory:
    """Read an SBOM, plain or gzip, and return what it says as an inventory.

    `name` is what the user called it; it names the target and appears in errors. The format is
    told by the content. Raises `TargetError` when the document is none of the supported formats,
    or cannot be read at all; what cannot be read of a readable document becomes a `Gap`.
    """
    from openinspector.inventory.plain_text import plain
    from openinspector.inventory.sbom.assemble import assemble

    return plain(assemble(read_document(data, name, limits), name, limits))


def read_document(data: bytes, name: str, limits: Limits = DEFAULT_LIMITS) -> Document:
    """Read an SBOM as the list of its components; otherwise as `read_sbom`."""
    from openinspector.inventory.sbom.attestation import unwrapped

    most = limits.manifest_bytes * _SIZE_FACTOR
    if data[:2] == _GZIP:
        data = _gunzip(data, name, most, limits)
    if len(data) > most:
        raise TargetError(
            f"{name}: an SBOM may have at most {most:,} bytes, this has {len(data):,}"
        )
    data, others = unwrapped(_as_utf8(data))
    try:
        document = _reader(data, name)(data, limits)
    except ValueError as error:
        raise TargetError(f"{name}: {error}") from None
    if others:
        reason = f"it holds {others} more attestations behind the first SBOM, which were not read"
        document.gaps += [Gap(part, reason) for part in _PARTS]
    return document


def _gunzip(data: bytes, name: str, most: int, limits: Limits) -> bytes:
    """Inflate all members of a gzip file, at most `most` bytes and the ratio limit."""
    import zlib

    most = min(most, max(1024 * 1024, len(data) * limits.inflate_ratio))
    pieces: list[bytes] = []
    total, rest = 0, data
    try:
        while rest[:2] == _GZIP:
            if len(pieces) == _GZIP_MEMBERS:
                raise TargetError(f"{name}: this gzip file has over {_GZIP_MEMBERS:,} members")
            inflater = zlib.decompressobj(wbits=31)
            piece = inflater.decompress(rest, most - total + 1)
            total += len(piece)
            pieces.append(piece)
            if total > most:
                raise TargetError(f"{name}: this gzip file inflates to more than {most:,} bytes")
            if not inflater.eof:
                raise TargetError(f"{name}: this gzip file is truncated")
            rest = inflater.unused_data
    except zlib.error as error:
        raise TargetError(f"{name}: this gzip file cannot be inflated: {error}") from None
    return b"".join(pieces)


def _as_utf8(data: bytes) -> bytes:
    """UTF-8 without byte order mark; UTF-16 and UTF-32 are told by theirs."""
    from openinspector.inventory.documents import decode_text

    if data[:3] == b"\xef\xbb\xbf":
        return data[3:]
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return decode_text(data).encode("utf-8", "replace")
    return data


def _reader(data: bytes, name: str) -> Reader:
    """The reader for what the content looks like."""
    head = data[:_HEAD].lstrip()
    if head[:1] in (b"{", b"["):
        return _json
    if head[:1] == b"<":
        from openinspector.inventory.sbom.read_cyclonedx_xml import read

        return read
    if re.search(rb"^SPDXVersion\s*:", data[: _HEAD * 16], re.MULTILINE):
        from openinspector.inventory.sbom.read_spdx_tag_value import read

        return read
    if re.search(
        rb"^\s*[\"']?(spdxVersion|SPDXID|bomFormat)[\"']?\s*:", data[:_HEAD], re.MULTILINE
    ):
        raise TargetError(f"{name}: SBOMs in YAML are not supported; expected {SUPPORTED}")
    raise TargetError(f"{name}: this is not an SBOM; expected {SUPPORTED}")


def _json(data: bytes, limits: Limits) -> Document:
    """Any JSON format, told by its top-level members."""
    from openinspector.inventory.sbom.json_document import Envelope, Mismatch, decode

    try:
        envelope = decode(data, Envelope)
    except Mismatch:
        raise ValueError(f"this JSON is not an SBOM; expected {SUPPORTED}") from None
    if envelope.bom_format == "CycloneDX":
        from openinspector.inventory.sbom import read_cyclonedx_json

        return read_cyclonedx_json.read(data, limits)
    if isinstance(envelope.spdx_version, str):
        from openinspector.inventory.sbom import read_spdx_json

        return read_spdx_json.read(data, limits)
    if bytes(envelope.artifacts):
        from openinspector.inventory.sbom import read_syft_json

        return read_syft_json.read(data, limits)
    if bytes(envelope.context) or bytes(envelope.graph):
        raise ValueError(f"SPDX 3 is not supported; expected {SUPPORTED}")
    raise ValueError(f"this JSON is not an SBOM; expected {SUPPORTED}")
