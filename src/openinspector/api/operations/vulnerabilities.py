"""The vulnerability database (spec/vulnerability-search.md 1)."""

import re
from datetime import UTC, datetime
from typing import Any

from openinspector.advisories import AdvisoryDatabase
from openinspector.api.call import Call, Handler
from openinspector.api.knowledge import open_knowledge
from openinspector.api.paging import moment_and_key
from openinspector.model import CvssEntry, Vulnerability
from openinspector.model.refusal import Invalid

_CVE = re.compile(r"CVE-[12][0-9]{3}-[0-9]{1,10}")
_NVD = "https://nvd.nist.gov/vuln/detail/"
MOST = 100
_VERSIONS = {"cvss2": ("2.0",), "cvss3": ("3.1", "3.0"), "cvss4": ("4.0",)}


def search(call: Call) -> dict[str, Any]:
    """What is known of one CVE; nothing where it is not known."""
    moment_and_key(call)
    (identity,) = call.input["filterCriteria"]["vulnerabilityIds"]
    if not _CVE.fullmatch(identity):
        message = "must be a CVE identifier"
        raise Invalid(message, [("filterCriteria.vulnerabilityIds", message)])
    with open_knowledge(call) as knowledge:
        record = knowledge.vulnerability(identity)
        platforms = _platforms(knowledge, record) if record else []
    return {"vulnerabilities": [_shown(record, platforms)] if record else []}


def _platforms(knowledge: AdvisoryDatabase, record: Vulnerability) -> list[str]:
    """The ecosystems in which an advisory names an affected package."""
    names = dict.fromkeys((record.id, *record.aliases, *record.advisories))
    found = {
        ecosystem
        for name in names
        for advisory in knowledge.advisory(name)
        for ecosystem, _ in advisory.packages
    }
    words = {re.sub(r"[^A-Z0-9]+", "_", each.upper()).strip("_") for each in found}
    return sorted(words)[:MOST]


def _shown(record: Vulnerability, platforms: list[str]) -> dict[str, Any]:
    scores = {member: _score(record.cvss, which) for member, which in _VERSIONS.items()}
    words = dict(record.vendor)
    return {
        "id": record.id,
        "source": "NVD",
        "sourceUrl": _NVD + record.id,
        "description": record.description or record.summary,
        "vendorSeverity": words.get("NVD"),
        "vendorCreatedAt": _seconds(record.published),
        "vendorUpdatedAt": _seconds(record.modified),
        **scores,
        "epss": {"score": record.epss.score} if record.epss else None,
        "cwes": list(record.cwes),
        "relatedVulnerabilities": [*record.aliases, *record.advisories][:MOST],
        "referenceUrls": list(record.references)[:MOST],
        "detectionPlatforms": platforms,
        "cisaData": cisa_of(record),
        "exploitObserved": observed_of(record),
    }


def _score(entries: tuple[CvssEntry, ...], versions: tuple[str, ...]) -> dict[str, Any] | None:
    """The score of a version: NVD's where there is one, else the first publisher's."""
    for version in versions:
        known = [entry for entry in entries if entry.version == version]
        if known:
            best = next((entry for entry in known if entry.source == "NVD"), known[0])
            return {"baseScore": best.score, "scoringVector": best.vector}
    return None


def cisa_of(record: Vulnerability) -> dict[str, Any] | None:
    """CISA's entry about it, as the API shows it."""
    known = record.known_exploited
    if known is None:
        return None
    return {
        "dateAdded": _seconds(known.added),
        "dateDue": _seconds(known.due),
        "action": known.action or None,
    }


def observed_of(record: Vulnerability) -> dict[str, Any] | None:
    """When exploitation was last seen, where that is known."""
    if record.exploit is None or record.exploit.last_seen is None:
        return None
    return {"lastSeen": _seconds(record.exploit.last_seen)}


def _seconds(text: str | None) -> float | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


OPERATIONS: dict[str, Handler] = {
    "SearchVulnerabilities": search,
}
