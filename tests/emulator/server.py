"""One WSGI application in front of moto's, and the server that serves it.

/_emulator/...     what other processes steer it with (control.py), and presigned downloads
/v2/...            the registry protocol of ECR (registry.py)
everything else    AWS; operations of `ANSWERS` are ours, the others moto's
"""

import argparse
import os
import signal
import socket
import time
from collections.abc import Iterable
from threading import Event, Thread
from typing import Any

from moto.core.exceptions import JsonRESTError, ServiceException
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from tests.emulator import (
    control,
    ebs,
    ecr,
    ecs,
    event_sources,
    functions,
    network_edges,
    organizations,
    registry,
    snapshots,
    ssm,
)
from tests.emulator.access import MANAGEMENT, REGION, client, environment
from tests.emulator.additions import ANSWERS, WATCHERS
from tests.emulator.disks import Disks
from tests.emulator.errors import AwsError
from tests.emulator.events import Events
from tests.emulator.faults import Faults, damaged, error_of
from tests.emulator.registry import Registry
from tests.emulator.software import Software
from tests.emulator.state import Received, State
from tests.emulator.wire import Call, Refused, is_signed

__all__ = ["ADDITIONS", "MANAGEMENT", "REGION", "Application", "Emulator"]

ADDITIONS = (
    *(ebs, ecr, ecs, event_sources, functions, network_edges, organizations, snapshots, ssm),
)
"""Modules that register themselves by being imported."""


class Application:
    """The WSGI application; one per process, as moto's state is the process's."""

    def __init__(self) -> None:
        self.state = State()
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        try:
            answer: Iterable[bytes] = self._answer(environ)(environ, start_response)
        except ConnectionResetError:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise
        return answer

    def _answer(self, environ: dict[str, Any]) -> Any:
        path = environ.get("PATH_INFO", "")
        if path.startswith("/_emulator/"):
            return control.respond(environ, self.state)
        if path == "/moto-api/reset":
            self.state.reset()
        if is_signed(environ):
            return self._call(Call(environ, self.state, self._moto))
        if path == "/v2" or path.startswith("/v2/"):
            return registry.respond(environ, self.state)
        return self._moto

    def _call(self, call: Call) -> Response:
        """Answer a call, and write it down; with status 0 where nothing is answered."""
        started, status = time.time(), 0
        asked = call.account, call.region, call.service, call.operation
        running = self.state.running
        with self.state.lock:
            running[asked] += 1
            at_once = running[asked]
        try:
            response = _outcome(call)
            status = response.status_code
            return response
        finally:
            with self.state.lock:
                running[asked] -= 1
            self.state.calls.append(Received(*asked, started, status, at_once))


def _outcome(call: Call) -> Response:
    """Ours or moto's answer; whoever watches the operation is told when it worked."""
    key = call.service, call.operation
    watchers = WATCHERS.get(key, ())
    try:
        _meet_faults(call)
        if key in ANSWERS:
            output = ANSWERS[key](call)
            response = call.respond(output)
        else:
            response = call.moto_response()
            output = call.read(response) if watchers else {}
        for watch in watchers:
            watch(call, dict(output))
        if call.corrupt:
            response = damaged(response)
    except ServiceException as error:
        return call.respond(error)
    except JsonRESTError as error:
        return call.respond(AwsError(error.error_type, error.message, error.code))
    except Refused as refused:
        return refused.response
    return response


def _meet_faults(call: Call) -> None:
    fault = call.state.faults.draw(call.service, call.operation, call.account, call.region)
    error = error_of(fault, call.service) if fault else None
    if error is not None:
        raise error
    if fault is not None and fault.kind == "partial":
        call.most = fault.most
        if (call.service, call.operation) not in ANSWERS:
            call.ask_for(fault.most)
    call.corrupt = fault is not None and fault.kind == "corrupt"


class Emulator:
    """An AWS on a loopback port, served by a thread; its parts can be reached while it runs."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._application = Application()
        self._server = make_server(
            host, port, self._application, threaded=True, request_handler=_QuietHandler
        )
        self.url = f"http://{host}:{self._server.server_port}"
        os.environ["MOTO_PORT"] = str(self._server.server_port)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def state(self) -> State:
        """Everything that is remembered beside moto."""
        return self._application.state

    @property
    def software(self) -> Software:
        """Managed instances and their inventory."""
        return Software(self.state)

    @property
    def registry(self) -> Registry:
        """The registries of ECR."""
        return Registry(self.state)

    @property
    def disks(self) -> Disks:
        """Disk files behind volumes and machine images."""
        return Disks(self.state)

    @property
    def events(self) -> Events:
        """EventBridge."""
        return Events(self.state)

    @property
    def faults(self) -> Faults:
        """What goes wrong."""
        return self.state.faults

    @property
    def calls(self) -> list[Received]:
        """The calls that came in; may be cleared."""
        return self.state.calls

    @property
    def environment(self) -> dict[str, str]:
        """What points any AWS client of another process here."""
        return environment(self.url)

    def client(self, service: str, account: str = MANAGEMENT, region: str = REGION) -> Any:
        """A boto3 client of any account, as its own administrator."""
        return client(self.url, service, account, region)

    def enrol(self, account: str, **more: Any) -> None:
        """Let an account be entered by the role of OpenInspector (`organizations.enrol`)."""
        organizations.enrol(account, **more)

    def reset(self) -> None:
        """A new AWS: moto's state and ours."""
        from moto.moto_api._internal.models import moto_api_backend

        moto_api_backend.reset()
        self.state.reset()

    def stop(self) -> None:
        """End serving; files go."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.state.close()


class _QuietHandler(MotoRequestHandler):
    """Requests are written down in `Emulator.calls`, not on the terminal."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def main(arguments: list[str] | None = None) -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.emulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5000)
    chosen = parser.parse_args(arguments)
    emulator = Emulator(chosen.host, chosen.port)
    print(emulator.url, flush=True)
    ended = Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ended.set())
    ended.wait()
    emulator.stop()
