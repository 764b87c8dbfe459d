"""The volumes of a disk: partitions, logical volumes, or the whole disk; and what each holds."""

from collections.abc import Iterator

import msgspec

from openinspector.inventory.limits import MEBIBYTE
from openinspector.inventory.trees.disk.extent import DAMAGE, Extent, plain
from openinspector.inventory.trees.disk.lvm import logical_volumes
from openinspector.inventory.trees.disk.mounts import Names
from openinspector.inventory.trees.disk.partitions import (
    EFI_SYSTEM,
    DamagedTable,
    Partition,
    has_gpt,
    partitions,
)
from openinspector.inventory.trees.disk.signatures import Identity, identify

_BEGINNING = 256 * 1024
"""Where every known format has its signature."""
_TABLES = 64 * MEBIBYTE
"""Bytes that partition tables and signatures may take to read."""

_BOOT_ONLY = {
    EFI_SYSTEM: "it holds boot loaders (EFI system partition)",
    "ef": "it holds boot loaders (EFI system partition)",
    "21686148-6449-6e6f-744e-656564454649": "it holds a boot loader (BIOS boot partition)",
    "9e1a2d38-c612-4316-aa26-8b49521e5a8b": "it holds a boot loader (PowerPC PReP)",
    "41": "it holds a boot loader (PowerPC PReP)",
    "e3c9e316-0b5c-4db8-817d-f92df00215ae": "it is reserved (Microsoft)",
}
"""Types of partitions in which no packages are installed."""


class Volume(msgspec.Struct, frozen=True):
    """A span of a disk with what is known of it; `name` is ours, in words.

    `trouble` says why its files cannot be read, `passed_over` why they need not be.
    """

    name: str
    extent: Extent | None = None
    kind: str = ""
    names: Names = Names()
    trouble: str = ""
    passed_over: str = ""


def find_volumes(disk: Extent) -> list[Volume]:
    """Every volume of a disk, and for what cannot be read one that says so."""
    disk.allowance.allow(_TABLES)
    found = list(_upper(disk))
    physical = [each.extent for each in found if each.kind == "lvm" and each.extent is not None]
    kept = [each for each in found if each.kind != "lvm"]
    return kept + list(_logical(physical)) if physical else kept


def _upper(disk: Extent) -> Iterator[Volume]:
    """The whole disk if it holds something itself, else its partitions."""
    try:
        whole = None if has_gpt(disk) else identify(disk)
    except DAMAGE as error:
        yield Volume("the disk", trouble=f"it cannot be read: {plain(error)}")
        return
    if whole is not None:
        yield _volume("the disk", disk, whole, Names())
        return
    try:
        for partition in partitions(disk):
            yield _of_partition(partition)
    except DamagedTable as error:
        yield Volume("the disk", trouble=str(error))


def _of_partition(partition: Partition) -> Volume:
    name = f"partition {partition.number}"
    names = Names(partition_uuid=partition.uuid, partition=partition.number)
    try:
        identity = identify(partition.extent)
    except DAMAGE as error:
        return Volume(name, names=names, trouble=f"it cannot be read: {plain(error)}")
    if partition.type in _BOOT_ONLY and (identity is None or identity.format.kind == "fat"):
        return Volume(name, names=names, passed_over=_BOOT_ONLY[partition.type])
    return _volume(name, partition.extent, identity, names)


def _logical(physical: list[Extent]) -> Iterator[Volume]:
    for volume in logical_volumes(physical):
        name = f"volume {volume.group}/{volume.name}".rstrip("/ ")
        if volume.extent is None:
            yield Volume(name, trouble=volume.trouble)
            continue
        volume.extent.allowance.allow(_TABLES)
        names = Names(devices=volume.devices)
        try:
            yield _volume(name, volume.extent, identify(volume.extent), names)
        except DAMAGE as error:
            yield Volume(name, names=names, trouble=f"it cannot be read: {plain(error)}")


def _volume(name: str, extent: Extent, identity: Identity | None, names: Names) -> Volume:
    if identity is None:
        blank = not any(extent.read_at(0, _BEGINNING))
        why = "nothing is known at its beginning: an unknown file system, or none"
        return Volume(
            name,
            names=names,
            passed_over="it is blank (its first 256 KiB)" if blank else "",
            trouble="" if blank else why,
        )
    row = identity.format
    names = msgspec.structs.replace(names, uuid=identity.uuid, label=identity.label)
    return Volume(
        name,
        extent,
        row.kind,
        names,
        trouble=f"it is {row.name}, which is not read" if row.role == "unread" else "",
        passed_over=f"it is {row.name}" if row.role == "empty" else "",
    )
