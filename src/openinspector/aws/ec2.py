"""EC2 instances as `DescribeInstances` lists them."""

from collections.abc import Iterator, Mapping
from typing import Any

from openinspector.aws.sessions import Sessions
from openinspector.aws.trouble import aws_calls
from openinspector.model.finding import (
    AwsEc2InstanceDetails,
    Resource,
    ResourceDetails,
)

EXCLUSION_TAG = "inspectorec2exclusion"
"""Compared in lower case (spec/ec2-scanning.md 5)."""


def list_instances(sessions: Sessions, account: str, region: str) -> Iterator[dict[str, Any]]:
    """Every instance, terminated ones too as long as EC2 tells of them."""
    with aws_calls(f"DescribeInstances in {account}, {region}"):
        client = sessions.client(account, region, "ec2")
        for page in client.get_paginator("describe_instances").paginate():
            for reservation in page["Reservations"]:
                yield from reservation["Instances"]


def tags_of(described: Mapping[str, Any]) -> dict[str, str]:
    """Tags as a mapping; EC2 and others list them as pairs."""
    return {each["Key"]: each["Value"] for each in described.get("Tags", ())}


def is_excluded(tags: Mapping[str, str]) -> bool:
    """Whether a tag says that the instance is not to be scanned; its value does not matter."""
    return any(name.lower() == EXCLUSION_TAG for name in tags)


def volumes_of(instance: Mapping[str, Any]) -> dict[str, str]:
    """Device names and volumes that are attached."""
    return {
        each["DeviceName"]: each["Ebs"]["VolumeId"]
        for each in instance.get("BlockDeviceMappings", ())
        if "Ebs" in each and each["Ebs"].get("VolumeId")
    }


def resource_of(
    instance: Mapping[str, Any], region: str, partition: str, platform: str | None
) -> Resource:
    """An instance as findings show it (spec/findings.md 3); `platform` as SSM told it."""
    interfaces = instance.get("NetworkInterfaces", ())
    addresses = [
        address
        for interface in interfaces
        for private in interface.get("PrivateIpAddresses", ())
        for address in (
            private.get("PrivateIpAddress"),
            private.get("Association", {}).get("PublicIp"),
        )
        if address
    ]
    alone = [instance.get("PrivateIpAddress"), instance.get("PublicIpAddress")]
    return Resource(
        type="AWS_EC2_INSTANCE",
        id=instance["InstanceId"],
        partition=partition,
        region=region,
        tags=tags_of(instance),
        details=ResourceDetails(
            aws_ec2_instance=AwsEc2InstanceDetails(
                type=instance.get("InstanceType"),
                image_id=instance.get("ImageId"),
                ip_v4_addresses=list(dict.fromkeys(addresses or filter(None, alone))),
                ip_v6_addresses=[
                    each["Ipv6Address"]
                    for interface in interfaces
                    for each in interface.get("Ipv6Addresses", ())
                ],
                key_name=instance.get("KeyName"),
                iam_instance_profile_arn=(instance.get("IamInstanceProfile") or {}).get("Arn"),
                vpc_id=instance.get("VpcId"),
                subnet_id=instance.get("SubnetId"),
                launched_at=_seconds(instance.get("LaunchTime")),
                platform=platform,
            )
        ),
    )


def _seconds(moment: Any) -> float | None:
    return None if moment is None else float(moment.timestamp())
