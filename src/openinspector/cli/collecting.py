"""From a request to an inventory: open the target, run the catalogers, show progress."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from openinspector.cli.progress import progress
from openinspector.cli.targets import MAVEN_REPOSITORY, Request
from openinspector.folders import cache_folder
from openinspector.inventory.cataloger import Cataloger
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.model import Inventory, TargetError

if TYPE_CHECKING:
    from openinspector.inventory.maven_repository import Repository
    from openinspector.inventory.trees.remembered import RememberedLayers


def collect_inventory(request: Request) -> Inventory:
    """Collect what the request names. Raises `TargetError` when it cannot be read at all."""
    if request.kind == "sbom":
        return _read_sbom(request)
    from openinspector.inventory.collect import collect
    from openinspector.inventory.trees.opening import open_target

    tree = open_target(
        request.kind,
        request.name,
        platform=request.platform,
        layers=request.layers,
        limits=DEFAULT_LIMITS,
        records=_remembered(request),
    )
    repository = _maven_repository(request)
    with tree, progress(request.quiet) as report:
        rows = _catalogers(request, repository)
        inventory = collect(tree, rows, DEFAULT_LIMITS, progress=report, exclude=request.exclude)
    if request.certificates:
        inventory = _only_expired(inventory)
    if request.kind == "host":
        from openinspector.inventory.listeners import read_listeners

        inventory = msgspec.structs.replace(inventory, listeners=read_listeners())
    if repository is not None and repository.used:
        inventory = _noting(
            inventory, f"Maven's parents and dependencies were looked up in {repository.folder}"
        )
    return _telling_exclusions(inventory, request.exclude)


def _maven_repository(request: Request) -> "Repository | None":
    """The local repository: the usual one if it is there, one that was asked for in any case."""
    if request.kind != "directory" or not request.maven_repository:
        return None
    folder = Path(request.maven_repository).expanduser()
    if not folder.is_dir():
        if request.maven_repository != MAVEN_REPOSITORY:
            raise TargetError(f"{folder}: no such folder; expected a local Maven repository")
        return None
    from openinspector.inventory.maven_repository import Repository

    return Repository(folder)


def _remembered(request: Request) -> "RememberedLayers | None":
    """Where layers are remembered, for whoever asks in the same way."""
    if request.kind != "image" or not request.cache:
        return None
    from openinspector.inventory.trees.remembered import RememberedLayers

    asked = [f"exclude {glob}" for glob in request.exclude]
    if request.certificates:
        asked.append("certificates")
    return RememberedLayers(cache_folder() / "layers", asked)


def _catalogers(request: Request, repository: "Repository | None") -> tuple[Cataloger, ...]:
    """The table, and what was asked for beyond it."""
    from openinspector.inventory.catalogers import table

    rows = table()
    if repository is not None:
        from openinspector.inventory.catalogers.java_build import POM, pom_cataloger

        rows = tuple(pom_cataloger(repository) if row is POM else row for row in rows)
    if not request.certificates:
        return rows
    from openinspector.inventory.catalogers.certificates import OPTIONAL_CATALOGERS

    return (*rows, *OPTIONAL_CATALOGERS)


def _only_expired(inventory: Inventory) -> Inventory:
    """Of the certificates those that have expired by now: catalogers have no clock."""
    from openinspector.inventory.catalogers.certificates import expired

    instant = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return msgspec.structs.replace(inventory, checks=tuple(expired(inventory.checks, instant)))


def _telling_exclusions(inventory: Inventory, globs: tuple[str, ...]) -> Inventory:
    """What was left out as asked stands in coverage: nothing unscanned looks scanned."""
    if not globs:
        return inventory
    return _noting(inventory, f"left out as asked (--exclude): {', '.join(globs)}")


def _noting(inventory: Inventory, note: str) -> Inventory:
    return msgspec.structs.replace(inventory, notes=(*inventory.notes, note))


def _read_sbom(request: Request) -> Inventory:
    from openinspector.inventory.sbom.read import read_sbom

    path = Path(request.name)
    if path.is_dir():
        raise TargetError(f"{request.name}: an SBOM is a file, this is a folder (use `scan dir`)")
    most = DEFAULT_LIMITS.manifest_bytes * 4
    with path.open("rb") as file:
        data = file.read(most + 1)
    return read_sbom(data, request.name)
