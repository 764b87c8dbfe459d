"""Enable, Disable, BatchGetAccountStatus, ListAccountPermissions (spec/accounts.md 1, 2.6)."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from openinspector.api.call import Call, Handler
from openinspector.api.idempotency import remembered
from openinspector.api.operations.members import govern_anew
from openinspector.api.paging import page_of
from openinspector.ledger.forget import forget_account, forget_code, forget_types
from openinspector.model.refusal import Invalid
from openinspector.organization.accounts import (
    TYPES,
    disable,
    enable,
    enabled_types,
    status_of,
    statuses,
)
from openinspector.organization.directory import enforced_types, is_suspended
from openinspector.organization.joining import join
from openinspector.organization.scope import administrator_of, owner_of, visible_accounts

_PERMISSIONS: dict[str, tuple[str, ...]] = {
    "ECR": ("ENABLE_SCANNING", "DISABLE_SCANNING", "ENABLE_REPOSITORY", "DISABLE_REPOSITORY"),
    "EC2": ("ENABLE_SCANNING", "DISABLE_SCANNING"),
    "LAMBDA": ("ENABLE_SCANNING", "DISABLE_SCANNING"),
}
_MOST_PERMISSIONS = 1024

_BLOCKED = (
    "BLOCKED_BY_ORGANIZATION_POLICY",
    "A policy of the organisation decides about this scan type.",
)
_DENIED = ("ACCESS_DENIED", "The calling account has no access to this account.")
_Failure = tuple[str, str] | None


def enable_(call: Call) -> dict[str, Any]:
    """Switch scan types on. It takes effect at once: there is no ENABLING in between."""
    wanted = call.input["resourceTypes"]

    def one(connection: Connection, account: str) -> _Failure:
        on = enabled_types(connection, account)
        if "LAMBDA_CODE" in wanted and "LAMBDA" not in {*wanted, *on}:
            message = "LAMBDA_CODE needs LAMBDA: enable both."
            raise Invalid(message, [("resourceTypes", message)])
        if set(wanted) & set(enforced_types(connection, account)):
            return _BLOCKED
        enable(connection, account, wanted, call.now)
        if join(connection, account, call.now):
            govern_anew(connection, account, call.now)
        return None

    return _each(call, one)


def disable_(call: Call) -> dict[str, Any]:
    """Switch scan types off: what they found goes; with the last one, filters and settings too."""
    unwanted = call.input.get("resourceTypes") or list(TYPES)

    def one(connection: Connection, account: str) -> _Failure:
        member = administrator_of(connection, account) is not None
        if member and account == call.caller.account:
            return "ACCESS_DENIED", "A member cannot disable itself; its administrator can."
        if set(unwanted) & set(enforced_types(connection, account)):
            return _BLOCKED
        on = enabled_types(connection, account)
        last = set(on) <= set(unwanted) and bool(on or set(unwanted) == set(TYPES))
        if last and len(visible_accounts(connection, account)) > 1:
            return "DISASSOCIATE_ALL_MEMBERS", "Disassociate all members first."
        disable(connection, account, unwanted, call.now)
        owner = owner_of(connection, account)
        if last:
            forget_account(connection, account, owner, call.now)
            return None
        forget_types(connection, account, unwanted, call.now)
        # An administrator takes no integrations from its members (spec/accounts.md 1.1).
        if "CODE_REPOSITORY" in unwanted and account == call.caller.account:
            forget_code(connection, account, owner, call.now)
        return None

    return _each(call, one)


def _each(call: Call, one: Callable[[Connection, str], _Failure]) -> dict[str, Any]:
    asked: Sequence[str] = call.input.get("accountIds") or [call.caller.account]
    with call.write() as connection:

        def make() -> dict[str, Any]:
            visible = set(visible_accounts(connection, call.caller.account))
            done: list[dict[str, Any]] = []
            failed: list[dict[str, Any]] = []
            for account in dict.fromkeys(asked):
                failure = one(connection, account) if account in visible else _DENIED
                (failed if failure else done).append(_row(connection, account, failure))
            return {"accounts": done, "failedAccounts": failed}

        return remembered(call, connection, make)


def _row(connection: Connection, account: str, failure: _Failure) -> dict[str, Any]:
    if failure is not None:
        return {"accountId": account, "errorCode": failure[0], "errorMessage": failure[1]}
    types = enabled_types(connection, account)
    suspended = is_suspended(connection, account)
    return {
        "accountId": account,
        "status": status_of(types, suspended),
        "resourceStatus": statuses(types, suspended),
    }


def batch_get_account_status(call: Call) -> dict[str, Any]:
    """What is on in accounts that the caller may see."""
    asked = call.input.get("accountIds") or [call.caller.account]
    done, failed = [], []
    with call.service.store.read() as connection:
        visible = set(visible_accounts(connection, call.caller.account, call.at))
        for account in dict.fromkeys(asked):
            if account not in visible:
                failed.append(_row(connection, account, _DENIED))
                continue
            types = enabled_types(connection, account, call.at)
            suspended = is_suspended(connection, account, call.at)
            done.append(
                {
                    "accountId": account,
                    "state": {"status": status_of(types, suspended)},
                    "resourceState": {
                        member: {"status": status}
                        for member, status in statuses(types, suspended).items()
                    },
                }
            )
    return {"accounts": done, "failedAccounts": failed}


def list_account_permissions(call: Call) -> dict[str, Any]:
    """What the account may switch itself: a member cannot switch scanning off."""
    with call.service.store.read() as connection:
        member = administrator_of(connection, call.caller.account, call.at) is not None
        enforced = enforced_types(connection, call.caller.account, call.at)
    rows = [
        {"service": service, "operation": operation}
        for service, operations in _PERMISSIONS.items()
        for operation in operations
        if call.input.get("service", service) == service
        and not (service in enforced and operation.endswith("_SCANNING"))
        and not (member and operation == "DISABLE_SCANNING")
    ]
    places = {id(row): f"{number:04d}" for number, row in enumerate(rows)}
    size = call.input.get("maxResults", _MOST_PERMISSIONS)
    page, token = page_of(call, rows, lambda row: places[id(row)], size)
    return {"permissions": page, "nextToken": token}


OPERATIONS: dict[str, Handler] = {
    "Enable": enable_,
    "Disable": disable_,
    "BatchGetAccountStatus": batch_get_account_status,
    "ListAccountPermissions": list_account_permissions,
}
