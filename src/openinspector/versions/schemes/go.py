"""Go's order, from golang.org/x/mod/semver and, for the toolchain and its library, go/version.

As semver.org, with or without the leading `v`. Pseudo-versions are pre-releases that order by
their time; `+incompatible` is build metadata and does not count. The toolchain's own spelling
(`go1.22rc1`, `go1.22.3`, `go1.22.3-vendor`, `go1.22.3 X:experiment`) is read as OSV spells it:
1.22.0-rc.1, 1.22.3.
"""

from __future__ import annotations

import re

from openinspector.patterns import regex
from openinspector.versions.encoding import NUMBERS
from openinspector.versions.schemes import semver

_TOOLCHAIN = regex(
    r"\s*+go([0-9]++)(?:\.([0-9]++))?+(?:\.([0-9]++))?+(?:(alpha|beta|rc)([0-9]++))?+(?:[-\s+].*+)?+",
    re.DOTALL,
).fullmatch


def encode(version: str) -> bytes:
    """Key of a Go module's or toolchain's version."""
    toolchain = _TOOLCHAIN(version)
    if toolchain is None:
        return semver.encode(version)
    major, minor, patch, kind, count = toolchain.groups("")
    encoded = NUMBERS[major] + NUMBERS[minor] + NUMBERS[patch]
    return (encoded + semver.phase(f"{kind}.{count}" if kind else "")).encode("latin-1")
