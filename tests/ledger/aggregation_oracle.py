"""What an aggregation should answer, computed over findings in memory.

Written from spec/filters-and-suppression.md 2.1 and 5 alone: it shares no table, no test of a value
and no column with the product.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from openinspector.model.finding import (
    Finding,
    Resource,
    ResourceDetails,
    VulnerablePackage,
)

Row = dict[str, Any]
Values = Callable[[Finding, VulnerablePackage | None], Sequence[Any]]
"""What a filter looks at: of a finding, or of the one of its packages that makes the group."""


def _resource(finding: Finding) -> Resource:
    return finding.resources[0]


def _details(finding: Finding) -> ResourceDetails:
    return _resource(finding).details or ResourceDetails()


def _member(kind: str, name: str) -> Values:
    """Reads a member of a resource's details, which may be missing, or several."""

    def values(finding: Finding, _: VulnerablePackage | None) -> Sequence[Any]:
        found = getattr(getattr(_details(finding), kind), name, None)
        return found if isinstance(found, list) else [] if found is None else [found]

    return values


def _of_package(name: str) -> Values:
    def values(_: Finding, package: VulnerablePackage | None) -> Sequence[Any]:
        found = getattr(package, name, None)
        return [] if found is None else [found]

    return values


def _vulnerability(finding: Finding) -> str | None:
    details = finding.package_vulnerability_details
    return details.vulnerability_id if details else None


_EC2, _ECR, _LAMBDA, _PROJECT = (
    "aws_ec2_instance",
    "aws_ecr_container_image",
    "aws_lambda_function",
    "code_repository",
)
FILTERS: Mapping[str, Values] = {
    "titles": lambda f, _: [f.title] if f.title else [],
    "vulnerabilityIds": lambda f, _: [v] if (v := _vulnerability(f)) else [],
    "packageNames": _of_package("name"),
    "layerHashes": _of_package("source_layer_hash"),
    "layerArns": _of_package("source_lambda_layer_arn"),
    "resourceIds": lambda f, _: [_resource(f).id],
    "instanceIds": lambda f, _: [_resource(f).id],
    "amis": _member(_EC2, "image_id"),
    "vmImageReferences": _member(_EC2, "image_id"),
    "operatingSystems": _member(_EC2, "platform"),
    "instanceTags": lambda f, _: list((_resource(f).tags or {}).items()),
    "functionTags": lambda f, _: list((_resource(f).tags or {}).items()),
    "repositories": _member(_ECR, "repository_name"),
    "imageShas": _member(_ECR, "image_hash"),
    "imageDigests": _member(_ECR, "image_hash"),
    "registries": _member(_ECR, "registry"),
    "architectures": _member(_ECR, "architecture"),
    "imageTags": _member(_ECR, "image_tags"),
    "lastInUseAt": _member(_ECR, "last_in_use_at"),
    "inUseCount": _member(_ECR, "in_use_count"),
    "functionNames": _member(_LAMBDA, "function_name"),
    "runtimes": _member(_LAMBDA, "runtime"),
    "projectNames": _member(_PROJECT, "project_name"),
    "providerTypes": _member(_PROJECT, "provider_type"),
    "cloudProviders": lambda f, _: ["AWS"],
    "cloudAccountIds": lambda f, _: [f.aws_account_id],
    "cloudOrgIds": lambda f, _: [],
    "cloudRegions": lambda f, _: [_resource(f).region],
    "cloudPartitions": lambda f, _: [f.finding_arn.split(":")[1]],
}


def holds(tests: Sequence[Mapping[str, Any]], values: Sequence[Any]) -> bool:
    """Whether what a finding has passes the tests of one filter."""
    negated = [test for test in tests if test.get("comparison") == "NOT_EQUALS"]
    positive = [test for test in tests if test not in negated]
    if any(test["value"] in values for test in negated):
        return False
    return not positive or any(_meets(test, value) for test in positive for value in values)


def _meets(test: Mapping[str, Any], value: Any) -> bool:
    if "key" in test:
        return bool(value[0] == test["key"] and test.get("value", value[1]) == value[1])
    if test.get("comparison") == "PREFIX":
        return str(value).startswith(test["value"])
    if "comparison" in test:
        return bool(value == test["value"])
    low = test.get("lowerInclusive", test.get("startInclusive", value))
    high = test.get("upperInclusive", test.get("endInclusive", value))
    return bool(low <= value <= high)


Groups = Callable[[Finding], Iterator[tuple[Row, VulnerablePackage | None]]]


def _one(*members: tuple[str, Callable[[Finding], Any]]) -> Groups:
    def groups(finding: Finding) -> Iterator[tuple[Row, VulnerablePackage | None]]:
        yield {name: value(finding) for name, value in members}, None

    return groups


def _each_package(groups: Groups, name: str, attribute: str) -> Groups:
    """One group for each package that has the attribute."""

    def each(finding: Finding) -> Iterator[tuple[Row, VulnerablePackage | None]]:
        details = finding.package_vulnerability_details
        for package in (details.vulnerable_packages or []) if details else []:
            for row, _ in groups(finding):
                yield {**row, name: getattr(package, attribute)}, package

    return each


def _first(values: Values) -> Callable[[Finding], Any]:
    return lambda finding: next(iter(values(finding, None)), None)


def _id(finding: Finding) -> str:
    return _resource(finding).id


_REPOSITORY = ("repository", _first(FILTERS["repositories"]))
_RESOURCE = ("resourceId", _id)
GROUPS: Mapping[str, Groups] = {
    "ACCOUNT": _one(),
    "FINDING_TYPE": _one(),
    "TITLE": _one(("title", lambda f: f.title), ("vulnerabilityId", _vulnerability)),
    "PACKAGE": _each_package(_one(), "packageName", "name"),
    "REPOSITORY": _one(_REPOSITORY),
    "AMI": _one(("ami", _first(FILTERS["amis"]))),
    "AWS_EC2_INSTANCE": _one(("instanceId", _id)),
    "AWS_ECR_CONTAINER": _one(_RESOURCE),
    "IMAGE_LAYER": _each_package(_one(_REPOSITORY, _RESOURCE), "layerHash", "source_layer_hash"),
    "AWS_LAMBDA_FUNCTION": _one(_RESOURCE),
    "LAMBDA_LAYER": _each_package(
        _one(("functionName", _first(FILTERS["functionNames"])), _RESOURCE),
        "layerArn",
        "source_lambda_layer_arn",
    ),
    "CODE_REPOSITORY": _one(("projectNames", _first(FILTERS["projectNames"])), _RESOURCE),
    "VM_INSTANCE": _one(_RESOURCE),
    "CONTAINER_IMAGE": _one(_RESOURCE),
    "SERVERLESS_FUNCTION": _one(_RESOURCE),
}
_TYPE = {
    **dict.fromkeys(("AMI", "AWS_EC2_INSTANCE", "VM_INSTANCE"), "AWS_EC2_INSTANCE"),
    **dict.fromkeys(
        ("REPOSITORY", "AWS_ECR_CONTAINER", "IMAGE_LAYER", "CONTAINER_IMAGE"),
        "AWS_ECR_CONTAINER_IMAGE",
    ),
    **dict.fromkeys(
        ("AWS_LAMBDA_FUNCTION", "LAMBDA_LAYER", "SERVERLESS_FUNCTION"), "AWS_LAMBDA_FUNCTION"
    ),
    "CODE_REPOSITORY": "CODE_REPOSITORY",
}
"""The only type of resource that a type of aggregation speaks of."""
_OPTIONAL = {"vulnerabilityId"}


def _yes(findings: Sequence[Finding], member: str, *words: str) -> int:
    return sum(getattr(finding, member) in words for finding in findings)


def _ids(findings: Sequence[Finding]) -> int:
    return len({_id(finding) for finding in findings})


_EXPLOIT, _FIX = (
    lambda many: _yes(many, "exploit_available", "YES"),
    lambda many: _yes(many, "fix_available", "YES", "PARTIAL"),
)
_NETWORK = ("networkFindings", lambda many: _yes(many, "type", "NETWORK_REACHABILITY"))
_BOTH = [("exploitAvailableCount", _EXPLOIT), ("fixAvailableCount", _FIX)]
_ACTIVE = [
    ("exploitAvailableActiveFindingsCount", _EXPLOIT),
    ("fixAvailableActiveFindingsCount", _FIX),
]
COUNTS: Mapping[str, Sequence[tuple[str, Callable[[Sequence[Finding]], int]]]] = {
    "ACCOUNT": _BOTH,
    "FINDING_TYPE": _BOTH,
    "REPOSITORY": [("affectedImages", _ids)],
    "AMI": [("affectedInstances", _ids)],
    "AWS_EC2_INSTANCE": [_NETWORK],
    "CODE_REPOSITORY": _ACTIVE,
    "VM_INSTANCE": [_NETWORK, *_ACTIVE],
    "CONTAINER_IMAGE": _ACTIVE,
    "SERVERLESS_FUNCTION": _ACTIVE,
}

_CLOUD: Mapping[str, Values] = {
    "cloudProvider": FILTERS["cloudProviders"],
    "cloudAccountId": FILTERS["cloudAccountIds"],
    "cloudPartition": FILTERS["cloudPartitions"],
    "cloudRegion": FILTERS["cloudRegions"],
}


def _tags(kind: str) -> Values:
    return lambda f, _: [_resource(f).tags or {}] if getattr(_details(f), kind) else []


def _image_tags(finding: Finding, _: VulnerablePackage | None) -> Sequence[Any]:
    image = _details(finding).aws_ecr_container_image
    return [image.image_tags or []] if image else []


_IMAGE: Mapping[str, Values] = {
    "repository": FILTERS["repositories"],
    "architecture": FILTERS["architectures"],
    "imageTags": _image_tags,
    "lastInUseAt": FILTERS["lastInUseAt"],
    "inUseCount": FILTERS["inUseCount"],
}
_FUNCTION: Mapping[str, Values] = {
    "functionName": FILTERS["functionNames"],
    "runtime": FILTERS["runtimes"],
    "lastModifiedAt": _member(_LAMBDA, "last_modified_at"),
}
DESCRIBED: Mapping[str, Mapping[str, Values]] = {
    "AWS_EC2_INSTANCE": {
        "ami": FILTERS["amis"],
        "operatingSystem": FILTERS["operatingSystems"],
        "instanceTags": _tags(_EC2),
    },
    "VM_INSTANCE": {
        "vmImageReference": FILTERS["amis"],
        "operatingSystem": FILTERS["operatingSystems"],
        "tags": _tags(_EC2),
        **_CLOUD,
    },
    "AWS_ECR_CONTAINER": {**_IMAGE, "imageSha": FILTERS["imageShas"]},
    "CONTAINER_IMAGE": {
        **_IMAGE,
        "imageDigest": FILTERS["imageShas"],
        "registry": FILTERS["registries"],
        **_CLOUD,
    },
    "AWS_LAMBDA_FUNCTION": {**_FUNCTION, "lambdaTags": _tags(_LAMBDA)},
    "SERVERLESS_FUNCTION": {**_FUNCTION, "tags": _tags(_LAMBDA), **_CLOUD},
    "CODE_REPOSITORY": {"providerType": FILTERS["providerTypes"]},
}
"""What answers say of their resource: as its latest active finding has it."""


def aggregated(
    stored: Sequence[Finding],
    kind: str,
    asked: Mapping[str, Any],
    account_tests: Sequence[Mapping[str, Any]],
) -> list[Row]:
    """Every answer, in no order; members without a value are left out."""
    active = [finding for finding in stored if finding.status == "ACTIVE"]
    of_type = [each for each in active if _TYPE.get(kind) in (None, _resource(each).type)]
    grouped: dict[tuple[Any, ...], list[Finding]] = defaultdict(list)
    for finding in of_type:
        for row, package in GROUPS[kind](finding):
            if all(value is not None for name, value in row.items() if name not in _OPTIONAL):
                key = (("accountId", finding.aws_account_id), *row.items())
                if _passes(finding, package, asked, account_tests) and finding not in grouped[key]:
                    grouped[key].append(finding)
    return [_row(kind, dict(key), many, of_type) for key, many in grouped.items() if many]


def _passes(
    finding: Finding,
    package: VulnerablePackage | None,
    asked: Mapping[str, Any],
    account_tests: Sequence[Mapping[str, Any]],
) -> bool:
    bare = {"findingType": finding.type, "resourceType": _resource(finding).type}
    for name, tests in asked.items():
        if name in bare:
            passed = tests == bare[name]
        elif name == "scanSources":
            passed = "INSTANCE_SCAN" in tests
        elif name in ("sortBy", "sortOrder"):
            passed = True
        else:
            passed = holds(tests, FILTERS[name](finding, package))
        if not passed:
            return False
    return holds(account_tests, [finding.aws_account_id])


def _row(kind: str, group: Row, many: Sequence[Finding], of_type: Sequence[Finding]) -> Row:
    severities = [finding.severity.lower() for finding in many]
    words = ("critical", "high", "medium", "low", "informational", "untriaged")
    counts = {"all": len(many), **{word: severities.count(word) for word in words}}
    row = {**group, "severityCounts": counts}
    row |= {name: count(many) for name, count in COUNTS.get(kind, ())}
    if kind in DESCRIBED:
        of_resource = [
            finding
            for finding in of_type
            if finding.aws_account_id == group["accountId"] and _id(finding) == _id(many[0])
        ]
        latest = min(of_resource, key=lambda each: (-each.last_observed_at, each.finding_arn))
        for name, values in DESCRIBED[kind].items():
            row[name] = next(iter(values(latest, None)), None)
    return {name: value for name, value in row.items() if value is not None}
