"""Clients that do not finish what they began are let go."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from openinspector.api.wire import connection


async def early(_scope: Any, _receive: Any, send: Any) -> None:
    """An application that answers without reading the body."""
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.6)
    monkeypatch.setattr(connection, "REST_SECONDS", 0.3)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        early, http=connection.Connection, ws="none", lifespan="off", log_level="error"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listening.getsockname()
    server.should_exit = True
    thread.join()


def gone_after(peer: socket.socket) -> float:
    """Seconds until the server closes."""
    started = time.monotonic()
    peer.settimeout(5)
    try:
        while peer.recv(1000):
            pass
    except ConnectionError:
        pass
    return time.monotonic() - started


def trickle(peer: socket.socket, piece: bytes) -> None:
    for _ in range(200):
        peer.sendall(piece)
        time.sleep(0.02)


@pytest.mark.parametrize("sent", [b"", b"POST / HT", b"POST / HTTP/1.1\r\nHost: x\r\nA: "])
def test_a_head_must_come_in_time(address: tuple[str, int], sent: bytes) -> None:
    with socket.create_connection(address) as peer:
        peer.sendall(sent)
        assert 0.3 < gone_after(peer) < 3


def test_a_trickle_gains_no_time(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as peer:
        started = time.monotonic()
        with pytest.raises(ConnectionError):
            trickle(peer, b"A")
        assert time.monotonic() - started < 3


def test_the_rest_of_a_refused_body_is_not_read_for_ever(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as peer:
        peer.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(ConnectionError):
            trickle(peer, b"4\r\nbody\r\n")


def test_a_connection_that_is_used_stays(address: tuple[str, int]) -> None:
    whole = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
    with socket.create_connection(address) as peer:
        for _ in range(6):
            peer.sendall(whole)
            time.sleep(0.15)
            peer.sendall(b"body")
            time.sleep(0.15)
            assert peer.recv(1000).endswith(b"ok")
