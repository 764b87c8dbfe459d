"""Requests to a service beyond the API's models, signed as those of any client."""

import gzip
import json
import os
from typing import Any

from openinspector.model import OpenInspectorError

AS_OF_HEADER = "x-openinspector-as-of"
_SECONDS = 300.0


def post(url: str, body: bytes, as_of: str | None = None) -> dict[str, Any]:
    """The answer to a signed request, as of a past moment where one is told.

    Raises `OpenInspectorError` that says what the service did.
    """
    import urllib3
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.session import Session

    session = Session()
    credentials = session.get_credentials()
    if credentials is None:
        raise OpenInspectorError(
            f"{url}: no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a key of"
            " `openinspector keys create`"
        )
    region = os.environ.get("AWS_REGION") or session.get_config_variable("region") or "us-east-1"
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    if as_of is not None:
        headers[AS_OF_HEADER] = as_of
    request = AWSRequest("POST", url, data=gzip.compress(body, 6), headers=headers)
    SigV4Auth(credentials, "inspector2", region).add_auth(request)
    signed = request.prepare()
    try:
        response = urllib3.PoolManager(retries=False).request(
            "POST",
            url,
            body=signed.body,
            headers=dict(signed.headers.items()),
            timeout=_SECONDS,
        )
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise OpenInspectorError(f"{url}: {error}") from error
    try:
        answer: dict[str, Any] = json.loads(response.data)
    except ValueError as error:
        raise OpenInspectorError(f"{url}: this is no OpenInspector service") from error
    if response.status != 200:
        raise OpenInspectorError(f"{url}: {answer.get('message', response.status)}")
    return answer
