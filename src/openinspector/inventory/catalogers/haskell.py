"""Haskell: Stack's `stack.yaml.lock` and Cabal's `cabal.project.freeze`."""

from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, ReadError, Yield
from openinspector.inventory.documents import load_yaml, mapping, read_lines, sequence, text
from openinspector.inventory.language_packages import (
    PART,
    Origin,
    Packages,
)
from openinspector.inventory.language_purl import HACKAGE
from openinspector.inventory.limits import Limits
from openinspector.model import Gap
from openinspector.patterns import regex

_STACK = Origin(HACKAGE, None, "haskell-stack", "haskell-stack")
_CABAL = Origin(HACKAGE, None, "haskell-cabal", "haskell-cabal")
_HACKAGE_REFERENCE = regex(r"(?P<name>[A-Za-z0-9-]+)-(?P<version>[0-9][0-9.]*)(?:@.*)?")
_CONSTRAINT = regex(
    r"(?:^|[\s,:])(?:any\.)?([A-Za-z0-9][A-Za-z0-9-]*)[ \t]*==[ \t]*([0-9][0-9.]*)(?=[\s,]|$)"
)


def parse_stack_lock(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the locked packages beside the snapshot; what the snapshot holds is not in the file."""
    document = mapping(load_yaml(file, limits))
    if "packages" not in document and "snapshots" not in document:
        raise ReadError("it is not a stack.yaml.lock: it has neither packages nor snapshots")
    packages = Packages(file, _STACK)
    for value in sequence(document.get("packages")):
        completed = mapping(mapping(value).get("completed"))
        reference = text(completed.get("hackage"))
        match = _HACKAGE_REFERENCE.fullmatch(reference)
        if match:
            packages.add(match["name"], match["version"])
        else:
            packages.add(completed.get("name", reference), completed.get("version"))
    yield from packages.results()
    if sequence(document.get("snapshots")):
        yield Gap(
            PART, "Stack's snapshot is not in its lock file, so its packages are unknown", file.path
        )


def parse_freeze(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the constraints to one version (`any.HTTP ==4000.3.16`)."""
    packages = Packages(file, _CABAL)
    for line in read_lines(file, limits):
        if not line.lstrip().startswith("--"):
            for name, version in _CONSTRAINT.findall(line):
                packages.add(name, version)
    yield from packages.results()


CATALOGERS: tuple[Cataloger, ...] = (
    Cataloger(
        name="haskell-stack",
        version=1,
        part="language-packages",
        parse=parse_stack_lock,
        globs=("**/stack.yaml.lock",),
    ),
    Cataloger(
        name="haskell-cabal",
        version=1,
        part="language-packages",
        parse=parse_freeze,
        globs=("**/cabal.project.freeze",),
    ),
)
