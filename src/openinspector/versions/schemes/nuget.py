"""NuGet's order, from NuGet.Versioning's `VersionComparer`.

As semver.org, with an optional fourth number and without regard to case; build metadata does not
count.
"""

from __future__ import annotations

from openinspector.patterns import regex
from openinspector.versions.encoding import NUMBERS, Unreadable
from openinspector.versions.schemes.semver import phase

_VERSION = regex(
    r"\s*+v?+([0-9]++)(?:\.([0-9]++))?+(?:\.([0-9]++))?+(?:\.([0-9]++))?+"
    r"(?:-([0-9a-z-]++(?:\.[0-9a-z-]++)*+))?+(?:\+[0-9a-z.-]*+)?+\s*+",
).fullmatch


def encode(version: str) -> bytes:
    """Key of a NuGet package's version."""
    found = _VERSION(version.lower())
    if found is None:
        raise Unreadable("it is not a NuGet version")
    major, minor, patch, revision, pre_release = found.groups("")
    encoded = NUMBERS[major] + NUMBERS[minor] + NUMBERS[patch] + NUMBERS[revision]
    return (encoded + phase(pre_release)).encode("latin-1")
