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
WINDOW = 86_400_000
"""How long a token is remembered, in milliseconds; the API's documentation names no time."""


def remembered(
    call: Call,
    connection: Connection,
    make: Callable[[], dict[str, Any]],
    stands: Callable[[dict[str, Any]], bool] = lambda _: True,
) -> dict[str, Any]:
    """The answer of an earlier request with this token, else the one that `make` gives.

    An answer that no longer `stands` (what it names was deleted since) is made anew. Raises
    `Invalid` when the token was used with other arguments.
    """
    token = call.input.get("clientToken")
    if token is None:
        return make()
    key = f"{call.operation}/{token}"
    arguments = {name: value for name, value in call.input.items() if name != "clientToken"}
    digest = hashlib.sha256(msgspec.json.encode(arguments, order="deterministic")).hexdigest()
    known = get_record(connection, REMEMBERED, call.caller.account, key)
    if known is not None and call.now - known.get("at", 0) < WINDOW:
        if known["arguments"] != digest:
            message = "The client token was used with other arguments."
            raise Invalid(message, [("clientToken", message)])
        answer: dict[str, Any] = known["answer"]
        if stands(answer):
            return answer
    answer = make()
    body = {"arguments": digest, "answer": answer, "at": call.now}
    put_record(connection, REMEMBERED, call.caller.account, key, body, call.now)
    return answer
