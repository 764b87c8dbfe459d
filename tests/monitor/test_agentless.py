"""Instances without an agent: their disks are read from snapshots, which always go again."""

import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openinspector.aws import ec2
from openinspector.model import Package
from openinspector.monitor.collect import collect
from openinspector.monitor.monitor import Monitor
from openinspector.store.coverage import get_coverage
from openinspector.store.records import put_record
from openinspector.store.resources import get_resource
from openinspector.store.tasks import TaskKey, enqueue
from tests.disks import ext, gpt
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.monitor.conftest import Clock
from tests.monitor.driving import coverage, findings, switch_on, work
from tests.monitor.test_instances import launch

OPENSSL = "CVE-2022-0778"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A file system with Debian 11 on it, made by mkfs."""
    root = tmp_path / "root"
    for path, text in {
        "etc/os-release": 'ID=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\n',
        "var/lib/dpkg/status": "Package: openssl\nStatus: install ok installed\n"
        "Architecture: amd64\nVersion: 1.1.1k-1\n\n",
        "opt/app/node_modules/lodash/package.json": '{"name": "lodash", "version": "4.17.15"}',
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / "var/large").write_bytes(b"no cataloger wants this" * 1_000_000)
    path = tmp_path / "disk.raw"
    path.touch()
    subprocess.run(
        ["mke2fs", "-q", "-F", "-t", "ext4", "-d", root, path, "512M"], check=True, timeout=60
    )
    return path


def described(cloud: Emulator, name: str) -> dict[str, Any]:
    told = cloud.client("ec2").describe_instances(InstanceIds=[name])
    return dict(told["Reservations"][0]["Instances"][0])


def unmanaged(cloud: Emulator, disk: Path) -> str:
    name = launch(cloud)
    cloud.disks.attach(MANAGEMENT, REGION, name, disk)
    return name


def snapshots(cloud: Emulator) -> list[str]:
    pages = cloud.client("ec2").get_paginator("describe_snapshots")
    told = pages.paginate(Filters=[{"Name": "tag-key", "Values": ["InspectorScan"]}])
    return [each["SnapshotId"] for page in told for each in page["Snapshots"]]


def test_an_unmanaged_instance_is_scanned_by_its_disks(
    monitor: Monitor, cloud: Emulator, clock: Clock, disk: Path
) -> None:
    name = unmanaged(cloud, disk)
    switch_on(monitor, MANAGEMENT, "EC2")
    assert not [each for each in work(monitor) if each.endswith("failed")]
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", "SUCCESSFUL")
    packages = {
        package["name"]: each
        for each in findings(monitor, MANAGEMENT)
        for package in each["packageVulnerabilityDetails"]["vulnerablePackages"]
    }
    assert {"openssl", "lodash"} <= set(packages)
    (volume,) = ec2.volumes_of(described(cloud, name)).values()
    (lodash,) = packages["lodash"]["packageVulnerabilityDetails"]["vulnerablePackages"]
    assert lodash["filePath"] == f"{volume}:opt/app/node_modules/lodash/package.json"
    (resource,) = packages["openssl"]["resources"]
    assert resource["details"]["awsEc2Instance"]["platform"] == "DEBIAN_11"
    assert snapshots(cloud) == []
    assert 0 < cloud.disks.bytes_read < disk.stat().st_size / 10
    before = findings(monitor, MANAGEMENT)
    clock.pass_by(monitor.intervals.agentless)
    assert "scan" in work(monitor)
    assert findings(monitor, MANAGEMENT) == before


def test_only_where_the_account_wants_it(
    monitor: Monitor, cloud: Emulator, clock: Clock, disk: Path
) -> None:
    name = unmanaged(cloud, disk)
    body = {"scanMode": "EC2_SSM_AGENT_BASED"}
    with monitor.store.write() as connection:
        put_record(connection, "configuration", MANAGEMENT, "ec2Configuration", body, clock())
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("INACTIVE", "UNMANAGED_EC2_INSTANCE")
    assert not [call for call in cloud.calls if call.operation == "CreateSnapshots"]


def test_a_managed_instance_without_inventory_falls_back_to_its_disks(
    monitor: Monitor, cloud: Emulator, disk: Path
) -> None:
    name = unmanaged(cloud, disk)
    cloud.software.manage(MANAGEMENT, REGION, name, ("Debian GNU/Linux", "11"), None)
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", "SUCCESSFUL")
    assert len(findings(monitor, MANAGEMENT, vulnerabilityId=OPENSSL)) == 1


def test_judging_again_does_not_change_how_it_was_scanned(
    monitor: Monitor, cloud: Emulator, clock: Clock, disk: Path
) -> None:
    name = unmanaged(cloud, disk)
    cloud.software.manage(MANAGEMENT, REGION, name, ("Debian GNU/Linux", "11"), None)
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    assert mode(monitor, name) == "EC2_AGENTLESS"
    with monitor.store.write() as connection:
        enqueue(connection, [TaskKey("assess", MANAGEMENT, REGION, name)], clock(), clock())
    work(monitor)
    assert mode(monitor, name) == "EC2_AGENTLESS"
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", "SUCCESSFUL")


@pytest.mark.parametrize("operation", ["GetSnapshotBlock", "ListSnapshotBlocks"])
def test_what_cannot_be_read_closes_nothing_and_leaves_no_snapshot(
    operation: str,
    monitor: Monitor,
    cloud: Emulator,
    clock: Clock,
    disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("openinspector.aws.sessions._ATTEMPTS", 1)
    name = unmanaged(cloud, disk)
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    before = findings(monitor, MANAGEMENT, findingStatus="ACTIVE")
    assert before
    cloud.faults.add("denied", "ebs", operation)
    clock.pass_by(monitor.intervals.agentless)
    assert "scan failed" in work(monitor)
    assert findings(monitor, MANAGEMENT, findingStatus="ACTIVE") == before
    assert coverage(monitor, MANAGEMENT)[name] == ("INACTIVE", "ACCESS_DENIED")
    assert snapshots(cloud) == []


def test_a_disk_without_a_system_is_said_to_have_none(
    monitor: Monitor, cloud: Emulator, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.raw"
    empty.touch()
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", empty, "8M"], check=True, timeout=60)
    name = unmanaged(cloud, empty)
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("INACTIVE", "UNSUPPORTED_OS")


def test_snapshots_of_a_try_that_died_are_deleted_by_the_next(
    monitor: Monitor, cloud: Emulator, disk: Path
) -> None:
    name = unmanaged(cloud, disk)
    switch_on(monitor, MANAGEMENT, "EC2")
    cloud.client("ec2").create_snapshots(
        InstanceSpecification={"InstanceId": name},
        TagSpecifications=[
            {
                "ResourceType": "snapshot",
                "Tags": [{"Key": "InspectorScan", "Value": f"{name}/dead"}],
            }
        ],
    )
    assert len(snapshots(cloud)) == 1
    work(monitor)
    assert snapshots(cloud) == []


def without_places(package: Package) -> Package:
    return msgspec.structs.replace(package, locations=())


def test_the_same_bytes_give_the_same_inventory_with_and_without_an_agent(
    monitor: Monitor, cloud: Emulator, disk: Path, tmp_path: Path
) -> None:
    from openinspector.inventory.collect import collect as collect_from
    from openinspector.inventory.limits import DEFAULT_LIMITS
    from openinspector.inventory.trees.directory import DirectoryTree

    name = unmanaged(cloud, disk)
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    with monitor.store.read() as connection:
        known = get_resource(connection, MANAGEMENT, name)
    assert known is not None
    agentless = collect(monitor, known.found).inventory
    with DirectoryTree(str(tmp_path / "root"), DEFAULT_LIMITS) as tree:
        expected = collect_from(tree)
    assert [each.locations[0].path for each in agentless.packages if each.manager != "OS"] == [
        "/dev/sda1:opt/app/node_modules/lodash/package.json"
    ]
    assert [without_places(each) for each in agentless.packages] == [
        without_places(each) for each in expected.packages
    ]
    assert agentless.distribution == expected.distribution


def test_files_of_partitions_are_named_by_volume_partition_and_path(
    monitor: Monitor, cloud: Emulator, tmp_path: Path
) -> None:
    """spec/ec2-scanning.md 4.2: the volume, the partition, and the path in its file system."""
    modules = "node_modules/{}/package.json"
    root, data, other = (tmp_path / name for name in ("root", "data", "other"))
    for path, text in {
        root / "etc/os-release": 'ID=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\n',
        root / "etc/fstab": "/dev/xvda1 / ext4 defaults 0 1\nLABEL=data /srv/shop ext4 ro 0 2\n",
        root / "opt/app" / modules.format("lodash"): '{"name": "lodash", "version": "4.17.15"}',
        data / "web" / modules.format("minimist"): '{"name": "minimist", "version": "1.2.0"}',
        other / modules.format("lodash"): '{"name": "lodash", "version": "4.17.16"}',
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    parts = [
        ext(tmp_path / "p1", root, size=16),
        ext(tmp_path / "p2", data, "-L", "data", size=16),
    ]
    name = unmanaged(cloud, gpt(tmp_path / "disk.raw", parts))
    ec2 = cloud.client("ec2")
    zone = described(cloud, name)["Placement"]["AvailabilityZone"]
    more = ec2.create_volume(AvailabilityZone=zone, Size=1)["VolumeId"]
    ec2.attach_volume(InstanceId=name, VolumeId=more, Device="/dev/sdf")
    cloud.disks.attach(MANAGEMENT, REGION, more, ext(tmp_path / "more.raw", other, size=16))
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    (volume,) = {
        each["Ebs"]["VolumeId"]
        for each in described(cloud, name)["BlockDeviceMappings"]
        if each["DeviceName"] != "/dev/sdf"
    }
    paths = {
        package["filePath"]
        for each in findings(monitor, MANAGEMENT)
        for package in each["packageVulnerabilityDetails"]["vulnerablePackages"]
        if "filePath" in package
    }
    assert paths == {
        f"{volume}:/p1:opt/app/{modules.format('lodash')}",
        f"{volume}:/p2:web/{modules.format('minimist')}",
        f"{more}:{modules.format('lodash')}",
    }


def test_what_a_scan_left_behind_of_an_instance_that_is_gone_is_swept_up(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    name = launch(cloud)
    tags = [{"ResourceType": "snapshot", "Tags": [{"Key": "InspectorScan", "Value": f"{name}/1"}]}]
    cloud.client("ec2").create_snapshots(
        InstanceSpecification={"InstanceId": name}, TagSpecifications=tags
    )
    cloud.client("ec2").terminate_instances(InstanceIds=[name])
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    assert len(snapshots(cloud)) == 1, "somebody may still be reading it"
    clock.pass_by(6 * 3_600_000)
    work(monitor)
    assert snapshots(cloud) == []


def test_an_instance_goes_from_its_disks_to_its_agent_and_back(
    monitor: Monitor, cloud: Emulator, clock: Clock, disk: Path
) -> None:
    name = unmanaged(cloud, disk)
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    assert mode(monitor, name) == "EC2_AGENTLESS"
    before = {each["findingArn"] for each in findings(monitor, MANAGEMENT, findingStatus="ACTIVE")}
    packages = [{"Name": "openssl", "Version": "1.1.1k-1", "Architecture": "x86_64"}]
    debian = ("Debian GNU/Linux", "11")
    cloud.software.manage(MANAGEMENT, REGION, name, debian, packages)
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    assert mode(monitor, name) == "EC2_SSM_AGENT_BASED"
    agent = findings(monitor, MANAGEMENT, vulnerabilityId=OPENSSL, findingStatus="ACTIVE")
    assert {each["findingArn"] for each in agent} <= before, "the same findings"
    cloud.software.unmanage(MANAGEMENT, REGION, name)
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    assert mode(monitor, name) == "EC2_AGENTLESS"
    after = {each["findingArn"] for each in findings(monitor, MANAGEMENT, findingStatus="ACTIVE")}
    assert after == before


def test_agents_only_stops_reading_disks_and_closes_what_was_found_there(
    monitor: Monitor, cloud: Emulator, clock: Clock, disk: Path
) -> None:
    name = unmanaged(cloud, disk)
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    body = {"scanMode": "EC2_SSM_AGENT_BASED"}
    with monitor.store.write() as connection:
        put_record(connection, "configuration", MANAGEMENT, "ec2Configuration", body, clock())
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("INACTIVE", "UNMANAGED_EC2_INSTANCE")
    assert {each["status"] for each in findings(monitor, MANAGEMENT)} == {"CLOSED"}


def mode(monitor: Monitor, name: str) -> str | None:
    with monitor.store.read() as connection:
        row = get_coverage(connection, MANAGEMENT, name, "PACKAGE")
    return row and row["scanMode"]


def encrypted(cloud: Emulator, name: str, **tags: str) -> None:
    """Let the volumes of an instance be encrypted under a key with some tags."""
    from moto.ec2.models import ec2_backends

    key = cloud.client("kms").create_key(
        Tags=[{"TagKey": each, "TagValue": value} for each, value in tags.items()]
    )["KeyMetadata"]["Arn"]
    for volume in ec2.volumes_of(described(cloud, name)).values():
        made = ec2_backends[MANAGEMENT][REGION].get_volume(volume)
        made.encrypted, made.kms_key_id = True, key


def test_encrypted_disks_are_read_unless_their_key_is_excluded(
    monitor: Monitor, cloud: Emulator, clock: Clock, disk: Path
) -> None:
    read, excluded = unmanaged(cloud, disk), unmanaged(cloud, disk)
    encrypted(cloud, read, team="shop")
    encrypted(cloud, excluded, inspectorec2exclusion="")
    switch_on(monitor, MANAGEMENT, "EC2")
    assert not [each for each in work(monitor) if each.endswith("failed")]
    told = coverage(monitor, MANAGEMENT)
    assert told[read] == ("ACTIVE", "SUCCESSFUL")
    assert told[excluded] == ("INACTIVE", "EXCLUDED_BY_TAG")
    assert findings(monitor, MANAGEMENT, resourceId=excluded) == []
    assert snapshots(cloud) == []


@pytest.mark.parametrize("what", ["gibibytes", "volumes", "seconds"])
def test_limits_of_reading_disks_are_told(
    what: str, monitor: Monitor, cloud: Emulator, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = unmanaged(cloud, disk)
    reason = "AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED"
    if what == "gibibytes":
        monkeypatch.setattr("openinspector.aws.ebs.MOST_GIBIBYTES", 1)
    elif what == "volumes":
        monkeypatch.setattr("openinspector.monitor.discover.MOST_VOLUMES", 0)
    else:
        monkeypatch.setattr("openinspector.aws.ebs._READING_SECONDS", -1.0)
        reason = "AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED"
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("INACTIVE", reason)
    assert snapshots(cloud) == []
