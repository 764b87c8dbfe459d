"""Systems Manager: which instances it manages, and the software inventory that they hand over."""

from collections.abc import Iterator
from typing import Any

import msgspec

from openinspector.aws.sessions import Sessions
from openinspector.aws.trouble import aws_calls

APPLICATIONS = "AWS:Application"
UPDATES = "AWS:WindowsUpdate"
WHOLE = "Custom:OpenInspector"
"""The inventory of `openinspector agent`: everything that `scan host` sees, packed."""


class Managed(msgspec.Struct, frozen=True):
    """A managed node: SSM's words for its platform, and whether its agent answers."""

    platform_type: str
    name: str
    version: str
    online: bool


class SoftwareInventory(msgspec.Struct, frozen=True):
    """Entries of one inventory type, and when the instance collected them (RFC 3339)."""

    captured: str
    entries: tuple[dict[str, str], ...]


def managed_nodes(sessions: Sessions, account: str, region: str) -> dict[str, Managed]:
    """Every managed EC2 instance by its identifier."""
    with aws_calls(f"DescribeInstanceInformation in {account}, {region}"):
        client = sessions.client(account, region, "ssm")
        pages = client.get_paginator("describe_instance_information").paginate()
        return {
            each["InstanceId"]: Managed(
                each.get("PlatformType", ""),
                each.get("PlatformName", ""),
                each.get("PlatformVersion", ""),
                each.get("PingStatus") == "Online",
            )
            for page in pages
            for each in page["InstanceInformationList"]
        }


def software_inventory(
    sessions: Sessions, account: str, region: str, instance: str, kind: str
) -> SoftwareInventory | None:
    """What an instance handed over of one type; None when it never did."""
    with aws_calls(f"ListInventoryEntries of {instance} in {account}, {region}"):
        client = sessions.client(account, region, "ssm")
        captured = ""
        entries: list[dict[str, str]] = []
        for answer in _pages(client, instance, kind):
            captured = answer.get("CaptureTime") or captured
            entries.extend(answer.get("Entries", ()))
    return SoftwareInventory(captured, tuple(entries)) if captured else None


def _pages(client: Any, instance: str, kind: str) -> Iterator[dict[str, Any]]:
    """ListInventoryEntries has no paginator in botocore."""
    token: dict[str, str] = {}
    while True:
        answer = client.list_inventory_entries(
            InstanceId=instance, TypeName=kind, MaxResults=50, **token
        )
        yield answer
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}
