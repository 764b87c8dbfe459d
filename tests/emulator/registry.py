"""The registry protocol as ECR speaks it: Basic authentication, blobs by redirect to presigned S3.

Protocol: https://github.com/opencontainers/distribution-spec/blob/main/spec.md (pulling). A token
of `GetAuthorizationToken` says whose registry is meant, as AWS's host names do.
"""

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.ecr.models import Image, Repository, ecr_backends
from werkzeug.wrappers import Request, Response

from tests.emulator.ecr import push_image
from tests.emulator.event_shapes import image_action
from tests.emulator.events import Events
from tests.emulator.faults import damaged, plain
from tests.emulator.state import State, Token, now

_PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs)/(?P<reference>[^/]+)")


class Registry:
    """The registries of all accounts."""

    def __init__(self, state: State) -> None:
        self._state = state

    def push(self, account: str, region: str, repository: str, tag: str | None, path: Path) -> str:
        """Push a docker archive or an OCI layout; returns the digest of the image."""
        digest = push_image(self._state, account, region, repository, tag, path)
        pushed = image_action(account, region, "PUSH", repository, digest, tag)
        Events(self._state).put(pushed)
        return digest

    def pulled(self, account: str, region: str, repository: str, digest: str, at: float) -> None:
        """Somebody pulled an image at a moment (epoch seconds)."""
        moment = datetime.fromtimestamp(at, UTC)
        self._state.places[account, region].pulled[repository, digest] = moment

    @property
    def pulls(self) -> list[str]:
        """Digests of the manifests and blobs that were asked for, in order."""
        return self._state.pulls


class _RegistryError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def respond(environ: dict[str, Any], state: State) -> Response:
    """Answer a request below `/v2/`."""
    request = Request(environ)
    try:
        token = _authenticated(request, state)
        fault = state.faults.draw("registry", request.method, token.account, token.region)
        faulty = plain(fault) if fault else None
        if faulty is not None:
            return faulty
        if request.path.rstrip("/") == "/v2":
            return _json({})
        answer = _content(request, state, token)
        return damaged(answer) if fault and fault.kind == "corrupt" else answer
    except _RegistryError as error:
        answer = _json({"errors": [{"code": error.code, "message": str(error)}]}, error.status)
        if error.status == 401:
            realm = f"http://{request.host}/"
            answer.headers["WWW-Authenticate"] = (
                f'Basic realm="{realm}",service="ecr.amazonaws.com"'
            )
        return answer


def _authenticated(request: Request, state: State) -> Token:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        user, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        user = secret = ""
    token = state.tokens.get(secret)
    if scheme.lower() != "basic" or user != "AWS" or token is None:
        raise _RegistryError(401, "UNAUTHORIZED", "Not Authorized")
    if token.expires < now():
        raise _RegistryError(
            403, "DENIED", "Your authorization token has expired. Reauthenticate and try again."
        )
    return token


def _content(request: Request, state: State, token: Token) -> Response:
    found = _PATH.fullmatch(request.path)
    if found is None or request.method not in ("GET", "HEAD"):
        raise _RegistryError(405, "UNSUPPORTED", "The emulator's registry is for pulling")
    repository = ecr_backends[token.account][token.region].repositories.get(found["name"])
    if repository is None:
        raise _RegistryError(
            404,
            "NAME_UNKNOWN",
            f"The repository with name '{found['name']}' does not exist in the registry with id"
            f" '{token.account}'",
        )
    if found["kind"] == "blobs":
        return _blob(request, state, repository, found["reference"])
    image = _image(repository, found["reference"])
    if request.method == "GET":
        place = state.places[token.account, token.region]
        place.pulled[repository.name, image.image_digest] = now()
        state.pulls.append(image.image_digest)
    body = image.image_manifest.encode()
    headers = {"Docker-Content-Digest": image.image_digest, "Content-Length": str(len(body))}
    return Response(
        body if request.method == "GET" else b"",
        headers=headers,
        content_type=image.image_manifest_media_type,
    )


def _image(repository: Repository, reference: str) -> Image:
    for image in repository.images:
        if reference == image.image_digest or reference in image.image_tags:
            return image
    raise _RegistryError(404, "MANIFEST_UNKNOWN", "Requested image not found")


def _blob(request: Request, state: State, repository: Repository, digest: str) -> Response:
    """A redirect, if an image of this repository has the blob."""
    named = any(digest in image.image_manifest for image in repository.images)
    path = state.blob(digest)
    if not named or not re.fullmatch(r"sha256:[0-9a-f]{64}", digest) or not path.exists():
        raise _RegistryError(404, "BLOB_UNKNOWN", "blob unknown to registry")
    state.pulls.append(digest)
    place = state.presign(path, request.host, digest, minutes=60)
    return Response(b"", 307, {"Location": place})


def _json(document: object, status: int = 200) -> Response:
    answer = Response(json.dumps(document), status, content_type="application/json")
    answer.headers["Docker-Distribution-Api-Version"] = "registry/2.0"
    return answer
