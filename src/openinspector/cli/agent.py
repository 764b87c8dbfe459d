"""`openinspector agent`: what is on this machine, handed to whoever judges it."""

import time

import click
import msgspec

from openinspector.model import Gap, Inventory, OpenInspectorError

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
@click.option(
    "--everywhere",
    is_flag=True,
    help="With --ssm: let language packages count wherever they lie, not in the paths of deep"
    " inspection only.",
)
def command(
    ssm: bool,
    instance_id: str | None,
    region: str | None,
    submit: str | None,
    submit_as: str | None,
    every: int | None,
    everywhere: bool,
) -> None:
    """Collect the software of this machine and hand it over; it is judged elsewhere.

    It sends names, versions and paths of packages, and which programs listen at which ports; never
    the content of files.
    """
    if ssm == bool(submit):
        raise OpenInspectorError("say where to: --ssm, or --submit URL")
    while True:
        try:
            click.echo(_hand_over(ssm, instance_id, region, submit, submit_as, everywhere))
        except OpenInspectorError as error:
            if every is None:
                raise
            # The service may be away for a while, and must not find the agent gone afterwards.
            click.echo(f"openinspector: {error}; it is tried again in {every} seconds", err=True)
        if every is None:
            return
        time.sleep(every)


def _hand_over(
    ssm: bool,
    instance_id: str | None,
    region: str | None,
    submit: str | None,
    submit_as: str | None,
    everywhere: bool,
) -> str:
    """Collect once and hand over; what came of it, in words. Raises `OpenInspectorError`."""
    inventory = collect_host()
    if everywhere:
        inventory = anywhere(inventory)
    if ssm or submit is None:
        return _to_ssm(inventory, instance_id, region)
    from openinspector.cli.submit import submit_inventory

    return submit_inventory(submit, inventory, submit_as)


def collect_host() -> Inventory:
    """The inventory of this machine; language packages are looked for no longer than it is due."""
    from openinspector.inventory.catalogers import table
    from openinspector.inventory.collect import collect
    from openinspector.inventory.deep_inspection import MOST_SECONDS, TOO_LONG
    from openinspector.inventory.hurried import Hurried
    from openinspector.inventory.trees.opening import open_target

    hurried = Hurried(table(), MOST_SECONDS)
    with open_target("host") as tree:
        inventory = collect(tree, hurried.catalogers)
    if hurried.late:
        gap = Gap("language-packages", TOO_LONG)
        inventory = msgspec.structs.replace(inventory, gaps=(*inventory.gaps, gap))
    return inventory


def anywhere(inventory: Inventory) -> Inventory:
    """An inventory of which language packages count wherever they lie."""
    from openinspector.inventory.deep_inspection import EVERYWHERE

    return msgspec.structs.replace(inventory, notes=(*inventory.notes, EVERYWHERE))


def _to_ssm(inventory: Inventory, instance: str | None, region: str | None) -> str:
    from openinspector.aws.handing_over import TooMuch, put_inventory, this_instance
    from openinspector.inventory.deep_inspection import without_languages
    from openinspector.inventory.ssm import pack

    if instance is None:
        instance, there = this_instance()
        region = region or there
    try:
        put_inventory(instance, region, pack(inventory))
    except TooMuch:
        # What belongs to the system goes first; coverage says what is missing.
        inventory = without_languages(inventory)
        put_inventory(instance, region, pack(inventory))
    return f"{instance}: {len(inventory.packages)} packages handed to Systems Manager"
