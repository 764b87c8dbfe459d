"""Managed instances and their inventory, over real HTTP and read by botocore."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.server import MANAGEMENT, REGION, Emulator

CAPTURED = "2026-05-01T12:00:00Z"


def _item(entries: list[dict[str, str]], name: str = "AWS:Application", **more: str) -> Any:
    item = {"TypeName": name, "SchemaVersion": "1.1", "CaptureTime": CAPTURED}
    return {**item, "Content": entries, **more}


def manage(cloud: Emulator, instance: str, *more: Any, **told: Any) -> None:
    cloud.software.manage(MANAGEMENT, REGION, instance, *more, **told)


def _instances(cloud: Emulator, count: int) -> list[str]:
    made = cloud.client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=count, MaxCount=count)
    return [each["InstanceId"] for each in made["Instances"]]


def _listed(client: Any, **asked: Any) -> list[dict[str, str]]:
    entries: list[dict[str, str]] = []
    token: dict[str, str] = {}
    while True:
        answer = client.list_inventory_entries(**asked, **token)
        assert answer["CaptureTime"] == CAPTURED
        assert answer["SchemaVersion"] == "1.1"
        entries += answer["Entries"]
        if "NextToken" not in answer:
            return entries
        token = {"NextToken": answer["NextToken"]}


def test_managed_instances_come_in_pages(cloud: Emulator) -> None:
    instances = _instances(cloud, 23)
    for each in instances[:-1]:
        manage(cloud, each, ("Ubuntu", "24.04"))
    pages = list(cloud.client("ssm").get_paginator("describe_instance_information").paginate())
    found = [each for page in pages for each in page["InstanceInformationList"]]
    assert [len(page["InstanceInformationList"]) for page in pages] == [10, 10, 2]
    assert sorted(each["InstanceId"] for each in found) == sorted(instances[:-1])
    assert {each["PlatformName"] for each in found} == {"Ubuntu"}


def test_a_stopped_instance_is_lost_and_a_terminated_one_forgotten(cloud: Emulator) -> None:
    running, stopped, terminated, silent = _instances(cloud, 4)
    for each in (running, stopped, terminated):
        manage(cloud, each)
    manage(cloud, silent, PingStatus="ConnectionLost", LastPingDateTime="2026-01-01T00:00:00+00:00")
    ec2, ssm = cloud.client("ec2"), cloud.client("ssm")
    ec2.stop_instances(InstanceIds=[stopped])
    ec2.terminate_instances(InstanceIds=[terminated])
    found = {
        each["InstanceId"]: each
        for each in ssm.describe_instance_information()["InstanceInformationList"]
    }
    assert {name: each["PingStatus"] for name, each in found.items()} == {
        running: "Online",
        stopped: "ConnectionLost",
        silent: "ConnectionLost",
    }
    assert found[silent]["LastPingDateTime"].year == 2026
    chosen = [{"Key": "PingStatus", "Values": ["Online"]}]
    (online,) = ssm.describe_instance_information(Filters=chosen)["InstanceInformationList"]
    assert online["InstanceId"] == running


def test_inventory_comes_back_as_it_was_put(cloud: Emulator) -> None:
    (instance,) = _instances(cloud, 1)
    manage(cloud, instance)
    ssm = cloud.client("ssm")
    packages = [
        {
            "Name": f"package{number}",
            "Version": "1.2",
            "Release": "3.amzn2023",
            "Epoch": "0",
            "Architecture": "x86_64",
            "PackageId": "package-1.2-3.amzn2023.src.rpm",
            "ApplicationType": "Unspecified",
            "Publisher": "Amazon Linux",
            "InstalledTime": "2026-04-01T00:00:00Z",
            "Summary": "A package",
            "URL": "https://example.org/",
        }
        for number in range(120)
    ]
    ssm.put_inventory(InstanceId=instance, Items=[_item(packages)])
    asked = {"InstanceId": instance, "TypeName": "AWS:Application"}
    assert _listed(ssm, **asked) == packages
    assert _listed(ssm, **asked, MaxResults=7) == packages
    chosen = [{"Key": "AWS:Application.Name", "Values": ["package11"], "Type": "BeginWith"}]
    assert len(_listed(ssm, **asked, Filters=chosen)) == 11
    (entity,) = ssm.get_inventory(ResultAttributes=[{"TypeName": "AWS:Application"}])["Entities"]
    assert entity["Id"] == instance
    assert entity["Data"]["AWS:Application"]["Content"] == packages
    (entity,) = ssm.get_inventory()["Entities"]
    (information,) = entity["Data"]["AWS:InstanceInformation"]["Content"]
    assert information["InstanceId"] == instance
    other = ssm.list_inventory_entries(InstanceId=instance, TypeName="AWS:Network")
    assert other["Entries"] == []
    assert "CaptureTime" not in other


def test_an_unchanged_item_is_known_by_its_hash(cloud: Emulator) -> None:
    (instance,) = _instances(cloud, 1)
    manage(cloud, instance)
    ssm = cloud.client("ssm")
    custom = "Custom:OpenInspector"
    ssm.put_inventory(InstanceId=instance, Items=[_item([{"Part": "0"}], custom, ContentHash="aa")])
    again = {"TypeName": custom, "SchemaVersion": "1.1", "CaptureTime": "2026-05-02T12:00:00Z"}
    ssm.put_inventory(InstanceId=instance, Items=[{**again, "ContentHash": "aa"}])
    answer = ssm.list_inventory_entries(InstanceId=instance, TypeName=custom)
    assert (answer["CaptureTime"], answer["Entries"]) == (again["CaptureTime"], [{"Part": "0"}])
    with pytest.raises(ClientError, match="ItemContentMismatchException"):
        ssm.put_inventory(InstanceId=instance, Items=[{**again, "ContentHash": "bb"}])


def test_errors_are_those_of_systems_manager(cloud: Emulator) -> None:
    (instance,) = _instances(cloud, 1)
    ssm = cloud.client("ssm")
    with pytest.raises(ssm.exceptions.InvalidInstanceId):
        ssm.put_inventory(InstanceId=instance, Items=[_item([])])
    with pytest.raises(ssm.exceptions.InvalidInstanceId):
        ssm.list_inventory_entries(InstanceId=instance, TypeName="AWS:Application")
    manage(cloud, instance)
    with pytest.raises(ssm.exceptions.TotalSizeLimitExceededException):
        ssm.put_inventory(InstanceId=instance, Items=[_item([{"Data": "x" * 4096}] * 300)])
    with pytest.raises(ssm.exceptions.InvalidTypeNameException):
        ssm.put_inventory(InstanceId=instance, Items=[_item([], "Mine:Thing")])
    with pytest.raises(ClientError, match="ValidationException"):
        ssm.put_inventory(InstanceId=instance, Items=[_item([{"Data": "x" * 4097}])])
    with pytest.raises(ssm.exceptions.InvalidNextToken):
        ssm.list_inventory_entries(
            InstanceId=instance, TypeName="AWS:Application", NextToken="nobody's"
        )
