"""What every destination does: take an object whole, or not at all."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, Protocol

from openinspector.model.errors import OpenInspectorError

ErrorCode = Literal[
    "INTERNAL_ERROR",
    "INVALID_PERMISSIONS",
    "NO_FINDINGS_FOUND",
    "BUCKET_NOT_FOUND",
    "INCOMPATIBLE_BUCKET_REGION",
    "MALFORMED_KMS_KEY",
]
"""`ReportingErrorCode` of the service model."""


class DestinationError(OpenInspectorError):
    """A destination refused; `code` is the report's error code."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class Watch(Protocol):
    """Whoever waits for a write: asked and told at the moments that matter."""

    def began(self, key: str, attempt: str) -> None:
        """An upload was opened under the name `attempt`: keep it, to discard it after a crash."""

    def publish(self) -> None:
        """The object is about to become visible; raising keeps it from that."""


class Destination(Protocol):
    """A bucket, or what stands for one."""

    def check(self) -> None:
        """Raise `DestinationError` when it is known in advance that nothing can be written."""

    def write(self, key: str, chunks: Iterable[bytes], watch: Watch) -> None:
        """Write one object. It appears whole; nothing is left when this or `chunks` raises."""

    def discard(self, key: str, attempt: str | None) -> None:
        """Remove what an attempt that died left of an unfinished object."""

    def remove(self, key: str) -> None:
        """Remove a finished object; no error when there is none."""


def open_destination(
    destination: Mapping[str, str], region: str, folder: Path | None
) -> Destination:
    """The destination that a request names (the model's `Destination`).

    Where a folder for exports is configured everything goes there, a sub-folder for each bucket
    name; otherwise to S3 in `region`. `file://` before a bucket name insists on the folder.
    """
    bucket = destination["bucketName"]
    name = bucket.removeprefix("file://")
    if folder is not None:
        from openinspector.signals.destinations.folder import Folder

        return Folder(folder, name)
    if name != bucket:
        raise DestinationError(
            "BUCKET_NOT_FOUND", "No folder for exports is configured (serve --export-folder)."
        )
    from openinspector.signals.destinations.s3 import Bucket

    return Bucket(bucket, destination["kmsKeyArn"], region, destination.get("expectedBucketOwner"))
