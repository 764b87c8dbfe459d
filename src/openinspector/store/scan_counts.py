"""How many scans there were, by account, day and the usage type that counts them.

Only what is charged by the scan is counted here; hours are read from coverage. A day's number is a
record that grows in place, for a version of it at every scan would say nothing more.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import Connection, select, update

from openinspector.store.packages import resource_inventory
from openinspector.store.records import list_records, put_record, record
from openinspector.store.schema import FOREVER

DAY = 86_400_000
"""Milliseconds of a day, which begins at midnight UTC."""
_SCANS = "scan-count"
_KINDS: Mapping[str, tuple[str, str]] = {
    "AWS_ECR_CONTAINER_IMAGE": ("ECR_INITIAL_SCAN", "ECR_RESCAN"),
    "CODE_REPOSITORY": ("CODE_REPOSITORY_SCA", "CODE_REPOSITORY_SCA"),
}
"""Resource type -> what its first scan counts as, and what each later one does."""


def count_scans(connection: Connection, account: str, scanned: Mapping[str, str], at: int) -> None:
    """Count scans of resources (identifier -> type); before what was found in them is bound."""
    counted = {name: kinds for name, kind in scanned.items() if (kinds := _KINDS.get(kind))}
    known = _scanned_before(connection, account, list(counted))
    numbers = Counter(kinds[name in known] for name, kinds in counted.items())
    for kind, number in numbers.items():
        _add(connection, account, f"{at // DAY:06d}/{kind}", number, at)


def scans_of(
    connection: Connection, accounts: Sequence[str], since: int, until: int
) -> Iterator[tuple[str, str, int]]:
    """Account, usage type and number of the days from one moment to another."""
    for each in list_records(connection, _SCANS, accounts, at=until):
        day, _, kind = each.key.partition("/")
        if int(day) >= since // DAY:
            yield each.owner, kind, int(each.body["count"])


def _scanned_before(connection: Connection, account: str, names: Iterable[str]) -> set[str]:
    r = resource_inventory.c
    rows = select(r.resource_id).where(r.account == account, r.resource_id.in_(list(names)))
    return set(connection.execute(rows.distinct()).scalars())


def _add(connection: Connection, account: str, key: str, number: int, at: int) -> None:
    r = record.c
    present = (r.kind == _SCANS, r.owner == account, r.key == key, r.valid_to == FOREVER)
    body = connection.execute(select(r.body).where(*present)).scalar()
    if body is None:
        put_record(connection, _SCANS, account, key, {"count": number}, at)
        return
    count = msgspec.json.decode(body)["count"] + number
    connection.execute(
        update(record).where(*present).values(body=msgspec.json.encode({"count": count}))
    )
