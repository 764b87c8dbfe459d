"""Answers and refusals as HTTP responses."""

import json

from starlette.responses import Response

from openinspector.api.wire.model import SERVICES, service_model
from openinspector.model.refusal import Refusal


def respond(status: int, body: bytes, request_id: str) -> Response:
    """The response of an answer that is JSON already."""
    return Response(
        body,
        status,
        {"x-amzn-requestid": request_id},
        media_type="application/json",
    )


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal: its own, or the one that the model gives its name."""
    own = getattr(refusal, "status", None)
    if own is not None:
        return int(own)
    model = service_model(SERVICES[0])
    if refusal.code in model.shape_names:
        shape = model.shape_for(refusal.code)
        return int(shape.metadata.get("error", {}).get("httpStatusCode", 500))
    return 500


def refuse(refusal: Refusal, request_id: str) -> Response:
    """The response of a refusal: its name in a header, its members in the body."""
    status = status_of(refusal)
    members = dict(refusal.members)
    headers = {"x-amzn-requestid": request_id, "x-amzn-errortype": refusal.code}
    wait = members.pop("retryAfterSeconds", 1 if status == 500 else None)
    if wait is not None:
        headers["retry-after"] = str(wait)
    body = json.dumps({"message": refusal.message, **members})
    return Response(body, status, headers, media_type="application/json")
