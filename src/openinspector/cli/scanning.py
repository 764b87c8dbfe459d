"""Options and set-up of what scans AWS, shared by `serve --aws` and `worker`."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from openinspector.advisories import AdvisoryDatabase
    from openinspector.api.server import Background
    from openinspector.assess.network import Origin
    from openinspector.store import Store

Command = Callable[..., Any]


def check_region(
    _context: click.Context, _option: click.Parameter, given: str | tuple[str, ...] | None
) -> str | tuple[str, ...] | None:
    """Refuse what is no name of a Region."""
    for name in (given,) if isinstance(given, str) else given or ():
        if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]", name):
            raise click.BadParameter(f"{name!r} is no name of a Region, as us-east-1 is.")
    return given


BEYOND = ("peering", "vpn", "direct-connect", "transit-gateway")
"""From where else than the internet instances can be reached."""

_OPTIONS: tuple[Callable[[Command], Command], ...] = (
    click.option(
        "--role",
        default="OpenInspector",
        show_default=True,
        help="The role to assume in other accounts; see `openinspector iam-policy`.",
    ),
    click.option("--external-id", metavar="TEXT", help="The external identifier of that role."),
    click.option(
        "--scan-region",
        "scan_regions",
        multiple=True,
        metavar="REGION",
        callback=check_region,
        help="Scan this Region; may be given again. Default: the Region of the service.",
    ),
    click.option(
        "--reach-from",
        "origins",
        multiple=True,
        type=click.Choice(BEYOND),
        help="Look from there too, not from the internet only; may be given again.",
    ),
    click.option(
        "--events",
        metavar="URL",
        help="An SQS queue of EventBridge events: what changes is found within a minute.",
    ),
)


def scanning_options(command: Command) -> Command:
    """Add `--role`, `--external-id`, `--scan-region`, `--reach-from` and `--events`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def open_scanning(
    store: "Store",
    knowledge: "Callable[[], AdvisoryDatabase]",
    regions: Sequence[str],
    folder: Path,
    role: str,
    external_id: str | None,
    events: str | None,
    origins: "Sequence[Origin]" = (),
) -> "list[Background]":
    """What scans, on a store: a worker, and who listens to events.

    Raises `AwsTrouble` when there are no AWS credentials to work with.
    """
    from openinspector.api.server import milliseconds, partition_of
    from openinspector.aws.sessions import Access, Sessions
    from openinspector.monitor.events import Listener
    from openinspector.monitor.monitor import Monitor
    from openinspector.monitor.schedule import begin
    from openinspector.monitor.worker import Worker

    partition = partition_of(regions[0])
    sessions = Sessions(Access(role, external_id), partition)
    # Without credentials nothing would ever be found: say so now, not in every task.
    account = sessions.own_account
    monitor = Monitor(
        store=store,
        sessions=sessions,
        knowledge=knowledge,
        regions=tuple(regions),
        partition=partition,
        folder=folder,
        clock=milliseconds,
        origins=("internet", *origins),
    )
    begin(monitor)
    click.echo(f"Scanning AWS with the credentials of account {account}: {', '.join(regions)}.")
    return [Worker(monitor), *([Listener(monitor, events)] if events else [])]
