"""From where instances can be reached, as their network was analysed last."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from openinspector.assess.score import Reachability
from openinspector.store.records import end_record, get_record, get_records, put_record

_KIND = "reachability"


def reachability_of(
    connection: Connection, account: str, resource_id: str, at: int | None = None
) -> Reachability | None:
    """From where an instance can be reached; None where that was never analysed."""
    body = get_record(connection, _KIND, account, resource_id, at)
    found: Any = body["from"] if body else None
    return found  # type: ignore[no-any-return]  # written by `put_reachability` only


def reachabilities_of(
    connection: Connection, account: str, resources: Iterable[str]
) -> dict[str, Reachability]:
    """From where each instance can be reached now; those apart that were never analysed."""
    bodies = get_records(connection, _KIND, account, resources)
    return {name: body["from"] for name, body in bodies.items()}


def put_reachability(
    connection: Connection, account: str, resource_id: str, reached: Reachability | None, now: int
) -> bool:
    """Write it; whether it is another one than before."""
    if reachability_of(connection, account, resource_id) == reached:
        return False
    if reached is None:
        end_record(connection, _KIND, account, resource_id, now)
    else:
        put_record(connection, _KIND, account, resource_id, {"from": reached}, now)
    return True
