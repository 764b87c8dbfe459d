"""`openinspector sbom`: the inventory of a target as a document, unjudged."""

import uuid
from datetime import UTC, datetime

import click

from openinspector import __version__
from openinspector.cli.collecting import collect_inventory
from openinspector.cli.output import OUTPUT, write_output
from openinspector.cli.targets import Request, target_group

OPTIONS = (
    click.option(
        "-f",
        "--format",
        "format_name",
        type=click.Choice(("cyclonedx", "spdx")),
        default="cyclonedx",
        show_default=True,
        help="CycloneDX 1.5 or SPDX 2.3, as JSON.",
    ),
    OUTPUT,
)


def sbom(request: Request, *, format_name: str, output: str | None) -> None:
    """Collect a target and write what was found; what could not be read is said on stderr."""
    from openinspector.inventory.sbom.cyclonedx import write_cyclonedx
    from openinspector.inventory.sbom.spdx import write_spdx

    inventory = collect_inventory(request)
    write = {"cyclonedx": write_cyclonedx, "spdx": write_spdx}[format_name]
    timestamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = write(inventory, timestamp=timestamp, serial=str(uuid.uuid4()), version=__version__)
    write_output([document], output)
    if not request.quiet:
        for gap in inventory.gaps:
            place = f"{gap.path}: " if gap.path else ""
            click.echo(f"openinspector: not read: {place}{gap.reason}", err=True)


command = target_group("sbom", "Write the inventory of a target.", OPTIONS, sbom)
