"""How the file systems of a disk lie: which is the root, what is mounted where, what is beside."""

import msgspec

from openinspector.inventory.limits import MEBIBYTE
from openinspector.inventory.trees.disk.disk_folders import DiskFolders
from openinspector.inventory.trees.disk.extent import DAMAGE, plain
from openinspector.inventory.trees.disk.file_systems import Node
from openinspector.inventory.trees.disk.mounts import Mount, Names, parse_fstab
from openinspector.inventory.trees.tree import Unread
from openinspector.inventory.trees.walking import ROOT_EVIDENCE, SHELLS, resolve

_LINKS = 40
"""Links on the way to a mount point (as Linux's ELOOP)."""


class Opened(msgspec.Struct, frozen=True):
    """A volume whose file system can be read, with its uppermost folder."""

    name: str
    names: Names
    root: Node

    @property
    def label(self) -> str:
        """A short word for it: `p1`, `group/volume`; empty for the whole disk."""
        number = self.names.partition
        if number is not None:
            return f"p{number}"
        return self.name.removeprefix("volume ") if self.name.startswith("volume ") else ""


class Closed(msgspec.Struct, frozen=True):
    """A volume that cannot be read, and why."""

    name: str
    names: Names
    reason: str


class Layout(msgspec.Struct, frozen=True):
    """Uppermost folders by the path they are mounted at ("": the root), and what is missing."""

    mounts: dict[str, Node]
    is_root: bool
    unread: tuple[Unread, ...]
    labels: dict[str, str]
    """Of each mount, the word for its volume."""

    def located(self, path: str) -> str:
        """A path by the volume that holds it and the path in there: `/p1:srv/app/package.json`."""
        mount = path
        while mount and mount not in self.labels:
            mount = mount[: max(mount.rfind("/"), 0)]
        label = self.labels.get(mount, "")
        within = path[len(mount) :].lstrip("/")
        return f"/{label}:{within}" if label else within


def lay_out(opened: list[Opened], closed: list[Closed]) -> Layout:
    """Find the root among the file systems and mount the others as its fstab says.

    What it does not mention is mounted at a folder named after its volume.
    """
    scores = [_evidence(each.root) for each in opened]
    best = max(scores, default=0)
    root = opened[scores.index(best)] if best else None
    mounts: dict[str, Node] = {}
    if root is not None:
        mounts[""] = root.root
    elif len(opened) == 1 and not closed:
        mounts[""] = opened[0].root
    lines, unread = ([], []) if root is None else _fstab(root.root)
    for line in lines:
        unread += _mount(line, mounts, opened, closed)
    told = {each.reason for each in unread}
    for each, score in zip(opened, scores, strict=True):
        if each.root not in mounts.values():
            path = _own_name(each.name, mounts)
            mounts[path] = each.root
            if score:
                why = "holds another operating system, whose packages are not read"
                unread.append(Unread(f"{each.name} {why}", path))
    for volume in closed:
        reason = _told(volume)
        if reason not in told:
            unread.append(Unread(reason, total=not opened))
    # What cannot be read may be the root: it must not look as if there were no such part.
    labels = {
        path: each.label for path, node in mounts.items() for each in opened if each.root is node
    }
    return Layout(mounts, bool(best or closed), tuple(unread), labels)


def _told(volume: Closed) -> str:
    return f"{volume.name}: {volume.reason}"


def _evidence(root: Node) -> int:
    """How much speaks for a root file system; 0: nothing, as `directory.is_root_file_system`."""
    folders = DiskFolders({"": root})
    found = sum(_exists(folders, path) for path in ROOT_EVIDENCE)
    shell = _exists(folders, "etc") and any(_exists(folders, path) for path in SHELLS)
    return found + shell


def _exists(folders: DiskFolders, path: str) -> bool:
    """Whether a path is there; links above it are followed, it may be a link itself."""
    above, _, name = path.rpartition("/")
    place = resolve(folders, above, _LINKS) if above else ""
    try:
        folders.find(f"{place}/{name}" if place else name)
    except OSError:
        return False
    return place is not None


def _fstab(root: Node) -> tuple[list[Mount], list[Unread]]:
    folders = DiskFolders({"": root})
    try:
        node = folders.find(resolve(folders, "etc/fstab", _LINKS) or "etc/fstab")
        return parse_fstab(node.file_system.read(node, 0, min(node.st_size, MEBIBYTE))), []
    except FileNotFoundError:
        return [], []
    except DAMAGE as error:
        why = f"what is mounted where is unknown: etc/fstab cannot be read: {plain(error)}"
        return [], [Unread(why)]


def _mount(
    line: Mount, mounts: dict[str, Node], opened: list[Opened], closed: list[Closed]
) -> list[Unread]:
    """Mount what a line of fstab names; what cannot be is told, for the folder it should be at."""
    path = resolve(DiskFolders(mounts), line.path, _LINKS) or line.path
    for each in opened:
        if each.names.match(line.device):
            if each.root not in mounts.values():
                mounts[path] = each.root
            return []
    for volume in closed:
        if volume.names.match(line.device):
            return [Unread(_told(volume), path)]
    if line.is_local:
        return [Unread(f"it lies on {line.device}, which is not on this disk", path)]
    return []


def _own_name(name: str, mounts: dict[str, Node]) -> str:
    """A folder for what is mounted nowhere: a name that the root does not have."""
    own = name.replace(" ", "-").replace("/", "-")
    folders = DiskFolders(mounts)
    while _exists(folders, own):
        own += "_"
    return own
