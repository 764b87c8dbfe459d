"""What the answers of an aggregation say of a resource, taken from one of its findings.

One function for each kind of answer that is about one resource; members that the finding does not
know are left out or None (spec/filters-and-suppression.md 5).
"""

from typing import Any

from openinspector.model.finding import Finding


def ec2_instance(each: Finding) -> dict[str, Any]:
    """The image, operating system and tags of an instance."""
    details = each.resources[0].details
    instance = details.aws_ec2_instance if details else None
    if instance is None:
        return {}
    return {
        "ami": instance.image_id,
        "operatingSystem": instance.platform,
        "instanceTags": each.resources[0].tags or {},
    }


def virtual_machine(each: Finding) -> dict[str, Any]:
    """The same, in the words for all clouds."""
    instance = ec2_instance(each)
    renamed = {"ami": "vmImageReference", "instanceTags": "tags"}
    return {**_cloud(each), **{renamed.get(name, name): v for name, v in instance.items()}}


def ecr_image(each: Finding) -> dict[str, Any]:
    """Where an image is, what it is made for, and its use."""
    details = each.resources[0].details
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


def container_image(each: Finding) -> dict[str, Any]:
    """The same, in the words for all clouds, and the registry."""
    details = each.resources[0].details
    image = details.aws_ecr_container_image if details else None
    registry = {"registry": image.registry} if image else {}
    renamed = {"imageSha": "imageDigest"}
    known = {renamed.get(name, name): value for name, value in ecr_image(each).items()}
    return {**_cloud(each), **registry, **known}


def lambda_function(each: Finding) -> dict[str, Any]:
    """The name, runtime, tags and last change of a function."""
    details = each.resources[0].details
    function = details.aws_lambda_function if details else None
    if function is None:
        return {}
    return {
        "functionName": function.function_name,
        "runtime": function.runtime,
        "lambdaTags": each.resources[0].tags or {},
        "lastModifiedAt": function.last_modified_at,
    }


def serverless_function(each: Finding) -> dict[str, Any]:
    """The same, in the words for all clouds."""
    renamed = {"lambdaTags": "tags"}
    known = {renamed.get(name, name): value for name, value in lambda_function(each).items()}
    return {**_cloud(each), **known}


def code_repository(each: Finding) -> dict[str, Any]:
    """Who hosts a project."""
    details = each.resources[0].details
    project = details.code_repository if details else None
    return {"providerType": project.provider_type} if project else {}


def _cloud(each: Finding) -> dict[str, Any]:
    """Where a resource is, as the newer answers for all clouds say it."""
    return {
        "cloudProvider": "AWS",
        "cloudAccountId": each.aws_account_id,
        "cloudPartition": each.finding_arn.split(":")[1],
        "cloudRegion": each.resources[0].region,
    }
