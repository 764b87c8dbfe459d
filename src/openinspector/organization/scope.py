"""Whose data a caller may see: its own, and its members' when it is the delegated administrator."""

from sqlalchemy import Connection

from openinspector.store.records import get_record, list_records

ADMINISTRATOR = "delegated-administrator"
"""Kind of the record that names an organisation's administrator (owner: organisation id)."""
MEMBERSHIP = "member"
"""Kind of the records of associated accounts (owner: administrator's account, key: member)."""
MEMBER_OF = "membership-of"
"""Kind of the record that names an account's administrator (owner and key: the account)."""


def visible_accounts(
    connection: Connection, account: str, at: int | None = None
) -> tuple[str, ...]:
    """The accounts whose findings, coverage and usage `account` may read, its own first.

    Of the past it may read those that were its members then and still are: who was let go is seen
    no longer, not even as it was.
    """
    members = _members(connection, account, None)
    if at is not None:
        then = set(_members(connection, account, at))
        members = [each for each in members if each in then]
    return (account, *members)


def _members(connection: Connection, account: str, at: int | None) -> list[str]:
    return [
        record.key
        for record in list_records(connection, MEMBERSHIP, [account], at=at)
        if record.body.get("relationshipStatus") == "ENABLED" and record.key != account
    ]


def administrator_of(connection: Connection, account: str, at: int | None = None) -> str | None:
    """The delegated administrator with which an account is associated; None when standalone.

    Of the past: the one that was then, if it is still.
    """
    body = get_record(connection, MEMBER_OF, account, account)
    if at is not None and get_record(connection, MEMBER_OF, account, account, at) != body:
        return None
    return None if body is None else body["administrator"]


def owner_of(connection: Connection, account: str, at: int | None = None) -> str:
    """Whose the filters and rules of an account are.

    An organisation's for its delegated administrator, else the account's own. Of the past: the
    organisation's only if the account administered it then and still does.
    """
    owner = _administers(connection, account, None)
    if at is not None and _administers(connection, account, at) != owner:
        return account
    return owner or account


def _administers(connection: Connection, account: str, at: int | None) -> str | None:
    for record in list_records(connection, ADMINISTRATOR, at=at):
        if record.body.get("accountId") == account:
            return record.owner
    return None


def ruler_of(connection: Connection, account: str, at: int | None = None) -> str:
    """Whose rules hide an account's findings: its administrator's, else its own."""
    administrator = administrator_of(connection, account, at)
    return owner_of(connection, administrator or account, at)


def accounts_ruled(connection: Connection, account: str) -> tuple[str, ...]:
    """The accounts whose findings the rules of `account` hide: what it sees, unless a member."""
    if administrator_of(connection, account) is not None:
        return ()
    return visible_accounts(connection, account)
