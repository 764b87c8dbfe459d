"""Exports: jobs that write findings or SBOMs to a destination, and outlive a crash."""

from openinspector.signals.exports.jobs import (
    FINDINGS_REPORT,
    SBOM_EXPORT,
    Job,
    cancel_job,
    create_job,
    find_job,
    unfinished_jobs,
)
from openinspector.signals.exports.runner import ExportObject, NothingFound, Runner

__all__ = [
    "FINDINGS_REPORT",
    "SBOM_EXPORT",
    "ExportObject",
    "Job",
    "NothingFound",
    "Runner",
    "cancel_job",
    "create_job",
    "find_job",
    "unfinished_jobs",
]
