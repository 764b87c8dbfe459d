"""Requests and answers as the additions see them: a few plain values around WSGI."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

_CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Request:
    """One request, and who signed it for which service and region."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def scope(self) -> tuple[str, str, str]:
        """Access key, region and service of the signature; empty where there is none."""
        found = _CREDENTIAL.search(self.headers.get("authorization", ""))
        return (found[1], found[2], found[3]) if found else ("", "", "")

    @property
    def account(self) -> str:
        from moto.iam.models import get_account_id_from

        return get_account_id_from(self.scope[0])

    @property
    def operation(self) -> str:
        """The operation, where the protocol says it: JSON by header, query by Action."""
        target = self.headers.get("x-amz-target", "")
        if target:
            return target.rpartition(".")[2]
        found = re.search(rb"(?:^|&)Action=([A-Za-z0-9]+)", self.body)
        return found[1].decode() if found else f"{self.method} {self.path}"

    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body or b"{}")
        return document


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(document: Any, status: int = 200, **headers: str) -> Answer:
    body = json.dumps(document).encode()
    return Answer(status, body, {"Content-Type": "application/x-amz-json-1.1", **headers})


def json_error(code: str, message: str, status: int = 400) -> Answer:
    """An error of a service that speaks JSON."""
    return json_answer({"__type": code, "message": message}, status, **{"x-amzn-ErrorType": code})


Application = Callable[[Mapping[str, Any], Callable[..., Any]], Any]


def read_request(environ: Mapping[str, Any]) -> Request:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    return Request(
        environ["REQUEST_METHOD"],
        environ.get("PATH_INFO", "/"),
        environ.get("QUERY_STRING", ""),
        headers,
        body,
    )


def send(answer: Answer, start_response: Callable[..., Any]) -> list[bytes]:
    phrase = HTTPStatus(answer.status).phrase
    headers = {"Content-Length": str(len(answer.body)), **answer.headers}
    start_response(f"{answer.status} {phrase}", list(headers.items()))
    return [answer.body]
