"""Discovery: every resource of an account, region and kind, and whether it can be scanned."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from openinspector.aws import ec2, ecr, functions, ssm
from openinspector.aws.ebs import MOST_VOLUMES
from openinspector.aws.trouble import Denied
from openinspector.model.discovered import Discovered, ScanMode
from openinspector.model.finding import (
    AwsEcrContainerImageDetails,
    Resource,
    ResourceDetails,
    ResourceType,
)
from openinspector.monitor.coverage import tell
from openinspector.monitor.in_use import InUse, in_use
from openinspector.monitor.listing import take_listing
from openinspector.monitor.monitor import Monitor
from openinspector.organization.settings import setting
from openinspector.store.resources import KnownResource, known_resources
from openinspector.store.schema import in_batches

_DAY = 86_400.0
_BATCH = 100
_WINDOWS: Mapping[str, float] = {
    f"DAYS_{days}": days * _DAY for days in (3, 7, 14, 30, 60, 90, 180)
} | {"LIFETIME": float("inf")}


def instances(monitor: Monitor, account: str, region: str) -> list[Discovered]:
    """Instances, each with how it is scanned (spec/ec2-scanning.md 3, 4, 8)."""
    listed = list(ec2.list_instances(monitor.sessions, account, region))
    nodes = ssm.managed_nodes(monitor.sessions, account, region)
    with monitor.store.read() as connection:
        hybrid = setting(connection, account, "ec2Configuration")["scanMode"] == "EC2_HYBRID"
    return [
        _instance(monitor, account, region, each, nodes.get(each["InstanceId"]), hybrid)
        for each in listed
    ]


def _instance(
    monitor: Monitor,
    account: str,
    region: str,
    described: Mapping[str, Any],
    node: ssm.Managed | None,
    hybrid: bool,
) -> Discovered:
    tags = ec2.tags_of(described)
    state = described["State"]["Name"]
    windows = "windows" in (described.get("Platform"), (node.platform_type.lower() if node else ""))
    mode: ScanMode = "EC2_SSM_AGENT_BASED"
    reason, closes = None, False
    if state in ("terminated", "shutting-down"):
        reason, closes = "RESOURCE_TERMINATED", True
    elif ec2.is_excluded(tags):
        reason, closes = "EXCLUDED_BY_TAG", True
    elif state in ("stopped", "stopping"):
        reason = "EC2_INSTANCE_STOPPED"
    elif node is None and windows:
        # Its disks could be read, but nothing on them could be judged.
        reason = "UNMANAGED_EC2_INSTANCE"
    elif node is not None and node.platform_type not in ("Linux", "Windows", ""):
        reason = "UNSUPPORTED_OS"
    elif node is None:
        reason = "UNMANAGED_EC2_INSTANCE"
        volumes = ec2.volumes_of(described)
        if hybrid and volumes:
            mode = "EC2_AGENTLESS"
            too_many = len(volumes) > MOST_VOLUMES
            reason = "AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED" if too_many else None
    system = ssm_platform(node) if node else None
    platform = "WINDOWS" if windows else "LINUX" if node else "UNKNOWN"
    metadata = {"ec2": {"tags": tags, "amiId": described.get("ImageId"), "platform": platform}}
    launched = described.get("LaunchTime")
    return Discovered(
        account=account,
        region=region,
        resource=ec2.resource_of(described, region, monitor.partition, system),
        metadata=metadata,
        fingerprint=f"{mode}:{launched.timestamp() if launched else ''}",
        reason=reason,
        closes=closes,
        mode=mode,
        source={
            "volumes": ec2.volumes_of(described),
            "root": described.get("RootDeviceName"),
            "hybrid": hybrid and not windows and 0 < len(ec2.volumes_of(described)) <= MOST_VOLUMES,
            "platform": [node.name, node.version] if node else None,
        },
    )


def ssm_platform(node: ssm.Managed) -> str | None:
    """Inspector's word for the system that SSM names (`AMAZON_LINUX_2023`)."""
    from openinspector.inventory.ssm import distribution_of

    distribution = distribution_of(node.name, node.version)
    return distribution.platform if distribution and distribution.platform else None


def images(monitor: Monitor, account: str, region: str) -> list[Discovered]:
    """Repositories and their images (spec/ecr-scanning.md)."""
    rules = ecr.scan_rules(monitor.sessions, account, region)
    with monitor.store.read() as connection:
        chosen = setting(connection, account, "ecrConfiguration")
        used = in_use(connection, account, region)
        known = known_resources(connection, account, region, ["AWS_ECR_CONTAINER_IMAGE"])
    found: list[Discovered] = []
    for repository in ecr.list_repositories(monitor.sessions, account, region):
        name, arn = repository["repositoryName"], repository["repositoryArn"]
        frequency = ecr.frequency(rules, name)
        reason = "SCAN_FREQUENCY_MANUAL" if frequency == ecr.MANUAL else None
        try:
            listed_images = list(ecr.list_images(monitor.sessions, account, region, name))
        except Denied as trouble:
            # Its policy keeps us out; what is known of its images stays, and so do other ones.
            reason, listed_images = trouble.reason, []
            found += [each.found for each in known.values() if _lies_in(each, name)]
        found.append(
            Discovered(
                account=account,
                region=region,
                resource=Resource("AWS_ECR_REPOSITORY", arn, monitor.partition, region),
                metadata={"ecrRepository": {"name": name, "scanFrequency": frequency}},
                reason=reason,
            )
        )
        for image in listed_images:
            if not _is_index(image):
                times = image_times(image, used.get((name, image["imageDigest"])), chosen)
                listed = _image(monitor, (account, region, arn), image, frequency, times)
                found.append(settled(listed, known.get(listed.resource.id), times))
    return found


def _lies_in(known: KnownResource, repository: str) -> bool:
    return bool(known.found.source.get("repository") == repository)


def _is_index(image: Mapping[str, Any]) -> bool:
    """An index is no image; those that it names are listed by themselves."""
    kind = image.get("imageManifestMediaType") or ""
    return kind.endswith(("manifest.list.v2+json", "image.index.v1+json"))


class ImageTimes(msgspec.Struct, frozen=True):
    """What the time for which an image is scanned depends on (spec/ecr-scanning.md 4.2).

    Epoch seconds: when it was pushed or restored, and when it was last pulled or in use, whichever
    counts (`None`: never), with how long each counts.
    """

    pushed: float
    pushed_for: float
    touched: float | None
    touched_for: float
    used: InUse | None = None

    def is_eligible(self, now: float) -> bool:
        """Whether an image is still to be scanned."""
        lately = self.touched is not None and now - self.touched <= self.touched_for
        return now - self.pushed <= self.pushed_for or lately

    @property
    def last(self) -> float:
        """When something last happened that counts."""
        return max(self.pushed, self.touched or 0.0)


def image_times(
    image: Mapping[str, Any], used: InUse | None, chosen: Mapping[str, Any]
) -> ImageTimes:
    """The times of an image as ECR lists it, by what an account chose."""
    pushed = image.get("lastActivatedAt") or image["imagePushedAt"]
    pulled = image.get("lastRecordedPullTime")
    touched: float | None = used.last if used else None
    if chosen.get("pullDateRescanMode") == "LAST_PULL_DATE":
        touched = pulled.timestamp() if pulled else None
    return ImageTimes(
        pushed.timestamp(),
        _WINDOWS[chosen.get("rescanDuration", "DAYS_14")],
        touched,
        _WINDOWS[chosen.get("pullDateRescanDuration", "DAYS_14")],
        used,
    )


def _image(
    monitor: Monitor,
    place: tuple[str, str, str],
    image: Mapping[str, Any],
    frequency: str,
    times: ImageTimes,
) -> Discovered:
    account, region, repository = place
    digest, name = image["imageDigest"], image["repositoryName"]
    tags = sorted(image.get("imageTags", ()))
    pulled = image.get("lastRecordedPullTime")
    told: dict[str, Any] = {"tags": tags}
    if pulled is not None:
        told["imagePulledAt"] = pulled.timestamp()
    if times.used is not None:
        told |= {"lastInUseAt": times.used.last, "inUseCount": times.used.count}
    reason = _image_reason(image, frequency, times, monitor.clock() / 1000)
    return Discovered(
        account=account,
        region=region,
        resource=Resource(
            "AWS_ECR_CONTAINER_IMAGE",
            f"{repository}/{digest}",
            monitor.partition,
            region,
            tags={},
            details=ResourceDetails(
                aws_ecr_container_image=AwsEcrContainerImageDetails(
                    repository_name=name,
                    image_hash=digest,
                    registry=account,
                    image_tags=tags,
                    pushed_at=image["imagePushedAt"].timestamp(),
                    last_in_use_at=times.used.last if times.used else None,
                    in_use_count=times.used.count if times.used else None,
                )
            ),
        ),
        metadata={"ecrImage": told},
        fingerprint=digest,
        reason=reason,
        closes=reason is not None,
        source={"repository": name, "digest": digest, "frequency": frequency},
    )


def _image_reason(
    image: Mapping[str, Any], frequency: str, times: ImageTimes, now: float
) -> str | None:
    """Why an image is not scanned; its findings close for each of these."""
    if image.get("imageStatus") in ("ARCHIVED", "ACTIVATING"):
        return "IMAGE_ARCHIVED"
    if ecr.unfit_media_type(image):
        return "UNSUPPORTED_MEDIA_TYPE"
    if image.get("imageSizeInBytes", 0) > ecr.MOST_IMAGE_BYTES:
        return "IMAGE_SIZE_EXCEEDED"
    if frequency == ecr.MANUAL:
        return "SCAN_FREQUENCY_MANUAL"
    return None if times.is_eligible(now) else _EXPIRED


_EXPIRED = "SCAN_ELIGIBILITY_EXPIRED"


def settled(found: Discovered, before: KnownResource | None, times: ImageTimes) -> Discovered:
    """An image that expired stays so until something happens to it; a longer time does not do.

    Source: spec/ecr-scanning.md 4.2. What happened last is remembered with what is listed.
    """
    expired_at = before.found.source.get("expiredAt") if before else None
    if found.reason == _EXPIRED:
        # What happened before it expired is no reason to scan it again.
        last = max(times.last, expired_at or 0.0)
        return msgspec.structs.replace(found, source={**found.source, "expiredAt": last})
    if expired_at is None or found.reason is not None:
        return found
    if times.last <= expired_at:
        source = {**found.source, "expiredAt": expired_at}
        return msgspec.structs.replace(found, reason=_EXPIRED, closes=True, source=source)
    return msgspec.structs.replace(found, source={**found.source, "revived": True})


def lambdas(monitor: Monitor, account: str, region: str) -> list[Discovered]:
    """Functions (spec/lambda-scanning.md 1, 2)."""
    listed = list(functions.list_functions(monitor.sessions, account, region))
    tags = functions.list_tags(monitor.sessions, account, region)
    now = monitor.now()
    resources = {
        each["FunctionName"]: functions.resource_of(
            each, tags.get(each["FunctionArn"], {}), region, monitor.partition
        )
        for each in listed
    }
    window = (now - timedelta(days=functions.IN_USE_DAYS)).timestamp()
    idle = [name for name, each in resources.items() if _modified(each) < window]
    used = functions.invoked_lately(monitor.sessions, account, region, idle, now) if idle else set()
    return [
        _function((account, region), each, resources[each["FunctionName"]], set(idle) - used)
        for each in listed
    ]


def _modified(resource: Resource) -> float:
    details = resource.details
    function = details.aws_lambda_function if details else None
    return (function.last_modified_at if function else None) or 0.0


def _function(
    place: tuple[str, str], function: Mapping[str, Any], resource: Resource, idle: set[str]
) -> Discovered:
    account, region = place
    name, runtime = function["FunctionName"], function.get("Runtime", "")
    image = function.get("PackageType") == "Image"
    key, value = functions.EXCLUSION
    tags = resource.tags or {}
    reason = None
    if tags.get(key) == value:
        reason = "EXCLUDED_BY_TAG"
    elif not image and not functions.supported(runtime):
        reason = "UNSUPPORTED_RUNTIME"
    elif name in idle:
        reason = "SCAN_ELIGIBILITY_EXPIRED"
    layers = functions.layers_of(function)
    told = {
        "functionName": name,
        "runtime": functions.runtime_word(runtime) if runtime else "UNSUPPORTED",
        "functionTags": tags,
        "layers": layers,
    }
    return Discovered(
        account=account,
        region=region,
        resource=resource,
        metadata={"lambdaFunction": told},
        fingerprint="|".join([function.get("CodeSha256", ""), *layers]),
        reason=reason,
        closes=reason is not None,
        source={"name": name},
    )


Lister = Callable[[Monitor, str, str], list[Discovered]]

LISTERS: Mapping[str, tuple[Lister, Sequence[ResourceType]]] = {
    "EC2": (instances, ("AWS_EC2_INSTANCE",)),
    "ECR": (images, ("AWS_ECR_REPOSITORY", "AWS_ECR_CONTAINER_IMAGE")),
    "LAMBDA": (lambdas, ("AWS_LAMBDA_FUNCTION",)),
}
"""Scan type -> how its resources are listed, and their types."""


def discover(monitor: Monitor, kind: str, account: str, region: str) -> None:
    """List the resources of a scan type and take the listing over. Raises `AwsTrouble`."""
    lister, types = LISTERS[kind]
    listed = lister(monitor, account, region)
    take_listing(monitor.store, account, region, types, listed, monitor.clock())


def tell_denied(monitor: Monitor, kind: str, account: str, region: str) -> None:
    """An account does not let us in any more: coverage says so, and what was found stays."""
    _, types = LISTERS[kind]
    with monitor.store.read() as connection:
        known = known_resources(connection, account, region, types)
    listed = [
        each.found
        if each.found.reason
        else msgspec.structs.replace(each.found, reason=Denied.reason, closes=False)
        for each in known.values()
    ]
    take_listing(monitor.store, account, region, types, listed, monitor.clock())


def drop(monitor: Monitor, kind: str, account: str, region: str) -> None:
    """A scan type is off: its resources are covered no more, and their findings close."""
    _, types = LISTERS[kind]
    with monitor.store.read() as connection:
        known = known_resources(connection, account, region, types)
    for batch in in_batches(known.values(), _BATCH):
        with monitor.store.write() as connection:
            for each in batch:
                tell(connection, each.found, "PENDING_DISABLE", monitor.clock())
    take_listing(monitor.store, account, region, types, [], monitor.clock())
