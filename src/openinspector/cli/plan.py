"""`openinspector plan`: what to do first, by the risk that it removes."""

import json

import click

from openinspector.cli.client import AS_OF, URL

PATH = "/openinspector/plan"


@click.command("plan")
@click.option("--account", multiple=True, metavar="ACCOUNT", help="Of this account only.")
@click.option("--top", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("-f", "--format", "format_name", type=click.Choice(["text", "json"]), default="text")
@URL
@AS_OF
def command(
    account: tuple[str, ...], top: int, format_name: str, url: str, as_of: str | None
) -> None:
    """Group the findings of a running service by what ends them, the most risk removed first."""
    import msgspec

    from openinspector.cli.signed import post
    from openinspector.reports.plan import Plan, plan_lines

    body = msgspec.json.encode({"accountIds": account, "top": top})
    answer = post(url.rstrip("/") + PATH, body, as_of)
    if format_name == "json":
        click.echo(json.dumps(answer, indent=2))
        return
    for line in plan_lines(msgspec.convert(answer, Plan)):
        click.echo(line)
