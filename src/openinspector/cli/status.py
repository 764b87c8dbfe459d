"""`openinspector status`: what is queued, running and failing, and why."""

import time
from collections import defaultdict
from datetime import UTC, datetime

import click

from openinspector.cli.service_options import open_data, service_options

_STATES = ("running", "queued", "waiting", "failing")
_SHOWN = 20


@click.command("status")
@service_options
def command(data: str | None, store_address: str | None) -> None:
    """Say what work there is, how it stands, and what goes wrong."""
    from openinspector.reports.text import safe
    from openinspector.store.tasks import counts, in_trouble

    now = time.time_ns() // 1_000_000
    store, _ = open_data(data, store_address)
    with store.read() as connection:
        counted, troubled = counts(connection, now), in_trouble(connection, _SHOWN + 1, now)
    store.close()
    if not counted:
        click.echo("There is no work: `openinspector serve --aws` finds some.")
        return
    kinds: dict[str, dict[str, int]] = defaultdict(dict)
    for kind, state, count in counted:
        kinds[kind][state] = count
    width = max(map(len, kinds))
    click.echo(" " * width + "".join(f"{state:>9}" for state in _STATES))
    for kind, states in sorted(kinds.items()):
        numbers = "".join(f"{states.get(state, 0):>9}" for state in _STATES)
        click.echo(f"{kind:<{width}}{numbers}")
    for each in troubled[:_SHOWN]:
        what = " ".join(filter(None, (each.key.kind, each.key.account, each.key.subject)))
        again = datetime.fromtimestamp(each.due_at / 1000, UTC).strftime("%H:%M:%S")
        trouble = safe(each.trouble or "")
        click.echo(f"\n{safe(what)}: failed {each.attempts} times, again at {again} UTC: {trouble}")
    if troubled[_SHOWN:]:
        click.echo(f"\n... and more than {_SHOWN} others.")
