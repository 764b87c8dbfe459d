"""What each type of aggregation groups, which filters it takes, and what its answers hold.

Each type is a row of `AGGREGATIONS` (spec/filters-and-suppression.md 5).
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, FromClause, case, distinct, func, literal

from openinspector.ledger import aggregated_resources as described
from openinspector.model.finding import Finding
from openinspector.store.findings import finding, finding_package

f = finding.c
package = finding_package.c


class Aggregation(msgspec.Struct, frozen=True):
    """One type of aggregation.

    - `member`: its member in requests and answers.
    - `group`: answer member -> the expression that it groups by, the account apart.
    - `filters`: request member -> kind and expression that it filters.
    - `criteria`: request member -> the finding criterion that means the same.
    - `words`: request member that lists words -> the expression that must be one of them.
    - `only`: further conditions on findings that can have such a group.
    - `source`: a table to join by row, where a finding has several groups.
    - `counts`: answer member -> a further count.
    - `describe`: what else an answer says of its resource, from one of the resource's findings.
    """

    member: str
    group: Mapping[str, ColumnElement[Any]]
    filters: Mapping[str, tuple[str, ColumnElement[Any]]] = {}
    criteria: Mapping[str, str] = {}
    words: Mapping[str, ColumnElement[Any]] = {}
    only: tuple[ColumnElement[bool], ...] = ()
    source: FromClause | None = None
    counts: Mapping[str, ColumnElement[Any]] = {}
    describe: Callable[[Finding], dict[str, Any]] | None = None


def _when(test: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((test, 1), else_=0)), 0)


_EXPLOIT = _when(f.exploit_available == "YES")
_FIX = _when(f.fix_available.in_(("YES", "PARTIAL")))
_EXPLOITS = {"exploitAvailableCount": _EXPLOIT, "fixAvailableCount": _FIX}
_ACTIVE_EXPLOITS = {
    "exploitAvailableActiveFindingsCount": _EXPLOIT,
    "fixAvailableActiveFindingsCount": _FIX,
}
_NETWORK = {"networkFindings": _when(f.type == "NETWORK_REACHABILITY")}
_EC2 = (f.resource_type == "AWS_EC2_INSTANCE",)
_ECR = (f.resource_type == "AWS_ECR_CONTAINER_IMAGE",)
_LAMBDA = (f.resource_type == "AWS_LAMBDA_FUNCTION",)
_PROJECT = (f.resource_type == "CODE_REPOSITORY",)

_CLOUD = {
    "cloudProviders": "cloudProvider",
    "cloudAccountIds": "cloudProviderAccountId",
    "cloudOrgIds": "cloudProviderOrgId",
    "cloudRegions": "cloudProviderRegion",
}
_PARTITIONS = {
    "cloudPartitions": (
        "string",
        # The second part of the ARN; neither database has a function for it that the other has.
        case(
            *(
                (func.substr(f.arn, 1, len(name) + 5) == f"arn:{name}:", name)
                for name in ("aws", "aws-cn", "aws-us-gov")
            )
        ),
    )
}


def _text(**members: ColumnElement[Any]) -> dict[str, tuple[str, ColumnElement[Any]]]:
    return {name: ("string", column) for name, column in members.items()}


AGGREGATIONS: Mapping[str, Aggregation] = {
    "ACCOUNT": Aggregation("accountAggregation", {}, counts=_EXPLOITS),
    "FINDING_TYPE": Aggregation("findingTypeAggregation", {}, counts=_EXPLOITS),
    "TITLE": Aggregation(
        "titleAggregation",
        {"title": f.title, "vulnerabilityId": f.vulnerability_id},
        criteria={"titles": "title", "vulnerabilityIds": "vulnerabilityId"},
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
        criteria={"repositories": "ecrImageRepositoryName"},
        only=(*_ECR, f.ecr_repository.is_not(None)),
        counts={"affectedImages": func.count(distinct(f.resource_id))},
    ),
    "AMI": Aggregation(
        "amiAggregation",
        {"ami": f.ec2_image_id},
        criteria={"amis": "ec2InstanceImageId"},
        # Machine images that are scanned themselves have no findings on instances.
        words={"scanSources": literal("INSTANCE_SCAN")},
        only=(*_EC2, f.ec2_image_id.is_not(None)),
        counts={"affectedInstances": func.count(distinct(f.resource_id))},
    ),
    "AWS_EC2_INSTANCE": Aggregation(
        "ec2InstanceAggregation",
        {"instanceId": f.resource_id},
        _text(operatingSystems=f.ec2_platform),
        {
            "amis": "ec2InstanceImageId",
            "instanceIds": "resourceId",
            "instanceTags": "resourceTags",
        },
        only=_EC2,
        counts=_NETWORK,
        describe=described.ec2_instance,
    ),
    "AWS_ECR_CONTAINER": Aggregation(
        "awsEcrContainerAggregation",
        {"resourceId": f.resource_id},
        criteria={
            "resourceIds": "resourceId",
            "imageShas": "ecrImageHash",
            "repositories": "ecrImageRepositoryName",
            "architectures": "ecrImageArchitecture",
            "imageTags": "ecrImageTags",
            "lastInUseAt": "ecrImageLastInUseAt",
            "inUseCount": "ecrImageInUseCount",
        },
        only=_ECR,
        describe=described.ecr_image,
    ),
    "IMAGE_LAYER": Aggregation(
        "imageLayerAggregation",
        {
            "repository": f.ecr_repository,
            "resourceId": f.resource_id,
            "layerHash": package.layer_hash,
        },
        {**_text(layerHashes=package.layer_hash), **_PARTITIONS},
        {"repositories": "ecrImageRepositoryName", "resourceIds": "resourceId", **_CLOUD},
        only=(*_ECR, f.ecr_repository.is_not(None), package.layer_hash.is_not(None)),
        source=finding_package,
    ),
    "AWS_LAMBDA_FUNCTION": Aggregation(
        "lambdaFunctionAggregation",
        {"resourceId": f.resource_id},
        criteria={
            "resourceIds": "resourceId",
            "functionNames": "lambdaFunctionName",
            "runtimes": "lambdaFunctionRuntime",
            "functionTags": "resourceTags",
        },
        only=_LAMBDA,
        describe=described.lambda_function,
    ),
    "LAMBDA_LAYER": Aggregation(
        "lambdaLayerAggregation",
        {
            "functionName": f.lambda_name,
            "resourceId": f.resource_id,
            "layerArn": package.lambda_layer_arn,
        },
        _text(layerArns=package.lambda_layer_arn),
        {"functionNames": "lambdaFunctionName", "resourceIds": "resourceId"},
        only=(*_LAMBDA, f.lambda_name.is_not(None), package.lambda_layer_arn.is_not(None)),
        source=finding_package,
    ),
    "CODE_REPOSITORY": Aggregation(
        "codeRepositoryAggregation",
        {"projectNames": f.project_name, "resourceId": f.resource_id},
        criteria={
            "projectNames": "codeRepositoryProjectName",
            "providerTypes": "codeRepositoryProviderType",
            "resourceIds": "resourceId",
        },
        only=(*_PROJECT, f.project_name.is_not(None)),
        counts=_ACTIVE_EXPLOITS,
        describe=described.code_repository,
    ),
    # The newer models' words for the same things, for all clouds.
    "VM_INSTANCE": Aggregation(
        "vmInstanceAggregation",
        {"resourceId": f.resource_id},
        {**_text(operatingSystems=f.ec2_platform), **_PARTITIONS},
        {
            "resourceIds": "resourceId",
            "vmImageReferences": "cloudVmImageReference",
            "instanceTags": "resourceTags",
            **_CLOUD,
        },
        only=_EC2,
        counts={**_NETWORK, **_ACTIVE_EXPLOITS},
        describe=described.virtual_machine,
    ),
    "CONTAINER_IMAGE": Aggregation(
        "containerImageAggregation",
        {"resourceId": f.resource_id},
        _PARTITIONS,
        {
            "resourceIds": "resourceId",
            "imageDigests": "cloudImageDigest",
            "repositories": "cloudImageRepositoryName",
            "registries": "cloudImageRegistry",
            "architectures": "cloudImageArchitecture",
            "imageTags": "cloudImageTags",
            "lastInUseAt": "cloudImageLastInUseAt",
            "inUseCount": "cloudImageInUseCount",
            **_CLOUD,
        },
        only=_ECR,
        counts=_ACTIVE_EXPLOITS,
        describe=described.container_image,
    ),
    "SERVERLESS_FUNCTION": Aggregation(
        "serverlessFunctionAggregation",
        {"resourceId": f.resource_id},
        _PARTITIONS,
        {
            "resourceIds": "resourceId",
            "functionNames": "cloudServerlessFunctionName",
            "runtimes": "cloudServerlessFunctionRuntime",
            "functionTags": "resourceTags",
            **_CLOUD,
        },
        only=_LAMBDA,
        counts=_ACTIVE_EXPLOITS,
        describe=described.serverless_function,
    ),
}
