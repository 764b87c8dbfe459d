"""The vulnerability database, details of findings, snippets, clusters.

Source: spec/vulnerability-search.md.
"""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import select

from openinspector.advisories import AdvisoryDatabase
from openinspector.api.call import Call, Handler
from openinspector.api.knowledge import open_knowledge
from openinspector.api.paging import moment_and_key
from openinspector.ledger.query import present
from openinspector.model import CvssEntry, Vulnerability
from openinspector.model.finding import Finding
from openinspector.model.refusal import Invalid
from openinspector.organization.scope import visible_accounts
from openinspector.store.findings import finding

_CVE = re.compile(r"CVE-[12][0-9]{3}-[0-9]{1,10}")
_NVD = "https://nvd.nist.gov/vuln/detail/"
_MOST = 100
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
    return sorted(words)[:_MOST]


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
        "relatedVulnerabilities": [*record.aliases, *record.advisories][:_MOST],
        "referenceUrls": list(record.references)[:_MOST],
        "detectionPlatforms": platforms,
        "cisaData": _cisa(record),
        "exploitObserved": _observed(record),
    }


def _score(entries: tuple[CvssEntry, ...], versions: tuple[str, ...]) -> dict[str, Any] | None:
    """The score of a version: NVD's where there is one, else the first publisher's."""
    for version in versions:
        known = [entry for entry in entries if entry.version == version]
        if known:
            best = next((entry for entry in known if entry.source == "NVD"), known[0])
            return {"baseScore": best.score, "scoringVector": best.vector}
    return None


def _cisa(record: Vulnerability) -> dict[str, Any] | None:
    known = record.known_exploited
    if known is None:
        return None
    return {
        "dateAdded": _seconds(known.added),
        "dateDue": _seconds(known.due),
        "action": known.action or None,
    }


def _observed(record: Vulnerability) -> dict[str, Any] | None:
    if record.exploit is None or record.exploit.last_seen is None:
        return None
    return {"lastSeen": _seconds(record.exploit.last_seen)}


def _seconds(text: str | None) -> float | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def finding_details(call: Call) -> dict[str, Any]:
    """Intelligence about the vulnerabilities of findings."""
    arns = list(dict.fromkeys(call.input["findingArns"]))
    details: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    found = _findings(call, arns, own_only=False)
    with open_knowledge(call) as knowledge:
        for arn in arns:
            each = found.get(arn)
            package = each.package_vulnerability_details if each else None
            record = knowledge.vulnerability(package.vulnerability_id) if package else None
            if each is None and not _is_own(call, arn):
                errors.append(_error(arn, "ACCESS_DENIED", _NO_ACCESS))
            elif record is None:
                message = "There is no intelligence about this finding."
                errors.append(_error(arn, "FINDING_DETAILS_NOT_FOUND", message))
            else:
                details.append(_intelligence(arn, record))
    return {"findingDetails": details, "errors": errors}


_NO_ACCESS = "You do not have permission to access this finding."


def _intelligence(arn: str, record: Vulnerability) -> dict[str, Any]:
    return {
        "findingArn": arn,
        "cisaData": _cisa(record),
        "exploitObserved": _observed(record),
        "referenceUrls": list(record.references)[:_MOST],
        "cwes": [cwe.lower() for cwe in record.cwes],
        "epssScore": record.epss.score if record.epss else None,
    }


def code_snippets(call: Call) -> dict[str, Any]:
    """Code of findings of the caller's own; no scan stores code yet."""
    arns = list(dict.fromkeys(call.input["findingArns"]))
    found = _findings(call, arns, own_only=True)
    errors = [
        _error(arn, "CODE_SNIPPET_NOT_FOUND", "No code is stored for this finding.")
        if arn in found or _is_own(call, arn)
        else _error(arn, "ACCESS_DENIED", _NO_ACCESS)
        for arn in arns
    ]
    return {"codeSnippetResults": [], "errors": errors}


def _is_own(call: Call, arn: str) -> bool:
    """Whether an ARN speaks of the caller's own account, where there is nothing to hide."""
    return arn.split(":")[4] == call.caller.account


def _error(arn: str, code: str, message: str) -> dict[str, Any]:
    return {"findingArn": arn, "errorCode": code, "errorMessage": message}


def _findings(call: Call, arns: list[str], *, own_only: bool) -> dict[str, Finding]:
    """Those of the findings that the caller may see; others and unknown ones look alike."""
    with call.service.store.read() as connection:
        accounts = (
            (call.caller.account,)
            if own_only
            else visible_accounts(connection, call.caller.account, call.at)
        )
        rows = connection.execute(
            select(finding.c.arn, finding.c.body).where(
                finding.c.arn.in_(arns), finding.c.account.in_(accounts), present(call.at)
            )
        ).all()
    return {arn: msgspec.json.decode(body, type=Finding) for arn, body in rows}


def clusters(call: Call) -> dict[str, Any]:
    """Where an image runs; nothing observes clusters yet."""
    moment_and_key(call)
    return {"cluster": []}


OPERATIONS: dict[str, Handler] = {
    "SearchVulnerabilities": search,
    "BatchGetFindingDetails": finding_details,
    "BatchGetCodeSnippet": code_snippets,
    "GetClustersForImage": clusters,
}
