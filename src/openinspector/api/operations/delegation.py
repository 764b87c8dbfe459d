"""The delegated administrator of an organisation (spec/accounts.md 2.1)."""

from typing import Any

from sqlalchemy import Connection

from openinspector.api.call import Call, Handler
from openinspector.api.idempotency import remembered
from openinspector.api.operations.members import govern_anew
from openinspector.api.paging import page_of
from openinspector.model.refusal import AccessDenied, Conflict, Invalid, NotFound
from openinspector.organization.accounts import TYPES, enable
from openinspector.organization.directory import (
    Organization,
    administrator_record,
    appoint,
    dismiss,
    organization_of,
)
from openinspector.organization.scope import MEMBERSHIP
from openinspector.store.records import list_records

_ADMINISTRATORS = 5


def enable_delegated_admin_account(call: Call) -> dict[str, Any]:
    """Appoint the organisation's administrator; only the management account may."""
    account = call.input["delegatedAdminAccountId"]
    with call.write() as connection:

        def make() -> dict[str, Any]:
            organization = _managed(connection, call)
            if account not in organization.accounts:
                message = f"{account} is not an account of the organisation {organization.id}."
                raise Invalid(message, [("delegatedAdminAccountId", message)])
            present = administrator_record(connection, organization.id)
            if present not in (None, account):
                raise Conflict(
                    f"{present} is the delegated administrator already.", str(present), "ACCOUNT"
                )
            appoint(connection, organization.id, account, call.now)
            enable(connection, account, TYPES, call.now)
            return {"delegatedAdminAccountId": account}

        return remembered(call, connection, make)


def disable_delegated_admin_account(call: Call) -> dict[str, Any]:
    """Take the delegation away; members become standalone and keep scanning."""
    account = call.input["delegatedAdminAccountId"]
    with call.write() as connection:
        organization = _managed(connection, call)
        if administrator_record(connection, organization.id) != account:
            raise NotFound(f"{account} is not the delegated administrator.")
        members = [record.key for record in list_records(connection, MEMBERSHIP, [account])]
        dismiss(connection, organization.id, call.now)
        for each in (account, *members):
            govern_anew(connection, each, call.now)
    return {"delegatedAdminAccountId": account}


def get_delegated_admin_account(call: Call) -> dict[str, Any]:
    """The administrator of the caller's organisation."""
    with call.service.store.read() as connection:
        organization = organization_of(connection, call.caller.account, call.at)
        account = (
            administrator_record(connection, organization.id, call.at) if organization else None
        )
    if account is None:
        raise NotFound("There is no delegated administrator.")
    return {"delegatedAdmin": {"accountId": account, "relationshipStatus": "ENABLED"}}


def list_delegated_admin_accounts(call: Call) -> dict[str, Any]:
    """The administrators that the management account has appointed: none or one."""
    with call.service.store.read() as connection:
        organization = _managed(connection, call)
        account = administrator_record(connection, organization.id, call.at)
    rows = [{"accountId": account, "status": "ENABLED"}] if account else []
    size = call.input.get("maxResults", _ADMINISTRATORS)
    page, token = page_of(call, rows, lambda row: str(row["accountId"]), size)
    return {"delegatedAdminAccounts": page, "nextToken": token}


def _managed(connection: Connection, call: Call) -> Organization:
    """The caller's organisation; raises unless the caller is its management account."""
    organization = organization_of(connection, call.caller.account, call.at)
    if organization is None or organization.management != call.caller.account:
        raise AccessDenied("Only the management account of an organisation may do this.")
    return organization


OPERATIONS: dict[str, Handler] = {
    "EnableDelegatedAdminAccount": enable_delegated_admin_account,
    "DisableDelegatedAdminAccount": disable_delegated_admin_account,
    "GetDelegatedAdminAccount": get_delegated_admin_account,
    "ListDelegatedAdminAccounts": list_delegated_admin_accounts,
}
