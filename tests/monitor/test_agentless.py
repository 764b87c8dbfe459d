"""Instances without an agent: their disks are read from snapshots, which always go again."""

import subprocess
from pathlib import Path

import pytest

from openinspector.monitor.collect import collect
from openinspector.monitor.monitor import Monitor
from openinspector.store.records import put_record
from openinspector.store.resources import get_resource
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
    assert agentless.packages == expected.packages
    assert agentless.distribution == expected.distribution
