"""From an OSV record to what matching and showing need.

Rules that are not OSV's own come from the publishers' documentation and are told where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from openinspector.advisories import dates, names, vectors
from openinspector.advisories.identities import identify, is_bulletin, is_name
from openinspector.advisories.osv import Advisory, Affected, Claim, Malformed
from openinspector.advisories.publishers import BULLETIN, page, publisher
from openinspector.advisories.ranges import enumerated, intervals
from openinspector.advisories.record import LONGEST_DESCRIPTION, Facts, Record
from openinspector.model import AffectedPackage, AffectedRange, CvssEntry, FixState

MOST_REFERENCES = 40
MOST_PACKAGES = 200_000
LONGEST_NAME = 1024
LONGEST_URL = 500
LONGEST_SUMMARY = 300

_INFORMATIONAL = frozenset({"unmaintained", "notice"})
"""RustSec's advisories that speak of no vulnerability (`unsound` does)."""

_NOT_SECURITY = ("ALBA-", "ALEA-", "RHBA-", "RHEA-", "ELBA-", "RLBA-", "RLEA-")
"""Bug fixes and enhancements; they count only where they name CVEs."""

_RATED = re.compile(r"(Critical|Important|Moderate|Low): ", re.I)
"""How bulletins of the Red Hat family begin their summaries."""

_CWE = re.compile(r"CWE-\d{1,5}", re.A)
_EXPLOITS = re.compile(
    r"https?://(www\.)?(exploit-db\.com/exploits/|packetstormsecurity\.(com|org)/files/"
    r"|packetstorm\.news/files/|rapid7\.com/db/modules/|0day\.today/exploit/)"
)
"""Pages that hold working exploits."""


class NotSecurity(Exception):
    """The record is in order but speaks of no vulnerability; the message says why."""


def normalise(advisory: Advisory, feed: str = "osv") -> Record:
    """Turn one record into its compiled form.

    Raises `Malformed` for a record that cannot be used, `NotSecurity` for one that speaks of no
    vulnerability. Withdrawn records are the caller's to leave out.
    """
    if not is_name(advisory.id):
        raise Malformed(f"has no usable identifier: {advisory.id[:40]!r}")
    if len(advisory.affected or ()) > MOST_PACKAGES:
        raise Malformed(f"speaks of more than {MOST_PACKAGES} packages")
    identity = identify(advisory)
    own = identity.vulnerabilities == (advisory.id,)
    if own and advisory.id.startswith(_NOT_SECURITY):
        raise NotSecurity("is no security advisory")
    word = _word(advisory)
    affected = tuple(_affected(advisory, identity.vulnerabilities, feed, word))
    if not affected and advisory.affected and _informational(advisory):
        raise NotSecurity("is informational")
    return Record(
        id=advisory.id,
        vulnerabilities=identity.vulnerabilities,
        aliases=identity.aliases,
        related=tuple(
            name for name in advisory.related or () if is_bulletin(name) and is_name(name)
        ),
        affected=affected,
        facts=_facts(advisory, feed, identity.vulnerabilities),
        description=_description(advisory),
        word=word,
        url=_url(advisory, identity.vulnerabilities, feed),
        published=dates.seconds(advisory.published),
        modified=dates.seconds(advisory.modified),
    )


def _affected(
    advisory: Advisory, vulnerabilities: tuple[str, ...], feed: str, word: str | None
) -> Iterable[AffectedPackage]:
    """What it says of each package; parts that say nothing are passed over."""
    seen = set()
    for part in advisory.affected or ():
        if part.package is None or not part.package.ecosystem or not part.package.name:
            continue
        if _word_of(part.database_specific, "informational") in _INFORMATIONAL:
            continue
        if len(part.package.name) > LONGEST_NAME or len(part.package.ecosystem) > LONGEST_NAME:
            raise Malformed("has an endless package name")
        ecosystem = names.ecosystem(part.package.ecosystem)
        claim = part.claim or _claim(part, ecosystem)
        ranges = intervals(part, ecosystem)
        versions = enumerated(part.versions, ranges, ecosystem) if part.versions else ()
        state = (claim.state if claim else None) or _state(ranges)
        if not ranges and not versions and (state != "not-affected" or part.versions):
            continue
        package = AffectedPackage(
            advisory=advisory.id,
            feed=feed,
            ecosystem=ecosystem,
            name=names.package(ecosystem, part.package.name),
            vulnerabilities=vulnerabilities,
            state=state,
            ranges=ranges,
            versions=versions,
            arches=claim.arches if claim else (),
            module=claim.module if claim else None,
            vendor_severity=(claim.severity if claim else None) or word,
            note=claim.note if claim else None,
        )
        if package not in seen:
            seen.add(package)
            yield package


def _state(ranges: tuple[AffectedRange, ...]) -> FixState:
    """Fixed when an end is known, else unfixed (enumerated versions name no end)."""
    ended = any(each.fixed is not None or each.last_affected is not None for each in ranges)
    return "fixed" if ended else "unfixed"


def _claim(part: Affected, ecosystem: str) -> Claim | None:
    """What publishers say beyond the ranges in OSV's free-form members."""
    urgency = _word_of(part.ecosystem_specific, "urgency")
    if urgency and ecosystem.startswith("Debian"):
        # https://osv.dev/list?ecosystem=Debian: the tracker's urgency, `end-of-life` among them.
        state: FixState | None = "will-not-fix" if urgency == "end-of-life" else None
        return Claim(state=state, note=None if state is None else urgency, severity=urgency)
    if ecosystem.startswith("Ubuntu"):
        priority = _word_of(part.ecosystem_specific, "ubuntu_priority")
        return Claim(severity=priority) if priority else None
    return None


def _word(advisory: Advisory) -> str | None:
    """The publisher's severity word, unchanged."""
    for severity in advisory.severity or ():
        if severity.type == "Ubuntu" and severity.score:
            return severity.score[:64]
    word = _word_of(advisory.database_specific, "severity")
    if word:
        return word[:64]
    rated = _RATED.match(advisory.summary or "")
    return rated[1] if rated and is_bulletin(advisory.id) else None


def _facts(advisory: Advisory, feed: str, vulnerabilities: tuple[str, ...]) -> Facts:
    published = publisher(advisory.id, feed)
    bulletin = published.rank == BULLETIN
    several = len(vulnerabilities) > 1
    cwes = tuple(dict.fromkeys(_cwes(advisory)))[:50]
    references = [r for r in advisory.references or () if r.url and len(r.url) <= LONGEST_URL]
    return Facts(
        summary=(advisory.summary or "").strip()[:LONGEST_SUMMARY],
        # The score of a bulletin is its worst flaw's: whose, is not said.
        cvss=() if bulletin and several else tuple(_cvss(advisory, published.source)),
        cwes=cwes,
        references=tuple(dict.fromkeys(r.url for r in references))[:MOST_REFERENCES],
        exploit=any(r.type == "EVIDENCE" or _EXPLOITS.match(r.url) for r in references),
        malicious=advisory.id.startswith("MAL-") or _malware(advisory, cwes),
    )


def _malware(advisory: Advisory, cwes: tuple[str, ...]) -> bool:
    """GitHub's malware advisories: embedded malicious code, and the name says so."""
    return "CWE-506" in cwes and (advisory.summary or "").startswith("Malware in ")


def _cvss(advisory: Advisory, source: str) -> Iterable[CvssEntry]:
    found = list(advisory.severity or ())
    if not found:
        found = [each for part in (advisory.affected or ())[:50] for each in part.severity or ()]
    seen = set()
    for severity in found:
        if not severity.type.startswith("CVSS"):
            continue
        entry = vectors.entry(severity.score, severity.source or source)
        if entry is not None and entry not in seen:
            seen.add(entry)
            yield entry


def _cwes(advisory: Advisory) -> Iterable[str]:
    specific = advisory.database_specific
    listed = specific.get("cwe_ids") or specific.get("cwes") if isinstance(specific, dict) else ()
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict):  # the CVE List's form
            each = each.get("cweId")
        if isinstance(each, str) and _CWE.fullmatch(each):
            yield each


def _description(advisory: Advisory) -> str:
    return (advisory.details or "").strip()[:LONGEST_DESCRIPTION]


def _url(advisory: Advisory, vulnerabilities: tuple[str, ...], feed: str) -> str | None:
    """Its page by its own references, where its publisher has no pattern."""
    if page(advisory.id, vulnerabilities, feed) is not None:
        return None
    for reference in advisory.references or ():
        if reference.type == "ADVISORY" and 0 < len(reference.url) <= LONGEST_URL:
            return reference.url
    return None


def _informational(advisory: Advisory) -> bool:
    return all(
        _word_of(part.database_specific, "informational") in _INFORMATIONAL
        for part in advisory.affected or ()
    )


def _word_of(specific: Any, member: str) -> str | None:
    """A text member of a free-form object; None for anything else."""
    value = specific.get(member) if isinstance(specific, Mapping) else None
    return value if isinstance(value, str) and value else None
