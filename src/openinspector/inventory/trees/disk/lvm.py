"""Logical volumes of LVM2, from the physical volumes that hold them.

LVM2's documented metadata: a label in one of the first four sectors with the volume's UUID, and
the volume group as text (lvmraid(7), vgcfgbackup(8)).
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from openinspector.inventory.trees.disk.extent import DAMAGE, Extent, plain

_INTERNAL = re.compile(
    r".*_(?:[rm]image|rmeta|mlog|tdata|tmeta|cdata|cmeta|corig|vdata|wcorig|iorig|imeta)"
    r"(?:_\d+)?|lvol\d+_pmspare"
)
"""Volumes that LVM keeps for itself to build others of (`lvs --all` shows them in brackets)."""
_MOST = 1024


class LogicalVolume(msgspec.Struct, frozen=True):
    """A logical volume; `trouble` says why it cannot be read (then `extent` is empty)."""

    group: str
    name: str
    extent: Extent | None
    trouble: str = ""

    @property
    def devices(self) -> frozenset[str]:
        """The names of its device; in /dev/mapper hyphens of the names are doubled."""
        mapped = "-".join(part.replace("-", "--") for part in (self.group, self.name))
        return frozenset({f"/dev/{self.group}/{self.name}", f"/dev/mapper/{mapped}"})


def logical_volumes(physical: Sequence[Extent]) -> Iterator[LogicalVolume]:
    """Yield the logical volumes of every volume group that has a part here."""
    by_identifier = {_identifier(extent): extent for extent in physical}
    waiting = dict(by_identifier)
    while waiting:
        extent = waiting.popitem()[1]
        try:
            handle, group = _group(extent)
            members = [
                group.get_physical_volume(n).identifier.replace("-", "")
                for n in range(group.number_of_physical_volumes)
            ]
            for member in members:
                waiting.pop(member, None)
            yield from _volumes(handle, group, members, by_identifier)
        except DAMAGE as error:
            yield LogicalVolume("", "", None, f"the metadata of LVM is damaged: {plain(error)}")


def _identifier(extent: Extent) -> str:
    """The UUID in the label of a physical volume, without hyphens."""
    for sector in range(4):
        label = extent.read_at(sector * 512, 512)
        if label.startswith(b"LABELONE"):
            start = int.from_bytes(label[20:24], "little")
            return label[start : start + 32].decode("latin-1")
    return ""


def _group(extent: Extent) -> tuple[Any, Any]:
    import pyvslvm

    handle = pyvslvm.handle()
    handle.open_file_object(extent)
    group = handle.get_volume_group()
    if group is None:
        raise OSError(0, "it names no volume group")
    return handle, group


def _volumes(
    handle: Any, group: Any, members: list[str], known: dict[str, Extent]
) -> Iterator[LogicalVolume]:
    missing = sum(member not in known for member in members)
    if missing:
        why = f"{missing} of {len(members)} physical volumes are not on this disk"
        yield LogicalVolume(group.name, "", None, why)
        return
    handle.open_physical_volume_files_as_file_objects([known[member] for member in members])
    allowance = known[members[0]].allowance
    for index in range(min(group.number_of_logical_volumes, _MOST)):
        try:
            volume = group.get_logical_volume(index)
            name = volume.name
            if _INTERNAL.fullmatch(name) is None:
                yield LogicalVolume(group.name, name, _content(volume, allowance))
        except DAMAGE as error:
            why = f"it cannot be read: {plain(error)}"
            yield LogicalVolume(group.name, f"volume {index + 1}", None, why)


def _content(volume: Any, allowance: Any) -> Extent:
    def read_at(offset: int, size: int) -> bytes:
        data: bytes = volume.read_buffer_at_offset(size, offset)
        return data

    return Extent(read_at, volume.size, allowance)
