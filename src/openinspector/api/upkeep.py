"""What the service does by itself every minute: rules expire, old findings go, silence is told."""

from openinspector.ledger.forget import forget_findings
from openinspector.ledger.hosts import tell_silent
from openinspector.ledger.retention import drop_old
from openinspector.ledger.suppression import expire, reapply, rules_for
from openinspector.organization.directory import suspended_before
from openinspector.organization.scope import ADMINISTRATOR, accounts_ruled
from openinspector.store import Store
from openinspector.store.records import list_records

SUSPENDED_DAYS = 90
"""How long the findings of an account that AWS suspended are kept (spec/accounts.md 8)."""


def run_once(store: Store, now: int) -> None:
    """One round; `now` is in epoch milliseconds."""
    with store.write() as connection:
        for owner in expire(connection, now):
            account = next(
                (
                    str(record.body["accountId"])
                    for record in list_records(connection, ADMINISTRATOR, [owner])
                ),
                owner,
            )
            accounts = accounts_ruled(connection, account)
            if accounts:
                reapply(connection, accounts, rules_for(connection, owner, now), now)
    with store.write() as connection:
        drop_old(connection, now)
        tell_silent(connection, now)
        for account in suspended_before(connection, now - SUSPENDED_DAYS * 86_400_000):
            forget_findings(connection, account, now)
    store.optimize()
