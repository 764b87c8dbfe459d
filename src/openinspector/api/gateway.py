"""The gateway: every request goes through the same chain, driven by the service models.

Size and encoding, the service by the signature's scope, the route, the signature, the rate, the
policy, parsing and validation, the handler, serialisation; mutating calls are written down.
"""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Match
from starlette.routing import Route as HttpRoute
from starlette.types import Receive, Scope, Send

from openinspector.api.access.keys import authenticate
from openinspector.api.access.limits import Limits
from openinspector.api.access.master_key import MasterKey
from openinspector.api.access.policy import (
    allowed,
    asks_for_tags,
    context_of,
    resources_of,
    with_tags,
)
from openinspector.api.access.refusals import SignatureRefusal, UnknownKey, UnknownService
from openinspector.api.access.sigv4 import Request, Signature, headers_of, read_signature
from openinspector.api.answers import refuse, respond
from openinspector.api.body import inflate, read_body
from openinspector.api.call import Call, Caller, Handler, Service
from openinspector.api.operations import extensions, handlers
from openinspector.api.operations.tags import tags_of
from openinspector.api.wire.model import SERVICES, Routed, documents, find_route
from openinspector.api.wire.parse import parse_request
from openinspector.api.wire.serialise import serialise
from openinspector.api.wire.validate import validate
from openinspector.model.refusal import AccessDenied, Invalid, Refusal
from openinspector.store.access import AuditEntry, StoredKey, append_audit, find_key

AS_OF = "x-openinspector-as-of"
_READING = ("Get", "List", "BatchGet", "Describe", "Search", "Scan")
_MIB = 1 << 20
_AUDIT_CHARACTERS = 4096

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """Limits of the gateway: bytes of a body (as sent, and inflated), requests per second of a key.

    `document_bytes` holds for operations with a document among their members, `submission_bytes`
    for requests beyond the models.
    """

    body_bytes: int = _MIB
    document_bytes: int = 32 * _MIB
    submission_bytes: int = 64 * _MIB
    per_second: float = 100.0
    burst: float = 400.0
    failures_per_second: float = 2.0
    failures_burst: float = 60.0


class Gateway:
    """Answers requests; one for a server's life."""

    def __init__(
        self, service: Service, master: MasterKey, settings: Settings | None = None
    ) -> None:
        self._service = service
        self._master = master
        self._settings = settings or Settings()
        self._handlers: Mapping[str, Handler] = handlers()
        self._extensions: Mapping[tuple[str, str], tuple[str, Handler]] = extensions()
        self._limits = Limits(self._settings.per_second, self._settings.burst)
        self._failures = Limits(self._settings.failures_per_second, self._settings.failures_burst)

    async def __call__(self, http: HttpRequest) -> Response:
        """Answer one HTTP request; whatever happens, the answer is one that the model knows."""
        request_id = str(uuid.uuid4())
        try:
            head = Request(
                http.method,
                http.scope.get("raw_path", b"").partition(b"?")[0].decode("latin-1"),
                http.scope.get("query_string", b"").decode("latin-1"),
                headers_of(http.scope["headers"]),
                b"",
            )
            source = http.client.host if http.client else ""
            most = self._most_bytes(head)
            if most > self._settings.body_bytes:
                await run_in_threadpool(self._check_known, head, source)
            request = msgspec.structs.replace(
                head, body=await read_body(http, most, large=most > self._settings.body_bytes)
            )
            status, answer = await run_in_threadpool(
                self._answer, request, source, http.scope["scheme"], request_id, most
            )
            return respond(status, answer, request_id)
        except Refusal as refusal:
            return refuse(refusal, request_id)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:
            # The last resort: one request fails, the log keeps why, and the server lives.
            _log.exception("request %s failed", request_id)
            return refuse(
                Refusal("The service failed; the log of the server says why."), request_id
            )

    def _most_bytes(self, request: Request) -> int:
        """How large the body of a request may be."""
        where = (request.method, request.raw_path)
        if where in self._extensions:
            return self._settings.submission_bytes
        return self._settings.document_bytes if where in documents() else self._settings.body_bytes

    def _check_known(self, request: Request, source: str) -> None:
        """Raise unless a key that is in use is named: memory is held for no stranger's body."""
        try:
            signature = read_signature(request)
            with self._service.store.read() as connection:
                key = find_key(connection, signature.key_id)
            if key is None or key.revoked_at is not None:
                raise UnknownKey
        except SignatureRefusal:
            self._failures.take(source)
            raise

    def _answer(
        self, request: Request, source: str, scheme: str, request_id: str, most: int
    ) -> tuple[int, bytes]:
        now = self._service.clock()
        try:
            signature = read_signature(request)
        except SignatureRefusal:
            self._failures.take(source)
            raise
        routed, handler, name = self._route(request, signature)
        try:
            key = authenticate(
                self._service.store,
                self._master,
                request,
                signature,
                self._service.region,
                now / 1000,
            )
        except SignatureRefusal:
            self._failures.take(source)
            raise
        self._limits.take(key.id)
        inflated = inflate(request.body, request.header("content-encoding") or "", most)
        members = self._members(routed, request, inflated)
        resources = resources_of(members)
        caller = Caller(key.account, key.id, key.name)
        outcome = "InternalServerException"
        try:
            context = context_of(source, scheme, members)
            self._authorise(key, f"{signature.service}:{name}", resources, context)
            if routed is not None:
                validate(routed.operation, members)
            at = _as_of(request.header(AS_OF), now, name)
            call = Call(name, members, caller, self._service, now, at)
            answer = handler(call)
            outcome = "done"
        except Refusal as refusal:
            outcome = refusal.code
            raise
        finally:
            if not name.startswith(_READING):
                resource = " ".join(resources)[:_AUDIT_CHARACTERS]
                self._audit(now, caller, name, resource, source, outcome, request_id)
        if routed is None:
            return 200, msgspec.json.encode(answer)
        return serialise(routed.operation, answer)

    def _route(self, request: Request, signature: Signature) -> tuple[Routed | None, Handler, str]:
        if signature.service not in SERVICES:
            raise UnknownService(
                f"The request is signed for the service {signature.service!r};"
                f" this server speaks {' and '.join(SERVICES)}."
            )
        extension = self._extensions.get((request.method, request.raw_path))
        if extension is not None:
            return None, extension[1], extension[0]
        routed = find_route(signature.service, request.method, request.raw_path)
        if routed is None:
            raise UnknownService(
                f"{signature.service} has no operation at {request.method} {request.raw_path}."
            )
        name = routed.operation.name
        if name not in self._handlers:
            raise Refusal(f"{name} is not implemented by this version.")
        return routed, self._handlers[name], name

    def _members(self, routed: Routed | None, request: Request, body: bytes) -> dict[str, Any]:
        if routed is None:
            return {"body": body}
        query = parse_qsl(request.raw_query, keep_blank_values=True)
        return parse_request(routed.operation, routed.labels, query, dict(request.headers), body)

    def _authorise(
        self, key: StoredKey, action: str, resources: list[str], context: Mapping[str, str]
    ) -> None:
        tagged = asks_for_tags(key.policy)
        for resource in resources:
            known = self._tagged(context, key.account, resource) if tagged else context
            if not allowed(key.policy, action, resource, known):
                raise AccessDenied(
                    f"User: {self._user(key)} is not authorized to perform: {action}"
                    f" on resource: {resource}"
                )

    def _user(self, key: StoredKey) -> str:
        """A key as AWS would name who signed with it: by an ARN, in which clients look for it."""
        return f"arn:{self._service.partition}:iam::{key.account}:user/{key.name or key.id}"

    def _tagged(self, context: Mapping[str, str], account: str, resource: str) -> dict[str, str]:
        with self._service.store.read() as connection:
            return with_tags(context, tags_of(connection, account, resource))

    def _audit(self, now: int, caller: Caller, *what: str) -> None:
        """Write a mutating call down, refused ones too; `what` as `AuditEntry` has it."""
        entry = AuditEntry(now, caller.account, caller.key_id, *what)
        with self._service.store.append() as connection:
            append_audit(connection, entry)


def application(service: Service, master: MasterKey, settings: Settings | None = None) -> Starlette:
    """The ASGI application: every path but /health goes through the gateway."""
    gateway = Gateway(service, master, settings)

    async def health(_request: HttpRequest) -> Response:
        return JSONResponse({"status": "ok"})

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            response = await gateway(HttpRequest(scope, receive))
            await response(scope, receive, send)

    app = Starlette(routes=[_Health("/health", health, methods=["GET"])])
    # Not a route: routes refuse methods and targets that they do not know in words of their own.
    app.router.default = answer
    app.router.redirect_slashes = False
    return app


class _Health(HttpRoute):
    """A route that leaves other methods on its path to the gateway."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return (Match.NONE, {}) if match is Match.PARTIAL else (match, child)


def _as_of(text: str | None, now: int, name: str) -> int | None:
    """The moment of the header, in epoch milliseconds. Raises `Invalid`."""
    if text is None:
        return None
    if not name.startswith(_READING):
        raise Invalid(f"{name} changes the present; it cannot be asked as of a past moment.")
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            message = f"{AS_OF} is neither ISO 8601 nor epoch seconds: {text[:64]}"
            raise Invalid(message, [(AS_OF, message)]) from error
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not 0 <= seconds * 1000 <= now:
        raise Invalid(f"{AS_OF} must lie in the past.")
    return int(seconds * 1000)
