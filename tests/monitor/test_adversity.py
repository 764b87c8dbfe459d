"""What AWS does while nobody looks: coverage tells the truth, and nothing is closed for it."""

import json
from pathlib import Path

import pytest

from openinspector.api.operations.members import take_organization
from openinspector.monitor.discover import discover
from openinspector.monitor.monitor import Monitor
from openinspector.organization.directory import read_organization
from openinspector.store.tasks import in_trouble
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.images import Image, file, oci_files, write_files
from tests.images import digest as digest_of
from tests.monitor.conftest import Clock
from tests.monitor.driving import coverage, findings, switch_on, work
from tests.monitor.test_functions import deploy, zipped
from tests.monitor.test_images import OS_RELEASE, layout, push, repository
from tests.monitor.test_instances import AMAZON, OPENSSH, launch
from tests.monitor.test_processes import disk_of

MEMBER = "2" * 12
MINUTE = 60_000
DAY = 24 * 60 * MINUTE


def open_in(monitor: Monitor, *accounts: str) -> set[str]:
    return {each["findingArn"] for each in findings(monitor, *accounts, findingStatus="ACTIVE")}


def test_a_volume_that_goes_does_not_end_the_scans_of_its_instance(
    monitor: Monitor, cloud: Emulator, clock: Clock, tmp_path: Path
) -> None:
    ec2 = cloud.client("ec2")
    name = launch(cloud)
    cloud.disks.attach(MANAGEMENT, REGION, name, disk_of(tmp_path))
    zone = ec2.describe_instances(InstanceIds=[name])["Reservations"][0]["Instances"][0]
    data = ec2.create_volume(AvailabilityZone=zone["Placement"]["AvailabilityZone"], Size=1)
    ec2.attach_volume(InstanceId=name, VolumeId=data["VolumeId"], Device="/dev/sdf")
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    before = open_in(monitor, MANAGEMENT)
    assert before
    # Between the last listing and the next scan.
    clock.pass_by(DAY)
    with monitor.store.write() as connection:
        connection.exec_driver_sql(
            "UPDATE task SET due_at = due_at + 172800000 WHERE kind = 'discover-EC2'"
        )
    ec2.detach_volume(InstanceId=name, VolumeId=data["VolumeId"])
    ec2.delete_volume(VolumeId=data["VolumeId"])
    assert "scan failed" in work(monitor)
    assert open_in(monitor, MANAGEMENT) == before
    cloud.calls.clear()
    clock.pass_by(MINUTE)
    assert "scan" in work(monitor)
    assert "CreateSnapshots" in {each.operation for each in cloud.calls}
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", "SUCCESSFUL")
    assert open_in(monitor, MANAGEMENT) == before
    clock.pass_by(DAY)
    assert "scan" in work(monitor), "and the day after"


def test_an_image_that_is_listed_and_cannot_be_had_is_said_to_be_so(
    monitor: Monitor, cloud: Emulator, clock: Clock, tmp_path: Path
) -> None:
    arn = repository(cloud, "web")
    digest = push(cloud, "web", layout(tmp_path / "image"))
    blobs = [each for each in cloud.state.folder.iterdir() if each.name.startswith("sha256")]
    kept = {each: each.read_bytes() for each in blobs}
    for each in blobs:
        each.unlink()
    switch_on(monitor, MANAGEMENT, "ECR")
    work(monitor)
    clock.pass_by(MINUTE)
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[f"{arn}/{digest}"] == ("INACTIVE", "INTERNAL_ERROR")
    with monitor.store.read() as connection:
        (troubled,) = in_trouble(connection, 10, clock())
    assert troubled.key.kind == "scan"
    for path, content in kept.items():
        path.write_bytes(content)
    clock.pass_by(30 * MINUTE)
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[f"{arn}/{digest}"] == ("ACTIVE", "SUCCESSFUL")
    assert open_in(monitor, MANAGEMENT)


def test_an_image_that_goes_between_listing_and_pull_is_gone(
    monitor: Monitor, cloud: Emulator, clock: Clock, tmp_path: Path
) -> None:
    arn = repository(cloud, "web")
    digest = push(cloud, "web", layout(tmp_path / "image"))
    switch_on(monitor, MANAGEMENT, "ECR")
    discover(monitor, "ECR", MANAGEMENT, REGION)
    cloud.client("ecr").batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": digest}])
    work(monitor)
    assert f"{arn}/{digest}" not in coverage(monitor, MANAGEMENT)
    with monitor.store.read() as connection:
        assert in_trouble(connection, 10, clock()) == []


@pytest.mark.parametrize(
    "layer", ["application/vnd.in-toto+json", "application/vnd.dev.cosign.simplesigning.v1+json"]
)
def test_attestations_and_signatures_are_no_images(
    monitor: Monitor, cloud: Emulator, clock: Clock, tmp_path: Path, layer: str
) -> None:
    """They have an image's manifest and configuration: only their layers tell."""
    arn = repository(cloud, "web")
    files = oci_files(Image([[file("etc/os-release", OS_RELEASE)]]))
    index = json.loads(files["index.json"])
    place = "blobs/" + index["manifests"][0]["digest"].replace(":", "/")
    manifest = json.loads(files.pop(place))
    manifest["layers"][0]["mediaType"] = layer
    written = json.dumps(manifest).encode()
    files["blobs/" + digest_of(written).replace(":", "/")] = written
    index["manifests"][0] |= {"digest": digest_of(written), "size": len(written)}
    files["index.json"] = json.dumps(index).encode()
    digest = push(cloud, "web", write_files(tmp_path / "layout", files))
    switch_on(monitor, MANAGEMENT, "ECR")
    done = work(monitor)
    assert not [each for each in done if each.endswith("failed")]
    told = coverage(monitor, MANAGEMENT)[f"{arn}/{digest}"]
    assert told == ("INACTIVE", "UNSUPPORTED_MEDIA_TYPE")
    clock.pass_by(monitor.intervals.listing)
    assert "scan" not in work(monitor), "it is what it is"
    assert coverage(monitor, MANAGEMENT)[f"{arn}/{digest}"] == told


def member(status: str) -> dict[str, object]:
    accounts = [{"id": MANAGEMENT}, {"id": MEMBER, "status": status}]
    return {
        "organization": "o-exampleorg1",
        "management_account": MANAGEMENT,
        "accounts": accounts,
    }


def test_a_suspended_account_keeps_what_was_found(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    cloud.enrol(MEMBER)
    name = launch(cloud, MEMBER)
    cloud.software.manage(MEMBER, REGION, name, AMAZON, [OPENSSH])
    deploy(cloud, "shop", zipped(lodash="4.17.15"), MEMBER)
    with monitor.store.write() as connection:
        take_organization(connection, read_organization(member("ACTIVE"), "file"), clock())
    switch_on(monitor, MEMBER, "EC2", "LAMBDA")
    work(monitor)
    before, covered = open_in(monitor, MEMBER), coverage(monitor, MEMBER)
    assert before
    with monitor.store.write() as connection:
        take_organization(connection, read_organization(member("SUSPENDED"), "file"), clock())
    cloud.faults.add("denied", account=MEMBER)
    clock.pass_by(2 * monitor.intervals.listing)
    work(monitor)
    assert open_in(monitor, MEMBER) == before
    assert coverage(monitor, MEMBER).keys() == covered.keys()
    cloud.faults.active.clear()
    with monitor.store.write() as connection:
        take_organization(connection, read_organization(member("ACTIVE"), "file"), clock())
    clock.pass_by(2 * monitor.intervals.listing)
    work(monitor)
    assert open_in(monitor, MEMBER) == before
    assert coverage(monitor, MEMBER) == covered


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("AuthFailure", 401, "ACCESS_DENIED"),
        ("OptInRequired", 401, "ACCESS_DENIED"),
        ("InvalidNextToken", 400, "SUCCESSFUL"),
        ("RequestExpired", 400, "SUCCESSFUL"),
        ("InvalidClientTokenId", 403, "ACCESS_DENIED"),
    ],
)
def test_a_region_or_page_that_is_refused_closes_nothing(
    monitor: Monitor, cloud: Emulator, clock: Clock, code: str, status: int, reason: str
) -> None:
    """A Region that is switched off, an account that left, a page's token that ran out, a clock."""
    name = launch(cloud)
    cloud.software.manage(MANAGEMENT, REGION, name, AMAZON, [{**OPENSSH}])
    deploy(cloud, "shop", zipped(lodash="4.17.15"))
    switch_on(monitor, MANAGEMENT, "EC2", "LAMBDA")
    work(monitor)
    before = open_in(monitor, MANAGEMENT)
    cloud.faults.add("error", "ec2", "DescribeInstances", code=code, status=status)
    for _ in range(3):
        clock.pass_by(monitor.intervals.listing)
        work(monitor)
    assert open_in(monitor, MANAGEMENT) == before
    told = coverage(monitor, MANAGEMENT)
    assert told[name][1] in (reason, "DEEP_INSPECTION_NO_INVENTORY")
    assert (told[name][1] == "ACCESS_DENIED") is (reason == "ACCESS_DENIED")
