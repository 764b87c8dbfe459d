"""A call of AWS, and answers in the form that its service speaks: moto's parsers and serialisers.

One call has a service (boto3's name), an operation, an account (by the access key, as moto tells
them apart), a region and parameters. An addition takes it and returns the output, by the names of
the service's model, or raises `AwsError`.
"""

import base64
import binascii
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from botocore.parsers import create_parser
from moto.core.exceptions import ServiceException
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from moto.iam.models import get_account_id_from
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from tests.emulator.errors import AwsError, s3_error
from tests.emulator.state import Place, State

_LIMITS = ("MaxResults", "maxResults", "MaxItems", "ResourcesPerPage")
"""How operations call the size of a page."""
Wsgi = Callable[..., Iterable[bytes]]
Output = Mapping[str, Any]

_NAMES = {"monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi", "email": "ses"}
"""Names in signatures that are not boto3's."""
_BALANCERS = {"2012-06-01": "elb", "2015-12-01": "elbv2"}
"""Versions of the API under one name, and what boto3 calls them."""


class Refused(Exception):
    """Moto's answer is an error: it is handed on as it is."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class Page(NamedTuple):
    """A page of a listing; `token` is None at its end."""

    items: list[Any]
    token: str | None


class Call:
    """One signed request."""

    def __init__(self, environ: dict[str, Any], state: State, moto: Wsgi) -> None:
        self._environ = environ
        self._moto = moto
        self.state = state
        key, _, self.region, service, *_ = _credential(environ)
        self.service = _NAMES.get(service, service)
        self.account: str = get_account_id_from(key)
        self.most: int | None = None
        self.corrupt = False
        if self.service != "s3":
            self._body = Request(environ).get_data(cache=False)
            self._rewind()
        if self.service == "elasticloadbalancing":
            version = dict(parse_qsl(self._body.decode("latin-1"))).get("Version", "")
            self.service = _BALANCERS.get(version, "elbv2")

    def _rewind(self) -> None:
        self._environ["wsgi.input"] = io.BytesIO(self._body)
        self._environ["CONTENT_LENGTH"] = str(len(self._body))
        self._environ.pop("HTTP_TRANSFER_ENCODING", None)

    @property
    def host(self) -> str:
        """The emulator's host and port, as the caller names them."""
        return str(self._environ["HTTP_HOST"])

    @property
    def place(self) -> Place:
        """What is remembered of the call's account and region."""
        return self.state.places[self.account, self.region]

    @cached_property
    def operation(self) -> str:
        """The operation by the service's model; the HTTP method and path where it is not known."""
        target = self._environ.get("HTTP_X_AMZ_TARGET")
        if target:
            return str(target).rpartition(".")[2]
        if self.service != "s3":
            action = dict(parse_qsl(self._body.decode("latin-1"))).get("Action")
            if action and "x-www-form-urlencoded" in self._environ.get("CONTENT_TYPE", ""):
                return action
        try:
            return str(self._routed[0].name)
        except NotFound:
            return f"{self._environ['REQUEST_METHOD']} {self._environ['PATH_INFO']}"

    @cached_property
    def _routed(self) -> tuple[OperationModel, dict[str, Any]]:
        operation, parameters = get_service_router(self.service).match(self._request())
        return operation, parameters

    def _request(self) -> Request:
        if self.service != "s3":
            self._rewind()
        return Request(dict(self._environ))

    @cached_property
    def model(self) -> OperationModel:
        """The operation in the service's model."""
        model: OperationModel = get_service_model(self.service).operation_model(self.operation)
        return model

    @cached_property
    def protocol(self) -> str:
        """The protocol that the caller chose."""
        model = self.model.service_model
        return determine_request_protocol(model, self._environ.get("CONTENT_TYPE"))

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The input, by the names of the service's model."""
        by_path = self.protocol.startswith("rest")
        request = self._request()
        data = request.get_data()
        parsed: dict[str, Any] = PROTOCOL_PARSERS[self.protocol](self.model).parse(
            {
                "method": request.method,
                "values": Request({**self._environ, "wsgi.input": io.BytesIO(data)}).values,
                "headers": request.headers,
                "body": data,
                "url_path": request.path,
                "url_params": self._routed[1] if by_path else {},
            }
        )
        return parsed

    def ask_for(self, most: int) -> None:
        """Let moto's pages be shorter than the caller wants; ours are by `most`."""
        shape = self.model.input_shape
        name = next((each for each in _LIMITS if shape and each in shape.members), None)
        if name:
            self._replace(name, most)

    def _replace(self, name: str, value: int) -> None:
        if self.protocol == "json":
            self._body = json.dumps({**json.loads(self._body or b"{}"), name: value}).encode()
        elif self.protocol in ("ec2", "query"):
            self._body = urlencode({**dict(parse_qsl(self._body.decode())), name: value}).encode()
        else:
            query = dict(parse_qsl(self._environ.get("QUERY_STRING", "")))
            location = self.model.input_shape.members[name].serialization["name"]
            self._environ["QUERY_STRING"] = urlencode({**query, location: value})
        self.__dict__.pop("parameters", None)

    def moto_response(self) -> Response:
        """What moto answers."""
        if self.service != "s3":
            self._rewind()
        return Response.from_app(self._moto, self._environ, buffered=True)

    def moto(self) -> dict[str, Any]:
        """What moto answers, read; raises `Refused` with its error."""
        return self.read(self.moto_response())

    def read(self, response: Response) -> dict[str, Any]:
        """An answer of this operation as boto3 would give it; raises `Refused`."""
        if response.status_code >= 300:
            raise Refused(response)
        parsed: dict[str, Any] = create_parser(self.protocol).parse(
            {
                "status_code": response.status_code,
                "headers": dict(response.headers),
                "body": response.get_data(),
            },
            self.model.output_shape,
        )
        parsed.pop("ResponseMetadata", None)
        return parsed

    def page(
        self, items: Sequence[Any], limit: int, token: str | None, error: str | AwsError
    ) -> Page:
        """The items after `token`; raises `error` (or one of that code) for a token of nobody."""
        start = 0
        if token:
            try:
                word, told = base64.b64decode(token, validate=True).decode().split(":")
                start = int(told) if word == "after" else -1
            except (binascii.Error, ValueError, UnicodeDecodeError):
                start = -1
            if start < 0:
                message = "The specified token isn't valid."
                raise AwsError(error, message) if isinstance(error, str) else error
        end = start + min(limit, self.most or limit)
        more = base64.b64encode(f"after:{end}".encode()).decode() if end < len(items) else None
        return Page(list(items[start:end]), more)

    def respond(self, result: Output | ServiceException) -> Response:
        """The answer in the form that the caller's protocol wants."""
        own_status = result.status if isinstance(result, AwsError) else None
        if self.service == "s3" and isinstance(result, ServiceException):
            return s3_error(own_status or 400, result.code, result.message)
        serializer = get_serializer_class(self.service, self.protocol)(self.model)
        made = serializer.serialize(result)
        status = own_status or made["status_code"]
        headers = {**made["headers"], "x-amzn-RequestId": "00000000-0000-4000-8000-000000000000"}
        return Response(made["body"], status, headers)


def _credential(environ: Mapping[str, Any]) -> list[str]:
    """Access key, day, region and service of a signature (version 4)."""
    header = str(environ.get("HTTP_AUTHORIZATION", ""))
    return header.partition("Credential=")[2].partition(",")[0].strip().split("/")


def is_signed(environ: Mapping[str, Any]) -> bool:
    """Whether a request is a signed call of AWS."""
    return len(_credential(environ)) == 5
