"""Coverage as stored: one row for each resource and scan type, in versions."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    LargeBinary,
    Table,
    insert,
    select,
    update,
)

from openinspector.store.schema import FOREVER, Identity, Words, metadata, milliseconds, versioned

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


def put_coverage(
    connection: Connection, account: str, resources: Iterable[Mapping[str, Any]], at: int
) -> None:
    """Write rows in the shape of the API's `CoveredResource`; unchanged ones stay as they are.

    One of which only the time of the last scan differs stays the same version: most scans change
    nothing else, and there are many a day.
    """
    for resource in resources:
        body = msgspec.json.encode(resource, order="deterministic")
        known = connection.execute(
            select(coverage.c.row_id, coverage.c.body).where(
                _is(account, resource["resourceId"], resource["scanType"])
            )
        ).one_or_none()
        if known is not None and _untimed(known.body) == _untimed(body):
            connection.execute(
                update(coverage)
                .where(coverage.c.row_id == known.row_id)
                .values(body=body, last_scanned_at=milliseconds(resource.get("lastScannedAt")))
            )
            continue
        end_coverage(connection, account, resource["resourceId"], at, resource["scanType"])
        row = connection.execute(
            insert(coverage)
            .values(**_columns(account, resource), body=body, valid_from=at, valid_to=FOREVER)
            .returning(coverage.c.row_id)
        ).scalar_one()
        values = [
            {"row_id": row, "field": field, "key": key, "value": value}
            for field, key, value in value_rows(resource)
        ]
        if values:
            connection.execute(insert(coverage_value), values)


def _untimed(body: bytes) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.json.decode(body)
    row.pop("lastScannedAt", None)
    return row


def get_coverage(
    connection: Connection, account: str, resource_id: str, scan_type: str
) -> dict[str, Any] | None:
    """The present row of a resource and scan type, or None."""
    body = connection.execute(
        select(coverage.c.body).where(_is(account, resource_id, scan_type))
    ).scalar()
    return None if body is None else msgspec.json.decode(body)


def end_coverage(
    connection: Connection, account: str, resource_id: str, at: int, scan_type: str | None = None
) -> None:
    """Let the rows of a resource end, of one scan type or of all."""
    connection.execute(
        update(coverage).where(_is(account, resource_id, scan_type)).values(valid_to=at)
    )


def _is(account: str, resource_id: str, scan_type: str | None) -> Any:
    c = coverage.c
    same = (c.account == account) & (c.resource_id == resource_id) & (c.valid_to == FOREVER)
    return same if scan_type is None else same & (c.scan_type == scan_type)


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
