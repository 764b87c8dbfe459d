"""The objects of an SBOM export: one for each resource that passes the filter (exports.md 5)."""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from openinspector import __version__
from openinspector.api.call import Service
from openinspector.api.findings_report import with_prefix
from openinspector.ledger.criteria import any_string_holds
from openinspector.ledger.query import stream
from openinspector.reports.sbom_export import WRITERS, Subject
from openinspector.signals.exports import ExportObject, Job
from openinspector.store.monitored import Monitored, monitored_resources
from openinspector.store.packages import get_inventory

_NOT_EXPORTED = frozenset({"CODE_REPOSITORY"})


def sboms(service: Service, job: Job) -> Iterator[ExportObject]:
    """One object for each resource, as of the job's moment."""
    keys: set[str] = set()
    criteria = job.criteria or {}
    with service.store.read() as connection:
        for resource in monitored_resources(connection, job.accounts, job.moment):
            if _exported(resource) and passes(criteria, resource):
                key = _key(job, resource, keys)
                yield ExportObject(key, _content(connection, job, resource))


def _content(connection: Connection, job: Job, resource: Monitored) -> Iterator[bytes]:
    inventory = get_inventory(connection, resource.inventory)
    assert inventory is not None, resource.inventory
    active = {
        "resourceId": [{"comparison": "EQUALS", "value": resource.resource_id}],
        "findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}],
    }
    moment = datetime.fromtimestamp(job.moment // 1000, UTC)
    subject = Subject(
        account=resource.account,
        type=resource.body["resourceType"],
        id=resource.resource_id,
        timestamp=moment.isoformat().replace("+00:00", "Z"),
        serial=str(uuid.uuid5(uuid.UUID(job.report_id), resource.resource_id)),
        version=__version__,
    )
    findings = stream(connection, [resource.account], active, job.moment)
    yield WRITERS[job.format](subject, inventory, findings)


def _exported(resource: Monitored) -> bool:
    """Neither source trees nor hosts with Windows that an agent scans (spec/exports.md 5)."""
    platform = (_metadata(resource).get("ec2") or {}).get("platform") or ""
    by_agent = resource.body.get("scanMode") != "EC2_AGENTLESS"
    if "WINDOWS" in platform and by_agent:
        return False
    return resource.body["resourceType"] not in _NOT_EXPORTED


def _key(job: Job, resource: Monitored, used: set[str]) -> str:
    """The observed layout; two identifiers that differ in `/` and `_` only are kept apart."""
    name = resource.resource_id.replace("/", "_")
    if f"{resource.account}/{name}" in used:
        name += "_" + hashlib.sha256(resource.resource_id.encode()).hexdigest()[:16]
    used.add(f"{resource.account}/{name}")
    folder = f"{job.format}_outputs_{job.report_id}/account={resource.account}"
    type_ = resource.body["resourceType"]
    return with_prefix(job, f"{folder}/resource={type_}/{name}_{job.format}.json")


def passes(criteria: Mapping[str, Sequence[Mapping[str, Any]]], resource: Monitored) -> bool:
    """Whether a resource meets a `ResourceFilterCriteria`: every field, in any way that it says."""
    return all(_holds(field, tests, resource) for field, tests in criteria.items() if tests)


def _holds(field: str, tests: Sequence[Mapping[str, Any]], resource: Monitored) -> bool:
    if field in _TAGS:
        tags = _TAGS[field](resource)
        return any(
            test["key"] in tags and test.get("value", tags[test["key"]]) == tags[test["key"]]
            for test in tests
        )
    values = (value for value in _VALUES[field](resource) if value is not None)
    return any_string_holds(values, tests)


def _metadata(resource: Monitored) -> dict[str, Any]:
    return resource.body.get("resourceMetadata") or {}


def _function(resource: Monitored) -> dict[str, Any]:
    return _metadata(resource).get("lambdaFunction") or {}


def _function_name(resource: Monitored) -> list[str | None]:
    """The name, from the ARN where coverage does not tell it."""
    if resource.body["resourceType"] != "AWS_LAMBDA_FUNCTION":
        return []
    from_arn = resource.resource_id.partition(":function:")[2].partition(":")[0]
    return [_function(resource).get("functionName") or from_arn or None]


def _repository(resource: Monitored) -> list[str | None]:
    if resource.body["resourceType"] != "AWS_ECR_CONTAINER_IMAGE":
        return []
    from_arn = resource.resource_id.partition(":repository/")[2].rpartition("/sha256:")[0]
    return [(_metadata(resource).get("ecrRepository") or {}).get("name") or from_arn or None]


def _image_tags(resource: Monitored) -> list[str]:
    return (_metadata(resource).get("ecrImage") or {}).get("tags") or []


def _instance_tags(resource: Monitored) -> dict[str, str]:
    return (_metadata(resource).get("ec2") or {}).get("tags") or {}


def _function_tags(resource: Monitored) -> dict[str, str]:
    return _function(resource).get("functionTags") or {}


_VALUES: dict[str, Callable[[Monitored], Sequence[str | None]]] = {
    "accountId": lambda x: [x.account],
    "resourceId": lambda x: [x.resource_id],
    "resourceType": lambda x: [x.body["resourceType"]],
    "ecrRepositoryName": _repository,
    "lambdaFunctionName": _function_name,
    "ecrImageTags": _image_tags,
    "cloudProvider": lambda x: [x.body.get("provider") or "AWS"],
    "cloudProviderAccountId": lambda x: [x.body.get("providerAccountId") or x.account],
    "cloudProviderOrgId": lambda x: [x.body.get("providerOrgId")],
    "cloudProviderRegion": lambda x: [x.body.get("providerRegion")],
    "cloudContainerImageTags": _image_tags,
    "cloudContainerRepositoryName": _repository,
    "cloudContainerRegistryName": lambda x: [],
    "cloudServerlessFunctionName": _function_name,
    "cloudServerlessFunctionRuntime": lambda x: [_function(x).get("runtime")],
}
_TAGS: dict[str, Callable[[Monitored], Mapping[str, str]]] = {
    "ec2InstanceTags": _instance_tags,
    "lambdaFunctionTags": _function_tags,
    "cloudVmInstanceTags": _instance_tags,
    "cloudServerlessFunctionTags": _function_tags,
}
"""What a resource has for each field of `ResourceFilterCriteria`; a test walks the model."""
