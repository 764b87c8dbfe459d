"""Counts of active findings by account, package, image, ... (spec/filters-and-suppression.md 5).

Each type of aggregation is a row of `AGGREGATIONS`: what it groups by, which filters it takes, and
what its answers hold. Everything is counted in SQL.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    case,
    distinct,
    func,
    or_,
    select,
    true,
)

from openinspector.ledger.criteria import condition, value_sql
from openinspector.ledger.query import of_accounts, present
from openinspector.model.finding import Finding
from openinspector.model.refusal import Invalid
from openinspector.store.findings import finding, finding_package

f = finding.c
package = finding_package.c


class Aggregation(msgspec.Struct, frozen=True):
    """One type of aggregation.

    - `member`: its member in requests and answers.
    - `group`: answer member -> the expression that it groups by, the account apart.
    - `filters`: request member -> kind and expression that it filters.
    - `criteria`: request member -> the finding criterion that means the same.
    - `only`: further conditions on findings that can have such a group.
    - `source`: a table to join by row, where a finding has several groups.
    - `counts`: answer member -> a further count.
    """

    member: str
    group: Mapping[str, ColumnElement[Any]]
    filters: Mapping[str, tuple[str, ColumnElement[Any]]] = {}
    criteria: Mapping[str, str] = {}
    only: tuple[ColumnElement[bool], ...] = ()
    source: FromClause | None = None
    counts: Mapping[str, ColumnElement[Any]] = {}


def _when(test: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((test, 1), else_=0)), 0)


_EXPLOITS = {
    "exploitAvailableCount": _when(f.exploit_available == "YES"),
    "fixAvailableCount": _when(f.fix_available.in_(("YES", "PARTIAL"))),
}
_EC2 = (f.resource_type == "AWS_EC2_INSTANCE",)
_ECR = (f.resource_type == "AWS_ECR_CONTAINER_IMAGE",)
_LAMBDA = (f.resource_type == "AWS_LAMBDA_FUNCTION",)
_PROJECT = (f.resource_type == "CODE_REPOSITORY",)


def _text(**members: ColumnElement[Any]) -> dict[str, tuple[str, ColumnElement[Any]]]:
    return {name: ("string", column) for name, column in members.items()}


_INSTANCE = Aggregation(
    "ec2InstanceAggregation",
    {"instanceId": f.resource_id},
    _text(amis=f.ec2_image_id, operatingSystems=f.ec2_platform, instanceIds=f.resource_id),
    {"instanceTags": "resourceTags"},
    _EC2,
    counts={"networkFindings": _when(f.type == "NETWORK_REACHABILITY")},
)
_IMAGE = Aggregation(
    "awsEcrContainerAggregation",
    {"resourceId": f.resource_id},
    {
        **_text(
            resourceIds=f.resource_id,
            imageShas=f.ecr_hash,
            repositories=f.ecr_repository,
            architectures=f.ecr_architecture,
        ),
        "lastInUseAt": ("date", f.ecr_last_in_use_at),
        "inUseCount": ("number", f.ecr_in_use_count),
    },
    {"imageTags": "ecrImageTags"},
    _ECR,
)
_FUNCTION = Aggregation(
    "lambdaFunctionAggregation",
    {"resourceId": f.resource_id},
    _text(resourceIds=f.resource_id, functionNames=f.lambda_name, runtimes=f.lambda_runtime),
    {"functionTags": "resourceTags"},
    _LAMBDA,
)

AGGREGATIONS: Mapping[str, Aggregation] = {
    "ACCOUNT": Aggregation("accountAggregation", {}, counts=_EXPLOITS),
    "FINDING_TYPE": Aggregation("findingTypeAggregation", {}, counts=_EXPLOITS),
    "TITLE": Aggregation(
        "titleAggregation",
        {"title": f.title, "vulnerabilityId": f.vulnerability_id},
        _text(titles=f.title, vulnerabilityIds=f.vulnerability_id),
        only=(f.title.is_not(None),),
    ),
    "PACKAGE": Aggregation(
        "packageAggregation",
        {"packageName": package.name},
        _text(packageNames=package.name),
        source=finding_package,
    ),
    "REPOSITORY": Aggregation(
        "repositoryAggregation",
        {"repository": f.ecr_repository},
        _text(repositories=f.ecr_repository),
        only=(*_ECR, f.ecr_repository.is_not(None)),
        counts={"affectedImages": func.count(distinct(f.resource_id))},
    ),
    "AMI": Aggregation(
        "amiAggregation",
        {"ami": f.ec2_image_id},
        _text(amis=f.ec2_image_id),
        only=(*_EC2, f.ec2_image_id.is_not(None)),
        counts={"affectedInstances": func.count(distinct(f.resource_id))},
    ),
    "AWS_EC2_INSTANCE": _INSTANCE,
    "AWS_ECR_CONTAINER": _IMAGE,
    "IMAGE_LAYER": Aggregation(
        "imageLayerAggregation",
        {
            "repository": f.ecr_repository,
            "resourceId": f.resource_id,
            "layerHash": package.layer_hash,
        },
        _text(
            repositories=f.ecr_repository,
            resourceIds=f.resource_id,
            layerHashes=package.layer_hash,
        ),
        only=(*_ECR, package.layer_hash.is_not(None)),
        source=finding_package,
    ),
    "AWS_LAMBDA_FUNCTION": _FUNCTION,
    "LAMBDA_LAYER": Aggregation(
        "lambdaLayerAggregation",
        {
            "functionName": f.lambda_name,
            "resourceId": f.resource_id,
            "layerArn": package.lambda_layer_arn,
        },
        _text(
            functionNames=f.lambda_name,
            resourceIds=f.resource_id,
            layerArns=package.lambda_layer_arn,
        ),
        only=(*_LAMBDA, package.lambda_layer_arn.is_not(None)),
        source=finding_package,
    ),
    "CODE_REPOSITORY": Aggregation(
        "codeRepositoryAggregation",
        {"projectNames": f.project_name, "resourceId": f.resource_id},
        _text(
            projectNames=f.project_name,
            providerTypes=f.project_provider,
            resourceIds=f.resource_id,
        ),
        only=_PROJECT,
        counts={
            "exploitAvailableActiveFindingsCount": _EXPLOITS["exploitAvailableCount"],
            "fixAvailableActiveFindingsCount": _EXPLOITS["fixAvailableCount"],
        },
    ),
    # The newer models' words for the same things, for all clouds.
    "VM_INSTANCE": msgspec.structs.replace(_INSTANCE, member="vmInstanceAggregation"),
    "CONTAINER_IMAGE": msgspec.structs.replace(_IMAGE, member="containerImageAggregation"),
    "SERVERLESS_FUNCTION": msgspec.structs.replace(
        _FUNCTION, member="serverlessFunctionAggregation"
    ),
}

_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED")
_SORTS = {
    "ALL": "all",
    "CRITICAL": "critical",
    "HIGH": "high",
    "AFFECTED_IMAGES": "affectedImages",
    "AFFECTED_INSTANCES": "affectedInstances",
    "NETWORK_FINDINGS": "networkFindings",
}
_BARE = {"findingType": "type", "resourceType": "resource_type"}
"""Request members that are a bare word, and the column that must equal it."""


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
    rows = connection.execute(query.order_by(ordered, *keys).limit(limit + 1)).mappings().all()
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
        *(f[column] == asked[name] for name, column in _BARE.items() if name in asked),
        *(value_sql(k, column, asked[n]) for n, (k, column) in aggregation.filters.items()
          if n in asked),
        condition({c: asked[name] for name, c in aggregation.criteria.items() if name in asked}),
    ]  # fmt: skip
    if account_tests:
        conditions.append(value_sql("string", f.account, account_tests))
    named = [column.label(name) for name, column in groups.items()]
    if aggregation.source is None:
        counts = (column.label(name) for name, column in aggregation.counts.items())
        counted = select(*named, *_severities(f.severity), *counts).where(and_(true(), *conditions))
        return counted.group_by(*groups.values())
    # A finding with two packages of one group counts once in it.
    once = (
        select(*named, f.row_id, f.severity)
        .join_from(finding, aggregation.source, package.row_id == f.row_id)
        .where(and_(true(), *conditions))
        .distinct()
        .subquery()
    )
    keys = [once.c[name] for name in groups]
    return select(*keys, *_severities(once.c.severity)).group_by(*keys)


def _severities(severity: ColumnElement[Any]) -> list[ColumnElement[Any]]:
    """All findings of a group, and those of each severity."""
    each = {word.lower(): func.count(case((severity == word, 1))) for word in _SEVERITIES}
    return [func.count().label("all"), *(count.label(name) for name, count in each.items())]


def _beyond(
    sort: ColumnElement[Any],
    downwards: bool,
    keys: Sequence[ColumnElement[Any]],
    after: Sequence[Any],
) -> ColumnElement[bool]:
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
    describe = _DESCRIBED.get(aggregation.member)
    if describe is None:
        return answers
    resources = _resources(connection, aggregation, answers, at)
    return [{**each, **describe(resources.get(_identity(each)))} for each in answers]


def _identity(answer: Mapping[str, Any]) -> tuple[str, str]:
    return answer["accountId"], answer.get("resourceId") or answer["instanceId"]


def _resources(
    connection: Connection, aggregation: Aggregation, answers: Sequence[Mapping[str, Any]], at: int
) -> dict[tuple[str, str], Finding]:
    """One finding of each resource on the page: it describes the resource."""
    found: dict[tuple[str, str], Finding] = {}
    decoder = msgspec.json.Decoder(Finding)
    for each in answers:
        account, resource = _identity(each)
        body = connection.execute(
            select(f.body)
            .where(f.account == account, f.resource_id == resource, present(at))
            .where(f.status == "ACTIVE")
            .order_by(f.last_observed_at.desc())
            .limit(1)
        ).scalar()
        if body is not None:
            found[account, resource] = decoder.decode(body)
    return found


def _of_instance(each: Finding | None) -> dict[str, Any]:
    if each is None or each.resources[0].details is None:
        return {}
    details = each.resources[0].details.aws_ec2_instance
    return {
        "ami": details.image_id if details else None,
        "operatingSystem": details.platform if details else None,
        "instanceTags": each.resources[0].tags or {},
    }


def _of_image(each: Finding | None) -> dict[str, Any]:
    details = each.resources[0].details if each else None
    image = details.aws_ecr_container_image if details else None
    if image is None:
        return {}
    return {
        "imageSha": image.image_hash,
        "repository": image.repository_name,
        "architecture": image.architecture,
        "imageTags": image.image_tags or [],
        "lastInUseAt": image.last_in_use_at,
        "inUseCount": image.in_use_count,
    }


def _of_function(each: Finding | None) -> dict[str, Any]:
    details = each.resources[0].details if each else None
    function = details.aws_lambda_function if details else None
    if each is None or function is None:
        return {}
    return {
        "functionName": function.function_name,
        "runtime": function.runtime,
        "lambdaTags": each.resources[0].tags or {},
        "lastModifiedAt": function.last_modified_at,
    }


def _of_project(each: Finding | None) -> dict[str, Any]:
    details = each.resources[0].details if each else None
    project = details.code_repository if details else None
    return {"providerType": project.provider_type} if project else {}


_DESCRIBED = {
    "ec2InstanceAggregation": _of_instance,
    "vmInstanceAggregation": _of_instance,
    "awsEcrContainerAggregation": _of_image,
    "containerImageAggregation": _of_image,
    "lambdaFunctionAggregation": _of_function,
    "serverlessFunctionAggregation": _of_function,
    "codeRepositoryAggregation": _of_project,
}
"""Answers that describe their resource, and how."""
