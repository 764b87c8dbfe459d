"""Ratings, sources and times of a vulnerability as ScanSbom writes them (spec 4.4, 4.5)."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from openinspector.assess import sources
from openinspector.assess.observation import Observation
from openinspector.assess.score import severity_of_score
from openinspector.inventory.sbom.purls import parse_purl
from openinspector.model.finding import CvssScore, Finding, Severity
from openinspector.patterns import regex

INSPECTOR = {"name": "AMAZON_INSPECTOR", "url": "https://aws.amazon.com/inspector/"}

_WORDS: dict[Severity, str] = {
    "CRITICAL": "critical",
    "HIGH": "high",
    "MEDIUM": "medium",
    "LOW": "low",
    "INFORMATIONAL": "info",
    "UNTRIAGED": "unknown",
}
_METHODS = {"4.0": "CVSSv4", "3.1": "CVSSv31", "3.0": "CVSSv31", "2.0": "CVSSv2"}
"""The real answers write `CVSSv31` for vectors of 3.0 as well."""

_PROVIDERS = {
    "UBUNTU_CVE": (
        "Ubuntu Linux",
        "https://people.canonical.com/~ubuntu-security/cve/{year}/{id}.html",
    ),
    "AMAZON_CVE": ("Amazon Linux", "https://alas.aws.amazon.com/cve/json/v1/{id}.json"),
    "DEBIAN_CVE": ("Debian", "https://security-tracker.debian.org/tracker/{id}"),
    "REDHAT_CVE": ("Red Hat", "https://access.redhat.com/security/cve/{id}"),
    "NVD": ("NVD", "https://nvd.nist.gov/vuln/detail/{id}"),
}
"""Our word for who rates: the API's, and the page."""

_COUNTED = ("NVD", "MITRE", "GITHUB", "GITLAB")
"""Providers whose rating decides the counter, the first that there is (spec 4.4)."""
_VENDOR_WORDS = {
    "negligible": "info",
    "unimportant": "info",
    "moderate": "medium",
    "important": "high",
}
_SEVERITIES = frozenset({"critical", "high", "medium", "low", "info", "none"})
_BULLETIN = regex(r"(USN|ALAS[0-9A-Z]*)-")
_FORBIDDEN = regex(
    r'[\x00-\x20"<>\\^`{|}\x7f-\x9f\u200e\u200f\u202a-\u202e\ud800-\udfff\ufffe\uffff]'
    r"|%(?![0-9A-Fa-f]{2})|(?<=\[)\[|\](?=\])"
)
_SINCE = {"IN-DOCKER": "2024-03-27T14:36:39Z", "IN-DISCONTINUED": "2024-04-08T15:09:42Z"}
"""When Inspector's own checks were published, as the real answers say."""
_USN = "https://usn.ubuntu.com/{number}"


def source_of(identity: str) -> dict[str, str]:
    """Who publishes an identifier, and its page: NVD for a CVE, else the publisher itself."""
    if identity.startswith("CVE-"):
        return {"name": "NVD", "url": f"https://nvd.nist.gov/vuln/detail/{identity}"}
    if identity.startswith("IN-"):
        return dict(INSPECTOR)
    name, url = sources.describe(identity, None)
    bulletin = _BULLETIN.match(identity)
    if bulletin:
        name = bulletin[1]
        url = _USN.format(number=identity[4:]) if name == "USN" else _alas(identity)
    return {"name": name, "url": url}


def _alas(identity: str) -> str:
    """Amazon's page of a bulletin: `ALAS2023-2024-606` is `AL2023/ALAS-2024-606.html`."""
    head, _, rest = identity.partition("-")
    release = head.removeprefix("ALAS")
    folder = f"AL{release}/" if release in ("2", "2022", "2023") else ""
    return f"https://alas.aws.amazon.com/{folder}ALAS-{rest}.html"


def ratings_of(finding: Finding, observation: Observation | None) -> Iterator[dict[str, Any]]:
    """All ratings: every score by provider, EPSS, and Inspector's own where there is no other."""
    details = finding.package_vulnerability_details
    identity = details.vulnerability_id if details else ""
    vulnerability = observation.vulnerability if observation else None
    words = dict(vulnerability.vendor) if vulnerability else {}
    some = False
    for score in (details.cvss or ()) if details else ():
        some = True
        yield {
            "source": _provider(score.source, identity),
            "severity": _word(score, words),
            "score": score.base_score,
            "method": _METHODS.get(score.version, "other"),
            "vector": score.scoring_vector,
        }
    if vulnerability is not None and vulnerability.epss is not None:
        some = True
        epss = vulnerability.epss
        yield {
            "source": {"name": "EPSS", "url": f"https://api.first.org/data/v1/epss?cve={identity}"},
            "severity": "none",
            "score": epss.score,
            "method": "other",
            "vector": f"date:{epss.date[:10]}T00:00:00+0000",
        }
    if not some:
        yield {"source": dict(INSPECTOR), "severity": _WORDS[finding.severity], "method": "other"}


def _provider(source: str, identity: str) -> dict[str, str]:
    name, page = _PROVIDERS.get(source, (source, ""))
    year = identity[4:8]
    return {"name": name, "url": page.format(id=identity, year=year)} if page else {"name": name}


def _word(score: CvssScore, words: dict[str, str]) -> str:
    """A vendor's own word where it gives one (Ubuntu rates 9.8 `medium`), else the score's."""
    word = words.get(score.source, "").lower()
    word = _VENDOR_WORDS.get(word, word)
    return word if word in _SEVERITIES else _WORDS[severity_of_score(score.base_score)]


def counted(finding: Finding) -> str:
    """The severity under which a finding is counted: `critical` ... `low`, `info`, `unknown`.

    NVD's rating decides, then MITRE's, GitHub's, GitLab's; Inspector's own only where nobody
    rates at all. Vendors and EPSS do not count.
    """
    details = finding.package_vulnerability_details
    scores = (details.cvss or ()) if details else ()
    for provider in _COUNTED:
        for score in scores:
            if score.source == provider:
                return _WORDS[severity_of_score(score.base_score)]
    if scores or finding.epss is not None:
        return "unknown"
    return _WORDS[finding.severity]


def counters(findings: Iterable[Finding]) -> dict[str, int]:
    """Findings by counter."""
    counts = {"critical": 0, "high": 0, "medium": 0, "low": 0, "other": 0}
    for finding in findings:
        word = counted(finding)
        counts[word if word in counts else "other"] += 1
    return counts


def cwes_of(finding: Finding, observation: Observation | None) -> list[int]:
    """CWE numbers."""
    code = finding.code_vulnerability_details
    if observation is not None:
        texts: Iterable[str] = observation.vulnerability.cwes
    else:
        discontinued = finding.package_vulnerability_details is not None
        texts = (
            ("CWE-1104",)
            if discontinued
            else code.cwes
            if code and not _dockerfile(code.detector_id)
            else ()
        )
    numbers = (text.rpartition("-")[2] for text in texts)
    return [int(number) for number in numbers if number.isdecimal() and number != "0"]


def _dockerfile(identity: str) -> bool:
    """Real answers give Dockerfile checks no CWE."""
    return identity.startswith("IN-DOCKER")


def urls_of(finding: Finding) -> list[str]:
    """Where to read on, as IRI references (characters that RFC 3987 forbids are encoded)."""
    return [iri(url) for url in _urls(finding)]


def iri(url: str) -> str:
    """A published address with what no address may hold percent-encoded."""
    if _FORBIDDEN.search(url) is None:
        return url
    return _FORBIDDEN.sub(lambda match: quote(match[0].encode("utf-8", "replace"), safe=""), url)


def _urls(finding: Finding) -> list[str]:
    details, code = finding.package_vulnerability_details, finding.code_vulnerability_details
    if code is not None:
        return list(code.reference_urls or ())
    if details is None:
        return []
    urls = list(details.reference_urls or ())
    return urls or (
        [details.source_url] if details.source == "AMAZON_INSPECTOR" and details.source_url else []
    )


def times_of(finding: Finding, observation: Observation | None) -> dict[str, str]:
    """`created`, `published` and `updated`, as far as they are known."""
    if observation is None:
        code, details = finding.code_vulnerability_details, finding.package_vulnerability_details
        identity = code.detector_id if code else details.vulnerability_id if details else ""
        since = next((time for start, time in _SINCE.items() if identity.startswith(start)), None)
        return {"created": since, "updated": since} if since else {}
    vulnerability = observation.vulnerability
    record = observation.matches[0].advisory
    published = timestamp(vulnerability.published or record.published)
    updated = timestamp(vulnerability.modified or record.modified)
    times = {"created": published, "published": published, "updated": updated}
    return {name: time for name, time in times.items() if time is not None}


def timestamp(text: str | None) -> str | None:
    """An RFC 3339 time in UTC from a time or a day; None from none and from what is no time."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def related(finding: Finding, observation: Observation | None) -> list[str]:
    """Other identifiers of the vulnerability: bulletins and aliases."""
    details = finding.package_vulnerability_details
    if details is None:
        return []
    found = list(details.related_vulnerabilities or ())
    if observation is not None:
        for match in observation.matches:
            found += match.advisories
    known = dict.fromkeys(found)
    return [
        x
        for x in known
        if x != details.vulnerability_id and not x.endswith(details.vulnerability_id)
    ]


def intelligence(finding: Finding, observation: Observation | None) -> Iterator[tuple[str, str]]:
    """Scanner properties about exploits, CISA's catalogue and malice (spec 3.2)."""
    if finding.exploit_available == "YES":
        yield "exploit_available", "true"
    if observation is None:
        return
    vulnerability = observation.vulnerability
    seen = timestamp(vulnerability.exploit.last_seen) if vulnerability.exploit else None
    if seen is not None:
        yield "exploit_last_seen_in_public", seen
    known = vulnerability.known_exploited
    if known is not None:
        for name, day in (("cisa_kev_date_added", known.added), ("cisa_kev_date_due", known.due)):
            time = timestamp(day)
            if time is not None:
                yield name, time
    if vulnerability.malicious:
        yield "is_malicious", "true"


def plain_properties(finding: Finding, observation: Observation | None) -> dict[str, Any]:
    """The `properties` of a vulnerability in the format `INSPECTOR`."""
    found: dict[str, Any] = {}
    cvss = [
        _plain_score(rating) for rating in ratings_of(finding, observation) if "vector" in rating
    ]
    cvss = [score for score in cvss if score]
    if cvss:
        found["cvss"] = cvss
    numbers = cwes_of(finding, observation)
    if numbers:
        found["cwes"] = numbers
    if observation is not None and observation.vulnerability.epss is not None:
        found["epss"] = observation.vulnerability.epss.score
    for name, value in intelligence(finding, observation):
        found[name] = True if value == "true" else value
    return found


def _plain_score(rating: dict[str, Any]) -> dict[str, Any]:
    version = {"CVSSv4": "4", "CVSSv31": "3", "CVSSv2": "2"}.get(rating["method"])
    if version is None:
        return {}
    return {
        "source": rating["source"]["name"],
        "severity": rating["severity"],
        f"cvss_{version}_base_score": rating["score"],
        f"cvss_{version}_base_vector": rating["vector"],
    }


def is_purl(text: str) -> bool:
    """Whether a text is a package URL."""
    return parse_purl(text) is not None
