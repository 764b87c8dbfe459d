"""Options that all commands of the service share: where its data is."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from openinspector.cli.addresses import postgresql_address

if TYPE_CHECKING:
    from openinspector.api.access.master_key import MasterKey
    from openinspector.store import Store

Command = Callable[..., Any]

_OPTIONS: tuple[Callable[[Command], Command], ...] = (
    click.option(
        "--data",
        metavar="DIR",
        help="Folder of the service's data. Default: its place in the user's data folder.",
    ),
    click.option(
        "--database",
        "store_address",
        metavar="postgresql://...",
        callback=postgresql_address,
        help="Keep findings in PostgreSQL instead of the folder.",
    ),
)


def service_options(command: Command) -> Command:
    """Add `--data` and `--database`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def data_folder(data: str | None) -> Path:
    """The folder of the service's data."""
    if data:
        return Path(data)
    import platformdirs

    return Path(platformdirs.user_data_dir("openinspector")) / "service"


def open_data(data: str | None, store_address: str | None) -> "tuple[Store, MasterKey]":
    """The store and master key that the options name."""
    from openinspector.api.access.master_key import MasterKey
    from openinspector.store import open_store

    folder = data_folder(data)
    return open_store(store_address or folder), MasterKey.load(folder)
