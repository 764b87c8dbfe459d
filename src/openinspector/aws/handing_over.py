"""Handing an inventory of this machine to Systems Manager, as custom inventory.

Source: Systems Manager API reference, PutInventory; EC2 user guide, instance metadata (IMDSv2).
"""

import hashlib
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from openinspector.aws.ssm import WHOLE
from openinspector.aws.trouble import AwsTrouble, aws_calls

_ENDPOINT = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
_DEFAULT_ENDPOINT = "http://169.254.169.254"
_TOKEN_SECONDS = "60"
_SECONDS = 2.0
_MOST_BYTES = 1024 * 1024
"""What PutInventory takes of one type."""


class TooMuch(AwsTrouble):
    """Systems Manager takes no more of an instance: less has to be handed over."""


def put_inventory(instance: str, region: str | None, entries: Sequence[dict[str, str]]) -> None:
    """Hand entries over as the instance's. Raises `AwsTrouble`, `TooMuch` where less might do."""
    size = sum(len(value) for entry in entries for value in entry.values())
    if size > _MOST_BYTES:
        raise TooMuch(f"the inventory has {size:,} bytes; SSM takes {_MOST_BYTES:,}")
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        boto3.client("ssm", region_name=region).put_inventory(
            InstanceId=instance,
            Items=[
                {
                    "TypeName": WHOLE,
                    "SchemaVersion": "1.0",
                    "CaptureTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "ContentHash": _hash(entries),
                    "Content": list(entries),
                }
            ],
        )

    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _TOO_MUCH:
            raise TooMuch(f"PutInventory of {instance}: {error}") from error
        with aws_calls(f"PutInventory of {instance}"):
            raise
    except BotoCoreError as error:
        raise AwsTrouble(f"PutInventory of {instance}: {error}") from error


_TOO_MUCH = frozenset(
    {
        *("TotalSizeLimitExceededException", "ItemSizeLimitExceededException"),
        *("SubTypeCountLimitExceededException", "CustomSchemaCountLimitExceededException"),
    }
)
"""Errors of PutInventory that mean: no more of this instance, or no more today."""


def _hash(entries: Sequence[dict[str, str]]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for entry in entries:
        digest.update(repr(sorted(entry.items())).encode())
    return digest.hexdigest()


def this_instance() -> tuple[str, str]:
    """Identifier and region of the instance that this runs on. Raises `AwsTrouble`."""
    import urllib3

    endpoint = os.environ.get(_ENDPOINT, _DEFAULT_ENDPOINT).rstrip("/")
    pool = urllib3.PoolManager(retries=False, timeout=_SECONDS)

    def ask(method: str, path: str, **headers: str) -> str:
        answer: Any = pool.request(method, f"{endpoint}/latest/{path}", headers=headers)
        if answer.status != 200:
            raise AwsTrouble(f"the instance's metadata service says {answer.status} to {path}")
        return str(answer.data.decode("ascii"))

    try:
        token = ask("PUT", "api/token", **{"X-aws-ec2-metadata-token-ttl-seconds": _TOKEN_SECONDS})
        known = {"X-aws-ec2-metadata-token": token}
        instance = ask("GET", "meta-data/instance-id", **known)
        return instance, ask("GET", "meta-data/placement/region", **known)
    except (urllib3.exceptions.HTTPError, UnicodeDecodeError) as error:
        raise AwsTrouble(
            "this is no EC2 instance, or its metadata service is off: name it by --instance-id"
        ) from error
