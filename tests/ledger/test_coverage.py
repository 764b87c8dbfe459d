"""Statistics of coverage on both databases, by every group that there is."""

import pytest

from openinspector.ledger.coverage import GROUPS, statistics
from openinspector.store import Store
from openinspector.store.coverage import put_coverage

ACCOUNT = "1" * 12


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_every_group_counts(store: Store, group: str) -> None:
    row = {
        "resourceId": "i-0123456789abcdef0",
        "resourceType": "AWS_EC2_INSTANCE",
        "scanType": "PACKAGE",
        "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
        "providerRegion": "us-east-1",
    }
    with store.write() as connection:
        put_coverage(connection, ACCOUNT, [row], 1)
    with store.read() as connection:
        total, groups, position = statistics(connection, [ACCOUNT], {}, group, 5, None, 2)
    empty = group in ("ECR_REPOSITORY_NAME", "PROVIDER_ORG_ID")
    assert (total, [number for _, number in groups], position) == (1, [] if empty else [1], None)
