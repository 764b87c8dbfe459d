"""The emulator's server: additions first, moto for everything else."""

import io
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Thread
from typing import Any, NamedTuple

from tests.emulator.code import Code
from tests.emulator.faults import Faults
from tests.emulator.http import Answer, Request, read_request, send
from tests.emulator.registry import Registry
from tests.emulator.software import Software

REGION = "us-east-1"
MANAGEMENT = "123456789012"
"""moto's own account: that of any credentials that it does not know."""


class Call(NamedTuple):
    """A call that was made."""

    account: str
    region: str
    service: str
    operation: str


class Emulator:
    """An AWS on a loopback port; its parts can be reached into while it runs."""

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Quiet(WSGIRequestHandler):
            def log(self, *_: object) -> None:
                """What was asked is in `calls`."""

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.software = Software()
        self.registry = Registry(self.url)
        self.code = Code(self.url)
        self.faults = Faults()
        self.calls: list[Call] = []
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server(
            "127.0.0.1", port, self._serve, threaded=True, request_handler=Quiet
        )
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reset(self) -> None:
        """Forget everything; also what moto keeps."""
        from moto.core.model_instances import reset_model_data
        from moto.moto_api._internal.models import moto_api_backend

        with suppress(Exception):
            moto_api_backend.reset()
        reset_model_data()
        self.__dict__.update(
            software=Software(),
            registry=Registry(self.url),
            faults=Faults(),
            calls=[],
        )

    def client(self, service: str, account: str = MANAGEMENT, region: str = REGION) -> Any:
        """A boto3 client of any account, as its own administrator."""
        import boto3

        arguments = {
            "endpoint_url": self.url,
            "region_name": region,
            "aws_access_key_id": "testing",
            "aws_secret_access_key": "testing",
        }
        if account != MANAGEMENT:
            sts = boto3.client("sts", **arguments)
            role = f"arn:aws:iam::{account}:role/Administrator"
            given = sts.assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
            arguments |= {
                "aws_access_key_id": given["AccessKeyId"],
                "aws_secret_access_key": given["SecretAccessKey"],
                "aws_session_token": given["SessionToken"],
            }
        return boto3.client(service, **arguments)

    @property
    def environment(self) -> dict[str, str]:
        """What points any AWS client of another process here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def _serve(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        request = read_request(environ)
        if request.scope[2]:
            call = Call(request.account, *request.scope[1:], request.operation)
            self.calls.append(call)

        def moto() -> Answer:
            return self._ask_moto(environ, request)

        answer = (
            self.faults.answer(request)
            or self.software.answer(request)
            or self.registry.answer(request)
            or self.code.answer(request, moto)
            or moto()
        )
        return send(answer, start_response)

    def _ask_moto(self, environ: Mapping[str, Any], request: Request) -> Answer:
        told: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
            told.update(status=int(status.split()[0]), headers=dict(headers))

        passed = {**environ, "wsgi.input": io.BytesIO(request.body)}
        body = b"".join(self._moto(passed, start_response))
        told["headers"].pop("Content-Length", None)
        return Answer(told["status"], body, told["headers"])
