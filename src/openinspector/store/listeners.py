"""What listens on machines, as their agents told last: of each machine, unlike its software."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection

from openinspector.model import Listener
from openinspector.store.records import end_record, get_record, get_records, put_record

_KIND = "listeners"


def listeners_of(
    connection: Connection, account: str, resource_id: str, at: int | None = None
) -> tuple[Listener, ...] | None:
    """What listens on a machine; None where nobody ever told."""
    body = get_record(connection, _KIND, account, resource_id, at)
    return None if body is None else msgspec.convert(body["listeners"], tuple[Listener, ...])


def put_listeners(
    connection: Connection,
    account: str,
    resource_id: str,
    listeners: tuple[Listener, ...] | None,
    now: int,
) -> None:
    """Write it; None: nobody looked, so nothing is known any more."""
    if listeners_of(connection, account, resource_id) == listeners:
        return
    if listeners is None:
        end_record(connection, _KIND, account, resource_id, now)
    else:
        body = {"listeners": msgspec.to_builtins(listeners)}
        put_record(connection, _KIND, account, resource_id, body, now)


def forget_listeners(
    connection: Connection, account: str, resources: Iterable[str], now: int
) -> None:
    """Nothing is known any more of what listens on machines."""
    for name in get_records(connection, _KIND, account, resources):
        end_record(connection, _KIND, account, name, now)
