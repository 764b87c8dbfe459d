"""CVSS vectors and their scores, computed once per vector with the `cvss` library."""

from __future__ import annotations

from functools import lru_cache

from openinspector.model import CvssEntry

LONGEST_VECTOR = 400
"""A v4 vector with every metric written out has about 230 characters."""


@lru_cache(maxsize=1 << 16)
def score(vector: str) -> tuple[str, str, float] | None:
    """Version (`3.1`), vector as FIRST writes it, base score; None for what is no CVSS vector.

    v2 is returned without brackets or prefix, v3 and v4 with their prefix. The score is that of
    the base metrics.
    """
    text = vector.strip().strip("()")
    if not text or len(text) > LONGEST_VECTOR:
        return None
    from cvss import CVSS2, CVSS3, CVSS4
    from cvss.exceptions import CVSSError

    try:
        if text.startswith(("CVSS:3.0/", "CVSS:3.1/")):
            return text[5:8], text, float(CVSS3(text).base_score)
        if text.startswith("CVSS:4.0/"):
            return "4.0", text, float(CVSS4(text).base_score)
        bare = text.removeprefix("CVSS:2.0/")
        return "2.0", bare, float(CVSS2(bare).base_score)
    except (CVSSError, ValueError, KeyError, ArithmeticError, TypeError, IndexError):
        return None


def entry(vector: str, source: str) -> CvssEntry | None:
    """A vector as one publisher's score; None for what is no CVSS vector."""
    scored = score(vector)
    return None if scored is None else CvssEntry(scored[0], scored[1], scored[2], source)


def rating(entries: list[CvssEntry]) -> str | None:
    """NVD's word for its score: by v3 if there is one, else by v2 (which has no CRITICAL)."""
    for version in ("3.1", "3.0", "4.0", "2.0"):
        for each in entries:
            if each.version == version:
                return _word(each.score, version)
    return None


def _word(value: float, version: str) -> str:
    if version == "2.0":
        return "LOW" if value < 4 else "MEDIUM" if value < 7 else "HIGH"
    if value <= 0:
        return "NONE"
    if value < 4:
        return "LOW"
    if value < 7:
        return "MEDIUM"
    return "HIGH" if value < 9 else "CRITICAL"
