"""`openinspector scan`: collect, assess, report, and gate."""

import os
import sys
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from openinspector import __version__
from openinspector.cli.addresses import http_address
from openinspector.cli.collecting import collect_inventory
from openinspector.cli.exits import DONE, FAIL_ON_REACHED, SCANNED_IN_PART, leave
from openinspector.cli.knowledge import DATABASE, describe, open_database, reservations
from openinspector.cli.output import OUTPUT, write_output
from openinspector.cli.targets import Request, target_group
from openinspector.model import OpenInspectorError
from openinspector.reports import FORMATS, render

if TYPE_CHECKING:
    from openinspector.advisories import AdvisoryDatabase
    from openinspector.assess import Assessment, Options
    from openinspector.reports.report import Report


LEVELS: dict[str, frozenset[str]] = {
    "critical": frozenset({"CRITICAL"}),
    "high": frozenset({"CRITICAL", "HIGH"}),
    "medium": frozenset({"CRITICAL", "HIGH", "MEDIUM"}),
    "low": frozenset({"CRITICAL", "HIGH", "MEDIUM", "LOW", "UNTRIAGED"}),
}
"""Severities that reach each level; what nobody has rated yet may be anything, so it reaches the
strictest."""

FILTERS: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...] = (
    click.option("--only-fixed", is_flag=True, help="Only what an upgrade would fix."),
    click.option(
        "--vex",
        "vex_files",
        multiple=True,
        metavar="FILE",
        help="OpenVEX or CycloneDX VEX statements; may be repeated.",
    ),
    click.option(
        "--ignore",
        "ignore_file",
        metavar="FILE",
        help="Findings to leave out, each with a reason and an expiry (YAML).",
    ),
    click.option(
        "--include-kernel",
        is_flag=True,
        help="Judge kernel packages in container images, too, and those that do not run.",
    ),
)
"""What is left out of the answer, each with its reason; `explain` names it."""


def _resource_name(
    _context: click.Context, _option: click.Parameter, name: str | None
) -> str | None:
    if name is not None and not name.strip():
        raise click.BadParameter("a resource's name is not empty.")
    return name


OPTIONS: tuple[Callable[[Callable[..., Any]], Callable[..., Any]], ...] = (
    DATABASE,
    click.option(
        "-f",
        "--format",
        "format_name",
        type=click.Choice(tuple(FORMATS)),
        default="table",
        show_default=True,
        help="How to report.",
    ),
    OUTPUT,
    click.option(
        "--fail-on",
        type=click.Choice(tuple(LEVELS)),
        help="Exit with 1 when a finding of this severity or worse remains.",
    ),
    *FILTERS,
    click.option(
        "--strict",
        is_flag=True,
        help="Exit with 4 when any part of the target could not be scanned.",
    ),
    click.option(
        "--submit",
        metavar="URL",
        callback=http_address,
        help="Record the scan in a service (`openinspector serve`), signed with your AWS key.",
    ),
    click.option(
        "--submit-as",
        metavar="NAME",
        callback=_resource_name,
        help="The resource's name there; a later scan of the same name is of the same resource. "
        "Default: the target's name, the whole path of a folder or file.",
    ),
)


def assess_request(request: Request, database: "AdvisoryDatabase", options: "Options") -> Any:
    """Collect and judge; returns the inventory and its assessment."""
    from openinspector.assess import assess

    inventory = collect_inventory(request)
    return inventory, assess(inventory, database, options, datetime.now(UTC))


def assessment_options(
    database: "AdvisoryDatabase",
    *,
    include_kernel: bool = False,
    only_fixed: bool = False,
    vex_files: Sequence[str] = (),
    ignore_file: str | None = None,
    explain: tuple[str, ...] = (),
) -> "Options":
    """Read the files that options name; raises `OpenInspectorError` naming file and entry."""
    from openinspector.assess import Options, parse_ignore, parse_vex

    statements = [each for name in vex_files for each in parse_vex(_read(name), name)]
    return Options(
        include_kernel=include_kernel,
        only_fixed=only_fixed,
        vex=tuple(statements),
        ignore=parse_ignore(_read(ignore_file), ignore_file) if ignore_file else (),
        explain=explain,
        gaps=reservations(database),
    )


def _read(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise OpenInspectorError(f"{name}: {error.strerror}") from error


def scan(
    request: Request,
    *,
    database: str | None,
    format_name: str,
    output: str | None,
    fail_on: str | None,
    strict: bool,
    only_fixed: bool,
    vex_files: Sequence[str],
    ignore_file: str | None,
    include_kernel: bool,
    submit: str | None,
    submit_as: str | None,
) -> None:
    """Scan a target, report, and leave with the exit code that the options ask for."""
    from openinspector.reports.report import Report

    if submit_as is not None and submit is None:
        raise click.UsageError("--submit-as names a resource of the service of --submit URL.")
    with open_database(database) as knowledge:
        options = assessment_options(
            knowledge,
            include_kernel=include_kernel,
            only_fixed=only_fixed,
            vex_files=vex_files,
            ignore_file=ignore_file,
        )
        inventory, assessment = assess_request(request, knowledge, options)
        report = Report(
            assessment=assessment,
            inventory=inventory,
            generated_at=datetime.now(UTC),
            serial=str(uuid.uuid4()),
            version=__version__,
            database=describe(knowledge),
        )
    write_output([_render(format_name, report, output)], output)
    if not request.quiet and output:
        click.echo(f"openinspector: wrote {output}", err=True)
    if submit:
        from openinspector.cli.submit import submit_inventory

        click.echo(
            f"openinspector: submitted {submit_inventory(submit, inventory, submit_as)}", err=True
        )
    _gate(assessment, fail_on, strict)


def _render(format_name: str, report: "Report", output: str | None) -> bytes:
    options: dict[str, Any] = {}
    if format_name == "table":
        terminal = output is None and sys.stdout.isatty()
        columns = _columns() if terminal else 100
        options = {"width": columns, "colour": terminal and "NO_COLOR" not in os.environ}
    return render(format_name, report, **options)


def _columns() -> int:
    from shutil import get_terminal_size

    return get_terminal_size((100, 24)).columns


def _gate(assessment: "Assessment", fail_on: str | None, strict: bool) -> None:
    if fail_on:
        reached = sum(each.severity in LEVELS[fail_on] for each in assessment.findings)
        if reached:
            worse = "" if fail_on == "critical" else " or worse"
            noun = "finding remains" if reached == 1 else "findings remain"
            leave(FAIL_ON_REACHED, f"{reached} {noun} of severity {fail_on}{worse}")
    lacking = [part.part for part in assessment.coverage if part.state != "scanned"]
    if strict and lacking:
        leave(SCANNED_IN_PART, f"scanned only in part: {', '.join(lacking)}")
    sys.exit(DONE)


command = target_group("scan", "Find vulnerabilities, and say what was not scanned.", OPTIONS, scan)
