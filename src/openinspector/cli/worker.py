"""`openinspector worker`: one more process that scans, on this or another machine."""

import signal
import threading
from types import FrameType
from typing import TYPE_CHECKING

import click

from openinspector.cli.knowledge import DATABASE, open_database
from openinspector.cli.scanning import check_region, open_scanning, scanning_options
from openinspector.cli.service_options import data_folder, service_options

if TYPE_CHECKING:
    from openinspector.advisories import AdvisoryDatabase
    from openinspector.assess.network import Origin


@click.command("worker")
@service_options
@click.option("--region", default="us-east-1", show_default=True, callback=check_region)
@scanning_options
@DATABASE
def command(
    data: str | None,
    store_address: str | None,
    region: str,
    role: str,
    external_id: str | None,
    scan_regions: tuple[str, ...],
    origins: tuple["Origin", ...],
    events: str | None,
    database: str | None,
) -> None:
    """Scan AWS for a service, beside others that do; all of them on one database."""
    from openinspector.store import open_store

    def knowledge() -> "AdvisoryDatabase":
        return open_database(database)

    folder = data_folder(data)
    folder.mkdir(parents=True, exist_ok=True)
    store = open_store(store_address or folder)
    regions = scan_regions or (region,)
    whose = (role, external_id, events)
    working = open_scanning(store, knowledge, regions, folder, *whose, origins)

    def leave(_number: int, _frame: FrameType | None) -> None:
        for each in working:
            each.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    threads = [threading.Thread(target=each.run, daemon=True) for each in working]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
