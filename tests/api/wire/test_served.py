"""A real process: its limits, odd methods and targets, and how it stops."""

import gzip
import json
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.api.conftest import PROGRAM, STANDALONE, Server, free_port, new_key, start
from tests.api.test_gateway import assert_alive, send

MIB = 1 << 20


def padded(size: int) -> bytes:
    return b'{"maxResults": 1}' + b" " * (size - 17)


def test_each_operation_has_its_own_limit(server: Server) -> None:
    assert send(server, "/findings/list", padded(MIB))[0] == 200
    zipped = {"Content-Encoding": "gzip"}
    for size, path, service in (
        (MIB + 1, "/findings/list", "inspector2"),
        (32 * MIB + 1, "/scan/sbom", "inspector-scan"),
    ):
        for body, headers in ((padded(size), {}), (gzip.compress(padded(size), 1), zipped)):
            status, _, answer = send(server, path, body, service=service, headers=headers)
            assert (status, answer["reason"]) == (400, "CANNOT_PARSE")
            assert "larger" in answer["message"]
    document = padded(2 * MIB)
    answer = send(server, "/scan/sbom", document, service="inspector-scan")[2]
    assert answer["fields"][0]["name"] == "sbom"


@pytest.mark.parametrize("path", ["/scan/sbom", "/openinspector/resources/submit"])
@pytest.mark.parametrize(
    ("signature", "code"),
    [
        (b"", b"MissingAuthenticationToken"),
        (
            b"Authorization: AWS4-HMAC-SHA256 Credential=OIKAAAAAAAAAAAAAAAAA/20260101/us-east-1/"
            b"inspector2/aws4_request,SignedHeaders=host,Signature=00\r\n"
            b"X-Amz-Date: 20260101T000000Z\r\n",
            b"UnrecognizedClient",
        ),
    ],
)
def test_no_memory_is_held_for_a_strangers_document(
    server: Server, path: str, signature: bytes, code: bytes
) -> None:
    parts = urlsplit(server.address)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as peer:
        head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n" % path.encode()
        peer.sendall(head + signature + b"\r\n")
        answer = peer.recv(1000)
    assert answer.startswith(b"HTTP/1.1 403")
    assert code in answer


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "OPTIONS", "PATCH"])
def test_any_other_method_is_an_unknown_operation(server: Server, method: str) -> None:
    status, headers, _ = send(server, "/findings/list", b"", method=method)
    assert (status, headers["x-amzn-errortype"]) == (404, "UnknownOperationException")


@pytest.mark.parametrize(
    "target", [b"*", b"http://x/findings/list", b"/%ff%00", b"//", b"/health/"]
)
def test_odd_targets_are_answered_as_the_service_answers(server: Server, target: bytes) -> None:
    parts = urlsplit(server.address)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as peer:
        peer.sendall(b"POST " + target + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert b"x-amzn-errortype: MissingAuthenticationToken" in peer.recv(1000)


def test_numbers_beyond_all_bounds_are_the_callers_fault(server: Server) -> None:
    for number in (10**400, 10**30, -(10**400)):
        body = json.dumps({"maxResults": number}).encode()
        assert send(server, "/findings/list", body)[1]["x-amzn-errortype"] == "ValidationException"
    assert_alive(server)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_in_order(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "data"
    key = new_key(folder, STANDALONE)
    running = start(folder, {STANDALONE: key})
    assert running.client(STANDALONE).list_findings()["findings"] == []
    running.process.send_signal(number)
    assert running.process.wait(30) == 0
    # SQLite folds its log in when the last connection is closed.
    assert not list(folder.glob("*-wal"))


@pytest.mark.parametrize(
    "options",
    [
        ("--tls-cert", "/none/such", "--tls-key", "/none/such"),
        ("--tls-cert", __file__, "--tls-key", __file__),
        ("--tls-cert", __file__),
        ("--region", ""),
        ("--region", "us-east-1/x"),
    ],
)
def test_wrong_options_are_named(tmp_path: Path, options: tuple[str, ...]) -> None:
    command = [PROGRAM, "serve", "--data", tmp_path, "--port", str(free_port()), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert options[0] in done.stderr or __file__ in done.stderr
