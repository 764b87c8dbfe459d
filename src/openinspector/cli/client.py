"""A client of a running service, for the commands that read from it."""

from typing import Any

import click

from openinspector.cli.addresses import http_address
from openinspector.cli.signed import AS_OF_HEADER

AS_OF = click.option(
    "--as-of",
    metavar="TIME",
    help="Answer as of a past moment: ISO 8601 (2026-11-01T12:00:00Z) or epoch seconds.",
)
URL = click.option(
    "--url",
    metavar="URL",
    callback=http_address,
    envvar="AWS_ENDPOINT_URL",
    show_envvar=True,
    default="http://127.0.0.1:8400",
    show_default=True,
    help="The service to ask.",
)


def open_client(url: str, service: str, as_of: str | None) -> Any:
    """A boto3 client of one of the services; with `as_of`, every call asks of that moment."""
    import boto3
    from botocore.config import Config

    session = boto3.Session()
    client = session.client(
        service,
        endpoint_url=url,
        region_name=session.region_name or "us-east-1",
        config=Config(retries={"mode": "standard"}),
    )
    if as_of is not None:

        def add(request: Any, **_: Any) -> None:
            request.headers[AS_OF_HEADER] = as_of

        client.meta.events.register("before-sign", add)
    return client


def asked(call: Any, **arguments: Any) -> Any:
    """The answer of a call; what goes wrong becomes one clear sentence."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        ParamValidationError,
    )

    from openinspector.model import OpenInspectorError

    try:
        return call(**arguments)
    except NoCredentialsError as error:
        raise OpenInspectorError(
            "no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a key of"
            " `openinspector keys create`"
        ) from error
    except ParamValidationError as error:
        raise OpenInspectorError(" ".join(str(error).split())) from error
    except (ClientError, BotoCoreError) as error:
        raise OpenInspectorError(str(error)) from error
