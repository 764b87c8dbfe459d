"""Intelligence about findings, and their code (spec/vulnerability-search.md 2, 3)."""

from typing import Any

import msgspec
from sqlalchemy import select

from openinspector.api.call import Call, Handler
from openinspector.api.knowledge import open_knowledge
from openinspector.api.operations.vulnerabilities import MOST, cisa_of, observed_of
from openinspector.ledger.query import present
from openinspector.model import Vulnerability
from openinspector.model.finding import Finding
from openinspector.organization.scope import visible_accounts
from openinspector.store.findings import finding

_NO_ACCESS = "You do not have permission to access this finding."


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


def _intelligence(arn: str, record: Vulnerability) -> dict[str, Any]:
    return {
        "findingArn": arn,
        "cisaData": cisa_of(record),
        "exploitObserved": observed_of(record),
        "referenceUrls": list(record.references)[:MOST],
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


OPERATIONS: dict[str, Handler] = {
    "BatchGetFindingDetails": finding_details,
    "BatchGetCodeSnippet": code_snippets,
}
