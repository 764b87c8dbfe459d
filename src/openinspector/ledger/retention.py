"""Closed findings are kept for a while, then dropped (spec/findings.md 8.3)."""

from sqlalchemy import Connection, and_, or_, select

from openinspector.ledger.reconcile import RESOURCE_GONE
from openinspector.store.findings import drop_findings, finding
from openinspector.store.schema import FOREVER

DAY = 86_400_000
GONE_DAYS, OTHER_DAYS = 3, 30
_MOST = 5_000


def drop_old(connection: Connection, now: int) -> int:
    """Drop closed findings whose time is over, at most 5,000 a round; how many."""
    f = finding.c
    gone = f.closed_because == RESOURCE_GONE
    arns = connection.execute(
        select(f.arn)
        .where(f.valid_to == FOREVER, f.status == "CLOSED")
        .where(
            or_(
                and_(gone, f.valid_from <= now - GONE_DAYS * DAY),
                and_(~gone, f.valid_from <= now - OTHER_DAYS * DAY),
            )
        )
        .limit(_MOST)
    ).scalars()
    old = list(arns)
    drop_findings(connection, old, now)
    return len(old)
