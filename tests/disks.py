"""Make disks for tests with the real tools, as files and without mounting anything if possible.

image = ext(tmp_path / "root.img", folder)
disk = gpt(tmp_path / "disk.img", [image, swap(tmp_path / "swap.img")])
qcow2 = convert(disk, "qcow2")
"""

import itertools
import os
import shutil
import stat
import struct
import subprocess
import uuid
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest

MEBIBYTE = 1024 * 1024
SYSTEM_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def tool(name: str) -> str:
    """A program; the test is skipped, saying so, where it is absent (not in CI)."""
    found = shutil.which(name, path=SYSTEM_PATH)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is absent, and CI must have it")
        pytest.skip(f"needs {name}")
    return found


def run(name: str, *arguments: str | Path, check: bool = True, **options: object) -> str:
    done = subprocess.run(
        [tool(name), *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        **options,  # type: ignore[call-overload]
    )
    assert not check or done.returncode == 0, f"{name}: {done.stderr or done.stdout}"
    return str(done.stdout)


def blank(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


# --- file systems --------------------------------------------------------------------------------


def ext(path: Path, folder: Path, *options: str, kind: str = "ext4", size: int = 64) -> Path:
    """ext2, ext3 or ext4 of a folder; `size` in MiB."""
    run("mke2fs", "-q", "-F", "-t", kind, *options, "-d", folder, blank(path, size * MEBIBYTE))
    return path


def xfs(path: Path, folder: Path, *options: str, size: int = 320) -> Path:
    """XFS of a folder (no names with spaces, as its prototype files have none)."""
    lines = ["prototype", "0 0", "d--755 0 0", *_prototype(folder, " "), "$"]
    prototype = path.with_suffix(".prototype")
    prototype.write_text("\n".join(lines) + "\n")
    run("mkfs.xfs", "-q", *options, "-p", prototype, blank(path, size * MEBIBYTE))
    return path


def _prototype(folder: Path, indent: str) -> list[str]:
    lines = []
    for place in sorted(folder.iterdir()):
        status = place.lstat()
        setuid = "u" if status.st_mode & stat.S_ISUID else "-"
        mode = f"{setuid}-{status.st_mode & 0o777:03o} 0 0"
        if place.is_symlink():
            lines.append(f"{indent}{place.name} l{mode} {place.readlink()}")
        elif place.is_dir():
            deeper = _prototype(place, indent + " ")
            lines += [f"{indent}{place.name} d{mode}", *deeper, f"{indent}$"]
        else:
            lines.append(f"{indent}{place.name} -{mode} {place}")
    return lines


def btrfs(path: Path, folder: Path, size: int = 128) -> Path:
    run("mkfs.btrfs", "-q", "--rootdir", folder, blank(path, size * MEBIBYTE))
    return path


def swap(path: Path, size: int = 1) -> Path:
    run("mkswap", blank(path, size * MEBIBYTE))
    return path


def ntfs(path: Path, folder: Path, size: int = 64) -> Path:
    """NTFS of a folder: by its driver where FUSE can be used, else of its uppermost files only.

    The folder is made to be what was written.
    """
    run("mkntfs", "-q", "-F", blank(path, size * MEBIBYTE))
    point = path.with_suffix(".mounted")
    point.mkdir()
    tool("ntfs-3g")
    run("ntfs-3g", path, point, check=False)
    if os.path.ismount(point):
        try:
            shutil.copytree(folder, point, symlinks=True, dirs_exist_ok=True)
        finally:
            run("umount", point)
        return path
    for place in sorted(folder.iterdir()):
        if place.is_file() and not place.is_symlink():
            run("ntfscp", "-q", path, place, place.name)
        elif place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink()
    return path


# --- disks of several volumes --------------------------------------------------------------------

LINUX, EFI, SWAP, LVM = "8300", "ef00", "8200", "8e00"


def gpt(path: Path, volumes: Sequence[Path], types: Sequence[str] = ()) -> Path:
    """A disk with a GPT of volumes, of sgdisk's types (default: Linux)."""
    blank(path, sum(_padded(each) for each in volumes) + 4 * MEBIBYTE)
    start = 1
    options = []
    for number, each in enumerate(volumes, start=1):
        size = _padded(each) // MEBIBYTE
        kind = types[number - 1] if types else LINUX
        options += ["-n", f"{number}:{start}M:+{size}M", "-t", f"{number}:{kind}"]
        start += size
    run("sgdisk", "-o", *options, path)
    return _fill(path, volumes)


def mbr(path: Path, volumes: Sequence[Path]) -> Path:
    """A disk with an MBR: three primary partitions, and the others logical ones."""
    primary = volumes[:3] if len(volumes) > 4 else volumes
    lines = ["label: dos", "label-id: 0x12345678"]
    start = 1
    for each in primary:
        lines.append(f"start={start * 2048}, size={_padded(each) // 512}, type=83")
        start += _padded(each) // MEBIBYTE
    if len(primary) < len(volumes):
        lines.append(f"start={start * 2048}, type=5")
        for each in volumes[3:]:
            lines.append(f"start={(start + 1) * 2048}, size={_padded(each) // 512}, type=83")
            start += _padded(each) // MEBIBYTE + 1
    blank(path, (start + 2) * MEBIBYTE)
    run("sfdisk", "-q", path, input="\n".join(lines) + "\n")
    with path.open("r+b") as disk:
        place = 1
        for number, each in enumerate(volumes):
            place += len(primary) < len(volumes) and number >= 3
            disk.seek(place * MEBIBYTE)
            _copy(each, disk)
            place += _padded(each) // MEBIBYTE
    return path


def _padded(volume: Path) -> int:
    return -(-volume.stat().st_size // MEBIBYTE) * MEBIBYTE


def _fill(path: Path, volumes: Sequence[Path]) -> Path:
    place = 1
    with path.open("r+b") as disk:
        for each in volumes:
            disk.seek(place * MEBIBYTE)
            _copy(each, disk)
            place += _padded(each) // MEBIBYTE
    return path


def _copy(volume: Path, disk) -> None:
    """Copy what is not zero, for disks are mostly empty."""
    with volume.open("rb") as file:
        while data := file.read(MEBIBYTE):
            if data.count(0) == len(data):
                disk.seek(len(data), 1)
            else:
                disk.write(data)


def convert(disk: Path, form: str, *options: str) -> Path:
    """The same disk in another container, by qemu-img (`qcow2`, `vmdk`, `vpc`, `vhdx`)."""
    path = disk.with_suffix(f".{form}")
    run("qemu-img", "convert", "-f", "raw", "-O", form, *options, disk, path)
    return path


# --- LVM -----------------------------------------------------------------------------------------

_EXTENT = 4 * MEBIBYTE
_DATA = MEBIBYTE


def lvm(paths: Sequence[Path], volumes: dict[str, Path], group: str = "vg-0") -> list[Path]:
    """Physical volumes of one group with linear volumes, each cut in two and dealt out in turn.

    Written by hand after lib/format_text/layout.h of LVM2, for its own tools need device-mapper;
    `pvck --dump metadata` reads it.
    """
    members = [uuid.uuid4().hex for _ in paths]
    used = [0] * len(paths)
    pieces: list[tuple[Path, int, int, int, int]] = []
    described = []
    for name, volume in volumes.items():
        count = -(-volume.stat().st_size // _EXTENT)
        segments, done = [], 0
        for turn, size in enumerate(filter(None, (count // 2, count - count // 2))):
            member = turn % len(paths)
            pieces.append((volume, done * _EXTENT, size * _EXTENT, member, used[member]))
            segments.append(_segment(turn + 1, done, size, member, used[member]))
            used[member] += size
            done += size
        described.append(
            f'{name} {{\nid = "{_dashed(uuid.uuid4().hex)}"\n'
            'status = ["READ", "WRITE", "VISIBLE"]\nflags = []\n'
            f"segment_count = {len(segments)}\n\n{''.join(segments)}}}\n"
        )
    physical = "".join(
        f'pv{n} {{\nid = "{_dashed(member)}"\ndevice = "/dev/sd{"abc"[n]}"\n'
        f'status = ["ALLOCATABLE"]\nflags = []\ndev_size = {(_DATA + used[n] * _EXTENT) // 512}\n'
        f"pe_start = {_DATA // 512}\npe_count = {used[n]}\n}}\n"
        for n, member in enumerate(members)
    )
    text = (
        f'{group} {{\nid = "{_dashed(uuid.uuid4().hex)}"\nseqno = 1\nformat = "lvm2"\n'
        f'status = ["RESIZEABLE", "READ", "WRITE"]\nflags = []\nextent_size = {_EXTENT // 512}\n'
        "max_lv = 0\nmax_pv = 0\nmetadata_copies = 0\n\n"
        f"physical_volumes {{\n{physical}}}\n\nlogical_volumes {{\n{''.join(described)}}}\n}}\n"
        '# Generated by a test\n\ncontents = "Text Format Volume Group"\nversion = 1\n'
        'description = ""\ncreation_host = "test"\ncreation_time = 1700000000\n'
    ).encode() + b"\0"
    for path, member, extents in zip(paths, members, used, strict=True):
        size = _DATA + extents * _EXTENT
        with blank(path, size).open("r+b") as file:
            file.seek(512)
            file.write(_label(member, size))
            file.seek(4096)
            file.write(_metadata_header(text))
            file.seek(4096 + 512)
            file.write(text)
    for volume, start, size, member, extent in pieces:
        with volume.open("rb") as source, paths[member].open("r+b") as file:
            source.seek(start)
            file.seek(_DATA + extent * _EXTENT)
            file.write(source.read(size))
    return list(paths)


def _dashed(text: str) -> str:
    cuts = (0, 6, 10, 14, 18, 22, 26, 32)
    return "-".join(text[a:b] for a, b in itertools.pairwise(cuts))


def _segment(number: int, start: int, size: int, member: int, extent: int) -> str:
    return (
        f"segment{number} {{\nstart_extent = {start}\nextent_count = {size}\n"
        f'type = "striped"\nstripe_count = 1\nstripes = [\n"pv{member}", {extent}\n]\n}}\n'
    )


def _checksum(data: bytes) -> int:
    """LVM's CRC-32: it starts at a number of its own and is not inverted."""
    return zlib.crc32(data, 0xF597A6CF ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def _label(member: str, size: int) -> bytes:
    areas = struct.pack("<QQQQ", _DATA, 0, 0, 0) + struct.pack("<QQQQ", 4096, _DATA - 4096, 0, 0)
    header = member.encode() + struct.pack("<Q", size) + areas
    rest = struct.pack("<I8s", 32, b"LVM2 001") + header
    rest = rest.ljust(512 - 20, b"\0")
    return struct.pack("<8sQI", b"LABELONE", 1, _checksum(rest)) + rest


def _metadata_header(text: bytes) -> bytes:
    rest = struct.pack("<16sIQQ", b" LVM2 x[5A%r0N*>", 1, 4096, _DATA - 4096)
    rest += struct.pack("<QQII", 512, len(text), _checksum(text), 0)
    rest = rest.ljust(512 - 4, b"\0")
    return struct.pack("<I", _checksum(rest)) + rest
