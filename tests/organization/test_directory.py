"""Organisations that change: who leaves one, moves or is let go is seen by nobody there."""

from typing import Any

import pytest

from openinspector.api.operations.members import take_organization
from openinspector.api.upkeep import run_once
from openinspector.ledger.coverage import list_coverage
from openinspector.ledger.forget import forget_account
from openinspector.model import OpenInspectorError
from openinspector.organization.accounts import enabled_types, status_of, statuses
from openinspector.organization.directory import (
    administrator_record,
    dissociate,
    enforced_types,
    is_suspended,
    organization_of,
    read_organization,
)
from openinspector.organization.joining import AUTO_ENABLE
from openinspector.organization.scope import administrator_of, visible_accounts
from openinspector.store import Store
from openinspector.store.coverage import put_coverage
from openinspector.store.records import get_record, list_records, put_record

A, B, C, D = (digit * 12 for digit in "1234")
ONE, OTHER = "o-aaaaaaaaaa", "o-bbbbbbbbbb"


def take(
    store: Store, identity: str, accounts: list[str], administrator: str | None, now: int
) -> None:
    document = {
        "organization": identity,
        "management_account": accounts[0],
        "delegated_administrator": administrator,
        "accounts": [{"id": each} for each in accounts],
    }
    with store.write() as connection:
        take_organization(connection, read_organization(document, "file"), now)


def test_an_administrator_that_leaves_rules_nobody(store: Store) -> None:
    take(store, ONE, [A, B, C], B, 1)
    take(store, ONE, [A, C], None, 2)
    with store.read() as connection:
        assert visible_accounts(connection, B) == (B,)
        assert administrator_of(connection, C) is None
        assert administrator_record(connection, ONE) is None
        assert visible_accounts(connection, B, 1) == (B,)


def test_an_account_that_moves_is_no_longer_seen_where_it_was(store: Store) -> None:
    take(store, ONE, [A, B, C], B, 1)
    take(store, OTHER, [D, C], None, 2)
    with store.read() as connection:
        assert visible_accounts(connection, B) == (B, A)
        assert organization_of(connection, A) is not None
    take(store, ONE, [A, B], B, 3)
    with store.read() as connection:
        now = organization_of(connection, C)
        assert now is not None
        assert now.id == OTHER


def test_importing_again_changes_nothing(store: Store) -> None:
    take(store, ONE, [A, B, C], B, 1)
    with store.write() as connection:
        dissociate(connection, C, "REMOVED", 2)
        before = connection.exec_driver_sql("SELECT count(*) FROM record").scalar()
    take(store, ONE, [A, B, C], B, 3)
    with store.read() as connection:
        assert visible_accounts(connection, B) == (B, A)
        assert connection.exec_driver_sql("SELECT count(*) FROM record").scalar() == before


def test_a_new_account_joins(store: Store) -> None:
    take(store, ONE, [A, B], B, 1)
    take(store, ONE, [A, B, C], B, 2)
    with store.read() as connection:
        assert administrator_of(connection, C) == B


def test_what_joins_by_import_is_switched_on_as_chosen(store: Store) -> None:
    take(store, ONE, [A, B], B, 1)
    with store.write() as connection:
        put_record(connection, AUTO_ENABLE, ONE, "types", {"ec2": True, "ecr": False}, 1)
    take(store, ONE, [A, B, C], B, 2)
    with store.read() as connection:
        assert set(enabled_types(connection, C)) == {"EC2"}
        assert not enabled_types(connection, A)


def test_nobody_joins_a_full_administrator(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openinspector.organization.joining.MOST_MEMBERS", 1)
    take(store, ONE, [A, B, C], B, 1)
    with store.read() as connection:
        assert visible_accounts(connection, B) == (B, A)


def test_a_suspended_account_is_said_to_be(store: Store) -> None:
    accounts = [{"id": A}, {"id": B}, {"id": C, "status": "SUSPENDED"}]
    document = {"organization": ONE, "management_account": A, "accounts": accounts}
    with store.write() as connection:
        take_organization(connection, read_organization(document, "file"), 1)
    with store.read() as connection:
        assert [is_suspended(connection, each) for each in (A, C, D)] == [False, True, False]
    assert statuses(["EC2"], suspended=True)["ec2"] == "SUSPENDED"
    assert statuses(["EC2"], suspended=True)["ecr"] == "DISABLED"
    assert status_of([], suspended=True) == "SUSPENDED"


def test_a_policy_of_the_organisation_switches_on(store: Store) -> None:
    accounts = [{"id": A}, {"id": B}, {"id": C, "policy": ["EC2", "ECR"]}]
    document = {"organization": ONE, "management_account": A, "accounts": accounts}
    with store.write() as connection:
        take_organization(connection, read_organization(document, "file"), 1)
        assert enforced_types(connection, C) == ("EC2", "ECR")
        assert set(enabled_types(connection, C)) == {"EC2", "ECR"}
        assert enforced_types(connection, A) == ()
    del accounts[2]["policy"]
    with store.write() as connection:
        take_organization(connection, read_organization(document, "file"), 2)
        assert enforced_types(connection, C) == ()
        assert set(enabled_types(connection, C)) == {"EC2", "ECR"}, "the last state stays"


def test_the_findings_of_a_suspended_account_go_after_ninety_days(store: Store) -> None:
    day = 86_400_000
    accounts = [{"id": A}, {"id": C, "status": "SUSPENDED"}]
    document = {"organization": ONE, "management_account": A, "accounts": accounts}
    for moment in (day, 50 * day):
        with store.write() as connection:
            take_organization(connection, read_organization(document, "file"), moment)
            put_coverage(connection, C, [COVERED], day)
    for now, left in ((91 * day, 1), (92 * day, 0)):
        run_once(store, now)
        with store.read() as connection:
            rows, _ = list_coverage(connection, [C], {}, 10, None, now)
            assert len(rows) == left


COVERED = {
    "accountId": C,
    "resourceId": "i-1",
    "resourceType": "AWS_EC2_INSTANCE",
    "scanType": "PACKAGE",
    "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
}


def test_what_a_disabled_administrator_chose_for_its_organisation_goes(store: Store) -> None:
    with store.write() as connection:
        put_record(connection, "filter", ONE, "0" * 16, {"arn": "x"}, 1)
        put_record(connection, "auto-enable", ONE, "types", {"ec2": True}, 1)
        forget_account(connection, B, ONE, 2)
        assert list_records(connection, "filter", [ONE]) == []
        assert get_record(connection, "auto-enable", ONE, "types") is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"accounts": 5}, "must be a list"),
        ({"accounts": [{"id": 111111111111}]}, "account 1 must have"),
        ({"accounts": [{"id": A}, {"id": A}]}, "listed twice"),
        ({"accounts": [{"id": A, "status": "GONE"}]}, f"account {A}"),
        ({"accounts": [{"id": A, "policy": ["EC3"]}]}, "EC3"),
        ({"accounts": [{"id": A, "policy": "EC2"}]}, "lists scan types"),
        ({"delegated_administrator": [A]}, "delegated_administrator"),
        ({"management_account": D}, "management_account"),
        ({"organization": "x"}, "organization"),
    ],
)
def test_files_that_are_wrong_are_refused_by_name(change: dict[str, Any], words: str) -> None:
    document = {"organization": ONE, "management_account": A, "accounts": [{"id": A}], **change}
    with pytest.raises(OpenInspectorError, match=words) as refused:
        read_organization(document, "accounts.yaml")
    assert str(refused.value).startswith("accounts.yaml:")


def test_the_unit_of_an_account_is_kept() -> None:
    entry = {"id": A, "ou": "ou-ab12-cd34"}
    document = {"organization": ONE, "management_account": A, "accounts": [entry]}
    assert read_organization(document, "file").accounts[A].unit == "ou-ab12-cd34"


def test_the_past_of_who_was_let_go_is_seen_no_longer(store: Store) -> None:
    take(store, ONE, [A, B, C, D], B, 1)
    with store.write() as connection:
        dissociate(connection, C, "REMOVED", 5)
    with store.read() as connection:
        assert set(visible_accounts(connection, B, 3)) == {A, B, D}
        assert set(visible_accounts(connection, B)) == {A, B, D}
        assert visible_accounts(connection, B, 0) == (B,)
