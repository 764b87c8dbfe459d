"""SBOM exports: create, status, cancel (spec/exports.md 5)."""

from typing import Any

from openinspector.api.call import Call
from openinspector.api.exports import create_export, state_of
from openinspector.signals.exports import SBOM_EXPORT, cancel_job, find_job


def create_sbom_export(call: Call) -> dict[str, Any]:
    """Start an export of the SBOMs of resources."""
    criteria = call.input.get("resourceFilterCriteria")
    return {"reportId": create_export(call, SBOM_EXPORT, criteria).report_id}


def get_sbom_export(call: Call) -> dict[str, Any]:
    """The state of an export."""
    with call.service.store.read() as connection:
        report_id = call.input["reportId"]
        job = find_job(connection, SBOM_EXPORT, call.caller.account, report_id, call.at)
    return {**state_of(job), "format": job.format, "s3Destination": job.destination}


def cancel_sbom_export(call: Call) -> dict[str, Any]:
    """Cancel an export that is in progress; what was written is removed."""
    report_id = call.input["reportId"]
    cancel_job(call.service.store, SBOM_EXPORT, call.caller.account, report_id, call.now)
    return {"reportId": report_id}


OPERATIONS = {
    "CreateSbomExport": create_sbom_export,
    "GetSbomExport": get_sbom_export,
    "CancelSbomExport": cancel_sbom_export,
}
