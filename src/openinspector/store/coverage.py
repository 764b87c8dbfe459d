"""Coverage as stored: one row for each resource and scan type, in versions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    LargeBinary,
    Table,
    bindparam,
    insert,
    select,
    update,
)

from openinspector.store.schema import (
    FOREVER,
    Identity,
    Words,
    in_batches,
    metadata,
    milliseconds,
    row_numbers,
    versioned,
)

coverage = Table(
    "coverage",
    metadata,
    Column("row_id", Identity, primary_key=True, autoincrement=True),
    Column("account", Words, nullable=False),
    Column("resource_id", Words, nullable=False),
    Column("resource_type", Words, nullable=False),
    Column("scan_type", Words, nullable=False),
    Column("status_code", Words, nullable=False),
    Column("reason", Words, nullable=False),
    Column("scan_mode", Words),
    Column("region", Words),
    Column("last_scanned_at", BigInteger),
    Column("image_pulled_at", BigInteger),
    Column("in_use_at", BigInteger),
    Column("in_use_count", BigInteger),
    Column("repository", Words),
    Column("function_name", Words),
    Column("function_runtime", Words),
    Column("project_name", Words),
    Column("project_provider", Words),
    Column("project_visibility", Words),
    Column("commit_id", Words),
    Column("body", LargeBinary, nullable=False),
    *versioned(),
)

coverage_value = Table(
    "coverage_value",
    metadata,
    Column("row_id", Identity, nullable=False),
    Column("field", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("value", Words, nullable=False),
)

_PRESENT = coverage.c.valid_to == FOREVER
_IDENTITY = (coverage.c.account, coverage.c.resource_id, coverage.c.scan_type)
Index("ix_coverage_identity", *_IDENTITY, coverage.c.valid_from)
Index(
    "uq_coverage_present",
    *_IDENTITY,
    unique=True,
    sqlite_where=_PRESENT,
    postgresql_where=_PRESENT,
)
Index("ix_coverage_value_row", coverage_value.c.row_id, coverage_value.c.field)

_BATCH = 500


def put_coverage(
    connection: Connection, account: str, resources: Iterable[Mapping[str, Any]], at: int
) -> None:
    """Write rows in the shape of the API's `CoveredResource`; unchanged ones stay as they are.

    One of which only the time of the last scan differs stays the same version: most scans change
    nothing else, and there are many a day. Call it within `Store.write`.
    """
    for batch in in_batches(resources, _BATCH):
        known = _present(connection, account, [each["resourceId"] for each in batch])
        touched, ended, fresh = [], [], []
        for resource in {(each["resourceId"], each["scanType"]): each for each in batch}.values():
            body = msgspec.json.encode(resource, order="deterministic")
            before = known.get((resource["resourceId"], resource["scanType"]))
            if before is None:
                fresh.append((resource, body))
            elif _untimed(before.body) == _untimed(body):
                touched.append(_touch(before.row_id, resource, body))
            else:
                ended.append(before.row_id)
                fresh.append((resource, body))
        _end(connection, ended, at)
        _update_scanned(connection, touched)
        _insert(connection, account, fresh, at)


def mark_looked_at(
    connection: Connection, account: str, names: Iterable[str], scan_type: str, at: int
) -> list[str]:
    """Resources were judged at a moment: those that are scanned at all say so, as last scanned.

    Nothing else of their rows changes: judging again says nothing of whether one can be scanned.
    Those that say so.
    """
    scanned = []
    for batch in in_batches(names, _BATCH):
        touched = []
        for (name, kind), row in _present(connection, account, batch).items():
            body = msgspec.json.decode(row.body)
            if kind == scan_type and body["scanStatus"]["statusCode"] == "ACTIVE":
                body["lastScannedAt"] = at / 1000
                encoded = msgspec.json.encode(body, order="deterministic")
                touched.append(_touch(row.row_id, body, encoded))
                scanned.append(name)
        _update_scanned(connection, touched)
    return scanned


def _present(
    connection: Connection, account: str, names: Sequence[str]
) -> dict[tuple[str, str], Any]:
    """Row numbers and bodies of resources, by identifier and scan type."""
    c = coverage.c
    rows = connection.execute(
        select(c.resource_id, c.scan_type, c.row_id, c.body).where(
            c.account == account, c.resource_id.in_(names), c.valid_to == FOREVER
        )
    )
    return {(row.resource_id, row.scan_type): row for row in rows}


def _touch(number: int, resource: Mapping[str, Any], body: bytes) -> dict[str, Any]:
    scanned = milliseconds(resource.get("lastScannedAt"))
    return {"number": number, "written": body, "scanned": scanned}


def _update_scanned(connection: Connection, touched: Sequence[Mapping[str, Any]]) -> None:
    if touched:
        connection.execute(
            update(coverage)
            .where(coverage.c.row_id == bindparam("number"))
            .values(body=bindparam("written"), last_scanned_at=bindparam("scanned")),
            touched,
        )


def _end(connection: Connection, numbers: Sequence[int], at: int) -> None:
    if numbers:
        connection.execute(
            update(coverage).where(coverage.c.row_id.in_(numbers)).values(valid_to=at)
        )


def _insert(
    connection: Connection,
    account: str,
    fresh: Sequence[tuple[Mapping[str, Any], bytes]],
    at: int,
) -> None:
    numbers = row_numbers(connection, coverage, len(fresh))
    rows: list[dict[str, Any]] = []
    values: list[dict[str, Any]] = []
    for number, (resource, body) in zip(numbers, fresh, strict=True):
        columns = _columns(account, resource)
        rows.append(
            {"row_id": number, **columns, "body": body, "valid_from": at, "valid_to": FOREVER}
        )
        values.extend(
            {"row_id": number, "field": field, "key": key, "value": value}
            for field, key, value in value_rows(resource)
        )
    for table, several in ((coverage, rows), (coverage_value, values)):
        if several:
            connection.execute(insert(table), several)


def _untimed(body: bytes) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.json.decode(body)
    row.pop("lastScannedAt", None)
    return row


def get_coverage(
    connection: Connection, account: str, resource_id: str, scan_type: str
) -> dict[str, Any] | None:
    """The present row of a resource and scan type, or None."""
    row = _present(connection, account, [resource_id]).get((resource_id, scan_type))
    return None if row is None else msgspec.json.decode(row.body)


def coverage_rows(
    connection: Connection, account: str, names: Iterable[str], scan_type: str
) -> dict[str, dict[str, Any]]:
    """The present rows of resources, of one scan type, by identifier."""
    return {
        name: msgspec.json.decode(row.body)
        for batch in in_batches(names, _BATCH)
        for (name, kind), row in _present(connection, account, batch).items()
        if kind == scan_type
    }


def end_coverage(connection: Connection, account: str, names: Iterable[str], at: int) -> None:
    """Let the rows of resources end, of all scan types."""
    c = coverage.c
    for batch in in_batches(names, _BATCH):
        connection.execute(
            update(coverage)
            .where(c.account == account, c.resource_id.in_(batch), c.valid_to == FOREVER)
            .values(valid_to=at)
        )


def _columns(account: str, resource: Mapping[str, Any]) -> dict[str, Any]:
    told = resource.get("resourceMetadata") or {}
    image = told.get("ecrImage") or {}
    function = told.get("lambdaFunction") or {}
    project = told.get("codeRepository") or {}
    return {
        "account": account,
        "resource_id": resource["resourceId"],
        "resource_type": resource["resourceType"],
        "scan_type": resource["scanType"],
        "status_code": resource["scanStatus"]["statusCode"],
        "reason": resource["scanStatus"]["reason"],
        "scan_mode": resource.get("scanMode"),
        "region": resource.get("providerRegion"),
        "last_scanned_at": milliseconds(resource.get("lastScannedAt")),
        "image_pulled_at": milliseconds(image.get("imagePulledAt")),
        "in_use_at": milliseconds(image.get("lastInUseAt")),
        "in_use_count": image.get("inUseCount"),
        "repository": (told.get("ecrRepository") or {}).get("name") or _repository(resource),
        "function_name": function.get("functionName"),
        "function_runtime": function.get("runtime"),
        "project_name": project.get("projectName"),
        "project_provider": project.get("providerType"),
        "project_visibility": project.get("providerTypeVisibility"),
        "commit_id": project.get("lastScannedCommitId"),
    }


def _repository(resource: Mapping[str, Any]) -> str | None:
    """The repository of an image, from its ARN."""
    if resource["resourceType"] != "AWS_ECR_CONTAINER_IMAGE":
        return None
    _, _, rest = str(resource["resourceId"]).partition(":repository/")
    return rest.rpartition("/sha256:")[0] or None


def value_rows(resource: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What a resource has several of: field, key (of tags; else empty), value."""
    told = resource.get("resourceMetadata") or {}
    for tag in (told.get("ecrImage") or {}).get("tags") or ():
        yield "image_tag", "", tag
    for field, member, name in (
        ("ec2_tag", "ec2", "tags"),
        ("function_tag", "lambdaFunction", "functionTags"),
        ("machine_image_tag", "machineImage", "tags"),
    ):
        for key, value in ((told.get(member) or {}).get(name) or {}).items():
            yield field, key, value
