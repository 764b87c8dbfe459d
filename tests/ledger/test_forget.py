"""What goes with a scan type, and what the outbox tells of it."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from openinspector.ledger.forget import forget_findings, forget_types
from openinspector.model.finding import Finding, FindingType, ResourceType
from openinspector.store import Store
from openinspector.store.coverage import coverage, put_coverage
from openinspector.store.findings import finding, put_findings
from openinspector.store.packages import bind_inventories, inventory_of
from openinspector.store.schema import FOREVER
from openinspector.store.transitions import undelivered
from tests.signals.exporting import ACCOUNT, findings

OTHER = "9" * 12
PLACES: tuple[tuple[ResourceType, FindingType, str], ...] = (
    ("AWS_EC2_INSTANCE", "PACKAGE_VULNERABILITY", "PACKAGE"),
    ("AWS_EC2_INSTANCE", "NETWORK_REACHABILITY", "NETWORK"),
    ("MACHINE_IMAGE", "PACKAGE_VULNERABILITY", "PACKAGE"),
    ("AWS_ECR_CONTAINER_IMAGE", "PACKAGE_VULNERABILITY", "PACKAGE"),
    ("AWS_LAMBDA_FUNCTION", "PACKAGE_VULNERABILITY", "PACKAGE"),
    ("AWS_LAMBDA_FUNCTION", "CODE_VULNERABILITY", "CODE"),
    ("CODE_REPOSITORY", "PACKAGE_VULNERABILITY", "PACKAGE"),
)


def made(account: str) -> list[Finding]:
    """A finding of each kind at each place; the second one is closed already."""
    return [
        msgspec.structs.replace(
            each,
            finding_arn=f"arn:aws:inspector2:us-east-1:{account}:finding/{number:032x}",
            aws_account_id=account,
            type=kind,
            status="CLOSED" if number == 1 else "ACTIVE",
            resources=[msgspec.structs.replace(each.resources[0], id=place, type=place)],
        )
        for number, (each, (place, kind, _)) in enumerate(
            zip(findings(len(PLACES)), PLACES, strict=True)
        )
    ]


@pytest.fixture
def filled(store: Store) -> Store:
    with store.write() as connection:
        for account in (ACCOUNT, OTHER):
            put_findings(connection, [(each, None) for each in made(account)], 1)
            rows: list[dict[str, Any]] = [
                {
                    "accountId": account,
                    "resourceId": place,
                    "resourceType": place,
                    "scanType": scan,
                    "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
                }
                for place, _, scan in PLACES
            ]
            put_coverage(connection, account, rows, 1)
            bind_inventories(connection, account, {place: "d" for place, *_ in PLACES}, 1)
    return store


@pytest.mark.parametrize(
    ("types", "gone"),
    [
        (["EC2"], {0, 1, 2}),
        (["ECR"], {3}),
        (["LAMBDA", "LAMBDA_CODE"], {4, 5}),
        (["LAMBDA_CODE"], {5}),
        (["CODE_REPOSITORY", "ECR"], {3, 6}),
    ],
)
def test_what_a_type_found_goes_and_nothing_else(
    filled: Store, types: list[str], gone: set[int]
) -> None:
    with filled.write() as connection:
        forget_types(connection, ACCOUNT, types, 5)
    left = [each for number, each in enumerate(PLACES) if number not in gone]
    f, c = finding.c, coverage.c
    with filled.read() as connection:
        for account, places in ((ACCOUNT, left), (OTHER, list(PLACES))):
            present = select(f.resource_type, f.type).where(
                f.account == account, f.valid_to == FOREVER
            )
            shown = {tuple(row) for row in connection.execute(present)}
            assert shown == {(place, kind) for place, kind, _ in places}
            covered = select(c.resource_id, c.scan_type).where(
                c.account == account, c.valid_to == FOREVER
            )
            shown = {tuple(row) for row in connection.execute(covered)}
            assert shown == {(place, scan) for place, _, scan in places}
        held = {
            place for place, *_ in PLACES if inventory_of(connection, ACCOUNT, place) is not None
        }
        whole = {"LAMBDA_CODE"} == set(types)
        assert held == {place for place, *_ in (PLACES if whole else left)}
        told = [(each.kind, each.at, each.finding.type) for each in undelivered(connection, 99)]
    assert told == [("CLOSED", 5, PLACES[number][1]) for number in sorted(gone - {1})]


def test_all_of_an_account_goes(filled: Store) -> None:
    with filled.write() as connection:
        forget_findings(connection, ACCOUNT, 5)
    with filled.read() as connection:
        rows = connection.execute(select(finding.c.account).where(finding.c.valid_to == FOREVER))
        assert set(rows.scalars()) == {OTHER}
        assert len(undelivered(connection, 99)) == len(PLACES) - 1
