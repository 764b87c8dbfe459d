"""Findings reports and SBOM exports, put together: what the ledger holds, written by jobs."""

import os
import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from openinspector.api.call import Call, Service
from openinspector.organization.scope import visible_accounts
from openinspector.signals.exports import (
    FINDINGS_REPORT,
    SBOM_EXPORT,
    ExportObject,
    Job,
    NothingFound,
    Runner,
    create_job,
    unfinished_jobs,
)
from openinspector.signals.exports.jobs import Kind

FOLDER_VARIABLE = "OPENINSPECTOR_EXPORT_FOLDER"
"""Names the folder that exports go to instead of S3."""
BUCKETS_VARIABLE = "OPENINSPECTOR_EXPORT_BUCKETS"
"""Holds the patterns of buckets that accounts may name, with spaces between."""


def create_export(call: Call, kind: Kind, criteria: dict[str, Any] | None) -> Job:
    """Record the job that a request asks for, and start it.

    It shows the moment of the request, and the accounts that the caller may see then.
    """
    job = create_job(
        call.service.store,
        kind,
        call.caller.account,
        format=call.input["reportFormat"],
        destination=dict(call.input["s3Destination"]),
        criteria=criteria,
        accounts=lambda connection: list(visible_accounts(connection, call.caller.account)),
        now=call.now,
    )
    start(call.service, job)
    return job


def state_of(job: Job) -> dict[str, Any]:
    """What both kinds of job tell of themselves, in the API's members."""
    return {
        "reportId": job.report_id,
        "status": job.status,
        "errorCode": job.error_code,
        "errorMessage": job.error_message,
        "filterCriteria": job.criteria,
    }


def start(service: Service, job: Job) -> threading.Thread:
    """Run a job in a thread of its own."""
    folder = os.environ.get(FOLDER_VARIABLE)
    buckets = os.environ.get(BUCKETS_VARIABLE, "").split()
    place = Path(folder) if folder else None
    runner = Runner(service.store, service.region, service.clock, place, buckets)
    return runner.start(job, lambda job: _PRODUCERS[job.kind](service, job))


def resume_exports(service: Service) -> list[threading.Thread]:
    """Run the jobs again that a dead process left; to be called once, when the server starts."""
    with service.store.read() as connection:
        jobs = unfinished_jobs(connection)
    return [start(service, job) for job in jobs]


def _findings(service: Service, job: Job) -> Iterator[ExportObject]:
    """One object with every finding, read within one view of the store."""
    from openinspector.api.findings_report import findings_report
    from openinspector.ledger.query import stream

    with service.store.read() as connection:
        found = iter(stream(connection, job.accounts, job.criteria or {}, job.moment))
        first = next(found, None)
        if first is None:
            raise NothingFound("no finding")
        yield findings_report(job, chain([first], found))


def _sboms(service: Service, job: Job) -> Iterator[ExportObject]:
    """One object for each resource."""
    from openinspector.api.sboms import sboms

    empty = True
    for item in sboms(service, job):
        empty = False
        yield item
    if empty:
        raise NothingFound("no resource")


_PRODUCERS = {FINDINGS_REPORT: _findings, SBOM_EXPORT: _sboms}
