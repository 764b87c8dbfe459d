"""Export jobs as records: IN_PROGRESS until they are SUCCEEDED, CANCELLED or FAILED, for good.

All steps are transactions that look at the state first, so that a cancelled job can never succeed
and a finished one never be cancelled (spec/exports.md 1 and 5).
"""

import time
import uuid
from collections.abc import Callable
from typing import Any, Final, Literal, TypeVar

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from openinspector.model.refusal import Invalid, NotFound
from openinspector.store import Store
from openinspector.store.records import end_record, get_record, list_records, put_record

FINDINGS_REPORT: Final = "findings-report"
SBOM_EXPORT: Final = "sbom-export"
"""Kinds of job; also the kinds of their records."""

KEPT_MILLISECONDS = 90 * 86_400_000
"""How long a report can be asked for."""

_RUNNING = "-running"
_CURRENT = "current"
_PATIENCE_SECONDS = 10

Status = Literal["IN_PROGRESS", "SUCCEEDED", "CANCELLED", "FAILED"]
Kind = Literal["findings-report", "sbom-export"]
T = TypeVar("T")


class Job(msgspec.Struct, frozen=True, rename="camel"):
    """One export.

    `moment` (epoch milliseconds) is when it was asked for: everything it shows is as of then.
    `accounts` are those whose data it holds. `destination` and `criteria` are the request's own
    members. `attempts` are uploads that were begun (key and name). `publishing` says that the
    object is about to appear, so that it is too late to cancel.
    """

    kind: Kind
    account: str
    report_id: str
    format: str
    moment: int
    accounts: list[str]
    destination: dict[str, str]
    criteria: dict[str, Any] | None = None
    status: Status = "IN_PROGRESS"
    error_code: str | None = None
    error_message: str | None = None
    publishing: bool = False
    attempts: dict[str, str] = {}


def create_job(
    store: Store,
    kind: Kind,
    account: str,
    *,
    format: str,
    destination: dict[str, str],
    criteria: dict[str, Any] | None,
    accounts: Callable[[Connection], list[str]],
    now: int,
) -> Job:
    """Record a job; raises `Invalid` while the account has one of its kind in progress."""

    def create(connection: Connection) -> Job:
        if get_record(connection, kind + _RUNNING, account, _CURRENT) is not None:
            raise Invalid("Cannot have multiple reports in-progress")
        for old in list_records(connection, kind, [account]):
            if old.body["moment"] < now - KEPT_MILLISECONDS:
                end_record(connection, kind, account, old.key, now)
        job = Job(
            kind=kind,
            account=account,
            report_id=str(uuid.uuid4()),
            format=format,
            moment=now,
            accounts=accounts(connection),
            destination=destination,
            criteria=criteria,
        )
        body = {"reportId": job.report_id}
        put_record(connection, kind + _RUNNING, account, _CURRENT, body, now)
        _put(connection, job, now)
        return job

    return _transaction(store, create)


def find_job(
    connection: Connection, kind: Kind, account: str, report_id: str | None, at: int | None = None
) -> Job:
    """A job of an account, as it was at a moment; without id the latest. Raises `NotFound`."""
    if report_id is not None:
        body = get_record(connection, kind, account, report_id, at)
    else:
        bodies = [record.body for record in list_records(connection, kind, [account], at=at)]
        body = max(bodies, key=lambda each: each["moment"], default=None)
    if body is None:
        raise NotFound("There is no such report.")
    return msgspec.convert(body, Job)


def unfinished_jobs(connection: Connection) -> list[Job]:
    """Every job that is in progress, of every account."""
    found = []
    for kind in (FINDINGS_REPORT, SBOM_EXPORT):
        for running in list_records(connection, kind + _RUNNING):
            body = get_record(connection, kind, running.owner, running.body["reportId"])
            if body is not None:
                found.append(msgspec.convert(body, Job))
    return found


def cancel_job(store: Store, kind: Kind, account: str, report_id: str, now: int) -> None:
    """Cancel a job; raises `NotFound`, or `Invalid` when it is not in progress any more."""

    def cancel(connection: Connection) -> None:
        job = find_job(connection, kind, account, report_id)
        if job.status != "IN_PROGRESS" or job.publishing:
            state = "SUCCEEDED" if job.publishing else job.status
            raise Invalid(f"Only a report in progress can be cancelled; this one is {state}.")
        _end(connection, msgspec.structs.replace(job, status="CANCELLED"), now)

    _transaction(store, cancel)


def change_job(store: Store, job: Job, now: int, **changes: Any) -> bool:
    """Change a job while it is in progress; whether it was."""

    def change(connection: Connection) -> bool:
        found = find_job(connection, job.kind, job.account, job.report_id)
        if found.status != "IN_PROGRESS":
            return False
        changed = msgspec.structs.replace(found, **changes)
        if changed.status == "IN_PROGRESS":
            _put(connection, changed, now)
        else:
            _end(connection, changed, now)
        return True

    return _transaction(store, change)


def _end(connection: Connection, job: Job, now: int) -> None:
    _put(connection, job, now)
    end_record(connection, job.kind + _RUNNING, job.account, _CURRENT, now)


def _put(connection: Connection, job: Job, now: int) -> None:
    put_record(connection, job.kind, job.account, job.report_id, msgspec.to_builtins(job), now)


def _transaction(store: Store, step: Callable[[Connection], T]) -> T:
    """Run a step again where the database says that another one came between."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            with store.write() as connection:
                return step(connection)
        except (IntegrityError, OperationalError):
            if time.monotonic() >= end:
                raise
            time.sleep(0.02)
