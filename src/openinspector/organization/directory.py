"""Organisations as they are known here: their accounts and who manages them.

They come from a file or from AWS Organizations; nothing here asks AWS.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection

from openinspector.model import OpenInspectorError
from openinspector.organization.accounts import TYPES
from openinspector.organization.scope import ADMINISTRATOR, MEMBER_OF, MEMBERSHIP
from openinspector.store.records import end_record, get_record, list_records, put_record

ORGANIZATION = "organization"
"""Kind of the record of an organisation (owner and key: its identifier)."""
BELONGS = "organization-of"
"""Kind of the record that names an account's organisation (owner and key: the account)."""


class KnownAccount(msgspec.Struct, frozen=True, omit_defaults=True):
    """An account of an organisation; `status` is ACTIVE or SUSPENDED.

    `suspended_at`: since when it is known to be suspended (epoch milliseconds). `enforced`: the
    scan types that an organisation policy switches on (spec/accounts.md 2.4).
    """

    id: str
    name: str = ""
    status: str = "ACTIVE"
    unit: str = ""
    suspended_at: int | None = None
    enforced: tuple[str, ...] = ()


class Organization(msgspec.Struct, frozen=True):
    """An organisation: identifier, management account, accounts by identifier."""

    id: str
    management: str
    accounts: dict[str, KnownAccount]
    administrator: str | None = None
    """Who shall be the delegated administrator; None leaves it as it is."""


def is_account(text: object) -> bool:
    """Whether a value is an account's identifier."""
    return isinstance(text, str) and len(text) == 12 and text.isascii() and text.isdigit()


def read_organization(document: Any, name: str) -> Organization:
    """An organisation from a parsed file. Raises naming the file and the entry that is wrong."""
    if not isinstance(document, Mapping):
        raise OpenInspectorError(f"{name}: an organisation is a mapping with `accounts`")
    identity = document.get("organization")
    if not (isinstance(identity, str) and identity.startswith("o-") and 12 <= len(identity) <= 34):
        raise OpenInspectorError(
            f"{name}: `organization` must be an identifier such as o-abcdefghij"
        )
    accounts: dict[str, KnownAccount] = {}
    listed = document.get("accounts")
    if not isinstance(listed, list):
        raise OpenInspectorError(f"{name}: `accounts` must be a list")
    for number, entry in enumerate(listed, start=1):
        if not isinstance(entry, Mapping) or not is_account(entry.get("id")):
            raise OpenInspectorError(
                f"{name}: account {number} must have an `id` of 12 digits, in quotes"
            )
        if entry["id"] in accounts:
            raise OpenInspectorError(f"{name}: account {entry['id']} is listed twice")
        status = str(entry.get("status", "ACTIVE"))
        if status not in ("ACTIVE", "SUSPENDED"):
            raise OpenInspectorError(
                f"{name}: account {entry['id']}: `status` must be ACTIVE or SUSPENDED, not {status}"
            )
        accounts[entry["id"]] = KnownAccount(
            entry["id"],
            str(entry.get("name", "")),
            status,
            str(entry.get("ou", "")),
            enforced=_enforced(entry, name),
        )
    management = document.get("management_account")
    administrator = document.get("delegated_administrator")
    for role, account in (
        ("management_account", management),
        ("delegated_administrator", administrator),
    ):
        if account is None and role == "delegated_administrator":
            continue
        if not isinstance(account, str) or account not in accounts:
            raise OpenInspectorError(f"{name}: `{role}` must be one of the accounts")
    return Organization(identity, str(management), accounts, administrator)


def _enforced(entry: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The scan types that an entry says a policy of the organisation switches on."""
    types = entry.get("policy") or []
    wrong = [each for each in types if each not in TYPES] if isinstance(types, list) else [types]
    if wrong:
        raise OpenInspectorError(
            f"{name}: account {entry['id']}: `policy` lists scan types ({', '.join(TYPES)}), not"
            f" {wrong[0]}"
        )
    return tuple(sorted(set(types)))


def _since(before: Organization | None, account: KnownAccount, now: int) -> KnownAccount:
    """An account with the moment since when it is known to be suspended."""
    if account.status != "SUSPENDED":
        return account
    known = before.accounts.get(account.id) if before else None
    since = known.suspended_at if known else None
    return msgspec.structs.replace(account, suspended_at=now if since is None else since)


def import_organization(connection: Connection, organization: Organization, now: int) -> list[str]:
    """Take over what an organisation is now; accounts that left it become standalone.

    Returns the accounts that are to join its administrator: those that are new to the
    organisation, or all when the administrator is. Doing it again names none: members that the
    administrator let go stay on their own.
    """
    before = get_organization(connection, organization.id)
    known = set(before.accounts) if before else set()
    for account in sorted(known - set(organization.accounts)):
        _leave(connection, organization.id, account, now)
    for account in organization.accounts:
        other = get_record(connection, BELONGS, account, account)
        if other is not None and other["organization"] != organization.id:
            _leave(connection, other["organization"], account, now)
    body = {
        "management": organization.management,
        "accounts": {
            account: msgspec.to_builtins(_since(before, each, now))
            for account, each in organization.accounts.items()
        },
    }
    _keep(connection, ORGANIZATION, organization.id, organization.id, body, now)
    for account in organization.accounts:
        _keep(connection, BELONGS, account, account, {"organization": organization.id}, now)
    administrator = organization.administrator
    if administrator is None:
        return []
    stays = administrator_record(connection, organization.id) == administrator
    appoint(connection, organization.id, administrator, now)
    return [
        account
        for account in organization.accounts
        if account != administrator and not (stays and account in known)
    ]


def _leave(connection: Connection, identity: str, account: str, now: int) -> None:
    """Take an account out of an organisation: it rules none there and is ruled by none."""
    if administrator_record(connection, identity) == account:
        dismiss(connection, identity, now)
    dissociate(connection, account, "DELETED", now)
    end_record(connection, BELONGS, account, account, now)
    body = get_record(connection, ORGANIZATION, identity, identity)
    if body is not None and body["accounts"].pop(account, None) is not None:
        put_record(connection, ORGANIZATION, identity, identity, body, now)


def _keep(
    connection: Connection, kind: str, owner: str, key: str, body: dict[str, Any], now: int
) -> None:
    """Write a record unless it says so already."""
    if get_record(connection, kind, owner, key) != body:
        put_record(connection, kind, owner, key, body, now)


def get_organization(
    connection: Connection, identity: str, at: int | None = None
) -> Organization | None:
    """An organisation by its identifier."""
    body = get_record(connection, ORGANIZATION, identity, identity, at)
    if body is None:
        return None
    accounts = {
        account: msgspec.convert(known, KnownAccount) for account, known in body["accounts"].items()
    }
    return Organization(identity, body["management"], accounts)


def enforced_types(connection: Connection, account: str, at: int | None = None) -> tuple[str, ...]:
    """The scan types that a policy of its organisation switches on in an account."""
    organization = organization_of(connection, account, at)
    known = organization.accounts.get(account) if organization else None
    return known.enforced if known else ()


def suspended_before(connection: Connection, moment: int) -> list[str]:
    """Accounts that are suspended since before a moment (epoch milliseconds)."""
    found = []
    for record in list_records(connection, ORGANIZATION):
        for name, known in record.body["accounts"].items():
            since = known.get("suspended_at")
            if known.get("status") == "SUSPENDED" and since is not None and since < moment:
                found.append(name)
    return found


def is_suspended(connection: Connection, account: str, at: int | None = None) -> bool:
    """Whether AWS suspended an account, as far as its organisation says."""
    organization = organization_of(connection, account, at)
    known = organization.accounts.get(account) if organization else None
    return known is not None and known.status == "SUSPENDED"


def organization_of(
    connection: Connection, account: str, at: int | None = None
) -> Organization | None:
    """The organisation that an account belongs to; None for one on its own."""
    body = get_record(connection, BELONGS, account, account, at)
    return get_organization(connection, body["organization"], at) if body else None


def administrator_record(
    connection: Connection, organization: str, at: int | None = None
) -> str | None:
    """The delegated administrator of an organisation."""
    records = list_records(connection, ADMINISTRATOR, [organization], at=at)
    return str(records[0].body["accountId"]) if records else None


def appoint(connection: Connection, organization: str, account: str, now: int) -> None:
    """Make an account the delegated administrator of its organisation."""
    former = administrator_record(connection, organization)
    if former is not None and former != account:
        dismiss(connection, organization, now)
    _keep(connection, ADMINISTRATOR, organization, "account", {"accountId": account}, now)
    dissociate(connection, account, "REMOVED", now)


def dismiss(connection: Connection, organization: str, now: int) -> None:
    """Take the delegation away: members become standalone, their scanning stays on."""
    account = administrator_record(connection, organization)
    end_record(connection, ADMINISTRATOR, organization, "account", now)
    if account is not None:
        for record in list_records(connection, MEMBERSHIP, [account]):
            if record.body["relationshipStatus"] == "ENABLED":
                dissociate(connection, record.key, "REMOVED", now)


def associate(connection: Connection, administrator: str, account: str, now: int) -> None:
    """Make an account a member of an administrator; doing so again changes nothing."""
    former = get_record(connection, MEMBER_OF, account, account)
    if former is not None and former["administrator"] == administrator:
        return
    if former is not None:
        dissociate(connection, account, "REMOVED", now)
    body = {"relationshipStatus": "ENABLED", "updatedAt": now / 1000}
    put_record(connection, MEMBERSHIP, administrator, account, body, now)
    put_record(connection, MEMBER_OF, account, account, {"administrator": administrator}, now)


def dissociate(connection: Connection, account: str, status: str, now: int) -> bool:
    """End an account's membership, if it is a member; the administrator's row keeps the status."""
    former = get_record(connection, MEMBER_OF, account, account)
    if former is None:
        return False
    body = {"relationshipStatus": status, "updatedAt": now / 1000}
    put_record(connection, MEMBERSHIP, former["administrator"], account, body, now)
    end_record(connection, MEMBER_OF, account, account, now)
    return True
