"""Ruby's order, from `Gem::Version#<=>`; CocoaPods' `Pod::Version` inherits it.

Runs of digits and of letters compare one by one, letters below numbers, what is missing as zero. A
hyphen starts a pre-release (`.pre.`). Lock files append the platform (`1.2.0-x86_64-linux`), which
is no part of the version.
"""

from __future__ import annotations

from openinspector.patterns import regex
from openinspector.versions.encoding import NUMBERS, Unreadable

_PLATFORM = regex(
    r"-(?:x86|x64|universal|arm|aarch64|java|jruby|dalvik|powerpc|ppc|sparc|mswin|mingw)"
).search
_VERSION = regex(r"\s*+(?:[0-9]++(?:\.[0-9a-zA-Z]++)*+(?:-[0-9A-Za-z.-]++)?+)?+\s*+").fullmatch
_SEGMENTS = regex(r"[0-9]++|[a-zA-Z]++").findall

_LETTERS, _ZERO_THEN_LETTERS, _END = "\x01", "\x02", "\x03"


def encode(version: str) -> bytes:
    """Key of a gem's version."""
    platform = _PLATFORM(version)
    if platform is not None:
        version = version[: platform.start()]
    if not _VERSION(version):
        raise Unreadable("it is not a version that RubyGems accepts")
    return _encode(_canonical(_SEGMENTS(version.replace("-", ".pre.")))).encode("latin-1")


def _canonical(segments: list[str]) -> list[str]:
    """Drop the zeros before the first letters and at the end, as Gem::Version does."""
    letters = next((at for at, segment in enumerate(segments) if segment.isalpha()), len(segments))
    return _without_zeros(_without_zeros(segments[:letters]) + segments[letters:])


def _without_zeros(segments: list[str]) -> list[str]:
    end = len(segments)
    while end and not segments[end - 1].strip("0"):
        end -= 1
    return segments[:end]


def _encode(segments: list[str]) -> str:
    """Encode from the end, so that each zero knows on which side of the end its followers lie."""
    encoded = [_END]
    below = False
    for segment in reversed(segments):
        if segment.isalpha():
            below = True
            encoded.append(_LETTERS + segment)
        elif below and not segment.strip("0"):
            encoded.append(_ZERO_THEN_LETTERS)
        else:
            below = False
            encoded.append(NUMBERS[segment])
    return "".join(reversed(encoded))
