"""Why a signature is not accepted, under the names and statuses that AWS gives them."""

from openinspector.model.refusal import Refusal


class SignatureRefusal(Refusal):
    """A request whose sender is not proven."""

    status = 403


class MissingToken(SignatureRefusal):
    """There is no signature at all."""

    code = "MissingAuthenticationTokenException"


class IncompleteSignature(SignatureRefusal):
    """The signature lacks a part, or a part cannot be read."""

    code = "IncompleteSignatureException"
    status = 400


class UnknownKey(SignatureRefusal):
    """No such access key, or it was revoked; the message is AWS's own."""

    code = "UnrecognizedClientException"

    def __init__(self, more: str = "") -> None:
        super().__init__(f"The security token included in the request is invalid.{more}")


class InvalidSignature(SignatureRefusal):
    """The signature does not belong to this request, or its time is over."""

    code = "InvalidSignatureException"


class UnknownService(SignatureRefusal):
    """The signature is for a service, or the path for an operation, that is not served here."""

    code = "UnknownOperationException"
    status = 404
