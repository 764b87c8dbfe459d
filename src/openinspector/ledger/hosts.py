"""Hosts outside AWS: they report by themselves, and nobody can look whether they are still there.

One that was silent for as long as makes an instance's inventory stale (spec/ec2-scanning.md 8) says
so in its coverage. Its findings stay: nobody knows that they are fixed.
"""

from datetime import timedelta

from sqlalchemy import Connection

from openinspector.store.coverage import get_coverage, put_coverage
from openinspector.store.records import end_record, get_record, list_records, put_record

STALE = timedelta(days=7)
"""Age of an inventory that says nothing any more (spec/ec2-scanning.md 8)."""
STALE_REASON = "STALE_INVENTORY"
_KIND = "host-report"
_HOUR = 3_600_000
_PACKAGE = "PACKAGE"


def note_report(connection: Connection, account: str, resource_id: str, now: int) -> None:
    """A host reported just now (epoch milliseconds); kept to the hour."""
    known = get_record(connection, _KIND, account, resource_id)
    if known is None or now - known["at"] >= _HOUR:
        put_record(connection, _KIND, account, resource_id, {"at": now}, now)


def forget_reports(connection: Connection, account: str, resource_id: str, now: int) -> None:
    """A host is gone, and expected no more."""
    end_record(connection, _KIND, account, resource_id, now)


def tell_silent(connection: Connection, now: int) -> int:
    """Have coverage say which hosts fell silent since it was last looked; how many."""
    before = now - STALE // timedelta(milliseconds=1)
    silent = list_records(connection, _KIND, written_before=before)
    for each in silent:
        row = get_coverage(connection, each.owner, each.key, _PACKAGE)
        if row is not None:
            row["scanStatus"] = {"statusCode": "INACTIVE", "reason": STALE_REASON}
            put_coverage(connection, each.owner, [row], now)
        forget_reports(connection, each.owner, each.key, now)
    return len(silent)
