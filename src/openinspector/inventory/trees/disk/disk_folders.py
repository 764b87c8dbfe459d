"""The file systems of a disk as one tree of places, mounted where its fstab says (`Folders`)."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import NoReturn

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.trees.disk.extent import DAMAGE, plain
from openinspector.inventory.trees.disk.file_systems import Node
from openinspector.inventory.trees.walking import reason

_LISTED = 64
"""Folders whose entries are remembered for paths that are looked up."""


class DiskFolders:
    """Places are nodes. `mounts` are the uppermost folders of file systems by path; "" is one."""

    def __init__(self, mounts: Mapping[str, Node]) -> None:
        self._mounts = mounts
        self._listed: OrderedDict[tuple[int, int], dict[str, Node]] = OrderedDict()
        self._entered: set[tuple[int, int]] = set()

    def entries(self, folder: Node) -> Iterator[Node]:
        """What a folder holds. Raises `OSError`, also when a folder is met a second time."""
        identity = folder.st_dev, folder.st_ino
        if identity in self._entered:
            raise OSError(0, "the folder is met a second time: the file system is damaged")
        self._entered.add(identity)
        try:
            yield from folder.file_system.children(folder)
        except DAMAGE as error:
            _raise(error)

    def place(self, path: str, entry: Node) -> Node:
        """The node itself, or what is mounted over it."""
        return self._mounts.get(path, entry) if entry.is_dir() else entry

    def find(self, path: str) -> Node:
        """The node of a path on which no link lies. Raises `OSError` if nothing is there."""
        node = self._mounts.get("")
        done = ""
        for segment in filter(None, path.split("/")):
            done = f"{done}/{segment}" if done else segment
            mounted = self._mounts.get(done)
            if mounted is None and node is not None:
                mounted = self._listing(node).get(segment)
            node = mounted
        if node is None:
            raise FileNotFoundError(2, "No such file or directory", path)
        return node

    def roots(self) -> list[tuple[str, Node]]:
        """Where a walk begins: the root, and what is mounted at no folder that it comes by."""
        found = []
        for path, node in self._mounts.items():
            above, _, name = path.rpartition("/")
            try:
                folder = self._listing(self.find(above)).get(name)
            except OSError:
                folder = None
            if not path or folder is None or not folder.is_dir():
                found.append((path, node))
        return found

    def _listing(self, folder: Node) -> dict[str, Node]:
        identity = folder.st_dev, folder.st_ino
        known = self._listed.get(identity)
        if known is None:
            known = self._listed[identity] = {}
            if folder.is_dir():
                try:
                    for node in folder.file_system.children(folder):
                        known[node.name] = node
                except DAMAGE:
                    # The walk tells of it; what could be listed can be found.
                    known = self._listed[identity]
            if len(self._listed) > _LISTED:
                self._listed.popitem(last=False)
        self._listed.move_to_end(identity)
        return known

    def status(self, place: Node) -> Node:
        """A node knows it all."""
        return place

    def link(self, place: Node) -> str:
        """Where a link leads. Raises `OSError`, also if it is none."""
        if not place.is_symlink():
            raise OSError(22, "it is no link")
        try:
            return place.file_system.target(place)
        except DAMAGE as error:
            _raise(error)

    def read(self, place: Node) -> bytes:
        """The whole content. Raises `ReadError`, also when some of it is missing."""
        data = self.read_part(place, 0, place.st_size)
        if len(data) < place.st_size:
            raise ReadError(f"cannot be read: it ends after {len(data):,} bytes")
        return data

    def read_part(self, place: Node, offset: int, size: int) -> bytes:
        """Up to `size` bytes at an offset. Raises `ReadError`."""
        try:
            return place.file_system.read(place, offset, min(size, place.st_size - offset))
        except DAMAGE as error:
            raise ReadError(reason(OSError(0, plain(error)))) from None


def _raise(error: BaseException) -> NoReturn:
    """As an `OSError` in plain words."""
    raise OSError(0, plain(error)) from None
