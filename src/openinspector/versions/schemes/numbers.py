"""Orders that know only numbers: R's `package_version` (CRAN) and Haskell's PVP (Hackage).

Numbers compare one by one; when one version is the beginning of the other, it is the lower: 1.0 is
below 1.0.0.
"""

from __future__ import annotations

import re

from openinspector.patterns import regex
from openinspector.versions.encoding import NUMBERS, Unreadable

_CRAN = regex(r"\s*+([0-9]++(?:[.-][0-9]++)*+)\s*+").fullmatch
_HACKAGE = regex(r"\s*+([0-9]++(?:\.[0-9]++)*+)(?:-[0-9a-zA-Z-]++)*+\s*+").fullmatch


def encode_cran(version: str) -> bytes:
    """Key of an R package's version, in which dots and hyphens mean the same."""
    return _encode(_CRAN(version), "it is not made of numbers between dots and hyphens")


def encode_hackage(version: str) -> bytes:
    """Key of a Haskell package's version; Cabal's old tags (`1.0-beta`) do not count."""
    return _encode(_HACKAGE(version), "it is not made of numbers between dots")


def _encode(found: re.Match[str] | None, objection: str) -> bytes:
    if found is None:
        raise Unreadable(objection)
    numbers = found[1].replace("-", ".").split(".")
    return "".join([NUMBERS[digits] for digits in numbers]).encode("latin-1")
