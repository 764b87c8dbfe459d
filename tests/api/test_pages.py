"""Pages of lists while others write: all show one moment, also one that a writer was busy in."""

import time
from typing import Any

import pytest

from openinspector.api.call import Call, Caller, Service
from openinspector.api.operations.findings import list_findings
from openinspector.api.operations.usage import batch_get_free_trial_info
from openinspector.api.tokens import Tokens
from openinspector.organization.accounts import enable
from openinspector.store import Store
from openinspector.store.findings import put_findings
from tests.signals.exporting import ACCOUNT, REGION, clock, findings


@pytest.fixture
def service(store: Store) -> Service:
    def unknown() -> Any:
        raise AssertionError("lists need no advisories")

    return Service(store, Tokens(b"k" * 32), REGION, "aws", clock, unknown, 2_000)


def asked(service: Service, **given: Any) -> Call:
    return Call("ListFindings", given, Caller(ACCOUNT, "AKIA"), service, clock())


def test_what_is_being_written_slips_under_no_page(service: Service) -> None:
    everything = list(findings(6))
    with asked(service).write() as connection:
        put_findings(connection, [(each, None) for each in everything[::2]], clock())
    before = {each.finding_arn for each in everything[::2]}
    writer = asked(service)
    with writer.write() as connection:
        put_findings(connection, [(each, None) for each in everything[1::2]], writer.now)
        time.sleep(0.005)
        first = list_findings(asked(service, maxResults=1))
    arguments = {"maxResults": 100, "nextToken": first["nextToken"]}
    rest = list_findings(asked(service, **arguments))
    seen = b"".join(bytes(each) for each in [*first["findings"], *rest["findings"]])
    assert {each.finding_arn for each in everything if each.finding_arn.encode() in seen} == before
    shown = list_findings(asked(service, maxResults=100))["findings"]
    assert len(shown) == len(everything), "what was committed is shown at once"


def test_a_turn_dates_what_it_writes(service: Service) -> None:
    call = asked(service)
    came = call.now
    time.sleep(0.005)
    with call.write():
        assert call.now > came


def test_a_log_waits_for_no_turn(service: Service, store: Store) -> None:
    if store.is_sqlite:
        pytest.skip("an embedded database has one writer")
    with store.write(), store.append() as connection:
        put_findings(connection, [(each, None) for each in findings(1)], clock())


def test_trials_are_told_as_of_a_moment(service: Service, store: Store) -> None:
    start = clock() - 20 * 86_400_000
    with store.write() as connection:
        enable(connection, ACCOUNT, ["EC2"], start)
    call = asked(service, accountIds=[ACCOUNT])
    (now,) = batch_get_free_trial_info(call)["accounts"]
    call.at = start + 86_400_000
    (then,) = batch_get_free_trial_info(call)["accounts"]
    told = [each["freeTrialInfo"][0]["status"] for each in (now, then)]
    assert told == ["INACTIVE", "ACTIVE"]
