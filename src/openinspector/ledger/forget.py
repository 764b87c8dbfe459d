"""What goes when an account switches scan types off (spec/accounts.md 1.1, 8).

It ends at once, also where nobody scans AWS: nothing lists it any more, and the outbox says of what
was open that it closed. A later scan that is handed in is recorded again.
"""

from collections.abc import Collection, Iterable, Mapping

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, or_, select, true, update

from openinspector.ledger.reconcile import RESOURCE_GONE, closed
from openinspector.model.finding import Finding
from openinspector.store.coverage import coverage
from openinspector.store.findings import finding
from openinspector.store.packages import resource_inventory
from openinspector.store.records import record
from openinspector.store.schema import FOREVER
from openinspector.store.transitions import append_transitions

_SETTINGS = ("filter", "configuration", "deep-inspection", "encryption-key", "cis-configuration",
             "code-integration", "code-scan-configuration", "connector",
             "connector-scan-configuration", "auto-enable")  # fmt: skip
_OF_CODE = ("code-integration", "code-scan-configuration")
_SCANNED: Mapping[str, tuple[str, ...]] = {
    "EC2": ("AWS_EC2_INSTANCE", "MACHINE_IMAGE"),
    "ECR": ("AWS_ECR_CONTAINER_IMAGE", "AWS_ECR_REPOSITORY"),
    "LAMBDA": ("AWS_LAMBDA_FUNCTION",),
    "CODE_REPOSITORY": ("CODE_REPOSITORY",),
}
"""Resource types that a scan type scans, and that are not covered without it."""
_BATCH = 500


def forget_findings(connection: Connection, account: str, now: int) -> None:
    """Let the findings and coverage of an account end; what it chose stays."""
    _end_findings(connection, account, true(), now)
    for table in (coverage, resource_inventory):
        connection.execute(
            update(table)
            .where(table.c.account == account, table.c.valid_to == FOREVER)
            .values(valid_to=now)
        )


def forget_types(connection: Connection, account: str, types: Collection[str], now: int) -> None:
    """Let what some scan types found in an account end; settings stay.

    Code scanning of functions alone (`LAMBDA_CODE`) takes what was found in their code.
    """
    resources = [name for each in types for name in _SCANNED.get(each, ())]
    f, c, r = finding.c, coverage.c, resource_inventory.c
    found: list[ColumnElement[bool]] = [f.resource_type.in_(resources)]
    covered: list[ColumnElement[bool]] = [c.resource_type.in_(resources)]
    if "LAMBDA_CODE" in types:
        functions = _SCANNED["LAMBDA"]
        found.append(and_(f.resource_type.in_(functions), f.type == "CODE_VULNERABILITY"))
        covered.append(and_(c.resource_type.in_(functions), c.scan_type == "CODE"))
    _end_findings(connection, account, or_(*found), now)
    held = select(c.resource_id).where(c.account == account, c.valid_to == FOREVER, covered[0])
    connection.execute(
        update(resource_inventory)
        .where(r.account == account, r.valid_to == FOREVER, r.resource_id.in_(held))
        .values(valid_to=now)
    )
    connection.execute(
        update(coverage)
        .where(c.account == account, c.valid_to == FOREVER, or_(*covered))
        .values(valid_to=now)
    )


def _end_findings(
    connection: Connection, account: str, which: ColumnElement[bool], now: int
) -> None:
    """Let some findings of an account end; what was open is told to have closed."""
    present = and_(finding.c.account == account, finding.c.valid_to == FOREVER, which)
    bodies = select(finding.c.row_id, finding.c.body).where(present, finding.c.status != "CLOSED")
    decoder = msgspec.json.Decoder(Finding)
    last = 0
    while rows := connection.execute(
        bodies.where(finding.c.row_id > last).order_by(finding.c.row_id).limit(_BATCH)
    ).all():
        last = rows[-1].row_id
        gone = (closed(decoder.decode(row.body), RESOURCE_GONE, now / 1000) for row in rows)
        append_transitions(connection, gone, now)
    connection.execute(update(finding).where(present).values(valid_to=now))


def forget_account(connection: Connection, account: str, owner: str, now: int) -> None:
    """Let the findings, coverage, filters and settings of an account end.

    `owner` is whose its filters are: the organisation, for a delegated administrator.
    """
    forget_findings(connection, account, now)
    _end_settings(connection, {account, owner}, _SETTINGS, now)


def forget_code(connection: Connection, account: str, owner: str, now: int) -> None:
    """Let an account's connections to code and how they are scanned end; `owner` as above."""
    _end_settings(connection, {account, owner}, _OF_CODE, now)


def _end_settings(
    connection: Connection, owners: Collection[str], kinds: Iterable[str], now: int
) -> None:
    rows = select(record.c.row_id).where(
        record.c.owner.in_(owners), record.c.kind.in_(kinds), record.c.valid_to == FOREVER
    )
    connection.execute(update(record).where(record.c.row_id.in_(rows)).values(valid_to=now))
