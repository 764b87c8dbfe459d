"""Rows of coverage for discovered resources: what is scanned, what is not, and why.

Source: spec/ec2-scanning.md 8, spec/ecr-scanning.md 2, 3, spec/lambda-scanning.md 2.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from openinspector.inventory.deep_inspection import reason_of as deep_reason
from openinspector.model import Coverage, Inventory
from openinspector.model.discovered import Discovered
from openinspector.store.coverage import coverage_rows, put_coverage

DEEP_INSPECTION = (
    "DEEP_INSPECTION_NO_INVENTORY",
    "DEEP_INSPECTION_PACKAGE_COLLECTION_LIMIT_EXCEEDED",
    "DEEP_INSPECTION_COLLECTION_TIME_LIMIT_EXCEEDED",
    "DEEP_INSPECTION_DAILY_SSM_INVENTORY_LIMIT_EXCEEDED",
)
"""Reasons of instances whose language packages are not all known; their systems' are."""

PACKAGE, NETWORK = "PACKAGE", "NETWORK"
PENDING, REVIVAL, SUCCESSFUL = "PENDING_INITIAL_SCAN", "PENDING_REVIVAL_SCAN", "SUCCESSFUL"
ON_PUSH = "SCAN_FREQUENCY_SCAN_ON_PUSH"

_ACTIVE = frozenset({PENDING, REVIVAL, SUCCESSFUL, ON_PUSH, *DEEP_INSPECTION})
"""Reasons of resources that are monitored; every other one says why a resource is not."""


def reason_of(found: Discovered, inventory: Inventory, parts: Iterable[Coverage]) -> str:
    """What coverage says of a resource that was scanned: whether that is all there is to know."""
    unjudged = any(each.part == "os-packages" and each.state == "not-scanned" for each in parts)
    if unjudged and found.resource.type in _HAVE_SYSTEMS:
        return "UNSUPPORTED_OS"
    if found.source.get("frequency") == "SCAN_ON_PUSH":
        return ON_PUSH
    partial = deep_reason(inventory) if found.mode == "EC2_SSM_AGENT_BASED" else None
    return partial or SUCCESSFUL


def is_outcome(reason: str) -> bool:
    """Whether a reason tells how a scan ended, rather than why there is none."""
    return reason in _ACTIVE or reason == "UNSUPPORTED_OS"


_HAVE_SYSTEMS = frozenset({"AWS_EC2_INSTANCE", "AWS_ECR_CONTAINER_IMAGE", "MACHINE_IMAGE"})


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
    tell_all(connection, [(found, reason)], now, scanned=scanned, scan_type=scan_type)


def tell_all(
    connection: Connection,
    told: Iterable[tuple[Discovered, str | None]],
    now: int,
    *,
    scanned: bool = False,
    scan_type: str = PACKAGE,
) -> None:
    """Write the rows of resources of one account, each with its reason; None: the one it has.

    `scanned`: they were scanned just now; else the time of the last scan stays.
    """
    several = list(told)
    if not several:
        return
    account = several[0][0].account
    names = [found.resource.id for found, _ in several]
    before = {} if scanned else coverage_rows(connection, account, names, scan_type)
    rows = []
    for found, reason in several:
        known = before.get(found.resource.id, {})
        reason = reason or known.get("scanStatus", {}).get("reason", PENDING)
        row = row_of(found, reason, now, scanned=scanned, scan_type=scan_type)
        if not scanned and "lastScannedAt" in known:
            row["lastScannedAt"] = known["lastScannedAt"]
        rows.append(row)
    put_coverage(connection, account, rows, now)


def row_of(
    found: Discovered,
    reason: str,
    now: int,
    *,
    scanned: bool = False,
    scan_type: str = PACKAGE,
) -> dict[str, Any]:
    """The row in the shape of the API's `CoveredResource`."""
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
    if scanned:
        row["lastScannedAt"] = now / 1000
    return row
