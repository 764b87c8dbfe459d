"""What a volume holds, by its first bytes: a table of signatures, as blkid(8) goes by.

Offsets and identifiers are those of each format's superblock (ext4: kernel
Documentation/filesystems/ext4/super.rst; XFS: "XFS Algorithms & Data Structures"; Btrfs:
"On-disk Format"; NTFS: the boot sector's extended BIOS parameter block).
"""

import uuid
from typing import Literal

import msgspec

from openinspector.inventory.trees.disk.extent import Extent

Role = Literal["read", "unread", "empty"]
"""`read`: its files are read; `unread`: it may hold software that is not read; `empty`: it holds
no software."""


class Format(msgspec.Struct, frozen=True):
    """One format: how it is told, what it is called, where its identity stands (offset, bytes)."""

    kind: str
    magics: tuple[tuple[int, bytes], ...]
    name: str
    role: Role
    uuid_at: int | None = None
    label_at: tuple[int, int] | None = None


_LVM = tuple((sector * 512, b"LABELONE") for sector in range(4))
_SWAP = tuple((page - 10, b"SWAPSPACE2") for page in (4096, 8192, 16384, 65536))

FORMATS = (
    Format("luks", ((0, b"LUKS\xba\xbe"),), "an encrypted volume (LUKS)", "unread"),
    Format("bitlocker", ((3, b"-FVE-FS-"),), "an encrypted volume (BitLocker)", "unread"),
    Format("lvm", _LVM, "a physical volume of LVM", "read"),
    Format("raid", ((0, b"\xfcN+\xa9"), (4096, b"\xfcN+\xa9")), "a part of a Linux RAID", "unread"),
    Format("xfs", ((0, b"XFSB"),), "XFS", "read", 32, (108, 12)),
    Format("ntfs", ((3, b"NTFS    "),), "NTFS", "read"),
    Format("btrfs", ((65600, b"_BHRfS_M"),), "Btrfs", "unread", 65568, (65835, 256)),
    Format("swap", _SWAP, "swap space", "empty"),
    Format("squashfs", ((0, b"hsqs"),), "SquashFS", "unread"),
    Format("erofs", ((1024, b"\xe2\xe1\xf5\xe0"),), "EROFS", "unread"),
    Format("f2fs", ((1024, b"\x10 \xf5\xf2"),), "F2FS", "unread"),
    Format("exfat", ((3, b"EXFAT   "),), "exFAT", "unread"),
    Format("refs", ((3, b"ReFS\0\0\0\0"),), "ReFS", "unread"),
    Format("apfs", ((32, b"NXSB"),), "APFS", "unread"),
    Format("hfsplus", ((1024, b"H+\0\4"), (1024, b"HX\0\5")), "HFS+", "unread"),
    Format("jfs", ((32768, b"JFS1"),), "JFS", "unread"),
    Format("reiserfs", ((65588, b"ReIsEr2Fs"), (65588, b"ReIsEr3Fs")), "ReiserFS", "unread"),
    Format("zfs", ((135168, b"\x0c\xb1\xba\0"),), "a part of a ZFS pool", "unread"),
    Format("iso9660", ((32769, b"CD001"),), "ISO 9660", "unread"),
    Format("ext", ((1080, b"\x53\xef"),), "ext", "read", 1128, (1144, 16)),
    Format("fat", ((54, b"FAT12   "), (54, b"FAT16   "), (82, b"FAT32   ")), "FAT", "unread"),
)


class Identity(msgspec.Struct, frozen=True):
    """What a volume holds; UUID and label as /etc/fstab writes them, empty if there are none."""

    format: Format
    uuid: str = ""
    label: str = ""


def identify(extent: Extent) -> Identity | None:
    """What a volume holds; None: nothing known. Raises `OSError`."""
    for row in FORMATS:
        if any(extent.read_at(at, len(magic)) == magic for at, magic in row.magics):
            return Identity(row, _uuid(row, extent), _label(row, extent))
    return None


def _uuid(row: Format, extent: Extent) -> str:
    if row.kind == "ntfs":
        return extent.read_at(72, 8)[::-1].hex().upper()
    if row.uuid_at is None:
        return ""
    data = extent.read_at(row.uuid_at, 16)
    return str(uuid.UUID(bytes=data)) if len(data) == 16 else ""


def _label(row: Format, extent: Extent) -> str:
    if row.label_at is None:
        return ""
    return extent.read_at(*row.label_at).split(b"\0")[0].decode("utf-8", "replace")
