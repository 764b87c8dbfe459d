"""A local Maven repository (`~/.m2/repository`): the poms of other projects, by coordinates.

Only files that a build has put there are read; nothing is fetched.
"""

from pathlib import Path

from openinspector.inventory.cataloger import MemoryFile
from openinspector.inventory.limits import Limits
from openinspector.patterns import regex

_COORDINATE = regex(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,200}")


class Repository:
    """The folder of a local repository. `used` counts the poms that were found there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.used = 0

    def pom(self, group: str, artifact: str, version: str, limits: Limits) -> MemoryFile | None:
        """The `pom.xml` of a published project; None if it is not here or cannot be read."""
        parts = (*group.split("."), artifact, version)
        if not all(_COORDINATE.fullmatch(part) and ".." not in part for part in parts):
            return None
        path = self.folder.joinpath(*parts, f"{artifact}-{version}.pom")
        try:
            with path.open("rb") as file:
                data = file.read(limits.manifest_bytes + 1)
        except OSError:
            return None
        self.used += 1
        return MemoryFile(str(path), data)
