"""Scan configuration of accounts (spec/accounts.md 3.1)."""

from typing import Any

from sqlalchemy import Connection

from openinspector.api.call import Call, Handler
from openinspector.model.refusal import AccessDenied, Conflict
from openinspector.organization.scope import administrator_of, visible_accounts
from openinspector.organization.settings import CONFIGURATION, DEFAULTS, setting
from openinspector.store.records import end_record, put_record

_PARTS = ("ec2Configuration", "ecrConfiguration", "amiConfiguration")


def get_configuration(call: Call) -> dict[str, Any]:
    """What holds for an account: its own choice, else its administrator's, else the default."""
    with call.service.store.read() as connection:
        account = _target(connection, call)
        parts = {part: setting(connection, account, part, call.at) for part in _PARTS}
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
    with call.write() as connection:
        if administrator_of(connection, call.caller.account) is not None:
            raise AccessDenied("A member's configuration is its delegated administrator's.")
        account = _target(connection, call)
        for part in asked.get("updateConfigurationInheritance") or ():
            if part in asked:
                raise Conflict(f"{part} cannot be set and inherited at once.", account, "ACCOUNT")
            end_record(connection, CONFIGURATION, account, part, call.now)
        for part in _PARTS:
            if part in asked:
                body = {**DEFAULTS.get(part, {}), **asked[part], "updatedAt": call.now / 1000}
                put_record(connection, CONFIGURATION, account, part, body, call.now)
    return {}


def _target(connection: Connection, call: Call) -> str:
    account = str(call.input.get("accountId", call.caller.account))
    if account not in visible_accounts(connection, call.caller.account, call.at):
        raise AccessDenied(f"The calling account has no access to {account}.")
    return account


OPERATIONS: dict[str, Handler] = {
    "GetConfiguration": get_configuration,
    "UpdateConfiguration": update_configuration,
}
