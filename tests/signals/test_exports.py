"""Export jobs: states, cancelling, refusals, crashes, to a folder and to a simulated S3."""

import csv
import io
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from openinspector.model.refusal import Invalid, NotFound
from openinspector.reports.csv_format import COLUMNS
from openinspector.reports.findings_csv import findings_csv
from openinspector.reports.findings_json import findings_json
from openinspector.signals.destinations import DestinationError
from openinspector.signals.destinations.folder import Folder
from openinspector.signals.destinations.s3 import Bucket, error_code
from openinspector.signals.exports import (
    FINDINGS_REPORT,
    SBOM_EXPORT,
    ExportObject,
    Job,
    NothingFound,
    Runner,
    cancel_job,
    find_job,
    unfinished_jobs,
)
from openinspector.signals.exports.runner import LONGEST_MILLISECONDS
from openinspector.store import Store, open_store
from tests.aws_fixtures import Aws, environment
from tests.signals.exporting import ACCOUNT, BUCKET, REGION, clock, findings, new_job

MEBIBYTE = 1024 * 1024


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "data")
    yield opened
    opened.close()


def state(store: Store, job: Job) -> Job:
    with store.read() as connection:
        return find_job(connection, job.kind, job.account, job.report_id)


def one(job: Job) -> Iterator[ExportObject]:
    yield ExportObject(f"inspector/{job.report_id}.csv", [b"a,b\r\n", b"1,2\r\n"])


def big(job: Job) -> Iterator[ExportObject]:
    yield ExportObject("big.csv", (bytes([n]) * MEBIBYTE for n in range(20)))


def files(folder: Path) -> list[str]:
    return sorted(str(x.relative_to(folder)) for x in folder.rglob("*") if x.is_file())


def at_s3(aws: Aws, store: Store, bucket: str = "", **destination: str) -> Job:
    place = {"bucketName": bucket or aws.bucket, "kmsKeyArn": aws.key_arn, **destination}
    return new_job(store, destination=place)


def run_s3(store: Store, job: Job, produce: Any = one) -> Job:
    Runner(store, REGION, clock, None).run(job, produce)
    return state(store, job)


def test_report_to_a_folder(store: Store, tmp_path: Path) -> None:
    job = new_job(store)
    Runner(store, REGION, clock, tmp_path / "out").run(job, one)
    assert state(store, job).status == "SUCCEEDED"
    assert files(tmp_path / "out") == [f"{BUCKET}/inspector/{job.report_id}.csv"]
    with store.read() as connection:
        assert unfinished_jobs(connection) == []


def test_report_to_s3_is_encrypted(aws: Aws, store: Store) -> None:
    job = at_s3(aws, store)
    assert run_s3(store, job).status == "SUCCEEDED"
    key = f"inspector/{job.report_id}.csv"
    assert aws.keys() == [key]
    assert aws.body(key) == b"a,b\r\n1,2\r\n"
    head = aws.client("s3").head_object(Bucket=aws.bucket, Key=key)
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", aws.key_arn)


def test_large_report_goes_in_parts(aws: Aws, store: Store) -> None:
    job = run_s3(store, at_s3(aws, store), big)
    assert (job.status, job.attempts) == ("SUCCEEDED", {})
    assert aws.body("big.csv") == b"".join(bytes([n]) * MEBIBYTE for n in range(20))
    head = aws.client("s3").head_object(Bucket=aws.bucket, Key="big.csv")
    assert head["SSEKMSKeyId"] == aws.key_arn
    assert head["ETag"].strip('"').endswith("-3")
    assert aws.uploads() == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"bucketName": "no-such-bucket"}, "BUCKET_NOT_FOUND"),
        ({"bucketName": "Not A Bucket"}, "BUCKET_NOT_FOUND"),
        ({"bucketName": "file://reports"}, "BUCKET_NOT_FOUND"),
        ({"bucketName": "reports-far"}, "INCOMPATIBLE_BUCKET_REGION"),
        ({"kmsKeyArn": "alias/mine"}, "MALFORMED_KMS_KEY"),
        ({"kmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k"}, "MALFORMED_KMS_KEY"),
    ],
)
def test_what_s3_refuses(aws: Aws, store: Store, change: dict[str, str], code: str) -> None:
    place = {"bucketName": aws.bucket, "kmsKeyArn": aws.key_arn, **change}
    job = run_s3(store, new_job(store, destination=place))
    assert (job.status, job.error_code) == ("FAILED", code)
    assert job.error_message
    assert aws.keys() == []


def test_the_owner_is_named_in_every_request(aws: Aws) -> None:
    from botocore.stub import Stubber

    bucket = Bucket(aws.bucket, aws.key_arn, REGION, "999999999999")
    with Stubber(bucket._s3) as stub:
        place = {"Bucket": aws.bucket, "ExpectedBucketOwner": "999999999999"}
        stub.add_client_error("head_bucket", "403", http_status_code=403, expected_params=place)
        bucket.check()
        encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": aws.key_arn}
        stub.add_client_error(
            "put_object", "AccessDenied", http_status_code=403,
            expected_params={**place, **encrypted, "Key": "k", "Body": b"x"},
        )  # fmt: skip
        with pytest.raises(DestinationError) as refused:
            bucket.write("k", [b"x"], Nobody())
    assert refused.value.code == "INVALID_PERMISSIONS"


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("NoSuchBucket", "", "BUCKET_NOT_FOUND"),
        ("AccessDenied", "", "INVALID_PERMISSIONS"),
        ("KMS.AccessDeniedException", "", "INVALID_PERMISSIONS"),
        ("KMS.NotFoundException", "", "MALFORMED_KMS_KEY"),
        ("KMS.DisabledException", "", "MALFORMED_KMS_KEY"),
        ("InvalidArgument", "Invalid KMS keyId", "MALFORMED_KMS_KEY"),
        ("InvalidArgument", "else", "INTERNAL_ERROR"),
        ("PermanentRedirect", "", "INCOMPATIBLE_BUCKET_REGION"),
        ("SlowDown", "", "INTERNAL_ERROR"),
    ],
)
def test_error_codes(code: str, message: str, expected: str) -> None:
    assert error_code({"Error": {"Code": code, "Message": message}}) == expected


@pytest.mark.parametrize(
    ("patterns", "status"),
    [
        (["reports-{account}", "x"], "FAILED"),
        (["{account}-reports", "reports-*"], "SUCCEEDED"),
        ([], "SUCCEEDED"),
    ],
)
def test_accounts_may_be_held_to_buckets(
    store: Store, tmp_path: Path, patterns: list[str], status: str
) -> None:
    job = new_job(store)
    Runner(store, REGION, clock, tmp_path / "out", patterns).run(job, one)
    ended = state(store, job)
    assert ended.status == status
    assert ended.error_code == ("INVALID_PERMISSIONS" if status == "FAILED" else None)
    assert bool(list(tmp_path.glob("out/**/*.csv"))) is (status == "SUCCEEDED")


def test_nothing_found_writes_nothing(store: Store, tmp_path: Path) -> None:
    def nothing(_: Job) -> Iterator[ExportObject]:
        raise NothingFound("none")
        yield

    job = new_job(store)
    Runner(store, REGION, clock, tmp_path / "out").run(job, nothing)
    assert state(store, job).error_code == "NO_FINDINGS_FOUND"
    assert files(tmp_path / "out") == []


def test_an_unforeseen_fault_is_a_failure(aws: Aws, store: Store) -> None:
    def faulty(_: Job) -> Iterator[ExportObject]:
        def chunks() -> Iterator[bytes]:
            yield b"x" * 9 * MEBIBYTE
            yield b"x" * 9 * MEBIBYTE
            raise ZeroDivisionError

        yield ExportObject("broken.csv", chunks())

    job = run_s3(store, at_s3(aws, store), faulty)
    assert (job.status, job.error_code) == ("FAILED", "INTERNAL_ERROR")
    assert (aws.keys(), aws.uploads()) == ([], [])


def test_one_at_a_time_for_each_account_and_kind(store: Store) -> None:
    job = new_job(store)
    with pytest.raises(Invalid, match="Cannot have multiple reports in-progress"):
        new_job(store)
    new_job(store, SBOM_EXPORT)
    cancel_job(store, FINDINGS_REPORT, ACCOUNT, job.report_id, clock())
    with pytest.raises(Invalid, match="CANCELLED"):
        cancel_job(store, FINDINGS_REPORT, ACCOUNT, job.report_id, clock())
    assert new_job(store).report_id != job.report_id


def test_one_at_a_time_under_a_race(store: Store) -> None:
    made: list[Job] = []

    def attempt() -> None:
        try:
            made.append(new_job(store))
        except Invalid:
            return

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_a_report_is_its_account_s(store: Store) -> None:
    job = new_job(store)
    with store.read() as connection:
        with pytest.raises(NotFound):
            find_job(connection, FINDINGS_REPORT, "999999999999", job.report_id)
        with pytest.raises(NotFound):
            find_job(connection, FINDINGS_REPORT, "999999999999", None)
        assert find_job(connection, FINDINGS_REPORT, ACCOUNT, None) == job


def endless(_: Job) -> Iterator[ExportObject]:
    def chunks() -> Iterator[bytes]:
        while True:
            time.sleep(0.01)
            yield b"x" * MEBIBYTE

    yield ExportObject("endless.csv", chunks())


def test_cancel_stops_soon_and_leaves_nothing(aws: Aws, store: Store, tmp_path: Path) -> None:
    for folder in (None, tmp_path / "out"):
        job = at_s3(aws, store)
        thread = Runner(store, REGION, clock, folder).start(job, endless)
        deadline = time.monotonic() + 30
        while not (state(store, job).attempts or list(tmp_path.rglob("*.partial"))):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        cancel_job(store, FINDINGS_REPORT, ACCOUNT, job.report_id, clock())
        thread.join(timeout=5)
        assert not thread.is_alive()
        assert state(store, job).status == "CANCELLED"
        assert (aws.keys(), aws.uploads()) == ([], [])
        assert files(tmp_path / "out") == []


def test_cancel_removes_objects_already_written(store: Store, tmp_path: Path) -> None:
    job = new_job(store, SBOM_EXPORT)

    def several(_: Job) -> Iterator[ExportObject]:
        yield ExportObject("a.json", [b"{}"])
        assert files(tmp_path / "out") == [f"{BUCKET}/a.json"]
        cancel_job(store, SBOM_EXPORT, ACCOUNT, job.report_id, clock())
        yield ExportObject("b.json", [b"{}"])

    Runner(store, REGION, clock, tmp_path / "out").run(job, several)
    assert state(store, job).status == "CANCELLED"
    assert files(tmp_path / "out") == []


def test_cancel_is_refused_once_the_object_appears(store: Store, tmp_path: Path) -> None:
    job = new_job(store)
    replace = Path.replace

    def late(path: Path, target: Path) -> Path:
        with pytest.raises(Invalid):
            cancel_job(store, FINDINGS_REPORT, ACCOUNT, job.report_id, clock())
        return replace(path, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", late)
        Runner(store, REGION, clock, tmp_path / "out").run(job, one)
    assert state(store, job).status == "SUCCEEDED"


def test_twelve_hours_are_the_limit(store: Store, tmp_path: Path) -> None:
    job = new_job(store, now=clock() - LONGEST_MILLISECONDS - 1)
    Runner(store, REGION, clock, tmp_path / "out").run(job, one)
    assert state(store, job).status == "FAILED"
    assert "12 hours" in (state(store, job).error_message or "")
    assert files(tmp_path / "out") == []


@pytest.mark.parametrize("bucket", ["..", "../out", "a/b", "/etc", "", "a..b", ".hidden", "x" * 64])
def test_no_bucket_name_leaves_the_folder(tmp_path: Path, bucket: str) -> None:
    with pytest.raises(DestinationError) as refused:
        Folder(tmp_path / "out", bucket).check()
    assert refused.value.code == "BUCKET_NOT_FOUND"
    assert list(tmp_path.iterdir()) == []


class Nobody:
    def began(self, key: str, attempt: str) -> None: ...

    def publish(self) -> None: ...


@pytest.mark.parametrize(
    "key",
    ["../../x.csv", "/etc/x.csv", "a/../../../x", "./.", "a/\0b", "\udcff/..", "é" * 400 + "/x",
     "C:\\x", "~/x", "a//b", ".x.partial", "%2e%2e/x"],
)  # fmt: skip
def test_no_key_leaves_the_folder(tmp_path: Path, key: str) -> None:
    folder = Folder(tmp_path / "out", "bucket-1")
    folder.check()
    folder.write(key, [b"x"], Nobody())
    written = [x for x in tmp_path.rglob("*") if x.is_file()]
    assert len(written) == 1
    assert written[0].resolve().is_relative_to((tmp_path / "out" / "bucket-1").resolve())
    folder.remove(key)
    assert files(tmp_path) == []


CHILD = """
import sys, time
from pathlib import Path
from tests.signals.exporting import REGION, clock, new_job
from openinspector.signals.exports import ExportObject, Runner
from openinspector.store import open_store

data, out, bucket, key = sys.argv[1:]
store = open_store(data)
def slow(job):
    def chunks():
        for n in range(40):
            yield bytes([n]) * 1024 * 1024
            time.sleep(0.05)
    yield ExportObject(f"{job.report_id}.csv", chunks())
job = new_job(store, destination={"bucketName": bucket, "kmsKeyArn": key})
print(job.report_id, flush=True)
Runner(store, REGION, clock, Path(out) if out else None).run(job, slow)
"""


@pytest.mark.parametrize("to_folder", [True, False])
def test_killed_in_the_middle(aws: Aws, store: Store, tmp_path: Path, to_folder: bool) -> None:
    out = tmp_path / "out" if to_folder else None
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path / "data"), str(out or ""), aws.bucket,
         aws.key_arn],
        stdout=subprocess.PIPE, text=True, env={**os.environ, **environment(aws.url)},
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert child.stdout is not None
    report_id = child.stdout.readline().strip()
    deadline = time.monotonic() + 30
    while not (aws.uploads() or list(tmp_path.rglob("*.partial"))):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.5)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert aws.keys() == []
    with store.read() as connection:
        (job,) = unfinished_jobs(connection)
    assert (job.report_id, job.status) == (report_id, "IN_PROGRESS")

    def again(job: Job) -> Iterator[ExportObject]:
        chunks = (bytes([n]) * MEBIBYTE for n in range(40))
        yield ExportObject(f"{job.report_id}.csv", chunks)

    Runner(store, REGION, clock, out).run(job, again)
    assert state(store, job).status == "SUCCEEDED"
    whole = b"".join(bytes([n]) * MEBIBYTE for n in range(40))
    if out is not None:
        assert files(out) == [f"{aws.bucket}/{report_id}.csv"]
        assert (out / aws.bucket / f"{report_id}.csv").read_bytes() == whole
    else:
        assert (aws.keys(), aws.uploads()) == ([f"{report_id}.csv"], [])
        assert aws.body(f"{report_id}.csv") == whole


NOW = datetime(2024, 1, 1, tzinfo=UTC)


def test_csv_stream() -> None:
    text = b"".join(findings_csv(findings(3), NOW)).decode()
    header, *lines = csv.reader(io.StringIO(text, newline=""))
    assert tuple(header) == COLUMNS
    assert len(header) == 55
    first = dict(zip(header, lines[0], strict=True))
    assert len(lines) == 3
    assert first["Description"] == "'=cmd|' /C calc'!A0"
    assert first["Age (Days)"] == "47"
    assert first["First Seen"] == "2023-11-14T22:13:20.000Z"
    assert first["Container Image Tags"] == "1.2, latest"


def test_json_stream() -> None:
    document = json.loads(b"".join(findings_json(findings(3))))
    assert list(document) == ["findings"]
    first = document["findings"][0]
    assert len(document["findings"]) == 3
    assert first["lastObservedAt"] == "2023-11-14T22:15:00.250Z"
    image = first["resources"][0]["details"]["awsEcrContainerImage"]
    assert image["pushedAt"] == "2023-11-14T22:13:20.500Z"
    assert first["resources"][0]["tags"] == {"updatedAt": "mine"}
    assert json.loads(b"".join(findings_json([]))) == {"findings": []}


@pytest.mark.parametrize("write", [lambda x: findings_csv(x, NOW), findings_json])
def test_streams_hold_little(write: Any) -> None:
    largest = max(len(chunk) for chunk in write(findings(2000)))
    assert largest < 200_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    total = sum(len(chunk) for chunk in write(findings(20_000)))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert total > 15_000_000
    assert grown < 8_000  # KiB
