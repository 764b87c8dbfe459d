"""Python's order, from PEP 440 and the `packaging` library.

Epoch, release without trailing zeros, then development, pre-release, post-release and local parts.
What PEP 440 cannot read (pip's old "legacy" versions) orders below everything that it can.
"""

from __future__ import annotations

from openinspector.patterns import regex
from openinspector.versions.encoding import NUMBERS, Unreadable, text

_VERSION = regex(
    r"\s*+v?(?:([0-9]++)!)?+([0-9]++(?:\.[0-9]++)*+)"
    r"(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?+([0-9]*+))?"
    r"(-[0-9]++|[-_.]?(?:post|rev|r)[-_.]?[0-9]*+)?"
    r"([-_.]?dev[-_.]?[0-9]*+)?"
    r"(?:\+([a-z0-9]++(?:[-_.][a-z0-9]++)*+))?\s*+"
).fullmatch
_LOCAL_SEGMENTS = regex(r"[a-z0-9]++").findall

_DEVELOPMENT_OF_RELEASE, _RELEASE = "\x01", "\x05"
_PRE_RELEASE = {
    "a": "\x02",
    "alpha": "\x02",
    "b": "\x03",
    "beta": "\x03",
    "c": "\x04",
    "rc": "\x04",
    "pre": "\x04",
    "preview": "\x04",
}
_NO_POST, _POST = "\x01", "\x02"
_DEVELOPMENT, _NO_DEVELOPMENT = "\x01", "\x02"
_LOCAL_TEXT = "\x01"
_PLAIN_RELEASE = _RELEASE + _NO_POST + _NO_DEVELOPMENT


def encode(version: str) -> bytes:
    """Key of a Python package's version."""
    found = _VERSION(version.lower())
    if found is None:
        raise Unreadable("it does not follow PEP 440")
    epoch, release, phase, phase_number, post, development, local = found.groups()
    encoded = NUMBERS[epoch or ""] + _release(release)
    if phase is None and post is None and development is None:
        encoded += _PLAIN_RELEASE
    else:
        encoded += _phase(phase, phase_number, post, development)
        encoded += _POST + NUMBERS[_last_digits(post)] if post else _NO_POST
        encoded += (
            _DEVELOPMENT + NUMBERS[_last_digits(development)] if development else _NO_DEVELOPMENT
        )
    if local:
        encoded += "".join([_local(segment) for segment in _LOCAL_SEGMENTS(local)])
    return encoded.encode("latin-1")


def _release(release: str) -> str:
    numbers = release.split(".")
    while numbers and not numbers[-1].strip("0"):
        numbers.pop()
    return "".join([NUMBERS[digits] for digits in numbers])


def _phase(phase: str | None, digits: str, post: str | None, development: str | None) -> str:
    if phase is not None:
        return _PRE_RELEASE[phase] + NUMBERS[digits]
    return _DEVELOPMENT_OF_RELEASE if development and not post else _RELEASE


def _last_digits(part: str) -> str:
    return part[len(part.rstrip("0123456789")) :]


def _local(segment: str) -> str:
    return NUMBERS[segment] if segment.isdigit() else _LOCAL_TEXT + text(segment)
