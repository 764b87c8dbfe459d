"""What accounts used in the last thirty days, and what it would cost (spec/usage-and-cost.md).

Hours are those in which coverage of a resource was active; images and projects are counted by their
scans, in whole days.
"""

import json
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import Connection, select

from openinspector.store.coverage import coverage
from openinspector.store.scan_counts import scans_of

WINDOW = 30 * 86_400_000
_HOUR = 3_600_000

_HOURS: dict[tuple[str, str, str | None], str] = {
    ("AWS_EC2_INSTANCE", "PACKAGE", "EC2_SSM_AGENT_BASED"): "EC2_INSTANCE_HOURS",
    ("AWS_EC2_INSTANCE", "PACKAGE", "EC2_AGENTLESS"): "EC2_AGENTLESS_INSTANCE_HOURS",
    ("AWS_LAMBDA_FUNCTION", "PACKAGE", None): "LAMBDA_FUNCTION_HOURS",
    ("AWS_LAMBDA_FUNCTION", "CODE", None): "LAMBDA_FUNCTION_CODE_HOURS",
}
"""Resource type, scan type and mode -> the usage type that counts hours."""


@cache
def prices() -> dict[str, Any]:
    """The price list."""
    text = files("openinspector.organization").joinpath("prices.json").read_text()
    table: dict[str, Any] = json.loads(text)
    return table


def usage(
    connection: Connection, accounts: Sequence[str], now: int
) -> dict[str, list[dict[str, Any]]]:
    """Usage rows of each account by type, in the shape of the API's `Usage`."""
    c = coverage.c
    rows = connection.execute(
        select(c.account, c.resource_type, c.scan_type, c.scan_mode, c.status_code,
               c.valid_from, c.valid_to)
        .where(c.account.in_(list(accounts)), c.valid_to > now - WINDOW, c.valid_from <= now)
        .order_by(c.row_id)
    )  # fmt: skip
    totals: dict[str, Counter[str]] = {account: Counter() for account in accounts}
    for account, kind, scan, mode, status, since, until in rows:
        if status == "ACTIVE" and (name := _HOURS.get((kind, scan, mode))):
            spent = min(until, now) - max(since, now - WINDOW)
            totals[account][name] += spent  # milliseconds; hours below
    for account, name, number in scans_of(connection, accounts, now - WINDOW, now):
        totals[account][name] += number
    return {
        account: [_row(*item) for item in counted.items()] for account, counted in totals.items()
    }


def _row(name: str, amount: float) -> dict[str, Any]:
    table = prices()
    cost: float | None
    if name in table["per_month"]:
        total = amount / _HOUR
        cost = total * table["per_month"][name] / table["hours_of_a_month"]
    else:
        total = float(amount)
        # Some things have no published price; nothing is made up for them.
        cost = total * table["each"][name] if name in table["each"] else None
    return {
        "type": name,
        "total": total,
        "estimatedMonthlyCost": cost,
        "currency": table["currency"],
    }
