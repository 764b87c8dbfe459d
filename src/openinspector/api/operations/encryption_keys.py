"""Encryption keys of code findings (spec/accounts.md 5)."""

from typing import Any

from openinspector.api.call import Call, Handler
from openinspector.model.refusal import Invalid, NotFound
from openinspector.store.records import end_record, get_record, put_record

ENCRYPTION_KEY = "encryption-key"
_COMBINATIONS = {("CODE", "AWS_LAMBDA_FUNCTION"), ("CODE", "CODE_REPOSITORY")}


def get_encryption_key(call: Call) -> dict[str, Any]:
    """The customer's key; `NotFound` while there is none."""
    with call.service.store.read() as connection:
        body = get_record(
            connection, ENCRYPTION_KEY, call.caller.account, _combination(call), call.at
        )
    if body is None:
        raise NotFound("The service's own key is in use.")
    return body


def update_encryption_key(call: Call) -> dict[str, Any]:
    """Choose the customer's key."""
    body = {"kmsKeyId": call.input["kmsKeyId"]}
    with call.write() as connection:
        put_record(
            connection, ENCRYPTION_KEY, call.caller.account, _combination(call), body, call.now
        )
    return {}


def reset_encryption_key(call: Call) -> dict[str, Any]:
    """Return to the service's own key."""
    with call.write() as connection:
        known = end_record(
            connection, ENCRYPTION_KEY, call.caller.account, _combination(call), call.now
        )
    if not known:
        raise NotFound("The service's own key is in use already.")
    return {}


def _combination(call: Call) -> str:
    pair = call.input["scanType"], call.input["resourceType"]
    if pair not in _COMBINATIONS:
        message = f"There is no encryption key for {pair[0]} scans of {pair[1]}."
        raise Invalid(message, [("resourceType", message)])
    return "/".join(pair)


OPERATIONS: dict[str, Handler] = {
    "GetEncryptionKey": get_encryption_key,
    "UpdateEncryptionKey": update_encryption_key,
    "ResetEncryptionKey": reset_encryption_key,
}
