"""Running an export: one thread a job, every object streamed, cancellable at every chunk."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from openinspector.model.errors import OpenInspectorError
from openinspector.signals.destinations import Destination, DestinationError, open_destination
from openinspector.signals.exports.jobs import (
    FINDINGS_REPORT,
    SBOM_EXPORT,
    Job,
    change_job,
    find_job,
)
from openinspector.store import Store

LONGEST_MILLISECONDS = 12 * 3_600_000
LOOK_SECONDS = 0.25
"""How often a running job looks whether it was cancelled."""

_NOTHING = {
    FINDINGS_REPORT: "No finding matches the filter criteria.",
    SBOM_EXPORT: "No resource matches the filter criteria.",
}
_log = logging.getLogger(__name__)


class ExportObject(NamedTuple):
    """One object: its key in the bucket, and its content, read once."""

    key: str
    chunks: Iterable[bytes]


class NothingFound(OpenInspectorError):
    """There is nothing to export; raised by a producer."""


class _Stopped(OpenInspectorError):
    """The job is not in progress any more: it was cancelled."""


class _Overdue(OpenInspectorError):
    """The job takes longer than is allowed."""


Produce = Callable[[Job], Iterable[ExportObject]]
"""What makes the objects of a job; called in the job's thread, raises `NothingFound`."""


class Runner:
    """Runs jobs of one store. `folder` is where exports go when it is not to S3.

    `buckets` are patterns of the buckets that an account may name, as a shell has them; in them
    `{account}` stands for the account. Without any, every bucket is open to all.
    """

    def __init__(
        self,
        store: Store,
        region: str,
        clock: Callable[[], int],
        folder: Path | None,
        buckets: Sequence[str] = (),
    ) -> None:
        self._buckets = buckets
        self._store = store
        self._region = region
        self._clock = clock
        self._folder = folder

    def start(self, job: Job, produce: Produce) -> threading.Thread:
        """Run a job in a thread of its own, which does not keep the process alive."""
        thread = threading.Thread(
            target=self.run, args=(job, produce), name=f"export-{job.report_id}", daemon=True
        )
        thread.start()
        return thread

    def run(self, job: Job, produce: Produce) -> None:
        """Run a job to its end, from the start; whatever happens becomes its state.

        Nothing is done where another server on the same database runs it already.
        """
        with self._store.alone(f"export/{job.report_id}") as alone:
            if alone:
                self._run(job, produce)

    def _run(self, job: Job, produce: Produce) -> None:
        try:
            self._export(job, produce)
        except _Stopped:
            return
        except NothingFound:
            self._fail(job, "NO_FINDINGS_FOUND", _NOTHING[job.kind])
        except DestinationError as error:
            self._fail(job, error.code, str(error))
        except _Overdue:
            self._fail(job, "INTERNAL_ERROR", "The report took longer than 12 hours.")
        except Exception:
            # The thread's last resort: a job must end, and the log keeps why.
            _log.exception("export %s failed", job.report_id)
            self._fail(job, "INTERNAL_ERROR", "The report could not be made.")

    def _check_bucket(self, job: Job) -> None:
        name = job.destination["bucketName"]
        patterns = [each.replace("{account}", job.account) for each in self._buckets]
        if patterns and not any(fnmatchcase(name, pattern) for pattern in patterns):
            raise DestinationError(
                "INVALID_PERMISSIONS", f"This service does not let {job.account} write to {name}."
            )

    def _export(self, job: Job, produce: Produce) -> None:
        self._check_bucket(job)
        destination = open_destination(job.destination, self._region, self._folder)
        destination.check()
        for key, attempt in job.attempts.items():
            destination.discard(key, attempt)
        watch = _Watch(self._store, self._clock, job)
        written: list[str] = []
        try:
            for item in produce(job):
                watch.look()
                destination.write(item.key, watch.over(item.chunks), watch)
                written.append(item.key)
            if not change_job(self._store, job, self._clock(), status="SUCCEEDED", attempts={}):
                raise _Stopped("cancelled")
        except BaseException:
            self._remove(destination, written)
            raise

    def _remove(self, destination: Destination, written: list[str]) -> None:
        for key in written:
            try:
                destination.remove(key)
            except DestinationError as error:
                _log.warning("%s stays in the bucket: %s", key, error)

    def _fail(self, job: Job, code: str, message: str) -> None:
        change_job(
            self._store,
            job,
            self._clock(),
            status="FAILED",
            error_code=code,
            error_message=message,
            publishing=False,
        )


class _Watch:
    """Asks, while a job writes, whether it is still wanted."""

    def __init__(self, store: Store, clock: Callable[[], int], job: Job) -> None:
        self._store = store
        self._clock = clock
        self._job = job
        self._attempts = dict(job.attempts)
        self._looked = 0.0

    def over(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The same chunks, until the job is cancelled."""
        for chunk in chunks:
            if time.monotonic() - self._looked >= LOOK_SECONDS:
                self.look()
            yield chunk

    def look(self) -> None:
        """Raise when the job was cancelled, or has taken too long."""
        self._looked = time.monotonic()
        with self._store.read() as connection:
            job = self._job
            job = find_job(connection, job.kind, job.account, job.report_id)
        if job.status != "IN_PROGRESS":
            raise _Stopped("cancelled")
        if self._clock() - job.moment > LONGEST_MILLISECONDS:
            raise _Overdue("overdue")

    def began(self, key: str, attempt: str) -> None:
        """Keep the name of an upload, for whoever comes after a crash."""
        self._attempts[key] = attempt
        self._change(attempts=self._attempts)

    def publish(self) -> None:
        """The last moment to be cancelled: after it, a report of one object cannot be."""
        if self._job.kind == FINDINGS_REPORT:
            self._change(publishing=True)
        else:
            self.look()

    def _change(self, **changes: object) -> None:
        if not change_job(self._store, self._job, self._clock(), **changes):
            raise _Stopped("cancelled")
