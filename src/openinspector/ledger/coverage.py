"""Lists and statistics of coverage (spec/filters-and-suppression.md 6, 7)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)

from openinspector.ledger.criteria import (
    Criteria,
    combine,
    strings_hold,
    tag_sql,
    text_sql,
    value_sql,
)
from openinspector.store.coverage import coverage, coverage_value

c = coverage.c

_COLUMNS: Mapping[str, tuple[str, ColumnElement[Any]]] = {
    "scanStatusCode": ("string", c.status_code),
    "scanStatusReason": ("string", c.reason),
    "accountId": ("string", c.account),
    "resourceId": ("string", c.resource_id),
    "resourceType": ("string", c.resource_type),
    "scanType": ("string", c.scan_type),
    "scanMode": ("string", c.scan_mode),
    "ecrRepositoryName": ("string", c.repository),
    "lambdaFunctionName": ("string", c.function_name),
    "lambdaFunctionRuntime": ("string", c.function_runtime),
    "codeRepositoryProjectName": ("string", c.project_name),
    "codeRepositoryProviderType": ("string", c.project_provider),
    "codeRepositoryProviderTypeVisibility": ("string", c.project_visibility),
    "lastScannedCommitId": ("string", c.commit_id),
    "lastScannedAt": ("date", c.last_scanned_at),
    "imagePulledAt": ("date", c.image_pulled_at),
    "ecrImageLastInUseAt": ("date", c.in_use_at),
    "ecrImageInUseCount": ("number", c.in_use_count),
    "cloudProviderAccountId": ("string", c.account),
    "cloudProviderRegion": ("string", c.region),
    "cloudContainerRepositoryName": ("string", c.repository),
    "cloudServerlessFunctionName": ("string", c.function_name),
    "cloudServerlessFunctionRuntime": ("string", c.function_runtime),
}
_SEVERAL = {"ecrImageTags": "image_tag", "cloudContainerImageTags": "image_tag"}
_TAGS = {
    "ec2InstanceTags": "ec2_tag",
    "lambdaFunctionTags": "function_tag",
    "cloudVmInstanceTags": "ec2_tag",
    "cloudServerlessFunctionTags": "function_tag",
    "machineImageTags": "machine_image_tag",
}
_CONSTANT: Mapping[str, str | None] = {
    "cloudProvider": "AWS",
    "cloudProviderOrgId": None,
    "cloudContainerRegistryName": None,
}

COVERAGE_FIELDS = frozenset({*_COLUMNS, *_SEVERAL, *_TAGS, *_CONSTANT})
"""Every criterion that is understood."""

GROUPS: Mapping[str, ColumnElement[Any]] = {
    "SCAN_STATUS_CODE": c.status_code,
    "SCAN_STATUS_REASON": c.reason,
    "ACCOUNT_ID": c.account,
    "RESOURCE_TYPE": c.resource_type,
    "ECR_REPOSITORY_NAME": c.repository,
    # Constants are told by a column: PostgreSQL does not group by a constant.
    "PROVIDER": case((c.account.is_not(None), literal_column("'AWS'"))),
    "PROVIDER_ACCOUNT_ID": c.account,
    "PROVIDER_REGION": c.region,
    "PROVIDER_ORG_ID": case((c.account.is_(None), literal_column("''"))),
}
"""What statistics may group by; rows without a value are in no group."""


def coverage_condition(criteria: Criteria) -> ColumnElement[bool]:
    """The condition on `coverage` for rows that meet all criteria."""
    return and_(true(), *(_field(name, tests) for name, tests in criteria.items()))


def _field(name: str, tests: Sequence[Mapping[str, Any]]) -> ColumnElement[bool]:
    if name in _COLUMNS:
        kind, column = _COLUMNS[name]
        return value_sql(kind, column, tests)
    v = coverage_value.c
    if name in _SEVERAL:
        return combine(
            tests, lambda test: _exists(v.field == _SEVERAL[name], text_sql(v.value, test))
        )
    if name in _TAGS:
        return or_(
            *(_exists(v.field == _TAGS[name], tag_sql(v.key, v.value, test)) for test in tests)
        )
    if name in _CONSTANT:
        return true() if strings_hold(_CONSTANT[name], tests) else false()
    return false()


def _exists(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    query = select(coverage_value.c.row_id).where(
        *conditions, coverage_value.c.row_id == coverage.c.row_id
    )
    return exists(query.correlate(coverage))


def list_coverage(
    connection: Connection,
    accounts: Sequence[str],
    criteria: Criteria,
    limit: int,
    after: Sequence[Any] | None,
    at: int,
) -> tuple[list[bytes], list[Any] | None]:
    """One page of covered resources as JSON, and the position after it."""
    keys = (c.account, c.resource_id, c.scan_type)
    query = select(c.body, *keys).where(_scope(accounts, at), coverage_condition(criteria))
    if after is not None:
        account, resource, scan = after
        query = query.where(
            or_(
                c.account > account,
                and_(c.account == account, c.resource_id > resource),
                and_(c.account == account, c.resource_id == resource, c.scan_type > scan),
            )
        )
    rows = connection.execute(query.order_by(*keys).limit(limit + 1)).all()
    position = list(rows[limit - 1][1:]) if len(rows) > limit else None
    return [row[0] for row in rows[:limit]], position


def covered_resources(
    connection: Connection, accounts: Sequence[str], criteria: Criteria, at: int
) -> list[dict[str, Any]]:
    """Every covered resource, decoded."""
    query = select(c.body).where(_scope(accounts, at), coverage_condition(criteria))
    rows = connection.execute(query.order_by(c.account, c.resource_id, c.scan_type)).scalars()
    return [msgspec.json.decode(row) for row in rows]


def statistics(
    connection: Connection,
    accounts: Sequence[str],
    criteria: Criteria,
    group: str | None,
    limit: int,
    after: Sequence[Any] | None,
    at: int,
) -> tuple[int, list[tuple[str, int]], list[Any] | None]:
    """How many rows there are, the groups of one page, and the position after it."""
    wanted = and_(_scope(accounts, at), coverage_condition(criteria))
    total = connection.execute(
        select(func.count()).select_from(coverage).where(wanted)
    ).scalar_one()
    if group is None:
        return total, [], None
    column = GROUPS[group]
    groups = (
        select(column.label("key"), func.count().label("number"))
        .where(wanted, column.is_not(None))
        .group_by(column)
        .subquery()
    )
    g = groups.c
    query = select(g.key, g.number)
    if after is not None:
        number, key = after
        query = query.where(or_(g.number < number, and_(g.number == number, g.key > key)))
    rows = connection.execute(query.order_by(g.number.desc(), g.key).limit(limit + 1)).all()
    page = [(row.key, row.number) for row in rows[:limit]]
    position = [page[-1][1], page[-1][0]] if len(rows) > limit else None
    return total, page, position


def _scope(accounts: Sequence[str], at: int) -> ColumnElement[bool]:
    return and_(c.account.in_(list(accounts)), c.valid_from <= at, c.valid_to > at)
