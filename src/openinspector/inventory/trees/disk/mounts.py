"""Which volume is mounted where: fstab(5)."""

import re

import msgspec

_DISK_PARTITION = re.compile(r"/dev/(?:[a-z]+|(?:nvme\d+n|mmcblk|nbd|loop)\d+p)(\d+)")
_OCTAL = re.compile(r"\\([0-7]{3})")
_BY = {"by-uuid": "UUID", "by-label": "LABEL", "by-partuuid": "PARTUUID"}
_MOST = 1000
_SIZE = 1024 * 1024


class Mount(msgspec.Struct, frozen=True):
    """A line of fstab: a device (as it is written) at a path without leading slash."""

    device: str
    path: str
    options: frozenset[str] = frozenset()

    @property
    def is_local(self) -> bool:
        """Whether it names a device of this machine, and one that is there from the start."""
        named = self.device.startswith(("/dev/", "UUID=", "LABEL=", "PARTUUID=", "PARTLABEL="))
        return named and "noauto" not in self.options


def parse_fstab(data: bytes) -> list[Mount]:
    """The lines that mount something into the tree, the upper folders first."""
    found = []
    for line in data[:_SIZE].decode("utf-8", "replace").splitlines()[:_MOST]:
        fields = line.split()
        if len(fields) < 2 or line.lstrip().startswith("#"):
            continue
        device, path = (_OCTAL.sub(lambda code: chr(int(code[1], 8)), f) for f in fields[:2])
        segments = [each for each in path.split("/") if each not in ("", ".")]
        if path.startswith("/") and segments and ".." not in segments:
            options = frozenset(fields[3].split(",")) if len(fields) > 3 else frozenset()
            found.append(Mount(device.replace('"', ""), "/".join(segments), options))
    return sorted(found, key=lambda mount: mount.path.count("/"))


class Names(msgspec.Struct, frozen=True):
    """What fstab may call a volume."""

    uuid: str = ""
    label: str = ""
    partition_uuid: str = ""
    partition: int | None = None
    devices: frozenset[str] = frozenset()

    def match(self, device: str) -> bool:
        """Whether a device of fstab is this volume.

        A partition by number is taken for one of this disk: `/dev/sda2` is the second.
        """
        if device in self.devices:
            return True
        key, found, value = device.partition("=")
        if device.startswith("/dev/disk/"):
            _, _, _, by, *rest = device.split("/", 4)
            key, found, value = _BY.get(by, ""), "=", "".join(rest)
        if found:
            known = {"UUID": self.uuid, "LABEL": self.label, "PARTUUID": self.partition_uuid}
            return bool(value) and known.get(key, "").lower() == value.lower()
        number = _DISK_PARTITION.fullmatch(device)
        return number is not None and self.partition == int(number[1])
