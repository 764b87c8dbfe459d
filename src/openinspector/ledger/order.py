"""In which order lists go, and how each order is cut where a page ended."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, and_, true, tuple_

from openinspector.model.refusal import Invalid
from openinspector.store.findings import finding

_WORST = ("severity_rank", "last_observed_at")

SORT_FIELDS: Mapping[str, tuple[str, ...]] = {
    "AWS_ACCOUNT_ID": ("account", *_WORST),
    "FINDING_TYPE": ("type",),
    "SEVERITY": _WORST,
    "FIRST_OBSERVED_AT": ("first_observed_at",),
    "LAST_OBSERVED_AT": ("last_observed_at",),
    "FINDING_STATUS": ("status",),
    "RESOURCE_TYPE": ("resource_type",),
    "ECR_IMAGE_PUSHED_AT": ("ecr_pushed_at",),
    "ECR_IMAGE_REPOSITORY_NAME": ("ecr_repository",),
    "ECR_IMAGE_REGISTRY": ("ecr_registry",),
    "NETWORK_PROTOCOL": ("protocol",),
    "COMPONENT_TYPE": ("component_type",),
    "VULNERABILITY_ID": ("vulnerability_id",),
    "VULNERABILITY_SOURCE": ("vulnerability_source",),
    "INSPECTOR_SCORE": ("inspector_score",),
    "VENDOR_SEVERITY": ("vendor_severity",),
    "EPSS_SCORE": ("epss_score",),
}
"""The model's sort fields and their columns; severities sort by rank, and then by time."""


class Order(msgspec.Struct, frozen=True):
    """Columns, all in one direction; among equals the end of the ARN decides, in the same one.

    So each order lies in an index, which is read from either end. That end is a digest: among
    equals no account's findings lie together, so that none has to pass all those of others. Missing
    values come last in both directions; no order of several columns has one that may be missing.
    """

    columns: tuple[str, ...]
    downwards: bool


class Part(NamedTuple):
    """A part of a list that an index holds as it is sorted: its findings, and their order."""

    condition: ColumnElement[bool]
    ordering: list[ColumnElement[Any]]


def order_of(sort: Mapping[str, str] | None) -> Order:
    """The order that a `SortCriteria` asks for; without one: worst first, then latest."""
    if sort is None:
        return Order(_WORST, downwards=True)
    columns = SORT_FIELDS.get(sort["field"])
    if columns is None:
        name = "sortCriteria.field"
        raise Invalid(f"{sort['field']} cannot be sorted by.", [(name, "cannot be sorted by")])
    return Order(columns, sort["sortOrder"] == "DESC")


def parts(order: Order, after: Sequence[Any] | None) -> Iterator[Part]:
    """What is left of a list, in turn: findings with a value, and those without.

    `after` is the position of the last one seen: its values in the order's columns, and its tie.
    """
    columns = [finding.c[name] for name in order.columns]
    if not columns[0].nullable:
        yield _part(true(), columns, order.downwards, after)
        return
    (column,) = columns
    if after is None or after[0] is not None:
        yield _part(column.is_not(None), columns, order.downwards, after)
        after = None
    yield _part(column.is_(None), [], order.downwards, after and after[1:])


def _part(
    condition: ColumnElement[bool],
    columns: Sequence[ColumnElement[Any]],
    downwards: bool,
    after: Sequence[Any] | None,
) -> Part:
    sorted_by = [*columns, finding.c.tie]
    if after is not None:
        # One comparison of rows: an index begins there, however deep the page lies.
        here, there = tuple_(*sorted_by), tuple_(*after)
        condition = and_(condition, here < there if downwards else here > there)
    return Part(condition, [each.desc() if downwards else each.asc() for each in sorted_by])
