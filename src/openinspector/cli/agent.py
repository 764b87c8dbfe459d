"""`openinspector agent`: what is on this machine, handed to whoever judges it."""

import time

import click

from openinspector.cli.collecting import collect_inventory
from openinspector.cli.targets import Request
from openinspector.model import Inventory, OpenInspectorError

_LEAST_INTERVAL = 60


@click.command("agent")
@click.option("--ssm", is_flag=True, help="Hand it to Systems Manager, for an EC2 instance.")
@click.option("--instance-id", metavar="ID", help="The instance; default: the one this runs on.")
@click.option("--region", metavar="REGION", help="Its Region; default: the one this runs in.")
@click.option("--submit", metavar="URL", help="Hand it to a service, for a host outside AWS.")
@click.option("--submit-as", metavar="NAME", help="The host's name there; default: its own.")
@click.option(
    "--every",
    type=click.IntRange(_LEAST_INTERVAL),
    metavar="SECONDS",
    help="Do so again and again; default: once.",
)
def command(
    ssm: bool,
    instance_id: str | None,
    region: str | None,
    submit: str | None,
    submit_as: str | None,
    every: int | None,
) -> None:
    """Collect the software of this machine and hand it over; it is judged elsewhere.

    It sends names, versions and paths of packages, and which programs listen at which ports; never
    the content of files.
    """
    if ssm == bool(submit):
        raise OpenInspectorError("say where to: --ssm, or --submit URL")
    while True:
        inventory = collect_inventory(Request("host", "", quiet=True))
        if submit:
            from openinspector.cli.submit import submit_inventory

            click.echo(submit_inventory(submit, inventory, submit_as))
        else:
            click.echo(_to_ssm(inventory, instance_id, region))
        if every is None:
            return
        time.sleep(every)


def _to_ssm(inventory: Inventory, instance: str | None, region: str | None) -> str:
    from openinspector.aws.handing_over import put_inventory, this_instance
    from openinspector.inventory.ssm import pack

    if instance is None:
        instance, there = this_instance()
        region = region or there
    put_inventory(instance, region, pack(inventory))
    return f"{instance}: {len(inventory.packages)} packages handed to Systems Manager"
