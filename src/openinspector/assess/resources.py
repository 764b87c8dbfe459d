"""The resource that a finding is about, for targets outside AWS (spec/findings.md 3).

Account 000000000000 and region us-east-1 stand in where there is no AWS. Identifiers follow the
patterns of the API; where there is no AWS identifier a digest of the target's name takes its place.
"""

import hashlib
import re

import msgspec

from openinspector.model import Inventory, Target
from openinspector.model.finding import (
    AwsEc2InstanceDetails,
    AwsEcrContainerImageDetails,
    CodeRepositoryDetails,
    Resource,
    ResourceDetails,
    ResourceType,
)
from openinspector.patterns import regex

_NAME = regex(r"[^a-z0-9._/-]+")
_FUNCTION_NAME = regex(r"[^A-Za-z0-9_-]+")
_ARCHIVE = regex(r"\.(?:tar|tgz|tar\.gz|tar\.zst|zip|oci)$")


class Place(msgspec.Struct, frozen=True):
    """Partition, region and account that findings are made for."""

    account: str = "000000000000"
    region: str = "us-east-1"
    partition: str = "aws"


def _digest(*parts: str) -> str:
    text = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()


def finding_arn(place: Place, resource: str, *identity: str) -> str:
    """The ARN of a finding: a digest of what identifies it, the same for the same observation."""
    digest = _digest(place.account, place.region, resource, *identity)[:32]
    return f"arn:{place.partition}:inspector2:{place.region}:{place.account}:finding/{digest}"


def repository_name(name: str) -> str:
    """A repository's name from an image reference or a path: no registry, tag or digest."""
    name = name.partition("@")[0]
    head, slash, rest = name.partition("/")
    if (
        slash
        and ("." in head or ":" in head or head == "localhost")
        and rest
        and head not in (".", "..")
    ):
        name = rest
    last_slash, colon = name.rfind("/"), name.rfind(":")
    if colon > last_slash:
        name = name[:colon]
    name = _ARCHIVE.sub("", name.lower())
    parts = (part.strip("._-") for part in _NAME.sub("-", name).split("/"))
    return "/".join(part for part in parts if part)[-256:] or "image"


def resource_of(inventory: Inventory, place: Place | None = None) -> Resource:
    """The resource of a target's findings, with the details that are known."""
    place = place or Place()
    target = inventory.target
    type_ = resource_type(inventory)
    build = {
        "AWS_ECR_CONTAINER_IMAGE": _image,
        "AWS_EC2_INSTANCE": _instance,
        "AWS_LAMBDA_FUNCTION": _function,
        "CODE_REPOSITORY": _repository,
    }[type_]
    identity, details, tags = build(inventory, place)
    return Resource(
        type=type_,
        id=identity,
        partition=place.partition,
        region=place.region,
        tags={"Name": target.name[:256]} if tags and target.name else {},
        details=details,
    )


def resource_type(inventory: Inventory) -> ResourceType:
    """What the API would call the target."""
    target = inventory.target
    if target.image is not None or target.kind == "image":
        return "AWS_ECR_CONTAINER_IMAGE"
    if target.kind == "function":
        return "AWS_LAMBDA_FUNCTION"
    rooted = target.kind in ("host", "disk") or target.is_root
    if rooted or (target.kind == "sbom" and inventory.distribution is not None):
        return "AWS_EC2_INSTANCE"
    return "CODE_REPOSITORY"


_Built = tuple[str, ResourceDetails | None, bool]
"""Identifier, details, and whether the target's own name is told as a tag."""


def _image_digest(target: Target) -> str:
    for digest in (target.image.digest, target.image.id) if target.image else ():
        if digest and re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            return digest
    return f"sha256:{_digest(target.name)}"


def _image(inventory: Inventory, place: Place) -> _Built:
    target = inventory.target
    image = target.image
    names = image.tags if image else ()
    repository = repository_name(names[0] if names else target.name)
    digest = _image_digest(target)
    tags = [name.rpartition(":")[2] for name in names if ":" in name.rpartition("/")[2]]
    details = AwsEcrContainerImageDetails(
        repository_name=repository,
        image_hash=digest,
        registry=place.account,
        image_tags=tags,
        author=(image.author if image else None) or None,
        architecture=(image.architecture if image else None) or None,
        platform=_platform(inventory),
    )
    identity = (
        f"arn:{place.partition}:ecr:{place.region}:{place.account}:repository/{repository}/{digest}"
    )
    return identity, ResourceDetails(aws_ecr_container_image=details), False


def _instance(inventory: Inventory, place: Place) -> _Built:
    identity = "i-" + _digest(inventory.target.name)[:17]
    details = AwsEc2InstanceDetails(
        ip_v4_addresses=[], ip_v6_addresses=[], platform=_platform(inventory)
    )
    return identity, ResourceDetails(aws_ec2_instance=details), True


def _function(inventory: Inventory, place: Place) -> _Built:
    """Without details: their runtime, role and code digest are not known from a zip."""
    stem = _ARCHIVE.sub("", inventory.target.name.rstrip("/").rpartition("/")[2])
    name = _FUNCTION_NAME.sub("-", stem).strip("-")[:64] or "function"
    arn = f"arn:{place.partition}:lambda:{place.region}:{place.account}:function:{name}:$LATEST"
    return arn, None, False


def _repository(inventory: Inventory, place: Place) -> _Built:
    name = inventory.target.name
    integration = (
        f"arn:{place.partition}:inspector2:{place.region}:{place.account}"
        f":codesecurity-integration/{_uuid('integration')}"
    )
    shown = name.rstrip("/").rpartition("/")[2] or name or "repository"
    details = CodeRepositoryDetails(project_name=shown[:512], integration_arn=integration)
    identity = f"{integration}/project-{_uuid(name)}"
    return identity, ResourceDetails(code_repository=details), False


def _uuid(text: str) -> str:
    digest = _digest(text)
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))


def _platform(inventory: Inventory) -> str | None:
    distribution = inventory.distribution
    return (distribution.platform or None) if distribution else None
