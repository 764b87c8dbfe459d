"""Reaching the emulator's accounts with boto3: as the administrator of any of them."""

import json
import os
import urllib.request
from typing import Any

REGION = "us-east-1"
MANAGEMENT = "123456789012"
"""The account of credentials that moto did not make."""


def environment(url: str) -> dict[str, str]:
    """What points any AWS client to the emulator, as its management account."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def client(url: str, service: str, account: str = MANAGEMENT, region: str = REGION) -> Any:
    """A boto3 client of an account that is there as soon as it is named; it tries only once."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        region_name=region,
        endpoint_url=url,
        aws_access_key_id="testing" if account == MANAGEMENT else _key(url, account),
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}),
    )


def _key(url: str, account: str) -> str:
    body = json.dumps({"account": account}).encode()
    request = urllib.request.Request(
        f"{url}/_emulator/keys",
        method="POST",
        data=body,
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(json.load(answer)["accessKeyId"])
