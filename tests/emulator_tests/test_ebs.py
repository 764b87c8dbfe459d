"""Snapshots of disk files, read block by block through the EBS direct APIs."""

import base64
import hashlib
from pathlib import Path
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.server import MANAGEMENT, REGION, Emulator

BLOCK = 512 * 1024
PLACE = (MANAGEMENT, REGION)


def _disk(path: Path, parts: dict[int, bytes], blocks: int = 4096, sparse: bool = True) -> Path:
    """A disk with bytes at some places and zeros elsewhere."""
    with path.open("wb") as file:
        if not sparse:
            file.write(b"\0" * blocks * BLOCK)
        for place, data in parts.items():
            file.seek(place)
            file.write(data)
        file.truncate(blocks * BLOCK)
    return path


def _instance(cloud: Emulator, **more: Any) -> str:
    made = cloud.client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, **more)
    return str(made["Instances"][0]["InstanceId"])


def _snapshots(cloud: Emulator, instance: str) -> list[str]:
    """Snapshots of all volumes of an instance, complete."""
    ec2 = cloud.client("ec2")
    made = ec2.create_snapshots(
        InstanceSpecification={"InstanceId": instance},
        TagSpecifications=[
            {"ResourceType": "snapshot", "Tags": [{"Key": "InspectorScan", "Value": "1"}]}
        ],
    )["Snapshots"]
    assert {each["State"] for each in made} == {"pending"}
    names = [each["SnapshotId"] for each in made]
    _complete(cloud, names)
    return names


def _complete(cloud: Emulator, names: list[str]) -> list[tuple[str, str]]:
    """Wait for snapshots; what the first was seen to be."""
    ec2, seen = cloud.client("ec2"), []
    while not seen or seen[-1][0] != "completed":
        (first, *_) = ec2.describe_snapshots(SnapshotIds=names)["Snapshots"]
        seen.append((first["State"], first["Progress"]))
    return seen


def _blocks(cloud: Emulator, snapshot: str, **asked: Any) -> dict[int, str]:
    ebs = cloud.client("ebs")
    found: dict[int, str] = {}
    token: dict[str, str] = {}
    while True:
        answer = ebs.list_snapshot_blocks(SnapshotId=snapshot, **asked, **token)
        assert answer["BlockSize"] == BLOCK
        found.update({each["BlockIndex"]: each["BlockToken"] for each in answer["Blocks"]})
        if "NextToken" not in answer:
            return found
        token = {"NextToken": answer["NextToken"]}


def _read(cloud: Emulator, snapshot: str, index: int, token: str) -> bytes:
    answer = cloud.client("ebs").get_snapshot_block(
        SnapshotId=snapshot, BlockIndex=index, BlockToken=token
    )
    data: bytes = answer["BlockData"].read()
    assert answer["DataLength"] == BLOCK == len(data)
    assert answer["ChecksumAlgorithm"] == "SHA256"
    assert answer["Checksum"] == base64.b64encode(hashlib.sha256(data).digest()).decode()
    return data


@pytest.mark.parametrize("sparse", [True, False])
def test_a_disk_is_read_back_from_its_snapshot(
    cloud: Emulator, tmp_path: Path, sparse: bool
) -> None:
    random = Random(7)
    parts = {0: b"boot", 3 * BLOCK - 2: b"over", 9 * BLOCK: random.randbytes(BLOCK)}
    path = _disk(tmp_path / "disk", parts, 40, sparse)
    instance = _instance(cloud)
    cloud.disks.attach(*PLACE, instance, path)
    (snapshot,) = _snapshots(cloud, instance)
    tokens = _blocks(cloud, snapshot)
    assert sorted(tokens) == [0, 2, 3, 9]
    whole = bytearray(40 * BLOCK)
    for index, token in tokens.items():
        whole[index * BLOCK : (index + 1) * BLOCK] = _read(cloud, snapshot, index, token)
    assert hashlib.sha256(whole).digest() == hashlib.sha256(path.read_bytes()).digest()
    assert cloud.disks.bytes_read == 4 * BLOCK


def test_blocks_come_in_pages(cloud: Emulator, tmp_path: Path) -> None:
    path = _disk(tmp_path / "disk", {index * BLOCK: b"x" for index in range(0, 700, 2)})
    instance = _instance(cloud)
    cloud.disks.attach(*PLACE, instance, path)
    (snapshot,) = _snapshots(cloud, instance)
    assert sorted(_blocks(cloud, snapshot, MaxResults=100)) == list(range(0, 700, 2))
    assert len([each for each in cloud.calls if each.service == "ebs"]) == 4
    assert min(_blocks(cloud, snapshot, StartingBlockIndex=301)) == 302
    ebs = cloud.client("ebs")
    answer = ebs.list_snapshot_blocks(SnapshotId=snapshot)
    assert answer["VolumeSize"] == 8
    assert answer["ExpiryTime"].tzinfo is not None
    with pytest.raises(ebs.exceptions.ValidationException):
        ebs.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=20_000)
    with pytest.raises(ebs.exceptions.ValidationException) as caught:
        ebs.list_snapshot_blocks(SnapshotId=snapshot, NextToken="nobody's")
    assert caught.value.response["Reason"] == "INVALID_PAGE_TOKEN"


def test_snapshots_take_some_time(cloud: Emulator, tmp_path: Path) -> None:
    ec2, ebs = cloud.client("ec2"), cloud.client("ebs")
    instance = _instance(cloud)
    volume = cloud.disks.attach(*PLACE, instance, _disk(tmp_path / "disk", {0: b"x"}))
    made = ec2.create_snapshot(VolumeId=volume)
    assert (made["State"], made["Progress"]) == ("pending", "0%")
    with pytest.raises(ebs.exceptions.ValidationException):
        ebs.list_snapshot_blocks(SnapshotId=made["SnapshotId"])
    seen = _complete(cloud, [made["SnapshotId"]])
    assert seen == [("pending", "45%"), ("completed", "100%")]
    assert list(_blocks(cloud, made["SnapshotId"])) == [0]


def test_snapshots_are_found_by_tag_and_deleted(cloud: Emulator) -> None:
    ec2, ebs = cloud.client("ec2"), cloud.client("ebs")
    more = [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 20}}]
    instance = _instance(
        cloud, BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 8}}, *more]
    )
    names = _snapshots(cloud, instance)
    ec2.create_snapshot(
        VolumeId=ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a")["VolumeId"]
    )
    assert len(names) == 2
    tagged = [{"Name": "tag-key", "Values": ["InspectorScan"]}]
    pages = ec2.get_paginator("describe_snapshots").paginate(Filters=tagged, OwnerIds=["self"])
    assert sorted(each["SnapshotId"] for page in pages for each in page["Snapshots"]) == sorted(
        names
    )
    for each in names:
        ec2.delete_snapshot(SnapshotId=each)
    with pytest.raises(ebs.exceptions.ResourceNotFoundException) as caught:
        ebs.list_snapshot_blocks(SnapshotId=names[0])
    assert caught.value.response["Reason"] == "SNAPSHOT_NOT_FOUND"
    with pytest.raises(ClientError, match=r"InvalidSnapshot.NotFound"):
        ec2.delete_snapshot(SnapshotId=names[0])


def test_excluded_volumes_have_no_snapshot(cloud: Emulator) -> None:
    ec2 = cloud.client("ec2")
    instance = _instance(cloud)
    volume = ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a")["VolumeId"]
    ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    made = ec2.create_snapshots(
        InstanceSpecification={"InstanceId": instance, "ExcludeDataVolumeIds": [volume]}
    )["Snapshots"]
    assert [each["VolumeId"] == volume for each in made] == [False]


def test_block_tokens_are_checked(cloud: Emulator, tmp_path: Path) -> None:
    instance = _instance(cloud)
    cloud.disks.attach(*PLACE, instance, _disk(tmp_path / "disk", {0: b"x", BLOCK: b"y"}))
    (snapshot,) = _snapshots(cloud, instance)
    tokens = _blocks(cloud, snapshot)
    ebs = cloud.client("ebs")
    for index, token in ((0, tokens[1]), (0, "AAAB"), (7, tokens[0])):
        with pytest.raises(ebs.exceptions.ValidationException) as caught:
            ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=index, BlockToken=token)
        assert caught.value.response["Reason"] == "INVALID_BLOCK_TOKEN"
    cloud.disks.expire_tokens_after(-2)
    late = _blocks(cloud, snapshot)[0]
    with pytest.raises(ebs.exceptions.ValidationException, match="expired"):
        ebs.get_snapshot_block(SnapshotId=snapshot, BlockIndex=0, BlockToken=late)
    assert _read(cloud, snapshot, 0, tokens[0])[:1] == b"x"


def test_blocks_may_come_damaged(cloud: Emulator, tmp_path: Path) -> None:
    instance = _instance(cloud)
    cloud.disks.attach(*PLACE, instance, _disk(tmp_path / "disk", {0: b"x"}))
    (snapshot,) = _snapshots(cloud, instance)
    (token,) = _blocks(cloud, snapshot).values()
    cloud.faults.add("corrupt", "ebs", "GetSnapshotBlock", times=1)
    answer = cloud.client("ebs").get_snapshot_block(
        SnapshotId=snapshot, BlockIndex=0, BlockToken=token
    )
    data = answer["BlockData"].read()
    assert answer["Checksum"] != base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert _read(cloud, snapshot, 0, token)[:1] == b"x"


def test_what_changed_between_two_snapshots(cloud: Emulator, tmp_path: Path) -> None:
    ebs = cloud.client("ebs")
    instance = _instance(cloud)
    before = {0: b"same", BLOCK: b"old", 2 * BLOCK: b"gone"}
    after = {0: b"same", BLOCK: b"new", 5 * BLOCK: b"more"}
    snapshots = []
    for number, parts in enumerate((before, after)):
        cloud.disks.attach(*PLACE, instance, _disk(tmp_path / f"{number}", parts))
        snapshots += _snapshots(cloud, instance)
    first, second = snapshots
    answer = ebs.list_changed_blocks(FirstSnapshotId=first, SecondSnapshotId=second)
    changed = {
        each["BlockIndex"]: ("FirstBlockToken" in each, "SecondBlockToken" in each)
        for each in answer["ChangedBlocks"]
    }
    assert changed == {1: (True, True), 2: (True, False), 5: (False, True)}
    token = next(each for each in answer["ChangedBlocks"] if each["BlockIndex"] == 1)
    assert _read(cloud, second, 1, token["SecondBlockToken"])[:3] == b"new"
    assert _read(cloud, first, 1, token["FirstBlockToken"])[:3] == b"old"
    (other,) = _snapshots(cloud, _instance(cloud))
    with pytest.raises(ebs.exceptions.ValidationException) as caught:
        ebs.list_changed_blocks(FirstSnapshotId=first, SecondSnapshotId=other)
    assert caught.value.response["Reason"] == "UNRELATED_SNAPSHOTS"


@pytest.mark.parametrize("how", ["denied", "disabled"])
def test_a_key_that_may_not_be_used(cloud: Emulator, tmp_path: Path, how: str) -> None:
    ec2, ebs, kms = (cloud.client(each) for each in ("ec2", "ebs", "kms"))
    key = kms.create_key()["KeyMetadata"]["Arn"]
    volume = ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a", Encrypted=True, KmsKeyId=key)[
        "VolumeId"
    ]
    cloud.disks.attach(*PLACE, volume, _disk(tmp_path / "disk", {0: b"x"}, 20))
    name = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    _complete(cloud, [name])
    (told,) = ec2.describe_snapshots(SnapshotIds=[name])["Snapshots"]
    assert (told["Encrypted"], told["KmsKeyId"]) == (True, key)
    assert len(_blocks(cloud, name)) == 1
    if how == "denied":
        cloud.disks.deny_key(*PLACE, key)
    else:
        kms.disable_key(KeyId=key.rpartition("/")[2])
    with pytest.raises(ebs.exceptions.AccessDeniedException) as caught:
        ebs.list_snapshot_blocks(SnapshotId=name)
    assert caught.value.response["Reason"] == "DEPENDENCY_ACCESS_DENIED"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_machine_images_have_snapshots(cloud: Emulator, tmp_path: Path) -> None:
    ec2 = cloud.client("ec2")
    name = cloud.disks.image(*PLACE, "golden", _disk(tmp_path / "disk", {BLOCK: b"golden"}))
    (image,) = ec2.describe_images(ImageIds=[name])["Images"]
    (mapping,) = image["BlockDeviceMappings"]
    assert image["RootDeviceType"] == "ebs"
    snapshot = mapping["Ebs"]["SnapshotId"]
    (token,) = _blocks(cloud, snapshot).values()
    assert _read(cloud, snapshot, 1, token)[:6] == b"golden"
    # An instance of the image has its disk, and so has an image of that instance.
    instance = ec2.run_instances(ImageId=name, MinCount=1, MaxCount=1)["Instances"][0]
    (of_instance,) = _snapshots(cloud, instance["InstanceId"])
    assert list(_blocks(cloud, of_instance)) == [1]
    copy = ec2.create_image(InstanceId=instance["InstanceId"], Name="copy")["ImageId"]
    (told,) = ec2.describe_images(ImageIds=[copy])["Images"]
    assert list(_blocks(cloud, told["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"])) == [1]


def test_a_disk_has_to_fit_and_to_stay(cloud: Emulator, tmp_path: Path) -> None:
    instance = _instance(cloud)
    with pytest.raises(ValueError, match="8 GiB"):
        cloud.disks.attach(*PLACE, instance, _disk(tmp_path / "large", {}, 20_000))
    path = _disk(tmp_path / "disk", {0: b"x"})
    cloud.disks.attach(*PLACE, instance, path)
    (snapshot,) = _snapshots(cloud, instance)
    tokens = _blocks(cloud, snapshot)
    _disk(path, {0: b"other"}, 4095)
    with pytest.raises(ClientError) as caught:
        _read(cloud, snapshot, 0, tokens[0])
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_what_moto_has_stays_moto_s(cloud: Emulator) -> None:
    ebs = cloud.client("ebs")
    name = ebs.start_snapshot(VolumeSize=1)["SnapshotId"]
    data = b"m" * BLOCK
    checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
    ebs.put_snapshot_block(
        SnapshotId=name,
        BlockIndex=5,
        BlockData=data,
        DataLength=BLOCK,
        Checksum=checksum,
        ChecksumAlgorithm="SHA256",
    )
    ((index, token),) = (
        (each["BlockIndex"], each["BlockToken"])
        for each in ebs.list_snapshot_blocks(SnapshotId=name)["Blocks"]
    )
    assert index == 5
    answer = ebs.get_snapshot_block(SnapshotId=name, BlockIndex=5, BlockToken=token)
    assert answer["BlockData"].read() == data
