"""`openinspector keys`: access keys of accounts."""

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from openinspector.cli.service_options import open_data, service_options
from openinspector.model import OpenInspectorError


@click.group("keys")
def command() -> None:
    """Make, list and revoke the access keys with which clients sign."""


@command.command("create")
@click.option("--account", required=True, metavar="ID", help="The account of the key, 12 digits.")
@click.option("--name", default="", help="What it is for.")
@click.option("--policy", "policy_file", metavar="FILE", help="IAM-style policy (JSON).")
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(["env", "json"]),
    default="env",
    show_default=True,
)
@service_options
def create(
    account: str,
    name: str,
    policy_file: str | None,
    format_name: str,
    data: str | None,
    store_address: str | None,
) -> None:
    """Make an access key and print it, this once."""
    import msgspec

    from openinspector.api.access.keys import create_key

    policy = _text(Path(policy_file)) if policy_file else None
    store, master = open_data(data, store_address)
    key = create_key(store, master, account, name, policy, time.time_ns() // 1_000_000)
    store.close()
    if format_name == "json":
        click.echo(msgspec.json.encode(key).decode())
        return
    click.echo(f"export AWS_ACCESS_KEY_ID={key.access_key_id}")
    click.echo(f"export AWS_SECRET_ACCESS_KEY={key.secret_access_key}")
    click.echo("# As `openinspector serve` listens unless told otherwise:")
    click.echo("export AWS_DEFAULT_REGION=us-east-1")
    click.echo("export AWS_ENDPOINT_URL=http://127.0.0.1:8400")


@command.command("list")
@service_options
def list_(data: str | None, store_address: str | None) -> None:
    """List keys; their secrets cannot be shown again."""
    from openinspector.store.access import list_keys

    store, _ = open_data(data, store_address)
    with store.read() as connection:
        keys = list_keys(connection)
    store.close()
    if not keys:
        click.echo("No keys. Make one: openinspector keys create --account 111122223333")
    for key in keys:
        state = f"revoked {_date(key.revoked_at)}" if key.revoked_at is not None else "active"
        policy = "policy" if key.policy else "everything in its account"
        made = _date(key.created_at)
        click.echo(f"{key.id}  {key.account}  {made}  {state:18}  {policy}  {key.name}".rstrip())


@command.command("revoke")
@click.argument("key_id", metavar="ID")
@service_options
def revoke(key_id: str, data: str | None, store_address: str | None) -> None:
    """Revoke a key; requests signed with it are refused at once."""
    from openinspector.store.access import revoke_key

    store, _ = open_data(data, store_address)
    with store.write() as connection:
        done = revoke_key(connection, key_id, time.time_ns() // 1_000_000)
    store.close()
    if not done:
        raise OpenInspectorError(f"{key_id}: no such key, or it is revoked already")
    click.echo(f"{key_id} is revoked.")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise OpenInspectorError(f"{path}: not UTF-8 text: {error}") from error


def _date(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d")
