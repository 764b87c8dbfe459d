"""A disk as a tree: its root file system with what is mounted there, and what lies beside it."""

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

from openinspector.inventory.limits import Limits
from openinspector.inventory.matching import Matcher
from openinspector.inventory.trees.disk.containers import Beside, open_container
from openinspector.inventory.trees.disk.disk_folders import DiskFolders
from openinspector.inventory.trees.disk.extent import DAMAGE, Extent, plain
from openinspector.inventory.trees.disk.file_systems import FileSystem
from openinspector.inventory.trees.disk.layout import Closed, Layout, Opened, lay_out
from openinspector.inventory.trees.disk.ntfs import NtfsFileSystem
from openinspector.inventory.trees.disk.unix import UnixFileSystem
from openinspector.inventory.trees.disk.volumes import Volume, find_volumes
from openinspector.inventory.trees.tree import Event, Report, Unread, Visit
from openinspector.inventory.trees.walking import Walk
from openinspector.model import Kernel, Target, TargetError

_READERS: dict[str, Callable[[str, Extent, int], FileSystem]] = {
    "ext": UnixFileSystem,
    "xfs": UnixFileSystem,
    "ntfs": NtfsFileSystem,
}
"""Who reads each kind of `signatures.FORMATS` whose role is `read`."""


class DiskTree:
    """The files of a disk. Made by `open_disk`."""

    base_layers: frozenset[str] | None = None
    kernel: Kernel | None = None

    def __init__(
        self,
        name: str,
        layout: Layout,
        notes: tuple[str, ...],
        limits: Limits,
        close: Callable[[], None],
    ) -> None:
        self.target = Target("disk", name, is_root=layout.is_root)
        self.notes = notes
        self.layout = layout
        self._limits = limits
        self._close = close

    def walk(
        self, wanted: Matcher, visit: Visit, report: Report | None = None
    ) -> Iterator[Event | Unread]:
        """Yield what cannot be read of the disk, and then what is found."""
        yield from self.layout.unread
        folders = DiskFolders(self.layout.mounts)
        yield from Walk(folders, folders.roots(), self._limits).events(wanted, visit, report)

    def __enter__(self) -> "DiskTree":
        return self

    def __exit__(self, *exception: object) -> None:
        self._close()


def open_disk(
    source: BinaryIO,
    name: str,
    limits: Limits,
    beside: Beside | None = None,
    close: Callable[[], None] = lambda: None,
) -> DiskTree:
    """The tree of a disk: an image in any of the known containers, or the disk's own bytes.

    `source` is seekable and only read, in many small pieces: a slow one should keep blocks of what
    it fetched; `beside` opens files that an image of several parts names;
    `close` is called when the tree is left. Raises `TargetError` when it is no disk at all.
    """
    opened: list[Opened] = []
    closed: list[Closed] = []
    notes: list[str] = []
    for volume in find_volumes(open_container(source, name, beside)):
        if volume.passed_over:
            notes.append(f"{volume.name} was passed over: {volume.passed_over}")
            continue
        found = _open(volume, len(opened))
        if isinstance(found, Closed):
            closed.append(found)
        else:
            opened.append(found)
            notes += [f"{volume.name}: {each}" for each in found.root.file_system.notes]
    if not (opened or closed or notes):
        raise TargetError(
            f"{name}: no partition table and no file system that is known; expected the image of a"
            " disk (raw, qcow2, vmdk, vhd or vhdx)"
        )
    return DiskTree(name, lay_out(opened, closed), tuple(notes), limits, close)


def _open(volume: Volume, number: int) -> Opened | Closed:
    """The file system of a volume, the `number`-th of the disk."""
    if volume.trouble or volume.extent is None:
        return Closed(volume.name, volume.names, volume.trouble)
    try:
        root = _READERS[volume.kind](volume.kind, volume.extent, number).root()
    except DAMAGE as error:
        why = f"its file system ({volume.kind}) cannot be read: {plain(error)}"
        return Closed(volume.name, volume.names, why)
    return Opened(volume.name, volume.names, root)


def disk_image_tree(path: str, limits: Limits) -> DiskTree:
    """The tree of a disk image, or of a block device. Raises `TargetError`."""

    def beside(other: str) -> BinaryIO:
        return open(os.path.join(os.path.dirname(path), other), "rb", buffering=0)

    try:
        source = open(path, "rb", buffering=0)  # noqa: SIM115 - the tree closes it
    except OSError as error:
        reason = error.strerror or str(error)
        raise TargetError(f"{path}: {reason}; expected a disk image") from None
    try:
        return open_disk(source, path, limits, beside, source.close)
    except BaseException:
        source.close()
        raise
