"""Machine images (AMIs), read through the snapshots that they consist of.

Source: EC2 API reference (DescribeImages); spec/ec2-scanning.md 10. Nothing is made or deleted.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any

from openinspector.aws.ebs import MOST_GIBIBYTES, MOST_VOLUMES, Volume, check_keys
from openinspector.aws.ec2 import tags_of
from openinspector.aws.sessions import Sessions
from openinspector.aws.trouble import AwsTrouble, Denied, Gone, Unfit, aws_calls
from openinspector.model.finding import MachineImageDetails, Resource, ResourceDetails

_STORAGE_LIMIT = "STORAGE_LIMIT_EXCEEDED"
_ARCHITECTURES = {"x86_64": "X86_64", "arm64": "ARM64"}
_BATCH = 100


def describe_image(sessions: Sessions, account: str, region: str, name: str) -> dict[str, Any]:
    """An image of the account that can be read.

    Raises `Gone` when there is none of that name, `Denied` when it is another account's, `Unfit`
    when it consists of no snapshots.
    """
    with aws_calls(f"DescribeImages {name} in {account}, {region}"):
        client = sessions.client(account, region, "ec2")
        images: list[dict[str, Any]] = client.describe_images(ImageIds=[name])["Images"]
    if not images:
        raise Gone(f"there is no image {name} in {account}, {region}")
    (image,) = images
    if image.get("OwnerId") != account:
        raise Denied(f"{name} belongs to {image.get('OwnerId')}: only own images are scanned")
    if image.get("State") in ("deregistered", "disabled", "invalid", "failed"):
        raise Gone(f"{name} is {image['State']}")
    if image.get("State") != "available":
        raise AwsTrouble(f"{name} is not ready: it is {image.get('State')}")
    if image.get("RootDeviceType") != "ebs" or not snapshots_of(image):
        raise Unfit("UNSUPPORTED_OS", f"{name} does not lie on EBS")
    return image


def those_left(sessions: Sessions, account: str, region: str, names: Sequence[str]) -> set[str]:
    """Which of some images are still there."""
    left: set[str] = set()
    with aws_calls(f"DescribeImages in {account}, {region}"):
        client = sessions.client(account, region, "ec2")
        for start in range(0, len(names), _BATCH):
            wanted = [{"Name": "image-id", "Values": list(names[start : start + _BATCH])}]
            pages = client.get_paginator("describe_images").paginate(Filters=wanted)
            left |= {each["ImageId"] for page in pages for each in page["Images"]}
    return left


def snapshots_of(image: Mapping[str, Any]) -> dict[str, str]:
    """Device names and the snapshots that volumes are made of, the root's first."""
    found = {
        each["DeviceName"]: each["Ebs"]["SnapshotId"]
        for each in image.get("BlockDeviceMappings", ())
        if (each.get("Ebs") or {}).get("SnapshotId")
    }
    root = image.get("RootDeviceName")
    return dict(sorted(found.items(), key=lambda pair: pair[0] != root))


def platform_of(image: Mapping[str, Any]) -> str:
    """WINDOWS or LINUX, as the image says."""
    told = f"{image.get('Platform', '')} {image.get('PlatformDetails', '')}".lower()
    return "WINDOWS" if "windows" in told else "LINUX"


def resource_of(image: Mapping[str, Any], region: str, partition: str) -> Resource:
    """An image as findings show it."""
    name, created = image["ImageId"], image.get("CreationDate")
    return Resource(
        type="MACHINE_IMAGE",
        id=name,
        partition=partition,
        region=region,
        tags=tags_of(image),
        details=ResourceDetails(
            machine_image=MachineImageDetails(
                machine_image_id=name,
                name=image.get("Name") or None,
                owner_account_id=image.get("OwnerId"),
                platform=platform_of(image),
                architecture=_ARCHITECTURES.get(image.get("Architecture", "")),
                creation_date=datetime.fromisoformat(created).timestamp() if created else None,
                state=image.get("State"),
                is_public=image.get("Public"),
                root_device_type=image.get("RootDeviceType"),
                virtualization_type=image.get("VirtualizationType"),
            )
        ),
    )


@contextmanager
def image_volumes(
    sessions: Sessions, account: str, region: str, image: Mapping[str, Any]
) -> Iterator[dict[str, Volume]]:
    """The disks of an image by device, the root's first. Raises `Unfit` for one too large."""
    name, devices = image["ImageId"], snapshots_of(image)
    mappings = [each["Ebs"] for each in image["BlockDeviceMappings"] if each.get("Ebs")]
    total = sum(each.get("VolumeSize", 0) for each in mappings)
    if total > MOST_GIBIBYTES or len(devices) > MOST_VOLUMES:
        raise Unfit(_STORAGE_LIMIT, f"{name} has {len(devices)} volumes of {total} GiB")
    with aws_calls(f"DescribeSnapshots of {name}"):
        client = sessions.client(account, region, "ec2")
        told = client.describe_snapshots(SnapshotIds=list(devices.values()))["Snapshots"]
    check_keys(sessions, account, region, told, name)
    direct = sessions.client(account, region, "ebs")
    with ExitStack() as opened:
        volumes: dict[str, Volume] = {}
        for device, snapshot in devices.items():
            volumes[device] = opened.enter_context(Volume(direct, snapshot, snapshot))
        yield volumes
