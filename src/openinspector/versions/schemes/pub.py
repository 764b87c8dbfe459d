"""The order of Dart's pub_semver and Julia's VersionNumber: semantic versions whose build counts.

As semver.org, then the build: none before some, and its identifiers as those of a pre-release.
"""

from __future__ import annotations

import re

from openinspector.patterns import regex
from openinspector.versions.encoding import NUMBERS, Unreadable
from openinspector.versions.schemes.semver import identifiers, phase

_VERSION = regex(
    r"\s*+v?+([0-9]++)(?:\.([0-9]++))?+(?:\.([0-9]++))?+"
    r"(?:-([0-9a-z-]++(?:\.[0-9a-z-]++)*+))?+(?:\+([0-9a-z-]++(?:\.[0-9a-z-]++)*+))?+\s*+",
    re.IGNORECASE | re.ASCII,
).fullmatch
_END_OF_PHASE = "\x01"


def encode(version: str) -> bytes:
    """Key of a Pub or Julia package's version."""
    found = _VERSION(version)
    if found is None:
        raise Unreadable("it is not a semantic version")
    major, minor, patch, pre_release, build = found.groups("")
    encoded = NUMBERS[major] + NUMBERS[minor] + NUMBERS[patch] + phase(pre_release) + _END_OF_PHASE
    if build:
        encoded += identifiers(build)
    return encoded.encode("latin-1")
