"""The targets that every verb takes, as a table: scan, sbom and explain share them."""

from collections.abc import Callable
from typing import Any

import click
import msgspec

from openinspector.model import TargetKind

Command = Callable[..., Any]


class TargetRow(msgspec.Struct, frozen=True):
    """One kind of target: the word on the command line, what it takes, and what it means."""

    word: str
    kind: TargetKind
    help: str
    argument: str | None = None
    options: tuple[Callable[[Command], Command], ...] = ()


PLATFORM = click.option(
    "--platform",
    metavar="OS/ARCH[/VARIANT]",
    help="Which image of a multi-platform index to take; default: this machine's.",
)
LAYERS = click.option(
    "--layer",
    "layers",
    multiple=True,
    metavar="ZIP",
    type=click.Path(),
    help="A layer of the function, in order; may be repeated.",
)

CERTIFICATES = click.option(
    "--certificates",
    is_flag=True,
    help="Also look for certificates that have expired.",
)

MAVEN_REPOSITORY = "~/.m2/repository"
"""Where Maven keeps what it has downloaded, unless it is told otherwise."""
MAVEN = click.option(
    "--maven-repository",
    metavar="FOLDER",
    default=MAVEN_REPOSITORY,
    show_default=True,
    help="Local repository to look up the parents and dependencies of a pom.xml in; '' for none.",
)

CACHE = click.option(
    "--cache/--no-cache",
    default=True,
    help="Whether to remember what was read of the image's layers, for the next scan.",
)

TARGETS: tuple[TargetRow, ...] = (
    TargetRow(
        "image",
        "image",
        "A container image: a docker or OCI archive, an OCI layout folder, or a registry "
        "reference such as debian:12.",
        "PATH|REF",
        (PLATFORM, CACHE, CERTIFICATES),
    ),
    TargetRow(
        "dir",
        "directory",
        "A folder: a root file system or a source tree, told apart by what is in it; "
        "or an archive of one, or a single lock file, jar or program.",
        "PATH",
        (CERTIFICATES, MAVEN),
    ),
    TargetRow("host", "host", "This machine.", options=(CERTIFICATES,)),
    TargetRow(
        "disk",
        "disk",
        "A disk image (raw, qcow2, vmdk, vhd, vhdx) or block device, without mounting it.",
        "PATH",
        (CERTIFICATES,),
    ),
    TargetRow(
        "lambda",
        "function",
        "A Lambda function's deployment package, with its layers.",
        "ZIP",
        (LAYERS, CERTIFICATES),
    ),
    TargetRow(
        "sbom",
        "sbom",
        "A software bill of materials: CycloneDX 1.2-1.7 (JSON, XML), SPDX 2.2, 2.3 "
        "(JSON, tag-value) or Syft JSON.",
        "PATH",
    ),
)


class Request(msgspec.Struct, frozen=True):
    """Which target to collect, and how."""

    kind: TargetKind
    name: str = ""
    platform: str | None = None
    layers: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    certificates: bool = False
    maven_repository: str = ""
    cache: bool = False
    quiet: bool = False


COLLECT_OPTIONS: tuple[Callable[[Command], Command], ...] = (
    click.option(
        "--exclude",
        multiple=True,
        metavar="GLOB",
        help="Leave out files whose path matches; may be repeated.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="No progress and no notes on stderr."),
)


def target_group(
    name: str,
    help_text: str,
    options: tuple[Callable[[Command], Command], ...],
    action: Callable[..., None],
) -> click.Group:
    """Build one verb: a group with a command for each kind of target.

    `action(request, **values)` gets the target's request and the values of the verb's options.
    """
    group = click.Group(name, help=help_text)
    for row in TARGETS:
        group.add_command(_target_command(row, options, action))
    return group


def _target_command(
    row: TargetRow,
    options: tuple[Callable[[Command], Command], ...],
    action: Callable[..., None],
) -> click.Command:
    def callback(**values: Any) -> None:
        request = Request(
            kind=row.kind,
            name=values.pop("target", ""),
            platform=values.pop("platform", None),
            layers=tuple(values.pop("layers", ())),
            exclude=tuple(values.pop("exclude")),
            certificates=values.pop("certificates", False),
            maven_repository=values.pop("maven_repository", ""),
            cache=values.pop("cache", False),
            quiet=values.pop("quiet"),
        )
        action(request, **values)

    decorated: Command = callback
    for option in reversed((*row.options, *options, *COLLECT_OPTIONS)):
        decorated = option(decorated)
    if row.argument:
        decorated = click.argument("target", metavar=row.argument)(decorated)
    return click.command(row.word, help=row.help)(decorated)
