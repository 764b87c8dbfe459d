"""Catalogers as simple as they can be: what was read, where, and what lay beside it."""

from collections.abc import Iterator
from pathlib import Path

from openinspector.inventory.cataloger import Cataloger, File, Yield
from openinspector.inventory.collect import collect
from openinspector.inventory.limits import DEFAULT_LIMITS, Limits
from openinspector.inventory.trees.opening import open_target
from openinspector.model import Inventory, Package, TargetKind


def toy_package(name: str, version: str) -> Package:
    return Package(
        ecosystem="Toy",
        name=name,
        version=version,
        purl=f"pkg:generic/{name}@{version}",
        manager=None,
        cataloger="toy",
        collector="toy",
    )


def lines(file: File, limits: Limits) -> Iterator[Yield]:
    """`NAME VERSION` a line."""
    for line in bytes(file.data).decode("utf-8", "replace").splitlines():
        name, _, version = line.partition(" ")
        if version:
            yield toy_package(name, version)


def beside(file: File, limits: Limits) -> Iterator[Yield]:
    """The version lies in a file beside."""
    folder = file.path.rpartition("/")[0]
    other = file.companion(f"{folder}/version.txt".lstrip("/"))
    version = bytes(other.data).decode() if other else "none"
    yield toy_package(bytes(file.data).decode("utf-8", "replace") or "empty", version)


def binary(file: File, limits: Limits) -> Iterator[Yield]:
    """An executable that says who it is after its magic bytes."""
    yield toy_package(bytes(file.data[4:]).decode("utf-8", "replace"), "binary")


LINES = Cataloger("toy-lines", 1, "language-packages", lines, globs=("**/toy.txt", "**/*.toy"))
BESIDE = Cataloger(
    "toy-beside",
    1,
    "applications",
    beside,
    globs=("**/name.txt",),
    companions=("**/version.txt",),
)
BINARY = Cataloger("toy-binary", 1, "applications", binary, magics=(b"\x7fTOY",))
ANCHORED = Cataloger("toy-os", 1, "os-packages", lines, globs=("etc/toy-os",), roots_only=True)
TOYS = (LINES, BESIDE, BINARY, ANCHORED)

Told = set[tuple[str, str, str]]


def told(inventory: Inventory) -> Told:
    """Name, version and path of every package."""
    return {(p.name, p.version, p.locations[0].path) for p in inventory.packages}


def inventory_of(
    path: Path | str,
    kind: TargetKind = "image",
    catalogers: tuple[Cataloger, ...] = TOYS,
    limits: Limits = DEFAULT_LIMITS,
    **options: object,
) -> Inventory:
    exclude = options.pop("exclude", ())
    with open_target(kind, str(path), limits=limits, **options) as tree:  # type: ignore[arg-type]
        return collect(tree, catalogers, limits, exclude=exclude)  # type: ignore[arg-type]
