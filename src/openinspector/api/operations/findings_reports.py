"""Findings reports: create, status, cancel (spec/exports.md 1)."""

from typing import Any

from openinspector.api.call import Call
from openinspector.api.exports import create_export, state_of
from openinspector.ledger.criteria import condition
from openinspector.signals.exports import FINDINGS_REPORT, cancel_job, find_job

_ACTIVE = [{"comparison": "EQUALS", "value": "ACTIVE"}]


def create_findings_report(call: Call) -> dict[str, Any]:
    """Start a report; only active findings unless the criteria name a status."""
    criteria = {"findingStatus": _ACTIVE, **(call.input.get("filterCriteria") or {})}
    condition(criteria)
    return {"reportId": create_export(call, FINDINGS_REPORT, criteria).report_id}


def get_findings_report_status(call: Call) -> dict[str, Any]:
    """The state of a report, without id of the latest."""
    with call.service.store.read() as connection:
        report_id = call.input.get("reportId")
        job = find_job(connection, FINDINGS_REPORT, call.caller.account, report_id, call.at)
    return {**state_of(job), "destination": job.destination}


def cancel_findings_report(call: Call) -> dict[str, Any]:
    """Cancel a report that is in progress."""
    report_id = call.input["reportId"]
    cancel_job(call.service.store, FINDINGS_REPORT, call.caller.account, report_id, call.now)
    return {"reportId": report_id}


OPERATIONS = {
    "CreateFindingsReport": create_findings_report,
    "GetFindingsReportStatus": get_findings_report_status,
    "CancelFindingsReport": cancel_findings_report,
}
