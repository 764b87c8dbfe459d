"""The EBS direct APIs: the blocks of snapshots, with real bytes.

Source: "EBS direct APIs" reference. Snapshots that moto's own `StartSnapshot` made stay moto's.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.ebs.models import ebs_backends
from moto.ec2.models import ec2_backends
from moto.kms.models import kms_backends

from tests.emulator.additions import answers
from tests.emulator.content import BLOCK, Content
from tests.emulator.errors import AwsError
from tests.emulator.state import now
from tests.emulator.wire import Call, Output

_SECRET = secrets.token_bytes(32)
_LIMITS = range(100, 10_001)


@answers("ebs", "ListSnapshotBlocks")
def list_snapshot_blocks(call: Call) -> Output:
    """Blocks that hold something, by index."""
    name = call.parameters["SnapshotId"]
    if name in ebs_backends[call.account][call.region].snapshots:
        return call.moto()
    snapshot = _readable(call, name)
    expiry = now() + timedelta(seconds=call.state.token_seconds)
    content = call.place.snapshots.get(name)
    shown, common = _listing(call, content.blocks if content else (), snapshot, expiry)
    blocks = [{"BlockIndex": index, "BlockToken": _token(name, index, expiry)} for index in shown]
    return {"Blocks": blocks, **common}


@answers("ebs", "ListChangedBlocks")
def list_changed_blocks(call: Call) -> Output:
    """Blocks that differ between two snapshots of a volume; without a first one, all."""
    first, second = call.parameters.get("FirstSnapshotId"), call.parameters["SecondSnapshotId"]
    if second in ebs_backends[call.account][call.region].snapshots:
        return call.moto()
    snapshot = _readable(call, second)
    if first and _readable(call, first).volume.id != snapshot.volume.id:
        raise _invalid("The snapshots are not of the same volume", "UNRELATED_SNAPSHOTS")
    before, after = call.place.snapshots.get(first or ""), call.place.snapshots.get(second)
    expiry = now() + timedelta(seconds=call.state.token_seconds)
    shown, common = _listing(call, _changed(before, after), snapshot, expiry)
    blocks = []
    for index in shown:
        told: dict[str, Any] = {"BlockIndex": index}
        if before and index in before.blocks:
            told["FirstBlockToken"] = _token(first, index, expiry)
        if after and index in after.blocks:
            told["SecondBlockToken"] = _token(second, index, expiry)
        blocks.append(told)
    return {"ChangedBlocks": blocks, **common}


@answers("ebs", "GetSnapshotBlock")
def get_snapshot_block(call: Call) -> Output:
    """The bytes of a block, which has to be named with a token of a listing."""
    name, index = call.parameters["SnapshotId"], call.parameters["BlockIndex"]
    if name in ebs_backends[call.account][call.region].snapshots:
        return call.moto()
    _readable(call, name)
    _check_token(call.parameters["BlockToken"], name, index)
    content = call.place.snapshots.get(name)
    if content is None or index not in content.blocks:
        raise _invalid(f"The snapshot has no block {index}", "INVALID_BLOCK")
    data = content.read(index)
    checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
    with call.state.lock:
        call.state.block_bytes += len(data)
    if call.corrupt:
        call.corrupt = False
        data = bytes([data[0] ^ 1]) + data[1:]
    return {
        "DataLength": BLOCK,
        "BlockData": data,
        "Checksum": checksum,
        "ChecksumAlgorithm": "SHA256",
    }


def _readable(call: Call, name: str) -> Any:
    """A complete snapshot of this account whose key may be used. Raises `AwsError`."""
    snapshot = ec2_backends[call.account][call.region].snapshots.get(name)
    if snapshot is None:
        raise AwsError(
            "ResourceNotFoundException",
            f"The snapshot '{name}' does not exist.",
            Reason="SNAPSHOT_NOT_FOUND",
        )
    if snapshot.status != "completed":
        raise _invalid(f"The snapshot '{name}' is not completed.", "INVALID_SNAPSHOT_ID")
    key = snapshot.kms_key_id
    if snapshot.encrypted and key and not _may_decrypt(call, key):
        raise AwsError(
            "AccessDeniedException",
            f"The caller may not use the key {key} of the snapshot '{name}'.",
            Reason="DEPENDENCY_ACCESS_DENIED",
        )
    return snapshot


def _may_decrypt(call: Call, name: str) -> bool:
    """Whether a key is there, is switched on, and is not denied."""
    if name in call.place.denied_keys:
        return False
    key = kms_backends[call.account][call.region].keys.get(name.rpartition("/")[2])
    return key is None or key.key_state == "Enabled"


def _listing(
    call: Call, indexes: Sequence[int], snapshot: Any, expiry: datetime
) -> tuple[list[int], dict[str, Any]]:
    """A page of block indexes, and what every listing says beside them."""
    asked = call.parameters
    limit = asked.get("MaxResults", _LIMITS[-1])
    if limit not in _LIMITS:
        raise _invalid(f"MaxResults {limit} is not from 100 to 10000", "INVALID_PARAMETER_VALUE")
    start = asked.get("StartingBlockIndex", 0)
    wanted = [each for each in indexes if each >= start]
    error = _invalid("The page token is invalid", "INVALID_PAGE_TOKEN")
    shown = call.page(wanted, limit, asked.get("NextToken"), error)
    common = {
        "ExpiryTime": expiry,
        "VolumeSize": snapshot.volume.size,
        "BlockSize": BLOCK,
        "NextToken": shown.token,
    }
    return shown.items, common


def _changed(before: Content | None, after: Content | None) -> list[int]:
    old = set(before.blocks) if before else set()
    new = set(after.blocks) if after else set()
    same = {
        index for index in old & new if before and after and before.read(index) == after.read(index)
    }
    return sorted((old | new) - same)


def _token(name: str | None, index: int, expiry: datetime) -> str:
    """A token that names its block and its end, and that nobody else can make."""
    told = f"{name}:{index}:{int(expiry.timestamp())}"
    seal = hmac.digest(_SECRET, told.encode(), "sha256")[:16]
    return base64.b64encode(told.encode() + b":" + seal.hex().encode()).decode()


def _check_token(token: str, name: str, index: int) -> None:
    try:
        told = base64.b64decode(token, validate=True).decode().split(":")
        expiry = datetime.fromtimestamp(int(told[2]), UTC)
    except (ValueError, IndexError):
        raise _invalid("The block token is invalid", "INVALID_BLOCK_TOKEN") from None
    if token != _token(name, index, expiry):
        raise _invalid("The block token is not of this block", "INVALID_BLOCK_TOKEN")
    if expiry < now():
        raise _invalid("The block token has expired", "INVALID_BLOCK_TOKEN")


def _invalid(message: str, reason: str) -> AwsError:
    return AwsError("ValidationException", message, Reason=reason)
