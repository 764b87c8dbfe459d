"""Handing a scan to a service: a signed request, as any client of the API sends."""

import gzip
import json
import os
from typing import Any

import msgspec

from openinspector.model import Inventory, OpenInspectorError

PATH = "/openinspector/resources/submit"
_SECONDS = 300.0
_PATHS = frozenset({"directory", "disk", "function", "sbom"})
"""Kinds of targets whose name is a path."""
_WORDS = ("opened", "updated", "reopened", "suppressed", "unsuppressed", "closed", "unchanged")


def submit_inventory(address: str, inventory: Inventory, name: str | None) -> str:
    """Submit an inventory; what changed there, in words. Raises `OpenInspectorError`.

    `name` is what the resource is called there.
    """
    target = inventory.target
    if name is None and target.kind in _PATHS:
        # "." names another folder in each pipeline, and must not be one resource for all of them.
        name = os.path.abspath(target.name)
    if name is not None:
        target = msgspec.structs.replace(target, name=name)
    named = msgspec.structs.replace(inventory, target=target)
    answer = _post(address.rstrip("/") + PATH, msgspec.json.encode(named))
    counted = ", ".join(f"{answer[word]} {word}" for word in _WORDS if answer.get(word))
    return f"{answer['resourceId']}: {counted or 'no findings'}"


def _post(url: str, body: bytes) -> dict[str, Any]:
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
