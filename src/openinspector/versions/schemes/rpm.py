"""RPM's order, from `rpmvercmp` and `rpmverCmp`: epoch:version-release.

A version is cut into runs of digits and runs of ASCII letters. All else only separates, but for
`~`, which orders before the end, and `^`, which orders after the end and before anything else.
Letters order before digits. A missing epoch is 0; a missing release orders before any release.
Neither a version nor a release may contain a hyphen: with two of them, all is version.
"""

from __future__ import annotations

from openinspector.patterns import regex
from openinspector.versions.encoding import NUMBERS, Memo, number

_SEGMENTS = regex(r"[0-9]++|[a-zA-Z]++|~|\^").findall

_TILDE, _END, _CARET, _LETTERS = "\x01", "\x02", "\x03", "\x04"


def encode(version: str) -> bytes:
    """Key of an rpm epoch:version-release."""
    epoch, colon, rest = version.partition(":")
    if not colon or (epoch and not (epoch.isascii() and epoch.isdigit())):
        epoch, rest = "", version
    name, dash, release = rest.partition("-")
    if not dash or "-" in release:
        return (NUMBERS[epoch] + _part(rest)).encode("latin-1")
    return (NUMBERS[epoch] + _part(name) + _part(release)).encode("latin-1")


def _part(part: str) -> str:
    return "".join([_SEGMENT[segment] for segment in _SEGMENTS(part)]) + _END


def _segment(segment: str) -> str:
    if segment == "~":
        return _TILDE
    if segment == "^":
        return _CARET
    if segment.isdigit():
        return number(segment)
    return _LETTERS + segment


_SEGMENT = Memo(_segment)
