"""`openinspector org`: accounts and their organisation."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from openinspector.cli.addresses import http_address
from openinspector.cli.service_options import open_data, service_options
from openinspector.model import OpenInspectorError

if TYPE_CHECKING:
    from openinspector.organization.directory import Organization


@click.group("org")
def command() -> None:
    """Tell the service which accounts there are, and who administers them."""


@command.command("import")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@service_options
def import_(file: str, data: str | None, store_address: str | None) -> None:
    """Take an organisation from a YAML or JSON file; doing it again changes what changed."""
    import yaml

    from openinspector.organization.directory import read_organization

    try:
        document = yaml.safe_load(Path(file).read_bytes())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        why = " ".join(str(error).split())
        raise OpenInspectorError(f"{file}: not YAML or JSON: {why}") from error
    _take(read_organization(document, file), data, store_address)


@command.command("sync")
@click.option(
    "--endpoint-url",
    metavar="URL",
    callback=http_address,
    help="Another address of AWS Organizations.",
)
@service_options
def sync(endpoint_url: str | None, data: str | None, store_address: str | None) -> None:
    """Take the organisation from AWS Organizations, with your AWS credentials."""
    import botocore.exceptions

    from openinspector.organization.directory import read_organization

    try:
        document = _from_aws(endpoint_url)
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        raise OpenInspectorError(f"AWS Organizations: {error}") from error
    _take(read_organization(document, "AWS Organizations"), data, store_address)


def _take(organization: "Organization", data: str | None, store_address: str | None) -> None:
    from openinspector.api.operations.members import take_organization

    store, _ = open_data(data, store_address)
    with store.write() as connection:
        take_organization(connection, organization, time.time_ns() // 1_000_000)
    store.close()
    count = len(organization.accounts)
    who = organization.administrator
    ruled = f", administered by {who}" if who else ""
    click.echo(f"{organization.id}: {count} accounts{ruled}.")


def _from_aws(endpoint_url: str | None) -> dict[str, Any]:
    import boto3

    client = boto3.client("organizations", endpoint_url=endpoint_url, region_name="us-east-1")
    organization = client.describe_organization()["Organization"]
    accounts = [
        {
            "id": each["Id"],
            "name": each.get("Name", ""),
            "status": "ACTIVE" if each.get("Status", "ACTIVE") == "ACTIVE" else "SUSPENDED",
        }
        for page in client.get_paginator("list_accounts").paginate()
        for each in page["Accounts"]
    ]
    administrators = [
        each["Id"]
        for page in client.get_paginator("list_delegated_administrators").paginate(
            ServicePrincipal="inspector2.amazonaws.com"
        )
        for each in page["DelegatedAdministrators"]
    ]
    return {
        "organization": organization["Id"],
        "management_account": organization["MasterAccountId"],
        "delegated_administrator": administrators[0] if administrators else None,
        "accounts": accounts,
    }
