"""Semantic Versioning's precedence, from semver.org item 11, and what its many users share.

Three numbers, of which the last two may be missing and are then zero; then a pre-release, below
the release, whose identifiers order as numbers before text, and fewer before more. Build metadata
does not count. A leading `v` is accepted, for that is how tags are written.
"""

from __future__ import annotations

import re

from openinspector.patterns import regex
from openinspector.versions.encoding import NUMBERS, Memo, Unreadable, number, text

PRE_RELEASE, RELEASE = "\x01", "\x02"

_VERSION = regex(
    r"\s*+v?+([0-9]++)(?:\.([0-9]++))?+(?:\.([0-9]++))?+"
    r"(?:-([0-9a-z-]++(?:\.[0-9a-z-]++)*+))?+(?:\+[0-9a-z.-]*+)?+\s*+",
    re.IGNORECASE | re.ASCII,
).fullmatch
_TEXT_IDENTIFIER = "\x40"


def encode(version: str) -> bytes:
    """Key of a semantic version."""
    found = _VERSION(version)
    if found is None:
        raise Unreadable("it is not a semantic version")
    major, minor, patch, pre_release = found.groups("")
    encoded = NUMBERS[major] + NUMBERS[minor] + NUMBERS[patch]
    return (encoded + phase(pre_release)).encode("latin-1")


def phase(pre_release: str) -> str:
    """Encode a pre-release, "" being the release itself."""
    return PRE_RELEASE + identifiers(pre_release) if pre_release else RELEASE


def identifiers(dotted: str) -> str:
    """Encode dot-separated identifiers, by items 11.4.1 to 11.4.4."""
    return "".join([_IDENTIFIERS[identifier] for identifier in dotted.split(".")])


def _identifier(identifier: str) -> str:
    # A number with a leading zero is not one: item 9 forbids it, and readers take it as text.
    if identifier.isdigit() and (identifier[0] != "0" or identifier == "0"):
        return number(identifier)
    return _TEXT_IDENTIFIER + text(identifier)


_IDENTIFIERS = Memo(_identifier)
