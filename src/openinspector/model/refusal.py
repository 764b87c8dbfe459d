"""Why a request is refused: one class for each error that the service models name.

Any room may raise them; the gateway writes them on the wire (spec/accounts.md 7). Their names and
members are the models' own, so that no table has to translate.
"""

from collections.abc import Sequence

from openinspector.model.errors import OpenInspectorError


class Refusal(OpenInspectorError):
    """A request that cannot be served, with what the caller should know."""

    code = "InternalServerException"

    def __init__(self, message: str, **members: object) -> None:
        super().__init__(message)
        self.message = message
        self.members = {name: value for name, value in members.items() if value is not None}


class Invalid(Refusal):
    """The request breaks a rule; `fields` names each member and what is wrong with it.

    The reason is FIELD_VALIDATION_FAILED where members are named, else OTHER.
    """

    code = "ValidationException"

    def __init__(
        self,
        message: str,
        fields: Sequence[tuple[str, str]] = (),
        reason: str | None = None,
    ) -> None:
        named = [{"name": name, "message": text} for name, text in fields]
        told = reason or ("FIELD_VALIDATION_FAILED" if named else "OTHER")
        super().__init__(message, reason=told, fields=named or None)


class BadRequest(Refusal):
    """The tags of a request cannot be used."""

    code = "BadRequestException"


class AccessDenied(Refusal):
    """The caller may not do this."""

    code = "AccessDeniedException"


class NotFound(Refusal):
    """What the request names does not exist, or not for this caller."""

    code = "ResourceNotFoundException"


class Conflict(Refusal):
    """The request contradicts the present state."""

    code = "ConflictException"

    def __init__(self, message: str, resource_id: str, resource_type: str) -> None:
        super().__init__(message, resourceId=resource_id, resourceType=resource_type)


class QuotaExceeded(Refusal):
    """A limit of the account is reached."""

    code = "ServiceQuotaExceededException"

    def __init__(self, message: str, resource_id: str) -> None:
        super().__init__(message, resourceId=resource_id)


class Throttled(Refusal):
    """Too many requests; `retry_after` is in seconds."""

    code = "ThrottlingException"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message, retryAfterSeconds=retry_after)
