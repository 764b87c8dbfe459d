"""`openinspector plan`: what to do first, by the risk that it removes."""

import json

import click

from openinspector.cli.client import AS_OF, URL, open_client
from openinspector.cli.findings import pages


@click.command("plan")
@click.option("--account", multiple=True, metavar="ACCOUNT", help="Of this account only.")
@click.option("--top", type=click.IntRange(1), default=20, show_default=True, metavar="NUMBER")
@click.option("-f", "--format", "format_name", type=click.Choice(["text", "json"]), default="text")
@URL
@AS_OF
def command(
    account: tuple[str, ...], top: int, format_name: str, url: str, as_of: str | None
) -> None:
    """Group the findings of a running service by what ends them, the most risk removed first."""
    import msgspec

    from openinspector.model.finding import Finding
    from openinspector.reports.plan import make_plan, plan_lines

    criteria = {"findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}]}
    if account:
        criteria["awsAccountId"] = [{"comparison": "EQUALS", "value": each} for each in account]
    client = open_client(url, "inspector2", as_of)
    found = (
        msgspec.convert(_epoch(each), Finding) for page in pages(client, criteria) for each in page
    )
    plan = make_plan(found, top)
    if format_name == "json":
        click.echo(json.dumps(msgspec.to_builtins(plan), indent=2))
        return
    for line in plan_lines(plan):
        click.echo(line)


def _epoch(value: object) -> object:
    """boto3 makes datetimes of the timestamps; findings have epoch seconds."""
    from datetime import datetime

    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict):
        return {name: _epoch(each) for name, each in value.items()}
    return [_epoch(each) for each in value] if isinstance(value, list) else value
