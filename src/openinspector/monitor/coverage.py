"""Rows of coverage for discovered resources: what is scanned, what is not, and why.

Source: spec/ec2-scanning.md 8, spec/ecr-scanning.md 2, 3, spec/lambda-scanning.md 2.
"""

from typing import Any

from sqlalchemy import Connection

from openinspector.model.discovered import Discovered
from openinspector.store.coverage import get_coverage, put_coverage

PACKAGE, NETWORK = "PACKAGE", "NETWORK"
PENDING, SUCCESSFUL = "PENDING_INITIAL_SCAN", "SUCCESSFUL"

_ACTIVE = frozenset({PENDING, SUCCESSFUL, "SCAN_FREQUENCY_SCAN_ON_PUSH", "PENDING_REVIVAL_SCAN"})
"""Reasons of resources that are monitored; every other one says why a resource is not."""


def tell(
    connection: Connection,
    found: Discovered,
    reason: str,
    now: int,
    *,
    scanned: bool = False,
    scan_type: str = PACKAGE,
) -> None:
    """Write the row of a resource; `scanned`: it was scanned just now."""
    put_coverage(
        connection,
        found.account,
        [row_of(connection, found, reason, now, scanned=scanned, scan_type=scan_type)],
        now,
    )


def row_of(
    connection: Connection,
    found: Discovered,
    reason: str,
    now: int,
    *,
    scanned: bool = False,
    scan_type: str = PACKAGE,
) -> dict[str, Any]:
    """The row in the shape of the API's `CoveredResource`; the time of the last scan stays."""
    row: dict[str, Any] = {
        "accountId": found.account,
        "resourceId": found.resource.id,
        "resourceType": found.resource.type,
        "scanType": scan_type,
        "scanStatus": {
            "statusCode": "ACTIVE" if reason in _ACTIVE else "INACTIVE",
            "reason": reason,
        },
        "resourceMetadata": found.metadata,
        "providerRegion": found.region,
    }
    if found.mode is not None and scan_type == PACKAGE:
        row["scanMode"] = found.mode
    before = get_coverage(connection, found.account, found.resource.id, scan_type)
    last = now / 1000 if scanned else (before or {}).get("lastScannedAt")
    if last is not None:
        row["lastScannedAt"] = last
    return row
