"""Joining an administrator: the account becomes a member, and what joins is switched on in it.

Source: spec/accounts.md 2.2 and 2.3.
"""

from sqlalchemy import Connection

from openinspector.organization.accounts import TYPES, enable
from openinspector.organization.directory import administrator_record, associate, organization_of
from openinspector.organization.scope import MEMBERSHIP, administrator_of
from openinspector.store.records import get_record, list_records

MOST_MEMBERS = 10_000
AUTO_ENABLE = "auto-enable"
"""Kind of the record of an organisation's automatic enablement (owner: organisation)."""


def count_members(connection: Connection, administrator: str, at: int | None = None) -> int:
    """How many accounts are members of an administrator."""
    members = list_records(connection, MEMBERSHIP, [administrator], at=at)
    return sum(each.body["relationshipStatus"] == "ENABLED" for each in members)


def join(connection: Connection, account: str, now: int) -> bool:
    """Make an account a member of its organisation's administrator; whether it became one.

    It does not when it is a member already, has no administrator to join, or would be one member
    too many (10,000).
    """
    organization = organization_of(connection, account)
    administrator = administrator_record(connection, organization.id) if organization else None
    if organization is None or administrator is None or administrator == account:
        return False
    if administrator_of(connection, account) == administrator:
        return False
    if count_members(connection, administrator) >= MOST_MEMBERS:
        return False
    associate(connection, administrator, account, now)
    automatic = get_record(connection, AUTO_ENABLE, organization.id, "types")
    if automatic is not None:
        enable(
            connection, account, [e for e, member in TYPES.items() if automatic.get(member)], now
        )
    return True
