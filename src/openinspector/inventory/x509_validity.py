"""Until when X.509 certificates are valid: a reader of just that much DER (ITU-T X.690).

Certificates are found bare, in PEM, and in PKCS #7 bundles (RFC 5280, RFC 7468, RFC 2315).
Offsets are checked before anything is sliced; nothing recurses.
"""

import binascii
import re
from collections.abc import Iterator

from openinspector.inventory.cataloger import ReadError

_INTEGER, _OBJECT, _UTC_TIME, _GENERALIZED_TIME = 0x02, 0x06, 0x17, 0x18
_SEQUENCE, _CONTEXT_0 = 0x30, 0xA0
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")


def element(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Tag, start and end of the content of the DER element at an offset."""
    if at + 2 > end:
        raise ReadError("certificate is cut short")
    tag, length = data[at], data[at + 1]
    at += 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4 or at + size > end:
            raise ReadError("certificate is damaged: length")
        length = int.from_bytes(data[at : at + size], "big")
        at += size
    if at + length > end:
        raise ReadError("certificate is cut short")
    return tag, at, at + length


def children(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The elements of a constructed element."""
    while start < end:
        tag, begin, start = element(data, start, end)
        yield tag, begin, start


def not_after(data: bytes, start: int = 0) -> str:
    """The end of a certificate's validity as RFC 3339 (`2024-05-22T13:49:06Z`).

    Raises ReadError where there is no certificate at that offset.
    """
    tag, begin, end = element(data, start, len(data))
    if tag != _SEQUENCE:
        raise ReadError("not a certificate")
    tag, begin, end = element(data, begin, end)
    fields = [field for field in children(data, begin, end) if field[0] != _CONTEXT_0]
    shape = [field[0] for field in fields[:4]]
    if tag != _SEQUENCE or shape != [_INTEGER, _SEQUENCE, _SEQUENCE, _SEQUENCE]:
        raise ReadError("not a certificate")
    times = list(children(data, fields[3][1], fields[3][2]))
    if len(times) != 2:
        raise ReadError("certificate is damaged: validity")
    kind, begin, end = times[1]
    return _instant(kind, data[begin:end].decode("ascii", "replace"))


def _instant(kind: int, text: str) -> str:
    """RFC 5280 4.1.2.5: UTCTime's years below 50 are of this century."""
    digits = {_UTC_TIME: 12, _GENERALIZED_TIME: 14}.get(kind)
    if digits is None or re.fullmatch(rf"[0-9]{{{digits}}}Z", text) is None:
        raise ReadError("certificate is damaged: time")
    if kind == _UTC_TIME:
        text = ("20" if int(text[:2]) < 50 else "19") + text
    year, month, day, hour, minute, second = text[:4], *re.findall("..", text[4:14])
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}Z"


def bundled(data: bytes) -> Iterator[int]:
    """Offsets of the certificates of a PKCS #7 SignedData; none if it is something else."""
    tag, begin, end = element(data, 0, len(data))
    parts = list(children(data, begin, end)) if tag == _SEQUENCE else []
    is_signed = len(parts) == 2 and data[parts[0][1] : parts[0][2]] == _SIGNED_DATA
    if not is_signed or parts[0][0] != _OBJECT:
        return
    _, begin, end = element(data, parts[1][1], parts[1][2])
    for tag, at, last in children(data, begin, end):
        if tag == _CONTEXT_0:
            while at < last:
                yield at
                _, _, at = element(data, at, last)
            return


def blocks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The (label, content) of each PEM block; what is not base64 in one is passed over."""
    at = data.find(b"-----BEGIN ")
    while at >= 0:
        label_end = data.find(b"-----", at + 11, at + 80)
        end = data.find(b"-----END ", at)
        if end < 0:
            return
        if label_end > 0:
            try:
                yield data[at + 11 : label_end], binascii.a2b_base64(data[label_end + 5 : end])
            except binascii.Error:
                yield data[at + 11 : label_end], b""
        at = data.find(b"-----BEGIN ", end)


def expiries(data: bytes) -> list[str]:
    """The end of validity of every certificate in a file, PEM or DER.

    Raises ReadError where one is damaged and none could be read, or where a DER file holds none.
    """
    found: list[str] = []
    error: ReadError | None = None
    is_pem = b"-----BEGIN " in data
    for label, content in blocks(data) if is_pem else [(b"", data)]:
        try:
            if label.endswith(b"CERTIFICATE"):
                found.append(not_after(content))
            elif label in (b"PKCS7", b"CMS"):
                found += [not_after(content, at) for at in bundled(content)]
            elif not label:
                offsets = list(bundled(content))
                found += [not_after(content, at) for at in offsets or [0]]
        except ReadError as problem:
            error = problem
    if error is not None and not found:
        raise error
    return found
