"""The base vector, the Inspector score and the severity (spec/scoring.md, spec/findings.md 7).

Vendors whose own scores count are Amazon, Debian and Red Hat; everywhere else NVD's does. CVSS v4
and v2 are shown, never scored.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from openinspector.model import CvssEntry
from openinspector.model.finding import (
    CvssScoreAdjustment,
    CvssScoreDetails,
    InspectorScoreDetails,
    Severity,
)

Reachability = Literal["internet", "adjacent", "none"]
"""From where an instance can be reached: the internet, its own networks, nowhere."""

SCORING_VENDORS = frozenset({"AMAZON_CVE", "DEBIAN_CVE", "REDHAT_CVE"})
"""Vendors whose v3.x scores come before NVD's, for packages that they built."""

DISTRIBUTION_SOURCES = frozenset(
    {
        "ALMALINUX_CVE",
        "ALPINE_CVE",
        "AMAZON_CVE",
        "AZURE_CVE",
        "BELLSOFT_CVE",
        "CHAINGUARD_CVE",
        "CLEANSTART_CVE",
        "DEBIAN_CVE",
        "ECHO_CVE",
        "FEDORA_CVE",
        "MAGEIA_CVE",
        "MINIMOS_CVE",
        "OPENEULER_CVE",
        "ORACLE_CVE",
        "PHOTON_CVE",
        "REDHAT_CVE",
        "ROCKY_CVE",
        "ROOT_CVE",
        "SUSE_CVE",
        "TUXCARE_CVE",
        "UBUNTU_CVE",
        "WOLFI_CVE",
    }
)
"""Distributions: their scores describe their own builds only."""

_PUBLISHERS = ("NVD", "CISA-ADP", "CNA", "MITRE", "GITHUB", "GITLAB")
"""Whose score counts where no vendor's does; others follow (scoring.md 3, step 4)."""

_V3 = ("3.1", "3.0")

_WORDS: dict[str, Severity] = {
    "critical": "CRITICAL",
    "high": "HIGH",
    "important": "HIGH",
    "medium": "MEDIUM",
    "moderate": "MEDIUM",
    "low": "LOW",
    "negligible": "INFORMATIONAL",
    "unimportant": "INFORMATIONAL",
    "none": "INFORMATIONAL",
}
"""Rating words where there is no CVSS (findings.md 7.2); any other word leaves it untriaged."""

_ATTACK_VECTORS: dict[Reachability, tuple[str, str]] = {
    "adjacent": ("A", "No path from the internet reaches the instance; other networks do."),
    "none": ("L", "No inbound path reaches the instance."),
}

_V4_OPTIONAL = (
    *("E", "CR", "IR", "AR"),
    *("MAV", "MAC", "MAT", "MPR", "MUI", "MVC", "MVI", "MVA", "MSC", "MSI", "MSA"),
    *("S", "AU", "R", "V", "RE", "U"),
)
"""CVSS v4 metrics beyond the base, in the order of the specification's vector string."""


class Score(msgspec.Struct, frozen=True):
    """A score with the vector that gives it, and what was adjusted from the published one."""

    value: float
    vector: str
    version: str
    source: str
    adjustments: tuple[CvssScoreAdjustment, ...] = ()


def choose_base(cvss: Sequence[CvssEntry], vendor: str | None) -> CvssEntry | None:
    """The v3.x entry that the score starts from (scoring.md 3); None: there is none.

    `vendor` is the source word of the distribution that built all affected packages, None for
    libraries and for a mixture of both.
    """

    def place(entry: CvssEntry) -> tuple[int, int]:
        if entry.source == vendor and vendor in SCORING_VENDORS:
            return -1, _V3.index(entry.version)
        if entry.source in _PUBLISHERS:
            return _PUBLISHERS.index(entry.source), _V3.index(entry.version)
        foreign = entry.source in DISTRIBUTION_SOURCES and entry.source != vendor
        return len(_PUBLISHERS) + foreign, _V3.index(entry.version)

    return min((entry for entry in cvss if entry.version in _V3), key=place, default=None)


def inspector_score(base: CvssEntry, reachability: Reachability | None = None) -> Score:
    """The score after adjustments, never above the base (scoring.md 5).

    `reachability` is None where it was not analysed, which is true of all but instances.
    """
    change = _ATTACK_VECTORS.get(reachability) if reachability is not None else None
    metrics = base.vector.split("/")
    if change is None or "AV:N" not in metrics:
        return Score(base.score, base.vector, base.version, base.source)
    from cvss import CVSS3

    letter, reason = change
    vector = "/".join(f"AV:{letter}" if each == "AV:N" else each for each in metrics)
    value = min(float(CVSS3(vector).base_score), base.score)
    adjustment = CvssScoreAdjustment(metric="Attack Vector", reason=reason)
    return Score(value, vector, base.version, base.source, (adjustment,))


def details(score: Score) -> InspectorScoreDetails:
    """The score as the API shows it."""
    return InspectorScoreDetails(
        adjusted_cvss=CvssScoreDetails(
            score=score.value,
            score_source=score.source,
            cvss_source=score.source,
            version=score.version,
            scoring_vector=score.vector,
            adjustments=list(score.adjustments),
        )
    )


def severity_of_score(value: float) -> Severity:
    """The range that a CVSS score falls into (findings.md 7.1)."""
    if value <= 0:
        return "INFORMATIONAL"
    if value < 4:
        return "LOW"
    if value < 7:
        return "MEDIUM"
    return "HIGH" if value < 9 else "CRITICAL"


def severity_of_word(word: str | None) -> Severity:
    """What a vendor's rating word means; UNTRIAGED for none and for words that rate nothing."""
    return _WORDS.get((word or "").strip().lower(), "UNTRIAGED")


def rank_of_word(word: str | None) -> int:
    """How bad a rating word is: 0 is worst, words that rate nothing come last."""
    order: tuple[Severity, ...] = (
        "CRITICAL",
        "HIGH",
        "MEDIUM",
        "LOW",
        "INFORMATIONAL",
        "UNTRIAGED",
    )
    return order.index(severity_of_word(word))


def severity(
    score: Score | None, cvss: Sequence[CvssEntry], word: str | None, malicious: bool = False
) -> Severity:
    """The label: from the score, else CVSS v4, else v2, else the vendor's word (findings.md 7.2).

    A malicious package that nobody scored is critical: all that it does is harm.
    """
    if score is not None:
        return severity_of_score(score.value)
    for version in ("4.0", "2.0"):
        entry = best_of_version(cvss, version)
        if entry is not None:
            return severity_of_score(entry.score)
    label = severity_of_word(word)
    return "CRITICAL" if label == "UNTRIAGED" and malicious else label


def best_of_version(cvss: Sequence[CvssEntry], version: str) -> CvssEntry | None:
    """The entry of one CVSS version that counts most: NVD's, else the first publisher's."""
    return min(
        (entry for entry in cvss if entry.version == version),
        key=lambda entry: (
            _PUBLISHERS.index(entry.source) if entry.source in _PUBLISHERS else len(_PUBLISHERS)
        ),
        default=None,
    )


def in_display_order(cvss: Sequence[CvssEntry], vendor: str | None) -> list[CvssEntry]:
    """Every known score: the vendor's first, then NVD's, then other publishers' (findings.md 4.2).

    Scores of other distributions are about other builds, and shown only where nothing else is.
    """
    own = [
        entry
        for entry in cvss
        if entry.source == vendor or entry.source not in DISTRIBUTION_SOURCES
    ]

    def place(entry: CvssEntry) -> int:
        if entry.source == vendor:
            return -1
        return _PUBLISHERS.index(entry.source) if entry.source in _PUBLISHERS else 9

    return sorted(own or cvss, key=place)


def display_vector(entry: CvssEntry) -> str:
    """The vector's text: v2 without prefix, v4 with every optional metric written out."""
    if entry.version == "2.0":
        return entry.vector.removeprefix("CVSS:2.0/").strip("()")
    if entry.version != "4.0":
        return entry.vector
    present = {part.partition(":")[0] for part in entry.vector.split("/")}
    missing = [f"{metric}:X" for metric in _V4_OPTIONAL if metric not in present]
    return "/".join([entry.vector, *missing])
