"""Errors of AWS."""

from moto.core.errors import COMMON_ERROR_CODES
from moto.core.exceptions import ServiceException
from werkzeug.wrappers import Response

COMMON_ERROR_CODES.extend(
    [
        *("AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException"),
        *("InternalFailure", "InternalServerError", "ServiceUnavailable"),
        *("Throttling", "ThrottlingException"),
    ]
)
"""Codes that every service has, and that their models mostly leave out."""


class AwsError(ServiceException):
    """An answer that is an error of AWS; `status` where it is not that of the service's model.

    `members` are what the error's shape has beside its message, such as a Reason.
    """

    def __init__(
        self, code: str, message: str, status: int | None = None, **members: object
    ) -> None:
        super().__init__(code, message)
        self.status = status
        self.__dict__.update(members)


def s3_error(status: int, code: str, message: str) -> Response:
    """An error as S3 writes it."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(body, status, content_type="application/xml")
