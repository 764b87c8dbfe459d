"""One file as a target: a lock file, a jar, a program. What lies beside it is not looked at."""

import os
from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger
from openinspector.inventory.limits import Limits
from openinspector.inventory.matching import Matcher
from openinspector.inventory.trees.directory import OwnFolders
from openinspector.inventory.trees.tree import Event, Report, Unread, Visit
from openinspector.inventory.trees.walking import Walk
from openinspector.model import Kernel, Target


def is_wanted(path: str, catalogers: tuple[Cataloger, ...]) -> bool:
    """Whether some cataloger reads a file of this name, or a program that begins like this."""
    matcher = Matcher(catalogers, is_root=False)
    name = os.path.basename(os.path.realpath(path))
    if matcher.by_path(name):
        return True
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            return matcher.peeks(name, mode) and matcher.by_magic(file.read(matcher.head)) != 0
    except OSError:
        return False


class OneFileTree:
    """A tree that holds nothing but one file."""

    notes: tuple[str, ...] = ()
    base_layers: frozenset[str] | None = None
    kernel: Kernel | None = None

    def __init__(self, path: str, limits: Limits) -> None:
        self._root, self._name = os.path.split(os.path.realpath(path))
        self._limits = limits
        self.target = Target("directory", path, is_root=False)

    def walk(
        self, wanted: Matcher, visit: Visit, report: Report | None = None
    ) -> Iterator[Event | Unread]:
        """Yield what is found in the file."""
        folders = _OnlyOne(self._root, self._limits, self._name)
        return Walk(folders, [("", "")], self._limits, frozenset()).events(wanted, visit, report)

    def __enter__(self) -> "OneFileTree":
        return self

    def __exit__(self, *exception: object) -> None:
        return None


class _OnlyOne(OwnFolders):
    """A folder in which one name stands."""

    def __init__(self, root: str, limits: Limits, name: str) -> None:
        super().__init__(root, limits)
        self._name = name

    def entries(self, folder: str) -> "Iterator[os.DirEntry[str]]":
        """The one entry."""
        return (entry for entry in super().entries(folder) if entry.name == self._name)
