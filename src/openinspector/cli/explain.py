"""`openinspector explain`: why a vulnerability is found in a target, or which step ruled it out."""

from collections.abc import Sequence

import click

from openinspector.cli.knowledge import DATABASE, open_database
from openinspector.cli.scan import FILTERS, assess_request, assessment_options
from openinspector.cli.targets import Request, target_group


def explain(
    request: Request,
    *,
    database: str | None,
    only_fixed: bool,
    vex_files: Sequence[str],
    ignore_file: str | None,
    include_kernel: bool,
) -> None:
    """Judge the target and print the evidence about a vulnerability, or about each of several."""
    from openinspector.reports.explanation import explanation, unknown

    asked: str = click.get_current_context().find_root().meta[VULNERABILITY]
    with open_database(database) as knowledge:
        meant = knowledge.search(asked).vulnerabilities
        options = assessment_options(
            knowledge,
            include_kernel=include_kernel,
            only_fixed=only_fixed,
            vex_files=vex_files,
            ignore_file=ignore_file,
            explain=meant,
        )
        records = [each for name in meant if (each := knowledge.vulnerability(name))]
        if not records:
            for line in unknown(asked):
                click.echo(line)
            return
        inventory, assessment = assess_request(request, knowledge, options)
    if len(records) > 1:
        click.echo(f"{asked} speaks of {len(records)} vulnerabilities.\n")
    for number, record in enumerate(records):
        if number:
            click.echo("")
        for line in explanation(record, inventory, assessment):
            click.echo(line)


VULNERABILITY = "openinspector.vulnerability"

command = target_group(
    "explain",
    "Say why VULNERABILITY (CVE-2021-44228, GHSA-..., DSA-...) is found in a target, or why not: "
    "the advisory, the range, the comparison, and the file and layer that prove the package.",
    (DATABASE, *FILTERS),
    explain,
)


def _remember(vulnerability: str) -> None:
    click.get_current_context().find_root().meta[VULNERABILITY] = vulnerability.strip()


command.params.append(click.Argument(["vulnerability"], metavar="VULNERABILITY"))
command.callback = _remember
