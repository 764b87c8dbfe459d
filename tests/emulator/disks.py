"""Disk files as the content of volumes and machine images.

A snapshot refers to the file that its volume had. Give a volume another file to let its content
change; do not change the file.
"""

from pathlib import Path
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import Ami

from tests.emulator.content import content_of
from tests.emulator.state import State

_GIB = 1024**3


class Disks:
    """The disks of all accounts."""

    def __init__(self, state: State) -> None:
        self._state = state

    def attach(self, account: str, region: str, volume: str, path: Path) -> str:
        """Let a volume have the content of a disk file; an instance means its root volume.

        Returns the volume. Raises `ValueError` where the file is larger than the volume.
        """
        backend = ec2_backends[account][region]
        if volume.startswith("i-"):
            instance = backend.get_instance(volume)
            volume = instance.block_device_mapping[instance.root_device_name].volume_id
        _check_size(path, backend.get_volume(volume).size)
        self._state.places[account, region].disks[volume] = content_of(Path(path))
        return volume

    def image(self, account: str, region: str, name: str, path: Path) -> str:
        """Register a machine image whose root snapshot has the content of a disk file."""
        backend = ec2_backends[account][region]
        image = backend.register_image(name=name, description=name)
        image.root_device_type = "ebs"
        _check_size(path, image.ebs_snapshot.volume.size)
        place = self._state.places[account, region]
        place.snapshots[image.ebs_snapshot.id] = content_of(Path(path))
        return str(image.id)

    def deny_key(self, account: str, region: str, key: str) -> None:
        """Let nobody decrypt with a key, named as the volume names it."""
        self._state.places[account, region].denied_keys.add(key)

    def expire_tokens_after(self, seconds: float) -> None:
        """Let block tokens that are given from now on be good for so long; AWS gives 7 days."""
        self._state.token_seconds = seconds

    @property
    def bytes_read(self) -> int:
        """Bytes of blocks that were read through `GetSnapshotBlock`."""
        return self._state.block_bytes


def _check_size(path: Path, gibibytes: int) -> None:
    size = Path(path).stat().st_size
    if size > gibibytes * _GIB:
        raise ValueError(f"{path} has {size} bytes, the volume {gibibytes} GiB")


def _mappings(image: Any) -> list[dict[str, Any]]:
    """Moto says that every image has 15 GiB of magnetic disk."""
    snapshot = image.ebs_snapshot
    told = {
        "SnapshotId": snapshot.id,
        "VolumeSize": snapshot.volume.size,
        "DeleteOnTermination": True,
        "VolumeType": "gp3",
        "Encrypted": snapshot.encrypted,
    }
    return [{"DeviceName": image.root_device_name, "Ebs": told}]


setattr(Ami, "block_device_mappings", property(_mappings))  # noqa: B010 (a class of moto)
