"""Scan configuration and deep inspection (spec/accounts.md 3)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from openinspector.api.call import Call, Handler
from openinspector.model.refusal import AccessDenied, Conflict, Invalid
from openinspector.organization.scope import administrator_of, visible_accounts
from openinspector.store.records import end_record, get_record, put_record

CONFIGURATION = "configuration"
"""Kind of the records of what an account chose (owner: account; key: the part)."""
DEEP = "deep-inspection"
"""Kind of the records of deep inspection (owner: account; key: own, organization)."""

_DEFAULTS: Mapping[str, dict[str, Any]] = {
    "ec2Configuration": {"scanMode": "EC2_HYBRID"},
    "ecrConfiguration": {
        "rescanDuration": "DAYS_14",
        "pullDateRescanDuration": "DAYS_14",
        "pullDateRescanMode": "LAST_IN_USE_AT",
    },
}
_PARTS = ("ec2Configuration", "ecrConfiguration", "amiConfiguration")


def get_configuration(call: Call) -> dict[str, Any]:
    """What holds for an account: its own choice, else its administrator's, else the default."""
    with call.service.store.read() as connection:
        account = _target(connection, call)
        parts = {part: _effective(connection, account, part, call.at) for part in _PARTS}
    ec2, ecr = parts["ec2Configuration"], parts["ecrConfiguration"]
    answer: dict[str, Any] = {
        "ec2Configuration": {
            "scanModeState": {"scanMode": ec2["scanMode"], "scanModeStatus": "SUCCESS"}
        },
        "ecrConfiguration": {"rescanDurationState": {**ecr, "status": "SUCCESS"}},
    }
    if "activateVMScanner" in ec2:
        answer["ec2Configuration"]["vmScannerState"] = {
            "activated": ec2["activateVMScanner"],
            "activatedAt": ec2.get("updatedAt") if ec2["activateVMScanner"] else None,
            "status": "SUCCESS",
        }
    if parts["amiConfiguration"]:
        answer["amiConfiguration"] = {**parts["amiConfiguration"], "status": "SUCCESS"}
    return answer


def update_configuration(call: Call) -> dict[str, Any]:
    """Choose; an administrator's choice holds for its members."""
    asked = call.input
    with call.service.store.write() as connection:
        if administrator_of(connection, call.caller.account) is not None:
            raise AccessDenied("A member's configuration is its delegated administrator's.")
        account = _target(connection, call)
        for part in asked.get("updateConfigurationInheritance") or ():
            if part in asked:
                raise Conflict(f"{part} cannot be set and inherited at once.", account, "ACCOUNT")
            end_record(connection, CONFIGURATION, account, part, call.now)
        for part in _PARTS:
            if part in asked:
                body = {**_DEFAULTS.get(part, {}), **asked[part], "updatedAt": call.now / 1000}
                put_record(connection, CONFIGURATION, account, part, body, call.now)
    return {}


def _target(connection: Connection, call: Call) -> str:
    account = str(call.input.get("accountId", call.caller.account))
    if account not in visible_accounts(connection, call.caller.account, call.at):
        raise AccessDenied(f"The calling account has no access to {account}.")
    return account


def _effective(connection: Connection, account: str, part: str, at: int | None) -> dict[str, Any]:
    own = get_record(connection, CONFIGURATION, account, part, at)
    administrator = administrator_of(connection, account, at)
    if own is None and administrator is not None:
        own = get_record(connection, CONFIGURATION, administrator, part, at)
    return own or dict(_DEFAULTS.get(part, {}))


# --- deep inspection -----------------------------------------------------------------------------


def get_deep_inspection(call: Call) -> dict[str, Any]:
    """Paths that are searched on instances, the account's own and its organisation's."""
    with call.service.store.read() as connection:
        return _deep(connection, call.caller.account, call.at)


def update_deep_inspection(call: Call) -> dict[str, Any]:
    """Choose the account's own paths, and whether to search; a list replaces the former one."""
    asked = call.input
    account = call.caller.account
    with call.service.store.write() as connection:
        member = administrator_of(connection, account) is not None
        if member and asked.get("activateDeepInspection") is False:
            raise AccessDenied("Only the delegated administrator can switch deep inspection off.")
        body = _own(connection, account)
        if "packagePaths" in asked:
            body["paths"] = _distinct(asked["packagePaths"], "packagePaths")
        if "activateDeepInspection" in asked:
            body["active"] = asked["activateDeepInspection"]
        put_record(connection, DEEP, account, "own", body, call.now)
        return _deep(connection, account, None)


def update_organization_deep_inspection(call: Call) -> dict[str, Any]:
    """Choose the paths of all members."""
    with call.service.store.write() as connection:
        if len(visible_accounts(connection, call.caller.account)) < 2:
            raise AccessDenied("Only a delegated administrator with members may do this.")
        paths = _distinct(call.input["orgPackagePaths"], "orgPackagePaths")
        body = {"paths": paths}
        put_record(connection, DEEP, call.caller.account, "organization", body, call.now)
    return {}


def batch_get_members(call: Call) -> dict[str, Any]:
    """Whether deep inspection is on in members."""
    asked = call.input.get("accountIds") or []
    with call.service.store.read() as connection:
        visible = visible_accounts(connection, call.caller.account, call.at)
        wanted = asked or visible
        done = [
            {"accountId": each, "status": _deep(connection, each, call.at)["status"]}
            for each in dict.fromkeys(wanted)
            if each in visible
        ]
    return {"accountIds": done, "failedAccountIds": _unknown(wanted, visible)}


def batch_update_members(call: Call) -> dict[str, Any]:
    """Switch deep inspection of members."""
    asked = {each["accountId"]: each["activateDeepInspection"] for each in call.input["accountIds"]}
    done = []
    with call.service.store.write() as connection:
        visible = visible_accounts(connection, call.caller.account)
        if administrator_of(connection, call.caller.account) is not None:
            raise AccessDenied("Only the delegated administrator may do this.")
        for account, active in asked.items():
            if account in visible:
                body = {**_own(connection, account), "active": active}
                put_record(connection, DEEP, account, "own", body, call.now)
                status = _deep(connection, account, None)["status"]
                done.append({"accountId": account, "status": status})
    return {"accountIds": done, "failedAccountIds": _unknown(list(asked), visible)}


def _unknown(asked: Any, visible: Any) -> list[dict[str, str]]:
    message = "The calling account has no access to this account."
    return [
        {"accountId": each, "errorMessage": message}
        for each in dict.fromkeys(asked)
        if each not in visible
    ]


def _own(connection: Connection, account: str, at: int | None = None) -> dict[str, Any]:
    return get_record(connection, DEEP, account, "own", at) or {"paths": [], "active": True}


def _deep(connection: Connection, account: str, at: int | None) -> dict[str, Any]:
    own = _own(connection, account, at)
    ruler = administrator_of(connection, account, at) or account
    shared = get_record(connection, DEEP, ruler, "organization", at) or {"paths": []}
    return {
        "packagePaths": own["paths"],
        "orgPackagePaths": shared["paths"],
        "status": "ACTIVATED" if own["active"] else "DEACTIVATED",
    }


def _distinct(paths: list[str], name: str) -> list[str]:
    if len(set(paths)) != len(paths):
        raise Invalid(f"{name} names a path twice.", [(name, "names a path twice")])
    return paths


OPERATIONS: dict[str, Handler] = {
    "GetConfiguration": get_configuration,
    "UpdateConfiguration": update_configuration,
    "GetEc2DeepInspectionConfiguration": get_deep_inspection,
    "UpdateEc2DeepInspectionConfiguration": update_deep_inspection,
    "UpdateOrgEc2DeepInspectionConfiguration": update_organization_deep_inspection,
    "BatchGetMemberEc2DeepInspectionStatus": batch_get_members,
    "BatchUpdateMemberEc2DeepInspectionStatus": batch_update_members,
}
