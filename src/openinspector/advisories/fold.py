"""Many advisories on one vulnerability, folded into the record that users see."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from openinspector.advisories import dates, vectors
from openinspector.advisories.identities import CVE
from openinspector.advisories.publishers import BULLETIN
from openinspector.advisories.record import Facts
from openinspector.model import CvssEntry, Epss, Exploit, KnownExploited, Vulnerability

MOST_REFERENCES = 100
"""As many as the API takes (spec/vulnerability-search.md)."""

_RATINGS = (
    "unimportant",
    "negligible",
    "low",
    "moderate",
    "medium",
    "important",
    "high",
    "critical",
)


class Said(msgspec.Struct, frozen=True):
    """What one advisory says of a vulnerability; `alone` when it speaks of no other."""

    identifier: str
    source: str
    rank: int
    alone: bool
    facts: Facts
    word: str | None = None
    text: int | None = None
    published: int | None = None
    modified: int | None = None


def order(said: Said) -> tuple[bool, int, bool, str]:
    """Whose word comes first: NVD's, GitHub's, trackers', databases', bulletins'."""
    return said.source != "NVD", said.rank, said.source != "GITHUB", said.identifier


def fold(
    identity: str,
    said: Sequence[Said],
    description: str,
    names: Sequence[str],
    epss: Epss | None,
    known_exploited: KnownExploited | None,
) -> Vulnerability:
    """Fold all that is said; `said` comes in `order`, `names` are the other identifiers."""
    aliases = tuple(sorted(name for name in names if CVE.fullmatch(name)))
    near = [each for each in said if each.alone or each.rank < BULLETIN] or list(said)
    exploit = any(each.facts.exploit for each in near)
    return Vulnerability(
        id=identity,
        summary=next((each.facts.summary for each in near if each.facts.summary), ""),
        description=description,
        aliases=aliases,
        advisories=tuple(sorted(name for name in names if name not in aliases)),
        cvss=_cvss(near),
        cwes=tuple(dict.fromkeys(cwe for each in near for cwe in each.facts.cwes)),
        references=_references(near),
        published=dates.text(_first(near)),
        modified=dates.text(max((e.modified for e in near if e.modified), default=None)),
        epss=epss,
        known_exploited=known_exploited,
        exploit=Exploit() if exploit else None,
        vendor=_words(said),
        malicious=any(each.facts.malicious for each in near),
    )


def describing(said: Sequence[Said]) -> int | None:
    """The text that describes the vulnerability best: the first publisher's that has one."""
    return next((each.text for each in said if each.text is not None), None)


def _first(said: Sequence[Said]) -> int | None:
    """When it became public: by the record that counts most, else the earliest."""
    if said and said[0].rank < BULLETIN and said[0].published:
        return said[0].published
    return min((each.published for each in said if each.published), default=None)


def _cvss(said: Sequence[Said]) -> tuple[CvssEntry, ...]:
    return tuple(dict.fromkeys(entry for each in said for entry in each.facts.cvss))


def _references(said: Sequence[Said]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for each in said:
        found.update(dict.fromkeys(each.facts.references))
        if len(found) >= MOST_REFERENCES:
            break
    return tuple(found)[:MOST_REFERENCES]


def _words(said: Sequence[Said]) -> tuple[tuple[str, str], ...]:
    """Each publisher's severity word.

    A tracker's counts before a bulletin's. Of several bulletins the mildest counts: a bulletin's
    word is that of the worst flaw it fixes.
    """
    words: dict[str, str] = {}
    mild: dict[str, str] = {}
    for each in said:
        if not each.word:
            continue
        if each.rank < BULLETIN:
            words.setdefault(each.source, each.word)
        elif each.source not in mild or _rating(each.word) < _rating(mild[each.source]):
            mild[each.source] = each.word
    nvd = [entry for each in said for entry in each.facts.cvss if entry.source == "NVD"]
    rated = vectors.rating(nvd)
    if rated is not None:
        words.setdefault("NVD", rated)
    return tuple(sorted((mild | words).items()))


def _rating(word: str) -> int:
    lower = word.lower()
    return _RATINGS.index(lower) if lower in _RATINGS else len(_RATINGS)
