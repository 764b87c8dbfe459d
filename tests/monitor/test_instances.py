"""EC2 instances: found, scanned by what they handed to SSM, closed when they go."""

from datetime import timedelta
from typing import Any

import pytest

from openinspector.monitor.discover import discover, drop
from openinspector.monitor.monitor import Monitor
from openinspector.organization.settings import setting
from openinspector.store.coverage import get_coverage
from openinspector.store.packages import get_inventory, inventory_of
from openinspector.store.records import put_record
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.monitor.conftest import Clock
from tests.monitor.driving import coverage, findings, switch_on, titles, work

OPENSSH = {
    "Name": "openssh-server",
    "Version": "8.7p1",
    "Release": "8.amzn2023.0.10",
    "Architecture": "x86_64",
    "PackageId": "openssh-8.7p1-8.amzn2023.0.10.src.rpm",
}
SHALLOW = "DEEP_INSPECTION_NO_INVENTORY"
"""SSM's own inventory says nothing of language packages."""
AMAZON = ("Amazon Linux", "2023")
REGRESSION = "CVE-2024-6387"
"""regreSSHion: fixed in 8.7p1-8.amzn2023.0.11."""


def launch(cloud: Emulator, account: str = MANAGEMENT, **tags: str) -> str:
    client = cloud.client("ec2", account)
    images = client.describe_images(Owners=["amazon"])["Images"]
    image = next(each["ImageId"] for each in images if "Platform" not in each)
    specification = [
        {
            "ResourceType": "instance",
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }
    ]
    made = client.run_instances(
        ImageId=image,
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.micro",
        NetworkInterfaces=[{"DeviceIndex": 0, "AssociatePublicIpAddress": True}],
        **({"TagSpecifications": specification} if tags else {}),
    )
    return str(made["Instances"][0]["InstanceId"])


def manage(cloud: Emulator, name: str, packages: Any = (OPENSSH,), **more: Any) -> None:
    cloud.software.manage(MANAGEMENT, REGION, name, AMAZON, list(packages), **more)


def test_an_instance_is_found_scanned_and_closed(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    name = launch(cloud, team="shop")
    manage(cloud, name)
    work(monitor)
    assert coverage(monitor, MANAGEMENT) == {}, "nothing is looked at before it is switched on"
    switch_on(monitor, MANAGEMENT, "EC2")
    clock.pass_by(monitor.intervals.accounts)
    done = work(monitor)
    assert not [each for each in done if each.endswith("failed")]
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", SHALLOW)
    (found,) = findings(monitor, MANAGEMENT, vulnerabilityId=REGRESSION)
    (resource,) = found["resources"]
    assert (resource["id"], resource["tags"]) == (name, {"team": "shop"})
    assert resource["details"]["awsEc2Instance"]["platform"] == "AMAZON_LINUX_2023"
    assert found["packageVulnerabilityDetails"]["vulnerablePackages"][0]["name"] == "openssh-server"

    manage(cloud, name, [{**OPENSSH, "Release": "8.amzn2023.0.11"}])
    clock.pass_by(monitor.intervals.software)
    work(monitor)
    (found,) = findings(monitor, MANAGEMENT, vulnerabilityId=REGRESSION)
    assert found["status"] == "CLOSED"

    manage(cloud, name)
    clock.pass_by(monitor.intervals.software)
    work(monitor)
    (found,) = findings(monitor, MANAGEMENT, vulnerabilityId=REGRESSION)
    assert found["status"] == "ACTIVE", "reopened"
    cloud.client("ec2").terminate_instances(InstanceIds=[name])
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    told = coverage(monitor, MANAGEMENT)
    assert told[name] == told[f"{name}/NETWORK"] == ("INACTIVE", "RESOURCE_TERMINATED")
    assert {each["status"] for each in findings(monitor, MANAGEMENT)} == {"CLOSED"}


def test_why_an_instance_is_not_scanned(monitor: Monitor, cloud: Emulator, clock: Clock) -> None:
    switch_on(monitor, MANAGEMENT, "EC2")
    agents = {"scanMode": "EC2_SSM_AGENT_BASED"}
    with monitor.store.write() as connection:
        put_record(connection, "configuration", MANAGEMENT, "ec2Configuration", agents, clock())
    expected = {}
    for reason, packages, age in (
        (SHALLOW, [OPENSSH], timedelta()),
        ("NO_INVENTORY", None, timedelta()),
        ("STALE_INVENTORY", [OPENSSH], timedelta(days=8)),
    ):
        name = launch(cloud)
        cloud.software.manage(MANAGEMENT, REGION, name, AMAZON, packages, age)
        expected[name] = reason
    mac = launch(cloud)
    cloud.software.manage(MANAGEMENT, REGION, mac, ("macOS", "14"), None, platform_type="MacOS")
    expected[mac] = "UNSUPPORTED_OS"
    unmanaged = launch(cloud)
    expected[unmanaged] = "UNMANAGED_EC2_INSTANCE"
    excluded = launch(cloud, INSPECTOREC2Exclusion="")
    manage(cloud, excluded)
    expected[excluded] = "EXCLUDED_BY_TAG"
    stopped = launch(cloud)
    manage(cloud, stopped)
    cloud.client("ec2").stop_instances(InstanceIds=[stopped])
    expected[stopped] = "EC2_INSTANCE_STOPPED"
    work(monitor)
    told = coverage(monitor, MANAGEMENT)
    assert {name: told[name][1] for name in expected} == expected


def test_what_stops_keeps_its_findings_and_what_is_excluded_does_not(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    stopped, excluded = launch(cloud), launch(cloud)
    for name in (stopped, excluded):
        manage(cloud, name)
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    client = cloud.client("ec2")
    client.stop_instances(InstanceIds=[stopped])
    client.create_tags(
        Resources=[excluded], Tags=[{"Key": "InspectorEc2Exclusion", "Value": "true"}]
    )
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    assert {e["status"] for e in findings(monitor, MANAGEMENT, resourceId=stopped)} == {"ACTIVE"}
    assert {e["status"] for e in findings(monitor, MANAGEMENT, resourceId=excluded)} == {"CLOSED"}
    client.start_instances(InstanceIds=[stopped])
    client.delete_tags(Resources=[excluded], Tags=[{"Key": "InspectorEc2Exclusion"}])
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    told = coverage(monitor, MANAGEMENT)
    assert told[stopped] == told[excluded] == ("ACTIVE", SHALLOW)
    assert {e["status"] for e in findings(monitor, MANAGEMENT, resourceId=excluded)} == {"ACTIVE"}


@pytest.mark.parametrize("fault", ["denied", "throttled", "expired", "failing"])
def test_nothing_closes_because_asking_failed(
    fault: str,
    monitor: Monitor,
    cloud: Emulator,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("openinspector.aws.sessions._ATTEMPTS", 1)
    name = launch(cloud)
    manage(cloud, name)
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    before = titles(findings(monitor, MANAGEMENT, findingStatus="ACTIVE"))
    assert before
    cloud.faults.add(fault, "ssm", "ListInventoryEntries")
    cloud.faults.add(fault, "ec2", "DescribeInstances")
    clock.pass_by(monitor.intervals.listing)
    done = work(monitor)
    assert {"scan failed", "discover-EC2 failed"} <= set(done)
    assert titles(findings(monitor, MANAGEMENT, findingStatus="ACTIVE")) == before
    reason = "ACCESS_DENIED" if fault == "denied" else "INTERNAL_ERROR"
    assert coverage(monitor, MANAGEMENT)[name] == ("INACTIVE", reason)
    cloud.faults.active.clear()
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", SHALLOW)


def test_a_scan_that_changes_nothing_moves_nothing(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    name = launch(cloud)
    manage(cloud, name)
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    before = findings(monitor, MANAGEMENT)
    for _ in range(3):
        clock.pass_by(monitor.intervals.software)
        assert "scan" in work(monitor)
    assert findings(monitor, MANAGEMENT) == before


def test_what_windows_hands_over_is_kept_and_said_to_be_unjudged(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    name = launch(cloud)
    programs = [{"Name": "7-Zip", "Version": "19.00", "Publisher": "Igor Pavlov"}]
    server = ("Microsoft Windows Server 2019 Datacenter", "10.0.17763")
    cloud.software.manage(MANAGEMENT, REGION, name, server, programs, platform_type="Windows")
    cloud.client("ssm").put_inventory(
        InstanceId=name,
        Items=[
            {
                "TypeName": "AWS:WindowsUpdate",
                "SchemaVersion": "1.0",
                "CaptureTime": monitor.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                "Content": [{"HotFixId": "KB5023697", "InstalledTime": "2023-03-14"}],
            }
        ],
    )
    switch_on(monitor, MANAGEMENT, "EC2")
    assert not [each for each in work(monitor) if each.endswith("failed")]
    assert coverage(monitor, MANAGEMENT)[name] == ("INACTIVE", "UNSUPPORTED_OS")
    assert findings(monitor, MANAGEMENT) == []
    with monitor.store.read() as connection:
        row = get_coverage(connection, MANAGEMENT, name, "PACKAGE")
        digest = inventory_of(connection, MANAGEMENT, name)
        kept = get_inventory(connection, digest or "")
    assert row is not None
    assert row["resourceMetadata"]["ec2"]["platform"] == "WINDOWS"
    assert kept is not None
    assert {each.name for each in kept.packages} == {"7-Zip", "KB5023697"}
    assert not [call for call in cloud.calls if call.operation == "CreateSnapshots"]


def test_what_is_switched_off_says_so_until_it_is_gone(
    monitor: Monitor, cloud: Emulator, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = launch(cloud)
    manage(cloud, name)
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    seen = {}

    def look(*arguments: Any) -> None:
        seen.update(coverage(monitor, MANAGEMENT))

    monkeypatch.setattr("openinspector.monitor.discover.take_listing", look)
    drop(monitor, "EC2", MANAGEMENT, REGION)
    assert seen[name] == ("INACTIVE", "PENDING_DISABLE")


def test_an_account_that_lets_nobody_in_does_not_stop_others(
    monitor: Monitor, cloud: Emulator
) -> None:
    other = "5" * 12  # No role of it can be assumed.
    name = launch(cloud)
    manage(cloud, name)
    for account in (other, MANAGEMENT):
        switch_on(monitor, account, "EC2")
    assert "discover-EC2 failed" in work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", SHALLOW)
    assert coverage(monitor, other) == {}


def test_an_account_that_closes_its_door_is_said_to_and_keeps_its_findings(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    name = launch(cloud)
    manage(cloud, name)
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    before = titles(findings(monitor, MANAGEMENT, findingStatus="ACTIVE"))
    cloud.faults.add("denied", "ec2", "DescribeInstances")
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    clock.pass_by(60_000)
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("INACTIVE", "ACCESS_DENIED")
    assert titles(findings(monitor, MANAGEMENT, findingStatus="ACTIVE")) == before
    cloud.faults.active.clear()
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", SHALLOW)
    assert titles(findings(monitor, MANAGEMENT, findingStatus="ACTIVE")) == before


def test_another_tag_is_no_word_on_packages(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    name = launch(cloud)
    cloud.software.manage(MANAGEMENT, REGION, name, ("Arch Linux", "1"), [OPENSSH])
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("INACTIVE", "UNSUPPORTED_OS")
    cloud.client("ec2").create_tags(Resources=[name], Tags=[{"Key": "a", "Value": "b"}])
    discover(monitor, "EC2", MANAGEMENT, REGION)
    assert coverage(monitor, MANAGEMENT)[name] == ("INACTIVE", "UNSUPPORTED_OS")
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("INACTIVE", "UNSUPPORTED_OS")


def test_an_administrator_decides_for_its_members(monitor: Monitor, clock: Clock) -> None:
    from openinspector.organization.directory import associate

    member, administrator = "3" * 12, "4" * 12
    own, theirs = {"scanMode": "EC2_HYBRID"}, {"scanMode": "EC2_SSM_AGENT_BASED"}
    with monitor.store.write() as connection:
        put_record(connection, "configuration", member, "ec2Configuration", own, clock())
        put_record(connection, "configuration", administrator, "ec2Configuration", theirs, clock())
        assert setting(connection, member, "ec2Configuration") == own
        associate(connection, administrator, member, clock())
        assert setting(connection, member, "ec2Configuration") == theirs
