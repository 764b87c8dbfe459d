"""Fetching over HTTP, against a server of our own that misbehaves as real ones do."""

import hashlib
import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from advisory_samples import advisory, compiled, fixed_in, write_zip

from openinspector.advisories import AdvisoryDatabase
from openinspector.advisories.feeds import Feed
from openinspector.advisories.feeds.osv_dev import read
from openinspector.advisories.fetch import Fetcher, FetchError, Options
from openinspector.advisories.locations import locations
from openinspector.advisories.store import choose, export, import_, refresh, sources_of
from openinspector.model import DatabaseError

CONTENT = bytes(range(256)) * 4096
ETAG = '"v1"'


class _QuietServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is no news."""


class Server:
    """A server whose answer to each path is a function; remembers the requests."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[http.server.BaseHTTPRequestHandler], None]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.requests.append((self.path, dict(self.headers)))
                answer = outer.answers.get(self.path)
                if answer is None:
                    self.send_error(404)
                else:
                    answer(self)

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._server = _QuietServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def headers_of(self, path: str) -> list[dict[str, str]]:
        return [headers for place, headers in self.requests if place == path]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Server()
    yield made
    made.close()


def _whole(data: bytes = CONTENT, etag: str = ETAG):
    """A well-behaved file: ETag, conditional and range requests."""

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        if request.headers.get("If-None-Match") == etag:
            request.send_response(304)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        start = 0
        wanted = request.headers.get("Range")
        if wanted and request.headers.get("If-Range") == etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        request.send_header("ETag", etag)
        request.send_header("Content-Length", str(len(data) - start))
        request.end_headers()
        request.wfile.write(data[start:])

    return answer


def _breaking(times: int, after: int, data: bytes = CONTENT):
    """A file whose transfer breaks off `times` times after `after` bytes."""
    left = [times]
    whole = _whole(data)

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        if not left[0]:
            whole(request)
            return
        left[0] -= 1
        request.send_response(200)
        request.send_header("ETag", ETAG)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data[:after])
        request.wfile.flush()
        request.connection.shutdown(socket.SHUT_RDWR)
        request.close_connection = True

    return answer


def _failing(status: int, times: int):
    left = [times]
    whole = _whole()

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        if left[0]:
            left[0] -= 1
            request.send_error(status)
        else:
            whole(request)

    return answer


def _fetcher(folder: Path, **options: object) -> Fetcher:
    return Fetcher(folder, Options(pause=0.01, timeout=5, **options))  # type: ignore[arg-type]


def test_unchanged_is_not_sent_again(server: Server, tmp_path: Path) -> None:
    server.answers["/x.zip"] = _whole()
    fetcher = _fetcher(tmp_path)
    first = fetcher.fetch(f"{server.url}/x.zip")
    assert first.changed
    assert first.path is not None
    assert first.path.read_bytes() == CONTENT
    assert not fetcher.fetch(f"{server.url}/x.zip").changed
    fetcher.forget(first)
    again = fetcher.fetch(f"{server.url}/x.zip", held=True)
    assert (again.changed, again.path) == (False, None)
    assert fetcher.fetch(f"{server.url}/x.zip", held=False).changed, "not held: fetched anew"
    server.answers["/x.zip"] = _whole(b"new", '"v2"')
    assert fetcher.fetch(f"{server.url}/x.zip").path.read_bytes() == b"new"


def test_a_broken_transfer_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.answers["/x.zip"] = _breaking(1, 700_000)
    fetched = _fetcher(tmp_path).fetch(f"{server.url}/x.zip")
    assert fetched.path.read_bytes() == CONTENT
    ranges = [headers.get("Range") for headers in server.headers_of("/x.zip")]
    assert ranges[0] is None
    assert ranges[1] is not None
    assert 0 < int(ranges[1].removeprefix("bytes=").removesuffix("-")) <= 700_000


def test_a_file_that_changed_in_between_is_fetched_whole(server: Server, tmp_path: Path) -> None:
    calls = []
    broken, whole = _breaking(1, 1000), _whole(b"other" * 1000, '"v2"')

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        calls.append(1)
        (broken if len(calls) == 1 else whole)(request)

    server.answers["/x.zip"] = answer
    fetched = _fetcher(tmp_path).fetch(f"{server.url}/x.zip")
    assert fetched.path.read_bytes() == b"other" * 1000


def test_what_breaks_off_again_and_again_is_given_up(server: Server, tmp_path: Path) -> None:
    server.answers["/x.zip"] = _breaking(99, 1000)
    with pytest.raises(FetchError, match="broke off 4 times"):
        _fetcher(tmp_path).fetch(f"{server.url}/x.zip")


def test_a_failing_server_is_tried_again(server: Server, tmp_path: Path) -> None:
    server.answers["/x.zip"] = _failing(500, 2)
    assert _fetcher(tmp_path).fetch(f"{server.url}/x.zip").changed
    server.answers["/y.zip"] = _failing(503, 99)
    with pytest.raises(FetchError, match="answered 503"):
        _fetcher(tmp_path).fetch(f"{server.url}/y.zip")
    with pytest.raises(FetchError, match="answered 404"):
        _fetcher(tmp_path).fetch(f"{server.url}/nothing.zip")
    assert len(server.headers_of("/nothing.zip")) == 1, "404 is final"


def test_a_failure_leaves_what_was_there(server: Server, tmp_path: Path) -> None:
    server.answers["/x.zip"] = _whole()
    fetcher = _fetcher(tmp_path)
    path = fetcher.fetch(f"{server.url}/x.zip").path
    server.answers["/x.zip"] = _failing(500, 99)
    with pytest.raises(FetchError):
        fetcher.fetch(f"{server.url}/x.zip")
    assert path.read_bytes() == CONTENT


def test_too_large_is_refused(server: Server, tmp_path: Path) -> None:
    server.answers["/x.zip"] = _whole()
    with pytest.raises(FetchError, match="larger than the limit"):
        _fetcher(tmp_path, limit=1000).fetch(f"{server.url}/x.zip")

    def endless(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Connection", "close")
        request.end_headers()
        try:
            while True:
                request.wfile.write(CONTENT)
        except OSError:
            request.close_connection = True

    server.answers["/y.zip"] = endless
    with pytest.raises(FetchError, match="larger than the limit"):
        _fetcher(tmp_path, limit=3 << 20).fetch(f"{server.url}/y.zip")
    assert not any(path.stat().st_size > 3 << 20 for path in tmp_path.iterdir())


def test_checksums_are_compared(server: Server, tmp_path: Path) -> None:
    right = hashlib.sha256(CONTENT).hexdigest()
    server.answers["/x.zip"] = _whole()
    server.answers["/x.zip.sha256"] = _whole(f"{right}  x.zip\n".encode())
    assert _fetcher(tmp_path).fetch(f"{server.url}/x.zip").changed
    server.answers["/y.zip"] = _whole()
    server.answers["/y.zip.sha256"] = _whole(f"{'0' * 64}  y.zip\n".encode())
    with pytest.raises(FetchError, match="checksum"):
        _fetcher(tmp_path).fetch(f"{server.url}/y.zip")
    server.answers["/z.zip"] = _whole()
    with pytest.raises(FetchError, match="checksum"):
        _fetcher(tmp_path).fetch(f"{server.url}/z.zip", sha256="0" * 64)
    assert not [path for path in tmp_path.iterdir() if "y.zip" in path.name]


def test_redirects(server: Server, tmp_path: Path) -> None:
    def to(location: str):
        def answer(request: http.server.BaseHTTPRequestHandler) -> None:
            request.send_response(302)
            request.send_header("Location", location)
            request.send_header("Content-Length", "0")
            request.end_headers()

        return answer

    server.answers["/a"] = to("/x.zip")
    server.answers["/x.zip"] = _whole()
    assert _fetcher(tmp_path).fetch(f"{server.url}/a").changed
    server.answers["/loop"] = to("/loop")
    with pytest.raises(FetchError, match="without end"):
        _fetcher(tmp_path).fetch(f"{server.url}/loop")
    server.answers["/file"] = to("file:///etc/passwd")
    with pytest.raises(FetchError):
        _fetcher(tmp_path).fetch(f"{server.url}/file")


def test_mirrors_and_files(server: Server, tmp_path: Path) -> None:
    server.answers["/feeds/npm/all.zip"] = _whole()
    mirrored = _fetcher(tmp_path / "a", mirror=f"{server.url}/feeds/")
    assert mirrored.fetch("https://osv.example/npm/all.zip").path.read_bytes() == CONTENT
    (tmp_path / "mirror" / "npm").mkdir(parents=True)
    (tmp_path / "mirror" / "npm" / "all.zip").write_bytes(b"local")
    local = _fetcher(tmp_path / "b", mirror=str(tmp_path / "mirror"))
    assert local.fetch("https://osv.example/npm/all.zip").path.read_bytes() == b"local"
    with pytest.raises(FetchError, match="no file"):
        local.fetch("https://osv.example/PyPI/all.zip")
    with pytest.raises(FetchError, match="neither"):
        _fetcher(tmp_path / "c").fetch("ftp://example.org/x")


def test_without_internet_the_way_out_is_said(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fetcher = _fetcher(tmp_path, attempts=1)
    with pytest.raises(FetchError, match="db import") as told:
        fetcher.fetch(f"http://127.0.0.1:{port}/x.zip")
    assert "--mirror" in str(told.value)
    assert "--from" in str(told.value)


def test_a_yum_repository_is_followed_to_its_updateinfo(server: Server, tmp_path: Path) -> None:
    root = f"{server.url}/al2023/x86_64"
    server.answers["/latest/mirror.list"] = _whole(f"{root}/\n".encode())
    server.answers["/al2023/x86_64/repodata/repomd.xml"] = _whole(
        b'<repomd xmlns="http://linux.duke.edu/metadata/repo"><data type="primary"/>'
        b'<data type="updateinfo"><checksum type="sha256">abc</checksum>'
        b'<location href="repodata/updateinfo.xml.gz"/></data></repomd>'
    )
    found = list(locations(_fetcher(tmp_path), f"{server.url}/latest/mirror.list"))
    name = f"{server.url}/latest/mirror.list"
    assert found == [(name, f"{root}/repodata/updateinfo.xml.gz", "abc")]
    server.answers["/vex/archive_latest.txt"] = _whole(b"csaf_vex_2024-01-01.tar.zst\n")
    found = list(locations(_fetcher(tmp_path), f"{server.url}/vex/archive_latest.txt"))
    name = f"{server.url}/vex/archive_latest.txt"
    assert found == [(name, f"{server.url}/vex/csaf_vex_2024-01-01.tar.zst", None)]
    server.answers["/vex/archive_latest.txt"] = _whole(b"../../x")
    with pytest.raises(FetchError):
        list(locations(_fetcher(tmp_path), f"{server.url}/vex/archive_latest.txt"))


def test_lists_of_ecosystems_and_years(server: Server, tmp_path: Path) -> None:
    server.answers["/ecosystems.txt"] = _whole(b"npm\nDebian\nDebian:12\nRed Hat\nOSS-Fuzz\n\n")
    found = [each.place for each in locations(_fetcher(tmp_path), f"{server.url}/ecosystems.txt")]
    assert found == [f"{server.url}/{name}/all.zip" for name in ("npm", "Debian", "Red%20Hat")]
    years = [each.name for each in locations(_fetcher(tmp_path), "https://x/nvd-{year}.json.gz")]
    assert years[0] == "https://x/nvd-2002.json.gz"
    assert len(years) == len(set(years)) > 20


def test_a_host_that_does_not_answer_is_not_waited_for_again(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fetcher = Fetcher(tmp_path, Options(pause=0.2, attempts=2, timeout=5))
    feed = Feed("osv", "OSV", "zip", read, tuple(f"http://127.0.0.1:{port}/{n}" for n in range(50)))
    began = time.monotonic()
    with pytest.raises(FetchError, match="cannot reach"):
        refresh(tmp_path / "x.db", fetcher, [feed])
    assert time.monotonic() - began < 5, "one pause, not fifty"


# ---- the default database ----


def _zip(tmp_path: Path, version: str) -> bytes:
    document = advisory("GHSA-1", fixed_in("npm", "a", version))
    return write_zip(tmp_path / "made.zip", [document]).read_bytes()


def test_refreshing(server: Server, tmp_path: Path) -> None:
    feed = Feed("osv", "OSV", "zip", read, (f"{server.url}/npm.zip", f"{server.url}/PyPI.zip"))
    server.answers["/npm.zip"] = _whole(_zip(tmp_path, "1.0.0"))
    database = tmp_path / "advisories.db"
    fetcher = _fetcher(tmp_path / "cache", attempts=1)

    def fix() -> str | None:
        with AdvisoryDatabase.open(database) as opened:
            return opened.affected("npm", "a")[0].ranges[0].end_version

    done = refresh(database, fetcher, [feed])
    assert (len(done.failures), fix()) == (1, "1.0.0"), "PyPI.zip is not there, npm's counts"
    assert list((tmp_path / "cache").glob("*.zip")) == [], "compiled downloads are let go"
    done = refresh(database, fetcher, [feed])
    assert (done.report, done.unchanged) == (None, 1)
    server.answers["/npm.zip"] = _whole(_zip(tmp_path, "1.0.1"), '"v2"')
    refresh(database, fetcher, [feed])
    assert fix() == "1.0.1"
    server.answers["/npm.zip"] = _whole(b"PK broken", '"v3"')
    done = refresh(database, fetcher, [feed])
    assert any("npm.zip" in failure for failure in done.failures)
    assert fix() == "1.0.1", "a broken feed keeps its last good state"
    server.answers.clear()
    with pytest.raises(FetchError):
        refresh(database, fetcher, [feed])
    assert fix() == "1.0.1"


def test_choosing_feeds() -> None:
    assert {feed.name for feed in choose()} >= {"osv", "amazon", "kev", "epss"}
    assert [feed.name for feed in choose(["redhat"])] == ["redhat"]
    with pytest.raises(DatabaseError, match="there are osv"):
        choose(["nonsense"])


def test_sources_of_files_and_folders(tmp_path: Path) -> None:
    document = advisory("GHSA-1", fixed_in("npm", "a", "1.0.0"))
    for name in ("one", "two"):
        write_zip(tmp_path / name / "npm.zip", [document])
    (tmp_path / "two" / "README").write_text("hello")
    sources, strange = sources_of([tmp_path / "one", tmp_path / "two"])
    assert [source.feed for source in sources] == ["osv", "osv"]
    assert len({source.name for source in sources}) == 2
    assert [each.path.name for each in strange] == ["README"]
    with pytest.raises(DatabaseError, match="does not exist"):
        sources_of([tmp_path / "three"])


def test_a_copy_travels(tmp_path: Path) -> None:
    compiled(tmp_path, [advisory("GHSA-1", fixed_in("npm", "a", "1.0.0"))])
    original, copy = tmp_path / "advisories.db", tmp_path / "copy.zst"
    checksum = export(original, copy)
    assert checksum == hashlib.sha256(copy.read_bytes()).hexdigest()
    assert copy.stat().st_size < original.stat().st_size
    target = tmp_path / "elsewhere" / "advisories.db"
    import_(copy, target)
    assert target.read_bytes() == original.read_bytes()
    import_(original, tmp_path / "plain.db")
    assert (tmp_path / "plain.db").read_bytes() == original.read_bytes()


def test_a_damaged_copy_replaces_nothing(tmp_path: Path) -> None:
    compiled(tmp_path, [advisory("GHSA-1", fixed_in("npm", "a", "1.0.0"))])
    original, copy, target = (tmp_path / name for name in ("advisories.db", "c.zst", "target.db"))
    export(original, copy)
    import_(copy, target)
    before = target.read_bytes()
    packed = copy.read_bytes()
    for damaged in (packed[:-20], packed[:500] + b"\x00" * 50 + packed[550:], b"", b"hello"):
        copy.write_bytes(damaged)
        with pytest.raises(DatabaseError, match="checksum"):
            import_(copy, target)
    (tmp_path / "c.zst.sha256").unlink()
    for damaged in (packed[:-20], packed[:500] + b"\x00" * 50 + packed[550:], b"", b"hello"):
        copy.write_bytes(damaged)
        with pytest.raises(DatabaseError):
            import_(copy, target)
    with pytest.raises(DatabaseError, match="no file"):
        import_(tmp_path / "nothing", target)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
