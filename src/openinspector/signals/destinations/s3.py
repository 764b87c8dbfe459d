"""An S3 bucket as destination: streamed in parts, encrypted with the caller's KMS key.

Credentials and endpoint are boto3's usual ones (`AWS_ENDPOINT_URL_S3` for other stores). Needed
are no more permissions than the documented bucket policy gives (spec/exports.md 2).
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from openinspector.signals.destinations.destination import DestinationError, ErrorCode, Watch

PART_BYTES = 8 * 1024 * 1024
"""Size of a part; S3 takes 10,000 of them, so that an object may have 78 GiB."""

_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):\d{12}:(key|alias)/.+")
_CODES: dict[str, ErrorCode] = {
    "404": "BUCKET_NOT_FOUND",
    "NoSuchBucket": "BUCKET_NOT_FOUND",
    "InvalidBucketName": "BUCKET_NOT_FOUND",
    "403": "INVALID_PERMISSIONS",
    "AccessDenied": "INVALID_PERMISSIONS",
    "AccessDeniedException": "INVALID_PERMISSIONS",
    "AllAccessDisabled": "INVALID_PERMISSIONS",
    "ExpiredToken": "INVALID_PERMISSIONS",
    "InvalidAccessKeyId": "INVALID_PERMISSIONS",
    "SignatureDoesNotMatch": "INVALID_PERMISSIONS",
    "301": "INCOMPATIBLE_BUCKET_REGION",
    "AuthorizationHeaderMalformed": "INCOMPATIBLE_BUCKET_REGION",
    "IllegalLocationConstraintException": "INCOMPATIBLE_BUCKET_REGION",
    "PermanentRedirect": "INCOMPATIBLE_BUCKET_REGION",
}
"""S3's error codes; those of KMS all begin with `KMS.`."""


class Bucket:
    """One bucket, with the key that encrypts what is written to it."""

    def __init__(self, bucket: str, key_arn: str, region: str, owner: str | None) -> None:
        self._region = region
        self._key_arn = key_arn
        self._place = {"Bucket": bucket}
        if owner is not None:
            self._place["ExpectedBucketOwner"] = owner
        self._encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_arn}
        with _translated():
            import boto3

            self._s3: Any = boto3.client("s3", region_name=region)

    def check(self) -> None:
        """The key and the bucket must be of this region, as far as anyone lets us know."""
        key = _KEY_ARN.fullmatch(self._key_arn)
        if key is None or key["region"] != self._region:
            raise DestinationError(
                "MALFORMED_KMS_KEY", f"kmsKeyArn must be the ARN of a KMS key in {self._region}."
            )
        region = self._bucket_region()
        if region and region != self._region:
            raise DestinationError(
                "INCOMPATIBLE_BUCKET_REGION", f"The bucket must be in {self._region}."
            )

    def _bucket_region(self) -> str | None:
        """The bucket's region, which S3 tells even to those who may not look into the bucket."""
        from botocore.exceptions import ClientError

        with _translated():
            try:
                answer = self._s3.head_bucket(**self._place)
            except ClientError as error:
                answer = error.response
                if answer.get("Error", {}).get("Code") != "403":
                    raise
        headers: dict[str, str] = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        return headers.get("x-amz-bucket-region")

    def write(self, key: str, chunks: Iterable[bytes], watch: Watch) -> None:
        """One request when it fits into a part, a multipart upload otherwise."""
        parts = _parts(chunks)
        first = next(parts)
        second = next(parts, None)
        with _translated():
            if second is None:
                watch.publish()
                self._s3.put_object(**self._place, Key=key, Body=first, **self._encryption)
                return
            upload = self._s3.create_multipart_upload(**self._place, Key=key, **self._encryption)
        of_upload = {**self._place, "Key": key, "UploadId": upload["UploadId"]}
        finished = False
        try:
            watch.began(key, upload["UploadId"])
            with _translated():
                sent = [self._part(of_upload, 1, first), self._part(of_upload, 2, second)]
                del first, second
                for number, part in enumerate(parts, start=3):
                    sent.append(self._part(of_upload, number, part))
                watch.publish()
                self._s3.complete_multipart_upload(**of_upload, MultipartUpload={"Parts": sent})
            finished = True
        finally:
            if not finished:
                self._abort(of_upload)

    def _part(self, of_upload: dict[str, str], number: int, body: bytes) -> dict[str, Any]:
        answer = self._s3.upload_part(**of_upload, PartNumber=number, Body=body)
        return {"PartNumber": number, "ETag": answer["ETag"]}

    def discard(self, key: str, attempt: str | None) -> None:
        """Abort the upload of an attempt that died."""
        if attempt is not None:
            self._abort({**self._place, "Key": key, "UploadId": attempt})

    def _abort(self, of_upload: dict[str, str]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        # What cannot be aborted (gone already, or no permission) is left to the bucket's rules.
        with suppress(ClientError, BotoCoreError):
            self._s3.abort_multipart_upload(**of_upload)

    def remove(self, key: str) -> None:
        """Delete a finished object, where the bucket's policy allows it."""
        with _translated():
            self._s3.delete_object(**self._place, Key=key)


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Chunks gathered into parts of at least `PART_BYTES`; at least one part."""
    gathered = bytearray()
    for chunk in chunks:
        gathered += chunk
        if len(gathered) >= PART_BYTES:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what boto3 raises into the report's error codes."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        ParamValidationError,
    )

    try:
        yield
    except ClientError as error:
        raise DestinationError(error_code(error.response), f"S3 refused: {error}") from error
    except ParamValidationError as error:
        raise DestinationError("BUCKET_NOT_FOUND", "This is not a bucket's name.") from error
    except NoCredentialsError as error:
        raise DestinationError(
            "INVALID_PERMISSIONS", "The service has no AWS credentials."
        ) from error
    except BotoCoreError as error:
        raise DestinationError("INTERNAL_ERROR", f"S3 cannot be used: {error}") from error


def error_code(response: Any) -> ErrorCode:
    """The report's error code for an error of S3."""
    error = response.get("Error", {})
    code = str(error.get("Code", ""))
    if code == "KMS.AccessDeniedException":
        return "INVALID_PERMISSIONS"
    if code.startswith("KMS.") or (code == "InvalidArgument" and "KMS" in error.get("Message", "")):
        return "MALFORMED_KMS_KEY"
    return _CODES.get(code, "INTERNAL_ERROR")
