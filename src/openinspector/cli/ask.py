"""`openinspector ask`: any operation of the service, in JSON, now or as of a past moment."""

import base64
import json
from datetime import datetime
from typing import Any

import click

from openinspector.cli.client import AS_OF, URL, asked, open_client
from openinspector.model import OpenInspectorError

_SERVICES = ("inspector2", "inspector-scan")


@click.command("ask")
@click.argument("operation", metavar="OPERATION")
@click.argument("members", metavar="[JSON]", default="{}")
@URL
@AS_OF
def command(operation: str, members: str, url: str, as_of: str | None) -> None:
    """Call an operation (list-findings, get-member, ...) and print its answer as JSON.

    The members of the request are given as a JSON object, in the words of the API.
    """
    try:
        arguments = json.loads(members)
    except ValueError as error:
        raise OpenInspectorError(f"the members are not JSON: {error}") from error
    if not isinstance(arguments, dict):
        raise OpenInspectorError("the members must be a JSON object")
    client, method = _find(operation.replace("-", "_").lower(), url, as_of)
    answer = asked(getattr(client, method), **arguments)
    answer.pop("ResponseMetadata", None)
    click.echo(json.dumps(answer, indent=2, default=_written, ensure_ascii=False))


def _find(method: str, url: str, as_of: str | None) -> tuple[Any, str]:
    for service in _SERVICES:
        client = open_client(url, service, as_of)
        if method in client.meta.method_to_api_mapping:
            return client, method
    raise OpenInspectorError(
        f"{method.replace('_', '-')} is no operation of {' or '.join(_SERVICES)}"
    )


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
