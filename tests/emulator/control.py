"""What tests steer the emulator with: `/_emulator/...`, JSON in and out (README.md)."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from moto.core.exceptions import ServiceException
from moto.iam.models import iam_backends
from werkzeug.exceptions import HTTPException
from werkzeug.utils import send_file
from werkzeug.wrappers import Request, Response

from tests.emulator.archives import BadImage
from tests.emulator.disks import Disks
from tests.emulator.errors import s3_error
from tests.emulator.events import Events
from tests.emulator.faults import damaged, plain
from tests.emulator.organizations import enrol
from tests.emulator.registry import Registry
from tests.emulator.software import Software
from tests.emulator.state import State, now

Told = dict[str, Any]


def respond(environ: dict[str, Any], state: State) -> Response:
    """Answer a request below `/_emulator/`."""
    request = Request(environ)
    path = request.path.removeprefix("/_emulator/")
    if path.startswith("download/"):
        return _download(request, state)
    action = _ACTIONS.get((request.method, path))
    if action is None:
        return _json({"error": f"no such thing: {request.method} {request.path}"}, 404)
    told = request.get_json(silent=True) if request.content_length else None
    try:
        with state.lock:
            return _json(action(state, told or {}))
    except (KeyError, TypeError, ValueError, OSError, ServiceException, BadImage) as error:
        return _json({"error": f"{type(error).__name__}: {error}"}, 400)


def _json(document: object, status: int = 200) -> Response:
    return Response(json.dumps(document), status, content_type="application/json")


def _calls(state: State, told: Told) -> object:
    return {"calls": [asdict(each) for each in state.calls], "blockBytes": state.block_bytes}


def _forget_calls(state: State, told: Told) -> object:
    state.calls.clear()
    state.block_bytes = 0
    return {}


def _key(state: State, told: Told) -> object:
    backend = iam_backends[told["account"]]["aws"]
    return {"accessKeyId": backend.create_temp_access_key().access_key_id}


def _role(state: State, told: Told) -> object:
    enrol(**told)
    return {}


def _node(state: State, told: Told) -> object:
    Software(state).manage(**told)
    return {}


def _forget_node(state: State, told: Told) -> object:
    Software(state).unmanage(**told)
    return {}


def _fault(state: State, told: Told) -> object:
    state.faults.add(**told)
    return {}


def _forget_faults(state: State, told: Told) -> object:
    state.faults.active.clear()
    return {}


def _image(state: State, told: Told) -> object:
    return {"imageDigest": Registry(state).push(**{**told, "path": Path(told["path"])})}


def _disk(state: State, told: Told) -> object:
    return {"volume": Disks(state).attach(**{**told, "path": Path(told["path"])})}


def _event(state: State, told: Told) -> object:
    if "queue" in told:
        Events(state).deliver(told["queue"], told["event"])
    else:
        Events(state).put(told["event"])
    return {}


def _machine_image(state: State, told: Told) -> object:
    return {"imageId": Disks(state).image(**{**told, "path": Path(told["path"])})}


_ACTIONS: dict[tuple[str, str], Callable[[State, Told], object]] = {
    ("GET", "calls"): _calls,
    ("DELETE", "calls"): _forget_calls,
    ("POST", "keys"): _key,
    ("POST", "roles"): _role,
    ("POST", "nodes"): _node,
    ("DELETE", "nodes"): _forget_node,
    ("POST", "images"): _image,
    ("POST", "disks"): _disk,
    ("POST", "machine-images"): _machine_image,
    ("POST", "events"): _event,
    ("POST", "faults"): _fault,
    ("DELETE", "faults"): _forget_faults,
}


def _download(request: Request, state: State) -> Response:
    """A download, unless it meets a fault."""
    fault = state.faults.draw("download", request.method, "", "")
    faulty = plain(fault) if fault else None
    if faulty is not None:
        return faulty
    answer = _downloaded(request, state)
    return damaged(answer) if fault and fault.kind == "corrupt" else answer


def _downloaded(request: Request, state: State) -> Response:
    """Content of a presigned address, as S3 gives it: no other credentials, not too late."""
    found = state.downloads.get(request.args.get("X-Amz-Signature", ""))
    if "Authorization" in request.headers:
        return s3_error(400, "InvalidArgument", "Only one auth mechanism allowed")
    if found is None:
        return s3_error(403, "SignatureDoesNotMatch", "The request signature does not match")
    if found.expires < now():
        return s3_error(403, "AccessDenied", "Request has expired")
    if isinstance(found.content, bytes):
        return Response(found.content, content_type="application/octet-stream")
    try:
        return send_file(
            found.content, request.environ, mimetype="application/octet-stream", conditional=True
        )
    except HTTPException as error:
        return s3_error(error.code or 500, "InvalidRange", str(error))
