"""What goes when an account switches everything off (spec/accounts.md 1.1, 8)."""

from sqlalchemy import Connection, select, update

from openinspector.store.coverage import coverage
from openinspector.store.findings import finding
from openinspector.store.packages import resource_inventory
from openinspector.store.records import record
from openinspector.store.schema import FOREVER

_SETTINGS = ("filter", "configuration", "deep-inspection", "encryption-key", "cis-configuration",
             "code-integration", "code-scan-configuration", "connector",
             "connector-scan-configuration", "auto-enable")  # fmt: skip


def forget_findings(connection: Connection, account: str, now: int) -> None:
    """Let the findings and coverage of an account end; what it chose stays."""
    for table in (finding, coverage, resource_inventory):
        connection.execute(
            update(table)
            .where(table.c.account == account, table.c.valid_to == FOREVER)
            .values(valid_to=now)
        )


def forget_account(connection: Connection, account: str, owner: str, now: int) -> None:
    """Let the findings, coverage, filters and settings of an account end.

    `owner` is whose its filters are: the organisation, for a delegated administrator.
    """
    forget_findings(connection, account, now)
    rows = select(record.c.row_id).where(
        record.c.owner.in_({account, owner}),
        record.c.kind.in_(_SETTINGS),
        record.c.valid_to == FOREVER,
    )
    connection.execute(update(record).where(record.c.row_id.in_(rows)).values(valid_to=now))
