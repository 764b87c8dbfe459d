"""Usage as it is charged: hours of coverage, scans of images, and what they cost by the list."""

from typing import Any

import pytest

from openinspector.organization.usage import WINDOW, usage
from openinspector.store import Store
from openinspector.store.coverage import end_coverage, put_coverage
from openinspector.store.packages import bind_inventory
from openinspector.store.scan_counts import DAY, count_scans

ACCOUNT, OTHER = "1" * 12, "2" * 12
HOUR = 3_600_000
START = 20_000 * DAY
IMAGE = "arn:aws:ecr:us-east-1:111111111111:repository/shop/sha256:" + "a" * 64


def instance(mode: str, code: str = "ACTIVE") -> dict[str, Any]:
    return {
        "resourceId": "i-0123456789abcdef0",
        "resourceType": "AWS_EC2_INSTANCE",
        "scanType": "PACKAGE",
        "scanMode": mode,
        "scanStatus": {"statusCode": code, "reason": "SUCCESSFUL"},
        "accountId": ACCOUNT,
    }


def used(store: Store, now: int, account: str = ACCOUNT) -> dict[str, tuple[float, float | None]]:
    with store.read() as connection:
        rows = usage(connection, [account], now)[account]
    assert all(row["currency"] == "USD" for row in rows)
    return {row["type"]: (row["total"], row["estimatedMonthlyCost"]) for row in rows}


def test_hours_are_those_of_active_coverage_in_each_mode(store: Store) -> None:
    steps = [
        ("EC2_SSM_AGENT_BASED", "ACTIVE", 0),
        ("EC2_AGENTLESS", "ACTIVE", 10),
        ("EC2_AGENTLESS", "INACTIVE", 16),
        ("EC2_SSM_AGENT_BASED", "ACTIVE", 20),
    ]
    for mode, code, hour in steps:
        with store.write() as connection:
            put_coverage(connection, ACCOUNT, [instance(mode, code)], START + hour * HOUR)
    with store.write() as connection:
        end_coverage(connection, ACCOUNT, [instance("")["resourceId"]], START + 21 * HOUR)
    totals = used(store, START + 30 * HOUR)
    assert totals["EC2_INSTANCE_HOURS"] == pytest.approx((11, 11 * 1.25 / 720))
    assert totals["EC2_AGENTLESS_INSTANCE_HOURS"] == pytest.approx((6, 6 * 1.75 / 720))
    assert used(store, START + 5 * HOUR)["EC2_INSTANCE_HOURS"][0] == 5, "as of a past moment"
    assert used(store, START + WINDOW + 30 * HOUR) == {}
    assert used(store, START + 30 * HOUR, OTHER) == {}


def test_the_first_scan_of_an_image_and_each_later_one_are_counted(store: Store) -> None:
    for day in (0, 0, 1, 5):
        at = START + day * DAY
        with store.write() as connection:
            count_scans(connection, ACCOUNT, {IMAGE: "AWS_ECR_CONTAINER_IMAGE", "i-1": "X"}, at)
            bind_inventory(connection, ACCOUNT, IMAGE, "digest", at)
    totals = used(store, START + 6 * DAY)
    assert totals == {
        "ECR_INITIAL_SCAN": pytest.approx((1, 0.09)),
        "ECR_RESCAN": pytest.approx((3, 0.03)),
    }
    assert used(store, START + DAY + 1)["ECR_RESCAN"][0] == 2, "as of a past moment"
    later = used(store, START + WINDOW + DAY)
    assert later == {"ECR_RESCAN": pytest.approx((2, 0.02))}, "the window moves on"


def test_what_has_no_published_price_has_no_cost(store: Store) -> None:
    with store.write() as connection:
        count_scans(connection, ACCOUNT, {"project": "CODE_REPOSITORY"}, START)
    assert used(store, START + 1) == {"CODE_REPOSITORY_SCA": (1, None)}
