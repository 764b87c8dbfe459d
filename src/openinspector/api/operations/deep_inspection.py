"""Deep inspection of instances (spec/accounts.md 3.2)."""

from typing import Any

from sqlalchemy import Connection

from openinspector.api.call import Call, Handler
from openinspector.model.refusal import AccessDenied, Invalid
from openinspector.organization.deep_inspection import DEEP, deep_inspection, own_choice
from openinspector.organization.scope import administrator_of, owner_of, visible_accounts
from openinspector.store.records import put_record


def get_deep_inspection(call: Call) -> dict[str, Any]:
    """Paths that are searched on instances, the account's own and its organisation's."""
    with call.service.store.read() as connection:
        return _deep(connection, call.caller.account, call.at)


def update_deep_inspection(call: Call) -> dict[str, Any]:
    """Choose the account's own paths, and whether to search; a list replaces the former one."""
    asked = call.input
    account = call.caller.account
    with call.write() as connection:
        member = administrator_of(connection, account) is not None
        if member and asked.get("activateDeepInspection") is False:
            raise AccessDenied("Only the delegated administrator can switch deep inspection off.")
        body = own_choice(connection, account)
        if "packagePaths" in asked:
            body["paths"] = _distinct(asked["packagePaths"], "packagePaths")
        if "activateDeepInspection" in asked:
            body["active"] = asked["activateDeepInspection"]
        put_record(connection, DEEP, account, "own", body, call.now)
        return _deep(connection, account, None)


def update_organization_deep_inspection(call: Call) -> dict[str, Any]:
    """Choose the paths of all members."""
    with call.write() as connection:
        if owner_of(connection, call.caller.account) == call.caller.account:
            raise AccessDenied("Only the delegated administrator of an organisation may do this.")
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
    with call.write() as connection:
        visible = visible_accounts(connection, call.caller.account)
        if administrator_of(connection, call.caller.account) is not None:
            raise AccessDenied("Only the delegated administrator may do this.")
        for account, active in asked.items():
            if account in visible:
                body = {**own_choice(connection, account), "active": active}
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


def _deep(connection: Connection, account: str, at: int | None) -> dict[str, Any]:
    chosen = deep_inspection(connection, account, at)
    return {
        "packagePaths": list(chosen.own),
        "orgPackagePaths": list(chosen.shared),
        "status": "ACTIVATED" if chosen.active else "DEACTIVATED",
    }


def _distinct(paths: list[str], name: str) -> list[str]:
    if len(set(paths)) != len(paths):
        raise Invalid(f"{name} names a path twice.", [(name, "names a path twice")])
    return paths


OPERATIONS: dict[str, Handler] = {
    "GetEc2DeepInspectionConfiguration": get_deep_inspection,
    "UpdateEc2DeepInspectionConfiguration": update_deep_inspection,
    "UpdateOrgEc2DeepInspectionConfiguration": update_organization_deep_inspection,
    "BatchGetMemberEc2DeepInspectionStatus": batch_get_members,
    "BatchUpdateMemberEc2DeepInspectionStatus": batch_update_members,
}
