"""Counts of active findings by account, package, image, ... (spec/filters-and-suppression.md 5).

What each type groups and takes is in `aggregation_types`. Everything is counted in SQL.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    cast,
    distinct,
    func,
    literal_column,
    or_,
    select,
    true,
)

from openinspector.ledger.aggregation_types import AGGREGATIONS, Aggregation
from openinspector.ledger.criteria import condition, value_sql
from openinspector.ledger.query import of_accounts, present
from openinspector.model.finding import Finding
from openinspector.model.refusal import Invalid
from openinspector.store.findings import finding, finding_package

f = finding.c
package = finding_package.c

_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED")
_SORTS = {
    "ALL": "all",
    "CRITICAL": "critical",
    "HIGH": "high",
    "AFFECTED_IMAGES": "affectedImages",
    "AFFECTED_INSTANCES": "affectedInstances",
    "NETWORK_FINDINGS": "networkFindings",
}
_BARE = {"findingType": f.type, "resourceType": f.resource_type}
"""Request members that are a bare word, and the column that must equal it."""
_ONE: ColumnElement[Any] = literal_column("1")
_ORDERING = ("sortBy", "sortOrder")


class Rows(msgspec.Struct, frozen=True):
    """Some answers, and the position after them; None when there are no more."""

    answers: list[dict[str, Any]]
    position: list[Any] | None


def aggregate(
    connection: Connection,
    accounts: Sequence[str],
    kind: str,
    request: Mapping[str, Any] | None,
    account_tests: Sequence[Mapping[str, Any]],
    limit: int,
    after: Sequence[Any] | None,
    at: int,
) -> Rows:
    """One page of an aggregation over active findings. Raises `Invalid` for a wrong member."""
    aggregation = AGGREGATIONS[kind]
    asked = _asked(aggregation, kind, request)
    grouped = _grouped(aggregation, accounts, asked, account_tests, at).subquery()
    sort, downwards = _SORTS[asked.get("sortBy", "ALL")], asked.get("sortOrder", "DESC") == "DESC"
    keys = [grouped.c[name] for name in ("accountId", *aggregation.group)]
    query = select(grouped)
    if after is not None:
        query = query.where(_beyond(grouped.c[sort], downwards, keys, after))
    ordered = grouped.c[sort].desc() if downwards else grouped.c[sort].asc()
    # Said aloud: missing keys come first in SQLite, and last in PostgreSQL.
    query = query.order_by(ordered, *(key.asc().nulls_first() for key in keys))
    rows = connection.execute(query.limit(limit + 1)).mappings().all()
    page = rows[:limit]
    position = None
    if len(rows) > limit:
        last = page[-1]
        position = [last[sort], *(last[key.name] for key in keys)]
    details = _details(connection, aggregation, [dict(row) for row in page], at)
    return Rows([{aggregation.member: each} for each in details], position)


def _asked(
    aggregation: Aggregation, kind: str, request: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    if not request:
        return {}
    (member, asked), *_ = request.items()
    if member != aggregation.member:
        message = f"{member} does not belong to the aggregation type {kind}."
        raise Invalid(message, [("aggregationRequest", message)])
    return dict(asked)


def _grouped(
    aggregation: Aggregation,
    accounts: Sequence[str],
    asked: Mapping[str, Any],
    account_tests: Sequence[Mapping[str, Any]],
    at: int,
) -> Select[Any]:
    groups = {"accountId": f.account, **aggregation.group}
    conditions = [
        *(of_accounts(accounts), present(at), f.status == "ACTIVE"),
        *aggregation.only,
        *_tests(aggregation, asked),
    ]
    if account_tests:
        conditions.append(value_sql("string", f.account, account_tests))
    # SQLite would take the index of states, and read nearly every finding whole.
    hint = "" if set(asked) - set(_ORDERING) else "INDEXED BY ix_finding_counts"
    named = [column.label(name) for name, column in groups.items()]
    if aggregation.source is None:
        counts = (column.label(name) for name, column in aggregation.counts.items())
        query = select(*named, *_severities(f.severity), *counts).where(and_(true(), *conditions))
        return query.with_hint(finding, hint, "sqlite").group_by(*groups.values())
    # A finding with two packages of one group counts once in it.
    once = (
        select(*named, f.severity, func.count(distinct(f.row_id)).label("findings"))
        .join_from(finding, aggregation.source, package.row_id == f.row_id)
        .where(and_(true(), *conditions))
        .with_hint(finding, hint, "sqlite")
        .group_by(*groups.values(), f.severity)
        .subquery()
    )
    keys = [once.c[name] for name in groups]
    return select(*keys, *_severities(once.c.severity, once.c.findings)).group_by(*keys)


def _tests(aggregation: Aggregation, asked: Mapping[str, Any]) -> Iterator[ColumnElement[bool]]:
    """The conditions of each member of a request that narrows it."""
    for name, tests in asked.items():
        if name in _BARE:
            yield _BARE[name] == tests
        elif name in aggregation.words:
            yield aggregation.words[name].in_(tests)
        elif name in aggregation.filters:
            kind, column = aggregation.filters[name]
            yield value_sql(kind, column, tests)
        elif name in aggregation.criteria:
            yield condition({aggregation.criteria[name]: tests})
        elif name not in _ORDERING:
            message = f"{name} does not belong to {aggregation.member}."
            raise Invalid(message, [(f"aggregationRequest.{aggregation.member}.{name}", message)])


def _severities(
    severity: ColumnElement[Any], findings: ColumnElement[Any] = _ONE
) -> list[ColumnElement[Any]]:
    """All findings of a group, and those of each severity; each row stands for so many."""
    each = {word.lower(): case((severity == word, findings), else_=0) for word in _SEVERITIES}
    counts = {"all": findings, **each}
    return [cast(func.sum(count), BigInteger).label(name) for name, count in counts.items()]


def _beyond(
    sort: ColumnElement[Any],
    downwards: bool,
    keys: Sequence[ColumnElement[Any]],
    after: Sequence[Any],
) -> ColumnElement[bool]:
    """The condition for groups after a position: those without a key come before those with it."""
    columns = [sort, *keys]
    terms = []
    for number, (column, value) in enumerate(zip(columns, after, strict=True)):
        equal = [
            earlier.is_(None) if known is None else earlier == known
            for earlier, known in zip(columns[:number], after[:number], strict=True)
        ]
        if value is None:
            terms.append(and_(*equal, column.is_not(None)))
        else:
            terms.append(
                and_(*equal, column < value if number == 0 and downwards else column > value)
            )
    return or_(*terms)


def _details(
    connection: Connection, aggregation: Aggregation, rows: list[dict[str, Any]], at: int
) -> list[dict[str, Any]]:
    answers = []
    for row in rows:
        names = ("all", "critical", "high", "medium", "low", "informational", "untriaged")
        counts = {name: row.pop(name) for name in names}
        answers.append({**row, "severityCounts": counts})
    if aggregation.describe is None:
        return answers
    known = _resources(connection, aggregation, answers, at)
    return [{**each, **aggregation.describe(known[_identity(each)])} for each in answers]


def _identity(answer: Mapping[str, Any]) -> tuple[str, str]:
    return answer["accountId"], answer.get("resourceId") or answer["instanceId"]


def _resources(
    connection: Connection, aggregation: Aggregation, answers: Sequence[Mapping[str, Any]], at: int
) -> dict[tuple[str, str], Finding]:
    """The latest finding of each resource on the page: it describes the resource."""
    found: dict[tuple[str, str], Finding] = {}
    decoder = msgspec.json.Decoder(Finding)
    for each in answers:
        account, resource = _identity(each)
        body = connection.execute(
            select(f.body)
            .where(f.account == account, f.resource_id == resource, present(at))
            .where(f.status == "ACTIVE", *aggregation.only)
            # SQLite would rather look through all findings, the latest first.
            .with_hint(finding, "INDEXED BY ix_finding_resource", "sqlite")
            .order_by(f.last_observed_at.desc(), f.arn)
            .limit(1)
        ).scalar_one()
        found[account, resource] = decoder.decode(body)
    return found
