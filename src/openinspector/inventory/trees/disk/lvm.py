"""Logical volumes of LVM2: linear and striped ones, and mirrors by their first image.

The C reader that there is (libvslvm) reads neither volumes of several segments nor groups of
several physical volumes, so this is our own, after what LVM2 writes (`lvm_metadata`).
"""

import bisect
from collections.abc import Iterator, Sequence

import msgspec

from openinspector.inventory.trees.disk.extent import DAMAGE, Extent, plain
from openinspector.inventory.trees.disk.lvm_metadata import (
    Section,
    Value,
    parse,
    read_label,
    read_text,
)

_SECTOR = 512
_MOST = 4096
"""Volumes of a group, and segments of a volume."""
_NOT_READ = {
    "thin": "a thin volume",
    "thin-pool": "a pool of thin volumes",
    "cache": "a cached volume",
    "cache-pool": "a pool of a cache",
    "writecache": "a cached volume",
    "snapshot": "a snapshot",
    "vdo": "a VDO volume",
}


class LogicalVolume(msgspec.Struct, frozen=True):
    """A logical volume; `trouble` says why it cannot be read (then there is no `extent`)."""

    group: str
    name: str
    extent: Extent | None
    trouble: str = ""

    @property
    def devices(self) -> frozenset[str]:
        """The names of its device; in /dev/mapper hyphens of the names are doubled."""
        mapped = "-".join(part.replace("-", "--") for part in (self.group, self.name))
        return frozenset({f"/dev/{self.group}/{self.name}", f"/dev/mapper/{mapped}"})


class _Group(msgspec.Struct, frozen=True):
    """A volume group: its metadata, and the physical volumes that are here by their identifier."""

    name: str
    metadata: Section
    present: dict[str, Extent]
    made: dict[str, Extent | None] = {}
    """Logical volumes that are put together; None: it is just being done."""


def logical_volumes(physical: Sequence[Extent]) -> Iterator[LogicalVolume]:
    """Yield the logical volumes of every volume group that has a part here."""
    present: dict[str, Extent] = {}
    groups: dict[str, _Group] = {}
    for extent in physical:
        try:
            identifier, areas = read_label(extent)
            present[identifier] = extent
            text = read_text(extent, areas)
            if text is not None:
                group = _group(parse(text), present)
                known = groups.get(group.name)
                if known is None or _age(known) < _age(group):
                    groups[group.name] = group
        except DAMAGE as error:
            yield LogicalVolume("", "", None, f"a physical volume of LVM: {plain(error)}")
    for group in groups.values():
        try:
            yield from _volumes(group)
        except DAMAGE as error:
            yield LogicalVolume(group.name, "", None, plain(error))


def _group(document: Section, present: dict[str, Extent]) -> _Group:
    for name, value in document.items():
        if isinstance(value, dict):
            return _Group(name, value, present)
    raise ValueError("the metadata of LVM names no volume group")


def _age(group: _Group) -> int:
    """How often the metadata was changed: the highest number counts."""
    return _number(group.metadata, "seqno")


def _volumes(group: _Group) -> Iterator[LogicalVolume]:
    volumes = _sections(group.metadata, "logical_volumes")
    for name in list(volumes)[:_MOST]:
        status = _section(volumes, name).get("status", [])
        if isinstance(status, list) and "VISIBLE" in status:
            try:
                yield LogicalVolume(group.name, name, _extent(group, name))
            except DAMAGE as error:
                yield LogicalVolume(group.name, name, None, plain(error))
    if len(volumes) > _MOST:
        yield LogicalVolume(group.name, "", None, f"it has more than {_MOST:,} volumes")


class _Run(msgspec.Struct, frozen=True):
    """Bytes of a volume in one piece: `stripe` bytes each in turn of the `parts`."""

    start: int
    size: int
    stripe: int
    parts: tuple[Extent, ...]


def _extent(group: _Group, name: str) -> Extent:
    """The content of a logical volume. Raises `OSError` or `ValueError` if it cannot be had."""
    if name not in group.made:
        group.made[name] = None
        group.made[name] = _made(group, name)
    extent = group.made[name]
    if extent is None:
        raise ValueError("the metadata of LVM describes volumes that are made of themselves")
    return extent


def _made(group: _Group, name: str) -> Extent:
    volume = _section(_sections(group.metadata, "logical_volumes"), name)
    segments = [each for each in volume.values() if isinstance(each, dict)][:_MOST]
    runs = sorted((_run(group, each) for each in segments), key=lambda run: run.start)
    if not runs:
        raise ValueError("the volume has no segments")
    size = runs[-1].start + runs[-1].size
    starts = [run.start for run in runs]

    def read_at(offset: int, count: int) -> bytes:
        parts = []
        while count > 0:
            run = runs[max(bisect.bisect_right(starts, offset) - 1, 0)]
            data = _read(run, offset - run.start, count)
            if not data:
                raise OSError(0, "a part of the logical volume is missing")
            parts.append(data)
            offset += len(data)
            count -= len(data)
        return b"".join(parts)

    return Extent(read_at, size, runs[0].parts[0].allowance)


def _read(run: _Run, offset: int, count: int) -> bytes:
    """Up to `count` bytes of a run, at most to the end of a stripe."""
    row, within = divmod(offset, run.stripe)
    turn, part = divmod(row, len(run.parts))
    count = min(count, run.stripe - within, run.size - offset)
    return run.parts[part].read_at(turn * run.stripe + within, count)


def _run(group: _Group, segment: Section) -> _Run:
    unit = _number(group.metadata, "extent_size") * _SECTOR
    start, size = (_number(segment, key) * unit for key in ("start_extent", "extent_count"))
    kind = segment.get("type")
    if kind == "striped":
        parts = tuple(_areas(group, segment.get("stripes"), unit))
        stripe = _number(segment, "stripe_size") * _SECTOR if len(parts) > 1 else size
    elif kind == "raid1":
        # Pairs of the image's metadata and the image.
        stripe, parts = size, (_extent(group, _name(segment.get("raids"), 1)),)
    elif kind == "mirror":
        stripe, parts = size, (_extent(group, _name(segment.get("mirrors"), 0)),)
    else:
        what = _NOT_READ.get(str(kind), f"a volume of type {kind}")
        raise OSError(0, f"it is {what}, which is not read")
    if stripe <= 0 or size <= 0 or not parts:
        raise ValueError("the metadata of LVM describes an empty segment")
    return _Run(start, size, stripe, parts)


def _areas(group: _Group, stripes: Value | None, unit: int) -> Iterator[Extent]:
    """The spans that stripes lie in: of physical volumes, or of other logical ones."""
    if not isinstance(stripes, list):
        raise ValueError("the metadata of LVM describes no stripes")
    physical = _sections(group.metadata, "physical_volumes")
    for name, first in zip(stripes[::2], stripes[1::2], strict=True):
        if not isinstance(first, int) or first < 0:
            raise ValueError("the metadata of LVM describes no stripes")
        if name not in physical:
            volume = _extent(group, str(name))
            yield volume.part(first * unit, volume.size)
            continue
        member = _section(physical, str(name))
        identifier = str(member.get("id", "")).replace("-", "")
        if identifier not in group.present:
            raise OSError(0, "a physical volume of LVM that it lies on is not on this disk")
        extent = group.present[identifier]
        start = _number(member, "pe_start") * _SECTOR + first * unit
        yield extent.part(start, extent.size)


def _name(values: Value | None, index: int) -> str:
    if isinstance(values, list) and len(values) > index and isinstance(values[index], str):
        return str(values[index])
    raise ValueError("the metadata of LVM describes no images")


def _number(section: Section, key: str) -> int:
    value = section.get(key, 0)
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"the metadata of LVM has no number for {key}")
    return value


def _sections(section: Section, key: str) -> Section:
    return _section(section, key) if key in section else {}


def _section(section: Section, key: str) -> Section:
    value = section.get(key)
    if not isinstance(value, dict):
        raise ValueError(f"the metadata of LVM does not describe {key}")
    return value
