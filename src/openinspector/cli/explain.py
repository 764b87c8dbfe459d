"""`openinspector explain`: why a vulnerability is found in a target, or which step ruled it out."""

import click

from openinspector.cli.knowledge import DATABASE, open_database
from openinspector.cli.scan import assess_request, assessment_options
from openinspector.cli.targets import Request, target_group


def explain(request: Request, *, database: str | None, include_kernel: bool) -> None:
    """Judge the target and print the evidence about one vulnerability."""
    from openinspector.reports.explanation import explanation

    vulnerability: str = click.get_current_context().find_root().meta[VULNERABILITY]
    with open_database(database) as knowledge:
        options = assessment_options(
            knowledge, include_kernel=include_kernel, explain=(vulnerability,)
        )
        inventory, assessment = assess_request(request, knowledge, options)
        record = knowledge.vulnerability(vulnerability)
        for line in explanation(vulnerability, record, inventory, assessment):
            click.echo(line)


VULNERABILITY = "openinspector.vulnerability"

command = target_group(
    "explain",
    "Say why VULNERABILITY (CVE-2021-44228, GHSA-..., DSA-...) is found in a target, or why not: "
    "the advisory, the range, the comparison, and the file and layer that prove the package.",
    (
        DATABASE,
        click.option("--include-kernel", is_flag=True, help="Judge kernel packages, too."),
    ),
    explain,
)


def _remember(vulnerability: str) -> None:
    click.get_current_context().find_root().meta[VULNERABILITY] = vulnerability.strip()


command.params.append(click.Argument(["vulnerability"], metavar="VULNERABILITY"))
command.callback = _remember
