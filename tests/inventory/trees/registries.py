"""Registries for tests: Debian's docker-registry, and one of our own that misbehaves."""

import base64
import hashlib
import http.server
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.images import Image, digest, oci_blobs

USER, SECRET = "scanner", "open-sesame"
_HTPASSWD = "scanner:$2y$05$Il4ztW86..nxoRmF/agmsO3SO.gNq3KFnJLf7TfHkVolLsho1vzw6\n"
"""USER and SECRET as `htpasswd -B` writes them."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def docker_registry(folder: Path, authenticated: bool) -> Iterator[str]:
    """Debian's registry; yields its host and port."""
    port = free_port()
    config: dict[str, object] = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": f"127.0.0.1:{port}"},
    }
    if authenticated:
        (folder / "htpasswd").write_text(_HTPASSWD)
        config["auth"] = {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}}
    # JSON is YAML.
    (folder / "config.yml").write_text(json.dumps(config))
    program = shutil.which("docker-registry")
    assert program
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve", str(folder / "config.yml")], stdout=log, stderr=log
        )
    try:
        _wait(port, process)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError("docker-registry ended at once")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("docker-registry does not listen")


def _send(method: str, url: str, data: bytes | None, kind: str, basic: bool) -> str:
    request = urllib.request.Request(url, data, {"Content-Type": kind}, method=method)
    if basic:
        pair = base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
        request.add_header("Authorization", f"Basic {pair}")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return answer.headers.get("Location") or ""


def push(host: str, repository: str, tag: str, *images: Image, basic: bool = False) -> str:
    """Push images under one tag, as an index when there are several; the digest of the tag."""
    blobs, index = oci_blobs(*images)
    base = f"http://{host}/v2/{repository}"
    manifests = {entry["digest"]: entry for entry in index["manifests"]}
    for name, data in blobs.items():
        if name not in manifests:
            place = _send("POST", f"{base}/blobs/uploads/", b"", "application/json", basic)
            separator = "&" if "?" in place else "?"
            url = f"{place}{separator}digest={name}"
            _send("PUT", url, data, "application/octet-stream", basic)
    for name, entry in manifests.items():
        _send("PUT", f"{base}/manifests/{name}", blobs[name], entry["mediaType"], basic)
    if len(images) == 1:
        (name,) = manifests
        data, kind = blobs[name], manifests[name]["mediaType"]
    else:
        data, kind = json.dumps(index).encode(), index["mediaType"]
    _send("PUT", f"{base}/manifests/{tag}", data, kind, basic)
    return digest(data)


class Answer:
    """What a misbehaving registry says to one request."""

    def __init__(
        self,
        status: int = 200,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        cut: int | None = None,
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers or {}
        self.cut = cut
        """How many bytes of the body are really sent."""


Handler = Callable[[str, dict[str, str]], Answer | None]


class OwnRegistry:
    """A registry over an image's blobs. `hook(path, headers)` may answer first."""

    def __init__(self, *images: Image, repository: str = "app", tag: str = "latest") -> None:
        self.blobs, index = oci_blobs(*images)
        self.manifests = {e["digest"]: e["mediaType"] for e in index["manifests"]}
        data = json.dumps(index).encode()
        self.blobs[digest(data)] = data
        self.manifests[digest(data)] = index["mediaType"]
        self.tags = {tag: digest(data) if len(images) > 1 else next(iter(self.manifests))}
        self.repository = repository
        self.hook: Handler = lambda path, headers: None
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.host = ""

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        self.asked.append((path, headers))
        own = self.hook(path, headers)
        if own is not None:
            return own
        prefix = f"/v2/{self.repository}/"
        kind, _, name = path.removeprefix(prefix).partition("/")
        name = self.tags.get(name, name)
        if not path.startswith(prefix) or name not in self.blobs:
            return Answer(404, b'{"errors":[]}')
        if kind == "manifests":
            return Answer(200, self.blobs[name], {"Content-Type": self.manifests[name]})
        return Answer(200, self.blobs[name])

    def count(self, part: str) -> int:
        return sum(part in path for path, _ in self.asked)

    @contextmanager
    def serve(self) -> Iterator["OwnRegistry"]:
        with serve(self.answer) as self.host:
            yield self


@contextmanager
def serve(respond: Callable[[str, dict[str, str]], Answer]) -> Iterator[str]:
    """An HTTP server on loopback; yields its host and port."""

    class Responder(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer = respond(self.path, {k.lower(): v for k, v in self.headers.items()})
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: answer.cut])
            if answer.cut is not None:
                self.close_connection = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.path += "?" + body.decode()
            self.do_GET()

        def log_message(self, *arguments: object) -> None:
            """Silence."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Responder)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class TokenServer:
    """Gives tokens for pulling from one repository to USER (or to anybody)."""

    def __init__(self, repository: str, anonymous: bool) -> None:
        self.repository = repository
        self.anonymous = anonymous
        self.given: list[str] = []
        self.host = ""

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        query = parse_qs(urlsplit(path).query)
        pair = base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
        known = headers.get("authorization") == f"Basic {pair}"
        known = known or query.get("refresh_token") == ["identity"]
        wanted = [f"repository:{self.repository}:pull"]
        if query.get("scope") != wanted or query.get("service") != ["tests"]:
            return Answer(400)
        if not (known or self.anonymous):
            return Answer(401)
        self.given.append(hashlib.sha256(b"%d" % len(self.given)).hexdigest())
        return Answer(200, json.dumps({"token": self.given[-1], "expires_in": 60}).encode())

    def challenge(self, path: str, headers: dict[str, str]) -> Answer | None:
        """The registry's side: asks for the token given last."""
        if self.given and headers.get("authorization") == f"Bearer {self.given[-1]}":
            return None
        scope = f"repository:{self.repository}:pull"
        value = f'Bearer realm="http://{self.host}/token",service="tests",scope="{scope}"'
        return Answer(401, b"{}", {"WWW-Authenticate": value})

    @contextmanager
    def serve(self) -> Iterator["TokenServer"]:
        with serve(self.answer) as self.host:
            yield self
