"""EC2's snapshots: they take the content of their volumes, and some time.

Source: EC2 API reference (CreateSnapshot, CreateSnapshots, DescribeSnapshots). Moto makes snapshots
that are complete at once, and lists them all on one page.
"""

from typing import Any

from moto.ec2.models import ec2_backends

from tests.emulator.additions import answers, watches
from tests.emulator.content import Content
from tests.emulator.errors import AwsError
from tests.emulator.wire import Call, Output

_STEPS = ("0%", "45%", "100%")
"""Progress of a snapshot: when it is made, and each time that it is looked at."""


@answers("ec2", "CreateSnapshot")
def create_snapshot(call: Call) -> Output:
    """Moto's answer, the snapshot pending."""
    return _begun(call, call.moto())


@answers("ec2", "CreateSnapshots")
def create_snapshots(call: Call) -> Output:
    """Moto's answer, the snapshots pending; data volumes that are excluded have none."""
    excluded = set(call.parameters["InstanceSpecification"].get("ExcludeDataVolumeIds", ()))
    made = call.moto()["Snapshots"]
    backend = ec2_backends[call.account][call.region]
    for each in made:
        if each["VolumeId"] in excluded:
            backend.delete_snapshot(each["SnapshotId"])
    return {"Snapshots": [_begun(call, each) for each in made if each["VolumeId"] not in excluded]}


def _begun(call: Call, told: dict[str, Any]) -> dict[str, Any]:
    name = told["SnapshotId"]
    snapshot = ec2_backends[call.account][call.region].snapshots[name]
    snapshot.status = "pending"
    snapshot.kms_key_id = snapshot.kms_key_id or snapshot.volume.kms_key_id
    call.place.progress[name] = 0
    content = content_of_volume(call, snapshot.volume)
    if content is not None:
        call.place.snapshots[name] = content
    return {**told, "State": "pending", "Progress": _STEPS[0]}


def content_of_volume(call: Call, volume: Any) -> Content | None:
    """The disk file of a volume, or that of the snapshot or machine image that it came from."""
    place = call.place
    if volume.id in place.disks:
        return place.disks[volume.id]
    if volume.snapshot_id in place.snapshots:
        return place.snapshots[volume.snapshot_id]
    if volume.attachment is None:
        return None
    instance = volume.attachment.instance
    image = ec2_backends[call.account][call.region].amis.get(instance.image_id)
    if image is None or volume.attachment.device != instance.root_device_name:
        return None
    return place.snapshots.get(image.ebs_snapshot.id)


@answers("ec2", "DescribeSnapshots")
def describe_snapshots(call: Call) -> Output:
    """Moto's answer in pages; each look lets the pending ones go on."""
    backend = ec2_backends[call.account][call.region]
    asked = call.parameters
    for name in asked.get("SnapshotIds") or list(call.place.progress):
        _go_on(call, backend.snapshots.get(name))
    listed = call.moto()["Snapshots"]
    owners = asked.get("OwnerIds")
    if owners:
        wanted = {call.account if each == "self" else each for each in owners}
        listed = [each for each in listed if each["OwnerId"] in wanted]
    for each in listed:
        each["Progress"] = _STEPS[call.place.progress.get(each["SnapshotId"], len(_STEPS) - 1)]
    limit, token = asked.get("MaxResults"), asked.get("NextToken")
    if limit is not None and limit < 5:
        raise AwsError("InvalidParameterValue", f"Value ( {limit} ) for parameter maxResults")
    shown = call.page(listed, limit or 1000, token, "InvalidNextToken")
    return {"Snapshots": shown.items, "NextToken": shown.token}


def _go_on(call: Call, snapshot: Any) -> None:
    if snapshot is None or snapshot.status != "pending":
        return
    step = call.place.progress[snapshot.id] + 1
    call.place.progress[snapshot.id] = step
    if step == len(_STEPS) - 1:
        snapshot.status = "completed"


@watches("ec2", "DeleteSnapshot")
def forget(call: Call, output: dict[str, Any]) -> None:
    """The content of a deleted snapshot goes with it."""
    name = call.parameters["SnapshotId"]
    call.place.snapshots.pop(name, None)
    call.place.progress.pop(name, None)


@watches("ec2", "CreateImage")
def take_image(call: Call, output: dict[str, Any]) -> None:
    """A machine image of an instance has the content of its root volume."""
    backend = ec2_backends[call.account][call.region]
    image = backend.amis[output["ImageId"]]
    image.root_device_type = "ebs"
    instance = backend.get_instance(call.parameters["InstanceId"])
    root = instance.block_device_mapping[instance.root_device_name].volume_id
    content = content_of_volume(call, backend.get_volume(root))
    if content is not None:
        call.place.snapshots[image.ebs_snapshot.id] = content
