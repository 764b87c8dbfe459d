"""The disks of an instance without an agent: snapshots, read block by block.

Source: spec/ec2-scanning.md 4.2; EBS direct APIs reference (ListSnapshotBlocks, GetSnapshotBlock).
Only blocks that are asked for are fetched; what no snapshot holds are zeros.
"""

import base64
import hashlib
import io
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from openinspector.aws.ec2 import is_excluded
from openinspector.aws.permissions import SNAPSHOT_TAG
from openinspector.aws.sessions import Sessions
from openinspector.aws.trouble import AwsTrouble, Gone, Unfit, aws_calls

BLOCK = 512 * 1024
_CACHED = 128
"""Blocks of a volume that are kept: 64 MiB."""
_AT_ONCE = 8
_POLL_SECONDS = 2.0
_PATIENCE_SECONDS = 3600.0
_TIME_LIMIT = "AGENTLESS_INSTANCE_COLLECTION_TIME_LIMIT_EXCEEDED"
_STORAGE_LIMIT = "AGENTLESS_INSTANCE_STORAGE_LIMIT_EXCEEDED"
_READING_SECONDS = 3600.0
"""How long the volumes of one resource may be read; what AWS allows is not published."""
MOST_GIBIBYTES, MOST_VOLUMES = 1_200, 8
"""Sizes and number of volumes that are read (spec/ec2-scanning.md 4.1)."""


class Volume(io.RawIOBase):
    """The content of a snapshot as a file that can be read at any place.

    `name` is what findings call it: the volume, or the snapshot of an image. Reading ends after an
    hour with `Unfit`. `fetched` counts the bytes that were read over the network. `trouble` is the
    first call that did not work: readers of file systems may take it for damage of the disk, and
    go on.
    """

    def __init__(self, client: Any, snapshot: str, name: str) -> None:
        super().__init__()
        self.name = name
        self._end = time.monotonic() + _READING_SECONDS
        self._client = client
        self._snapshot = snapshot
        self._position = 0
        self._cache: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(_AT_ONCE, "openinspector-blocks")
        self.fetched = 0
        self.trouble: AwsTrouble | None = None
        with aws_calls(f"ListSnapshotBlocks of {snapshot}"):
            self._tokens, self.size = _list_blocks(client, snapshot)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The position, in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position; the new one."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer; how many bytes."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def read(self, size: int = -1) -> bytes:
        """Bytes from the position on. Raises `AwsTrouble` when AWS does not answer."""
        end = self.size if size < 0 else min(self._position + size, self.size)
        start = self._position
        if start >= end:
            return b""
        numbers = range(start // BLOCK, (end - 1) // BLOCK + 1)
        try:
            blocks = self._blocks(numbers)
        except AwsTrouble as error:
            self.trouble = self.trouble or error
            raise
        self._position = end
        first = start - numbers[0] * BLOCK
        if len(blocks) == 1:
            return blocks[0][first : first + end - start]
        return b"".join(blocks)[first : first + end - start]

    def close(self) -> None:
        """Give the threads back."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        super().close()

    def _blocks(self, numbers: Sequence[int]) -> list[bytes]:
        with self._lock:
            known = {each: self._cache[each] for each in numbers if each in self._cache}
            for each in known:
                self._cache.move_to_end(each)
        missing = [each for each in numbers if each not in known]
        if len(missing) == 1:
            known[missing[0]] = self._fetch(missing[0])
        elif missing:
            known.update(zip(missing, self._pool.map(self._fetch, missing), strict=True))
        return [known[each] for each in numbers]

    def _fetch(self, number: int) -> bytes:
        token = self._tokens.get(number)
        if token is None:
            return bytes(BLOCK)
        if time.monotonic() > self._end:
            raise Unfit(_TIME_LIMIT, f"reading {self.name} took over {_READING_SECONDS:.0f} s")
        with aws_calls(f"GetSnapshotBlock {number} of {self._snapshot}"):
            answer = self._client.get_snapshot_block(
                SnapshotId=self._snapshot, BlockIndex=number, BlockToken=token
            )
            data: bytes = answer["BlockData"].read()
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        if digest != answer["Checksum"]:
            raise AwsTrouble(f"block {number} of {self._snapshot} is not as its checksum says")
        with self._lock:
            self.fetched += len(data)
            self._cache[number] = data
            while len(self._cache) > _CACHED:
                self._cache.popitem(last=False)
        return data


def _list_blocks(client: Any, snapshot: str) -> tuple[dict[int, str], int]:
    """Tokens of the blocks that a snapshot holds, and its size in bytes."""
    tokens: dict[int, str] = {}
    token: dict[str, str] = {}
    while True:
        answer = client.list_snapshot_blocks(SnapshotId=snapshot, MaxResults=10_000, **token)
        if answer.get("BlockSize", BLOCK) != BLOCK:
            raise AwsTrouble(f"{snapshot} has blocks of {answer['BlockSize']} bytes")
        for each in answer.get("Blocks", ()):
            tokens[each["BlockIndex"]] = each["BlockToken"]
        if not answer.get("NextToken"):
            return tokens, answer["VolumeSize"] * 1024**3
        token = {"NextToken": answer["NextToken"]}


@contextmanager
def snapshots(
    sessions: Sessions, account: str, region: str, instance: str, devices: Mapping[str, str]
) -> Iterator[dict[str, Volume]]:
    """The volumes of an instance by device, as they are now; the snapshots go afterwards.

    `devices`: device names and volumes. Also snapshots that an earlier try left behind are
    deleted. Raises `Unfit` when there is too much to read, or it takes too long.
    """
    ec2 = sessions.client(account, region, "ec2")
    check_keys(sessions, account, region, _sized(ec2, instance, devices), instance)
    delete_snapshots(ec2, f"{instance}/*")
    made: dict[str, str] = {}
    opened: dict[str, Volume] = {}
    try:
        made = _create(ec2, instance)
        _wait(ec2, list(made.values()))
        direct = sessions.client(account, region, "ebs")
        for device, volume in devices.items():
            if volume in made:
                opened[device] = Volume(direct, made[volume], volume)
        yield opened
    finally:
        for each in opened.values():
            each.close()
        delete_snapshots(ec2, f"{instance}/*")


def _sized(ec2: Any, instance: str, devices: Mapping[str, str]) -> list[dict[str, Any]]:
    """The volumes as EC2 describes them. Raises `Unfit` when they are too large."""
    with aws_calls(f"DescribeVolumes of {instance}"):
        volumes: list[dict[str, Any]] = ec2.describe_volumes(VolumeIds=list(devices.values()))[
            "Volumes"
        ]
    total = sum(each["Size"] for each in volumes)
    if total > MOST_GIBIBYTES:
        raise Unfit(_STORAGE_LIMIT, f"{instance} has {total} GiB of volumes")
    return volumes


def check_keys(
    sessions: Sessions,
    account: str,
    region: str,
    described: Sequence[Mapping[str, Any]],
    what: str,
) -> None:
    """Raise `Unfit` when a volume or snapshot is encrypted under a key that is excluded by tag."""
    keys = {each["KmsKeyId"] for each in described if each.get("KmsKeyId")}
    if not keys:
        return
    with aws_calls(f"GetResources (keys) in {account}, {region}"):
        client = sessions.client(account, region, "resourcegroupstaggingapi")
        pages = client.get_paginator("get_resources").paginate(ResourceTypeFilters=["kms:key"])
        excluded = {
            each["ResourceARN"].rpartition("/")[2]
            for page in pages
            for each in page["ResourceTagMappingList"]
            if is_excluded({tag["Key"]: tag["Value"] for tag in each["Tags"]})
        }
    if excluded & {key.rpartition("/")[2] for key in keys}:
        raise Unfit("EXCLUDED_BY_TAG", f"{what} is encrypted under a key that is excluded by tag")


def _create(ec2: Any, instance: str) -> dict[str, str]:
    """Snapshots of all volumes at one moment: volume -> snapshot."""
    tag = {"Key": SNAPSHOT_TAG, "Value": f"{instance}/{time.time_ns():x}"}
    with aws_calls(f"CreateSnapshots of {instance}"):
        answer = ec2.create_snapshots(
            InstanceSpecification={"InstanceId": instance},
            Description="OpenInspector reads it once and deletes it",
            TagSpecifications=[{"ResourceType": "snapshot", "Tags": [tag]}],
        )
    return {each["VolumeId"]: each["SnapshotId"] for each in answer["Snapshots"]}


def _wait(ec2: Any, names: Sequence[str], sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait until snapshots can be read."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with aws_calls(f"DescribeSnapshots {', '.join(names)}"):
            told = ec2.describe_snapshots(SnapshotIds=list(names))["Snapshots"]
        states = {each["State"] for each in told}
        if states <= {"completed"}:
            return
        if "error" in states:
            raise AwsTrouble(f"a snapshot of {', '.join(names)} failed")
        if time.monotonic() > end:
            raise Unfit(_TIME_LIMIT, f"{', '.join(names)} did not complete")
        sleep(_POLL_SECONDS)


def sweep(sessions: Sessions, account: str, region: str, now: float) -> int:
    """Delete what scans that died left behind, whatever instance it is of; how many.

    Only snapshots that nobody can still be reading: begun hours ago. `now` is in epoch seconds.
    """
    ec2 = sessions.client(account, region, "ec2")
    return delete_snapshots(ec2, "i-*/*", before=now - _ABANDONED_SECONDS)


_ABANDONED_SECONDS = _PATIENCE_SECONDS + _READING_SECONDS + 3600.0


def delete_snapshots(ec2: Any, tag: str, before: float | None = None) -> int:
    """Delete our snapshots with a tag value (wildcards as EC2's filters have them); how many.

    `before`: only those that were begun before a moment (epoch seconds).
    """
    deleted = 0
    with aws_calls(f"deleting the snapshots tagged {SNAPSHOT_TAG}={tag}"):
        pages = ec2.get_paginator("describe_snapshots").paginate(
            OwnerIds=["self"], Filters=[{"Name": f"tag:{SNAPSHOT_TAG}", "Values": [tag]}]
        )
        for each in [each for page in pages for each in page["Snapshots"]]:
            if before is not None and each["StartTime"].timestamp() >= before:
                continue
            try:
                with aws_calls(f"DeleteSnapshot {each['SnapshotId']}"):
                    ec2.delete_snapshot(SnapshotId=each["SnapshotId"])
            except Gone:
                continue
            deleted += 1
    return deleted
