"""Packagist's order as OSV applies it: PHP's `version_compare`, after a leading `v` is taken off.

Runs of digits and runs of letters compare one by one: any other word, dev, alpha, beta, rc, the
end, a number, patch level (`p`, `pl`). Known words are known by how they begin and in their usual
case only; two unknown words are equal. Composer itself first pads to four numbers (1.0 is
1.0.0.0) and ignores case: OSV's ranges are not evaluated so.

A numbered branch, `2.x-dev`, is as Composer has it: after all releases of 2, before 3.
"""

from __future__ import annotations

from openinspector.patterns import regex
from openinspector.versions.encoding import Memo, Unreadable, number

_SEGMENTS = regex(r"[0-9]++|[a-zA-Z]++").findall

_BRANCH = regex(r"(.*[0-9]\.)[xX]-dev")
_NEWEST_OF_BRANCH = "9999999"
"""What Composer's `VersionParser::normalizeBranch` puts in the place of `x`."""

_UNKNOWN, _END = "\x01", "\x06"
_WORDS = (
    ("dev", "\x02"),
    ("a", "\x03"),
    ("b", "\x04"),
    ("RC", "\x05"),
    ("rc", "\x05"),
    ("p", "\x40"),
)


def encode(version: str) -> bytes:
    """Key of a Packagist package's version."""
    if version.endswith("-dev") and (branch := _BRANCH.fullmatch(version)):
        version = branch[1] + _NEWEST_OF_BRANCH
    segments = _SEGMENTS(version[1:] if version[:1] in ("v", "V") else version)
    if not segments:
        raise Unreadable("it has no letter and no digit")
    return ("".join([_SEGMENT[segment] for segment in segments]) + _END).encode("latin-1")


def _segment(segment: str) -> str:
    if segment.isdigit():
        return number(segment)
    return next((tag for word, tag in _WORDS if segment.startswith(word)), _UNKNOWN)


_SEGMENT = Memo(_segment)
