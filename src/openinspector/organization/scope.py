"""Whose data a caller may see: its own, and its members' when it is the delegated administrator."""

from sqlalchemy import Connection

from openinspector.store.records import get_record, list_records

ADMINISTRATOR = "delegated-administrator"
"""Kind of the record that names an organisation's administrator (owner: organisation id)."""
MEMBERSHIP = "member"
"""Kind of the records of associated accounts (owner: administrator's account, key: member)."""


def visible_accounts(
    connection: Connection, account: str, at: int | None = None
) -> tuple[str, ...]:
    """The accounts whose findings, coverage and usage `account` may read, its own first."""
    members = [
        record.key
        for record in list_records(connection, MEMBERSHIP, [account], at=at)
        if record.body.get("relationshipStatus") == "ENABLED" and record.key != account
    ]
    return (account, *members)


def administrator_of(connection: Connection, account: str, at: int | None = None) -> str | None:
    """The delegated administrator with which an account is associated; None when standalone."""
    body = get_record(connection, "membership-of", account, account, at)
    return None if body is None else body["administrator"]
