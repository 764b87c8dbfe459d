"""npm's order, from node-semver's `compare(a, b, { loose: true })`.

As semver.org, but loose: `=` or `v` may come first, the hyphen before a pre-release may be
missing, and leading zeros are allowed, in pre-release numbers too.
"""

from __future__ import annotations

import re

from openinspector.patterns import regex
from openinspector.versions.encoding import NUMBERS, Memo, Unreadable, number, text
from openinspector.versions.schemes.semver import PRE_RELEASE, RELEASE

_VERSION = regex(
    r"[v=\s]*+([0-9]++)(?:\.([0-9]++))?+(?:\.([0-9]++))?+"
    r"(?:-?([0-9a-z-]++(?:\.[0-9a-z-]++)*+))?+(?:\+[0-9a-z-]++(?:\.[0-9a-z-]++)*+)?+\s*+",
    re.IGNORECASE | re.ASCII,
).fullmatch
_TEXT_IDENTIFIER = "\x40"


def encode(version: str) -> bytes:
    """Key of an npm package's version."""
    found = _VERSION(version)
    if found is None:
        raise Unreadable("it is not a semantic version, not even a loose one")
    major, minor, patch, pre_release = found.groups("")
    encoded = NUMBERS[major] + NUMBERS[minor] + NUMBERS[patch]
    if not pre_release:
        return (encoded + RELEASE).encode("latin-1")
    identifiers = "".join([_IDENTIFIERS[identifier] for identifier in pre_release.split(".")])
    return (encoded + PRE_RELEASE + identifiers).encode("latin-1")


def _identifier(identifier: str) -> str:
    return number(identifier) if identifier.isdigit() else _TEXT_IDENTIFIER + text(identifier)


_IDENTIFIERS = Memo(_identifier)
