"""Suppression rules: which findings they hide, and what happens when a rule comes, changes or goes.

Source: spec/filters-and-suppression.md 4. Rules may carry, beyond the API, an expiry in the tag
`openinspector:expires` (ISO 8601): from then on they hide nothing.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, false, not_, or_, select

from openinspector.ledger.criteria import Criteria, condition, matches
from openinspector.ledger.query import of_accounts
from openinspector.ledger.reconcile import restated
from openinspector.model.finding import Finding
from openinspector.store.findings import finding, put_findings
from openinspector.store.records import list_records, put_record
from openinspector.store.schema import FOREVER, in_batches
from openinspector.store.transitions import Transition, append_transitions

FILTER = "filter"
"""Kind of the records that hold filters and rules."""
EXPIRES_TAG = "openinspector:expires"
EXPIRED = "expiredAt"
"""Member of a record's body: when its expiry was acted on, in epoch seconds."""

_BATCH = 500
_IGNORED = frozenset({"findingStatus"})
"""Criteria that have no stable sense in a rule: a rule changes the status itself."""

_log = logging.getLogger(__name__)


def rules_for(connection: Connection, owner: str, now: int) -> list[Criteria]:
    """The criteria of an owner's rules that hold now (epoch milliseconds)."""
    return [
        {name: tests for name, tests in each.body["criteria"].items() if name not in _IGNORED}
        for each in list_records(connection, FILTER, [owner])
        if each.body["action"] == "SUPPRESS" and not is_expired(each.body, now)
    ]


def suppressed_by(rules: Sequence[Criteria], each: Finding) -> bool:
    """Whether any rule hides a finding."""
    return any(matches(rule, each) for rule in rules)


def expiry(tags: Mapping[str, str]) -> int | None:
    """When a rule ends, in epoch milliseconds. Raises ValueError when the tag holds no date."""
    text = tags.get(EXPIRES_TAG)
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def is_expired(body: Mapping[str, Any], now: int) -> bool:
    """Whether a rule's expiry has passed."""
    end = expiry(body.get("tags") or {})
    return end is not None and end <= now


def reapply(
    connection: Connection, accounts: Sequence[str], rules: Sequence[Criteria], now: int
) -> int:
    """Bring the findings of accounts in line with the rules; how many changed.

    Closed findings are left alone. `now` is in epoch milliseconds.
    """
    hides = or_(false(), *(condition(rule) for rule in rules))
    shown = and_(finding.c.status == "ACTIVE", hides)
    hidden = and_(finding.c.status == "SUPPRESSED", not_(hides))
    count = 0
    for wanted, hide in ((shown, True), (hidden, False)):
        count += _restate(connection, accounts, wanted, hide, now)
    return count


def _restate(
    connection: Connection,
    accounts: Sequence[str],
    wanted: ColumnElement[bool],
    hide: bool,
    now: int,
) -> int:
    decoder = msgspec.json.Decoder(Finding)
    rows = connection.execute(
        select(finding.c.row_id)
        .where(of_accounts(accounts), finding.c.valid_to == FOREVER, wanted)
        .order_by(finding.c.row_id)
    ).scalars()
    count = 0
    for batch in in_batches(rows.all(), _BATCH):
        bodies = connection.execute(
            select(finding.c.body).where(finding.c.row_id.in_(batch)).order_by(finding.c.row_id)
        ).scalars()
        changes: list[Transition] = [
            restated(decoder.decode(body), hide, now / 1000) for body in bodies
        ]
        put_findings(connection, [(each.finding, None) for each in changes], now)
        append_transitions(connection, changes, now)
        count += len(changes)
    return count


def expire(connection: Connection, now: int) -> list[str]:
    """Mark the rules whose expiry has just passed; their owners, whose findings want `reapply`."""
    owners = []
    for each in list_records(connection, FILTER):
        body = each.body
        if body["action"] == "SUPPRESS" and is_expired(body, now) and EXPIRED not in body:
            _log.warning("suppression rule %s (%s) has expired", body["name"], body["arn"])
            put_record(connection, FILTER, each.owner, each.key, {**body, EXPIRED: now / 1000}, now)
            owners.append(each.owner)
    return owners
