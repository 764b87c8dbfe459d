"""Data keys of AWS KMS: only KMS can open what we keep of them.

Source: AWS KMS API reference, GenerateDataKeyWithoutPlaintext and Decrypt. Credentials, region and
endpoint are boto3's usual ones.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from openinspector.model import OpenInspectorError

_CONTEXT = {"openinspector": "master-key"}
"""KMS opens a data key only for who names the same purpose."""


def new_data_key(key: str, size: int) -> bytes:
    """A new data key of `size` bytes, encrypted under `key`. Raises `OpenInspectorError`."""
    with _kms(key) as client:
        answer = client.generate_data_key_without_plaintext(
            KeyId=key, NumberOfBytes=size, EncryptionContext=_CONTEXT
        )
    blob: bytes = answer["CiphertextBlob"]
    return blob


def open_data_key(key: str, encrypted: bytes) -> bytes:
    """The data key in the clear. Raises `OpenInspectorError`."""
    with _kms(key) as client:
        answer = client.decrypt(KeyId=key, CiphertextBlob=encrypted, EncryptionContext=_CONTEXT)
    plain: bytes = answer["Plaintext"]
    return plain


@contextmanager
def _kms(key: str) -> Iterator[Any]:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield boto3.client("kms", region_name=_region(key))
    except (BotoCoreError, ClientError) as error:
        raise OpenInspectorError(f"The master key under KMS key {key}: {error}") from error


def _region(key: str) -> str | None:
    """The region that an ARN names; else boto3's own."""
    parts = key.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > 4 else None
