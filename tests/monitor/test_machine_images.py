"""Machine images: scanned on demand through their snapshots, from the request to the findings."""

from pathlib import Path
from typing import Any

import pytest

from openinspector.monitor.machine_images import ON_DEMAND, is_in_progress, start
from openinspector.monitor.monitor import Monitor
from openinspector.monitor.schedule import begin
from openinspector.store.records import list_records
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.monitor.conftest import Clock
from tests.monitor.driving import coverage, findings, switch_on, work
from tests.monitor.test_agentless import OPENSSL, disk  # noqa: F401  (a fixture)

OTHER = "2" * 12


def ask(monitor: Monitor, image: str, account: str = MANAGEMENT) -> str:
    begin(monitor)
    with monitor.store.write() as connection:
        return start(connection, account, REGION, image, monitor.clock())


def state(monitor: Monitor, scan: str, account: str = MANAGEMENT) -> dict[str, Any]:
    with monitor.store.read() as connection:
        records = {each.key: each.body for each in list_records(connection, ON_DEMAND, [account])}
    return records[scan]


def test_an_image_is_read_through_its_snapshots(
    monitor: Monitor,
    cloud: Emulator,
    clock: Clock,
    disk: Path,  # noqa: F811
) -> None:
    image = cloud.disks.image(MANAGEMENT, REGION, "golden", disk)
    scan = ask(monitor, image)
    assert state(monitor, scan)["scanStatus"] == "IN_PROGRESS"
    with monitor.store.read() as connection:
        assert is_in_progress(connection, MANAGEMENT, image)
    cloud.calls.clear()
    work(monitor)
    told = state(monitor, scan)
    assert (told["scanStatus"], "scanStatusReason" in told) == ("SUCCESSFUL", False)
    assert told["completedAt"] >= told["startedAt"]
    (found,) = findings(monitor, MANAGEMENT, vulnerabilityId=OPENSSL)
    (resource,) = found["resources"]
    assert (resource["type"], resource["id"]) == ("MACHINE_IMAGE", image)
    details = resource["details"]["machineImage"]
    assert (details["machineImageId"], details["name"], details["platform"]) == (
        *(image, "golden", "LINUX"),
    )
    for criterion, value in (
        ("machineImageId", image),
        ("machineImageName", "golden"),
        ("machineImageOwnerAccountId", MANAGEMENT),
        ("machineImagePlatform", "LINUX"),
    ):
        assert found in findings(monitor, MANAGEMENT, **{criterion: value})
        assert not findings(monitor, MANAGEMENT, **{criterion: "another"})
    assert coverage(monitor, MANAGEMENT)[image] == ("ACTIVE", "SUCCESSFUL")
    assert not {"CreateSnapshots", "DeleteSnapshot"} & {call.operation for call in cloud.calls}

    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    assert findings(monitor, MANAGEMENT, vulnerabilityId=OPENSSL)[0]["status"] == "ACTIVE"
    cloud.faults.add("denied", "ec2", "DescribeImages")
    clock.pass_by(monitor.intervals.listing)
    assert not [each for each in work(monitor) if each.endswith("failed")]
    assert coverage(monitor, MANAGEMENT)[image] == ("INACTIVE", "ACCESS_DENIED")
    assert findings(monitor, MANAGEMENT, vulnerabilityId=OPENSSL)[0]["status"] == "ACTIVE"
    cloud.faults.active.clear()
    cloud.client("ec2").deregister_image(ImageId=image)
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    assert findings(monitor, MANAGEMENT, vulnerabilityId=OPENSSL)[0]["status"] == "CLOSED"
    assert image not in coverage(monitor, MANAGEMENT)


def test_what_cannot_be_read_fails_with_a_reason_and_closes_nothing(
    monitor: Monitor,
    cloud: Emulator,
    clock: Clock,
    disk: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("openinspector.aws.sessions._ATTEMPTS", 1)
    image = cloud.disks.image(MANAGEMENT, REGION, "golden", disk)
    ask(monitor, image)
    work(monitor)
    before = findings(monitor, MANAGEMENT, findingStatus="ACTIVE")
    assert before
    cloud.faults.add("denied", "ebs", "GetSnapshotBlock")
    scan = ask(monitor, image)
    work(monitor)
    assert state(monitor, scan)["scanStatusReason"] == "ACCESS_DENIED"
    assert coverage(monitor, MANAGEMENT)[image] == ("INACTIVE", "ACCESS_DENIED")
    cloud.faults.active.clear()
    cloud.faults.add("error", "ebs", "ListSnapshotBlocks")
    scan = ask(monitor, image)
    for _ in range(4):
        assert state(monitor, scan)["scanStatus"] == "IN_PROGRESS"
        work(monitor)
        clock.pass_by(600_000)
    assert state(monitor, scan)["scanStatusReason"] == "INTERNAL_ERROR"
    assert findings(monitor, MANAGEMENT, findingStatus="ACTIVE") == before


@pytest.mark.parametrize(
    ("size", "reason"), [(None, "UNSUPPORTED_OS"), (1_201, "STORAGE_LIMIT_EXCEEDED")]
)
def test_an_image_that_is_too_large_or_has_no_system(
    size: int | None, reason: str, monitor: Monitor, cloud: Emulator, tmp_path: Path
) -> None:
    from tests.monitor.test_permissions import empty_disk

    image = cloud.disks.image(MANAGEMENT, REGION, "odd", empty_disk(tmp_path / "disk.raw"))
    if size:
        from moto.ec2.models import ec2_backends

        ec2_backends[MANAGEMENT][REGION].amis[image].ebs_snapshot.volume.size = size
    scan = ask(monitor, image)
    work(monitor)
    assert state(monitor, scan)["scanStatusReason"] == reason
    assert coverage(monitor, MANAGEMENT)[image] == ("INACTIVE", reason)


def test_images_that_are_gone_or_of_others_are_not_read(monitor: Monitor, cloud: Emulator) -> None:
    gone = ask(monitor, "ami-00000000000000000")
    listed = cloud.client("ec2").describe_images(Owners=["amazon"])["Images"]
    foreign = ask(monitor, listed[0]["ImageId"])
    work(monitor)
    assert state(monitor, gone)["scanStatusReason"] == "RESOURCE_TERMINATED"
    assert state(monitor, foreign)["scanStatusReason"] == "ACCESS_DENIED"


def test_where_nobody_scans_aws_it_fails_at_once(monitor: Monitor) -> None:
    with monitor.store.write() as connection:
        scan = start(connection, MANAGEMENT, REGION, "ami-00000000000000000", monitor.clock())
    assert state(monitor, scan)["scanStatusReason"] == "ACCESS_DENIED"
