"""Requests that may be sent twice: the same token gives the same answer, once made."""

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import Connection

from openinspector.api.call import Call
from openinspector.model.refusal import Invalid
from openinspector.store.records import get_record, put_record

REMEMBERED = "client-token"
"""Kind of the records of answers (owner: account, key: operation and token)."""


def remembered(
    call: Call, connection: Connection, make: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """The answer of an earlier request with this token, else the one that `make` gives.

    Raises `Invalid` when the token was used with other arguments.
    """
    token = call.input.get("clientToken")
    if token is None:
        return make()
    key = f"{call.operation}/{token}"
    arguments = {name: value for name, value in call.input.items() if name != "clientToken"}
    digest = hashlib.sha256(msgspec.json.encode(arguments, order="deterministic")).hexdigest()
    known = get_record(connection, REMEMBERED, call.caller.account, key)
    if known is not None:
        if known["arguments"] != digest:
            message = "The client token was used with other arguments."
            raise Invalid(message, [("clientToken", message)])
        answer: dict[str, Any] = known["answer"]
        return answer
    answer = make()
    body = {"arguments": digest, "answer": answer}
    put_record(connection, REMEMBERED, call.caller.account, key, body, call.now)
    return answer
