"""The one object of a findings report (spec/exports.md 1, 3 and 4)."""

from collections.abc import Iterable
from datetime import UTC, datetime

from openinspector.model.finding import Finding
from openinspector.reports.findings_csv import findings_csv
from openinspector.reports.findings_json import findings_json
from openinspector.signals.exports import ExportObject, Job


def findings_report(job: Job, findings: Iterable[Finding]) -> ExportObject:
    """`<keyPrefix>/<reportId>.csv` or `.json`."""
    key = with_prefix(job, f"{job.report_id}.{job.format.lower()}")
    if job.format == "CSV":
        moment = datetime.fromtimestamp(job.moment / 1000, UTC)
        return ExportObject(key, findings_csv(findings, moment))
    return ExportObject(key, findings_json(findings))


def with_prefix(job: Job, name: str) -> str:
    """A key under the request's prefix, with one slash between."""
    prefix = (job.destination.get("keyPrefix") or "").strip("/")
    return f"{prefix}/{name}" if prefix else name
