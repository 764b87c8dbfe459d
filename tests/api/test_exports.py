"""Findings reports and SBOM exports through their handlers."""

import csv
import io
import json
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openinspector.api import exports
from openinspector.api.call import Call, Caller, Service
from openinspector.api.operations import findings_reports
from openinspector.api.tokens import Tokens
from openinspector.model.refusal import Invalid, NotFound
from openinspector.organization.scope import MEMBERSHIP
from openinspector.store import Store
from openinspector.store.findings import put_findings
from openinspector.store.records import put_record
from tests.aws_fixtures import Aws
from tests.signals.exporting import ACCOUNT, KEY, REGION, clock, findings

MEMBER = "444455556666"
STRANGER = "777788889999"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(exports.FOLDER_VARIABLE, str(tmp_path / "out"))
    return tmp_path / "out"


@pytest.fixture
def service(store: Store) -> Service:
    def unknown() -> Any:
        raise AssertionError("exports need no advisories")

    return Service(store, Tokens(b"k" * 32), REGION, "aws", clock, unknown, 2_000)


def ask(service: Service, operation: str, account: str = ACCOUNT, **given: Any) -> dict[str, Any]:
    caller = Caller(account, "AKIA")
    call = Call(operation, given, caller, service, clock())
    return handlers()[operation](call)


def handlers() -> dict[str, Any]:
    from openinspector.api.operations import sbom_exports

    return {**findings_reports.OPERATIONS, **sbom_exports.OPERATIONS}


def report(service: Service, account: str = ACCOUNT, **given: Any) -> dict[str, Any]:
    """Create a report and wait for its end."""
    given.setdefault("reportFormat", "JSON")
    given.setdefault("s3Destination", {"bucketName": "reports-here", "kmsKeyArn": KEY})
    report_id = ask(service, "CreateFindingsReport", account, **given)["reportId"]
    return settled(service, "GetFindingsReportStatus", report_id, account)


def settled(service: Service, operation: str, report_id: str, account: str) -> dict[str, Any]:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        status = ask(service, operation, account, reportId=report_id)
        if status["status"] != "IN_PROGRESS":
            return status
        time.sleep(0.02)
    raise TimeoutError(report_id)


def content(folder: Path) -> list[Any]:
    (path,) = folder.rglob("*.json")
    return json.loads(path.read_bytes())["findings"]


def populate(service: Service, count: int, account: str = ACCOUNT, **changes: Any) -> None:
    with service.store.write() as connection:
        made = (msgspec.structs.replace(each, **changes) for each in findings(count, account))
        put_findings(connection, [(each, None) for each in made], clock())


def test_report_of_active_findings(service: Service, folder: Path) -> None:
    populate(service, 1200)
    with service.store.write() as connection:
        for each in findings(2):
            closed = msgspec.structs.replace(each, status="CLOSED")
            put_findings(connection, [(closed, "REMEDIATED")], clock())
    status = report(service)
    assert status["status"] == "SUCCEEDED"
    assert status["destination"]["bucketName"] == "reports-here"
    written = content(folder)
    assert len({each["findingArn"] for each in written}) == 1198
    assert ask(service, "GetFindingsReportStatus")["reportId"] == status["reportId"]


def test_report_of_closed_findings_as_csv_at_s3(service: Service, aws: Aws) -> None:
    populate(service, 3)
    populate(service, 1, status="CLOSED")
    status = report(
        service,
        reportFormat="CSV",
        s3Destination={"bucketName": aws.bucket, "kmsKeyArn": aws.key_arn, "keyPrefix": "a/b/"},
        filterCriteria={"findingStatus": [{"comparison": "EQUALS", "value": "CLOSED"}]},
    )
    assert status["status"] == "SUCCEEDED"
    (key,) = aws.keys()
    assert key == f"a/b/{status['reportId']}.csv"
    rows = list(csv.DictReader(io.StringIO(aws.body(key).decode(), newline="")))
    assert [row["Status"] for row in rows] == ["CLOSED"]


def test_nothing_found(service: Service, folder: Path) -> None:
    status = report(service)
    assert (status["status"], status["errorCode"]) == ("FAILED", "NO_FINDINGS_FOUND")
    assert list(folder.rglob("*.json")) == []


def test_a_report_shows_the_moment_it_was_asked_for(service: Service, folder: Path) -> None:
    populate(service, 5)
    produce = exports._findings

    def later(service: Service, job: Any) -> Any:
        time.sleep(0.01)
        populate(service, 7)
        populate(service, 5, status="CLOSED")
        yield from produce(service, job)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(exports._PRODUCERS, "findings-report", later)
        assert report(service)["status"] == "SUCCEEDED"
    assert [each["status"] for each in content(folder)] == ["ACTIVE"] * 5


def test_who_sees_whose_findings(service: Service, folder: Path) -> None:
    for account in (ACCOUNT, MEMBER, STRANGER):
        populate(service, 2, account)
    with service.store.write() as connection:
        body = {"relationshipStatus": "ENABLED"}
        put_record(connection, MEMBERSHIP, ACCOUNT, MEMBER, body, clock())
    report(service, ACCOUNT)
    assert {each["awsAccountId"] for each in content(folder)} == {ACCOUNT, MEMBER}
    for path in folder.rglob("*.json"):
        path.unlink()
    status = report(service, MEMBER)
    assert {each["awsAccountId"] for each in content(folder)} == {MEMBER}
    for account in (ACCOUNT, STRANGER):
        for operation in ("GetFindingsReportStatus", "CancelFindingsReport", "GetSbomExport"):
            with pytest.raises(NotFound):
                ask(service, operation, account, reportId=status["reportId"])


def test_cancel_and_refusals(service: Service, folder: Path) -> None:
    populate(service, 1)
    status = report(service)
    with pytest.raises(Invalid):
        ask(service, "CancelFindingsReport", reportId=status["reportId"])
    with pytest.raises(NotFound):
        ask(service, "CancelFindingsReport", reportId="00000000-0000-0000-0000-000000000000")


def test_resuming_what_a_dead_process_left(service: Service, folder: Path) -> None:
    populate(service, 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exports, "start", lambda service, job: None)
        destination = {"bucketName": "reports-here", "kmsKeyArn": KEY}
        report_id = ask(
            service, "CreateFindingsReport", reportFormat="JSON", s3Destination=destination
        )["reportId"]
    with pytest.raises(Invalid, match="multiple reports"):
        ask(service, "CreateFindingsReport", reportFormat="CSV", s3Destination=destination)
    (thread,) = exports.resume_exports(service)
    thread.join()
    status = ask(service, "GetFindingsReportStatus", reportId=report_id)
    assert status["status"] == "SUCCEEDED"
    assert len(content(folder)) == 4
    assert exports.resume_exports(service) == []


def test_one_at_a_time_under_a_race(service: Service, folder: Path) -> None:
    made: list[str] = []

    def attempt() -> None:
        destination = {"bucketName": "reports-here", "kmsKeyArn": KEY}
        try:
            answer = ask(
                service, "CreateFindingsReport", reportFormat="CSV", s3Destination=destination
            )
        except Invalid:
            return
        made.append(answer["reportId"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exports, "start", lambda service, job: None)
        threads = [threading.Thread(target=attempt) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(made) == 1
    (running,) = exports.resume_exports(service)
    running.join()


def test_cancelling_while_it_runs_has_one_outcome(service: Service, folder: Path) -> None:
    populate(service, 50)
    outcomes = set()
    for number in range(12):
        destination = {"bucketName": "reports-here", "kmsKeyArn": KEY}
        given = {"reportFormat": "JSON", "s3Destination": destination}
        report_id = ask(service, "CreateFindingsReport", **given)["reportId"]
        time.sleep(number * 0.004)
        try:
            ask(service, "CancelFindingsReport", reportId=report_id)
            expected = "CANCELLED"
        except Invalid:
            expected = "SUCCEEDED"
        status = settled(service, "GetFindingsReportStatus", report_id, ACCOUNT)["status"]
        assert status == expected
        for thread in threading.enumerate():
            if thread.name == f"export-{report_id}":
                thread.join()
        written = [path for path in folder.rglob("*") if report_id in path.name]
        assert len(written) == (status == "SUCCEEDED")
        outcomes.add(status)
    assert "CANCELLED" in outcomes
