"""What went wrong at AWS, told apart by what it means for a resource.

The codes are those of the services' API references; each service spells some its own way.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from openinspector.model import OpenInspectorError

_DENIED = frozenset(
    {
        *("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure"),
        *("UnauthorizedAccess", "KMSAccessDeniedException", "OptInRequired", "NotAuthorized"),
        *("InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException"),
    }
)
_GONE = frozenset(
    {
        *("InvalidInstanceID.NotFound", "ResourceNotFoundException", "ImageNotFoundException"),
        *("RepositoryNotFoundException", "InvalidSnapshot.NotFound", "InvalidVolume.NotFound"),
        *("InvalidAMIID.NotFound", "NoSuchKey"),
    }
)


class AwsTrouble(OpenInspectorError):
    """A call that did not work; the work it was for is tried again. `reason` is for coverage."""

    reason = "INTERNAL_ERROR"


class Denied(AwsTrouble):
    """AWS does not let us: somebody has to change a policy."""

    reason = "ACCESS_DENIED"


class Gone(AwsTrouble):
    """What was asked for is not there any more."""

    reason = "RESOURCE_TERMINATED"


class Unfit(AwsTrouble):
    """The resource is there, but cannot be scanned; `reason` says why in the API's words."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@contextmanager
def aws_calls(what: str) -> Iterator[None]:
    """Turn botocore's errors into ours, naming `what` was asked for."""
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        kind = Denied if code in _DENIED else Gone if code in _GONE else AwsTrouble
        raise kind(f"{what}: {error}") from error
    except (BotoCoreError, ResponseParserError) as error:
        raise AwsTrouble(f"{what}: {error}") from error
