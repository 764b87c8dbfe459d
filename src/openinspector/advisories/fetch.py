"""Bring a feed's file onto this machine: over HTTP(S), from a mirror, from a file or folder.

What did not change is not sent again (ETag, Last-Modified); what broke off goes on where it
stopped (Range, If-Range); what is too large or fails its checksum is refused.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

import msgspec

from openinspector.model import OpenInspectorError

if TYPE_CHECKING:
    import urllib3

Progress = Callable[[str, int, int | None], None]
"""Called with the address, the bytes that are there, and how many there will be (if known)."""

MOST_REDIRECTS = 5
WITHOUT_INTERNET = (
    "without internet, import a database made elsewhere (`openinspector db import FILE`), build one"
    " from files at hand (`openinspector db build --from DIR`) or name a mirror (`--mirror URL`)"
)
_CHUNK = 1 << 18
_SIDECAR_LIMIT = 1 << 16
_AGENT = "openinspector"
_LATER = frozenset({429, 500, 502, 503, 504})
_SHA256 = re.compile(r"\b[0-9a-fA-F]{64}\b", re.A)


class FetchError(OpenInspectorError):
    """A file could not be brought; the message names it and says what to do."""


class Unreachable(FetchError):
    """A host does not answer at all."""


class Fetched(msgspec.Struct, frozen=True):
    """A file that was brought. `changed` is False, and `path` None, where nothing is new."""

    url: str
    path: Path | None
    changed: bool


class _State(msgspec.Struct):
    """What is remembered of an address, beside the file."""

    url: str
    etag: str | None = None
    last_modified: str | None = None


class Options(msgspec.Struct, frozen=True):
    """Limits and ways of fetching.

    `mirror` is a base address (or folder) that takes the place of scheme and host. `limit` is in
    bytes, `timeout` in seconds and for each wait. `attempts` are in all, with a pause of `pause`
    seconds that doubles between them.
    """

    mirror: str | None = None
    limit: int = 4 << 30
    timeout: float = 30.0
    attempts: int = 4
    pause: float = 1.0


class Fetcher:
    """Fetches into a folder, where it also remembers what it has seen."""

    def __init__(
        self, folder: Path, options: Options | None = None, progress: Progress | None = None
    ) -> None:
        self.folder = folder
        self.options = options or Options()
        self._progress = progress
        self._pools: dict[bool, Any] = {}
        self._unreachable: dict[str | None, str] = {}

    def fetch(self, url: str, *, held: bool = False, sha256: str | None = None) -> Fetched:
        """Bring one file. `held`: its last version was used, so an unchanged one is not wanted.

        Raises `FetchError`. Nothing of what was held before is touched by a failure.
        """
        place = self._place(url)
        local = _local(place)
        if local is not None:
            if not local.is_file():
                raise FetchError(f"{url}: there is no file {local}")
            return Fetched(url, local, True)
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / _file_name(url)
        state = self._state(target, place) if held or target.exists() else _State(place)
        if not self._download(place, target, state):
            return Fetched(url, target if target.exists() else None, False)
        self._verify(place, target, sha256)
        return Fetched(url, target, True)

    def text(self, url: str, limit: int = 64 << 20) -> bytes:
        """A small document, fetched anew. Raises `FetchError`."""
        place = self._place(url)
        local = _local(place)
        if local is not None:
            try:
                return local.read_bytes()[: limit + 1]
            except OSError as error:
                raise FetchError(f"{url}: {error.strerror or error}") from None
        response = self._get(place, {})
        try:
            if response.status != 200:
                raise FetchError(f"{place}: the server answered {response.status}")
            data: bytes = response.read(limit + 1)
        finally:
            response.close()
        if len(data) > limit:
            raise FetchError(f"{place} is larger than {limit >> 20} MB")
        return data

    def forget(self, fetched: Fetched) -> None:
        """Delete a file that was used; what is remembered of it stays."""
        if fetched.path is not None and fetched.path.parent == self.folder:
            fetched.path.unlink(missing_ok=True)

    def _place(self, url: str) -> str:
        """Where an address is really fetched from."""
        mirror = self.options.mirror
        if mirror is None or _local(url) is not None:
            return url
        parts = urlsplit(url)
        rest = parts.path + (f"?{parts.query}" if parts.query else "")
        return mirror.rstrip("/") + rest

    def _state(self, target: Path, place: str) -> _State:
        try:
            state = msgspec.json.decode(_beside(target, ".etag").read_bytes(), type=_State)
        except (OSError, msgspec.MsgspecError):
            return _State(place)
        return state if state.url == place else _State(place)

    def _download(self, place: str, target: Path, state: _State) -> bool:
        """Fetch with resumption; False when the server says that nothing changed."""
        part = _beside(target, ".part")
        part.unlink(missing_ok=True)
        validator: str | None = None
        for attempt in range(self.options.attempts):
            if attempt:
                time.sleep(self.options.pause * 2 ** (attempt - 1))
            size = part.stat().st_size if part.exists() else 0
            headers = _conditions(state) if not size else {}
            if size and validator:
                headers = {"Range": f"bytes={size}-", "If-Range": validator}
            last = attempt == self.options.attempts - 1
            try:
                response = self._get(place, headers)
            except Unreachable as error:
                # Other files of a host that does not answer are not waited for one by one.
                host = urlsplit(place).hostname
                if last or host in self._unreachable or "resol" in str(error).lower():
                    self._unreachable[host] = str(error)
                    raise
                continue
            try:
                if response.status == 304:
                    return False
                if response.status in _LATER and not last:
                    continue
                if response.status not in (200, 206):
                    raise FetchError(f"{place}: the server answered {response.status}")
                validator = _validator(response)
                if self._receive(place, response, part):
                    self._finish(place, target, part, response)
                    return True
            finally:
                response.close()
        raise FetchError(
            f"{place}: the transfer broke off {self.options.attempts} times; try again later"
        )

    def _receive(self, place: str, response: Any, part: Path) -> bool:
        """Write what arrives; False when it broke off and may be resumed."""
        import urllib3

        resumed = response.status == 206 and _starts_at(response, part)
        if response.status == 206 and not resumed:
            part.unlink(missing_ok=True)
            return False
        expected = _length(response, part if resumed else None)
        if expected is not None and expected > self.options.limit:
            raise self._too_large(place)
        with part.open("ab" if resumed else "wb") as file:
            total = file.tell()
            try:
                for data in response.stream(_CHUNK, decode_content=False):
                    total += len(data)
                    if total > self.options.limit:
                        raise self._too_large(place)
                    file.write(data)
                    if self._progress:
                        self._progress(place, total, expected)
            except (urllib3.exceptions.HTTPError, OSError):
                return False
        return expected is None or total == expected

    def _too_large(self, place: str) -> FetchError:
        return FetchError(f"{place} is larger than the limit of {self.options.limit >> 20} MB")

    def _finish(self, place: str, target: Path, part: Path, response: Any) -> None:
        state = _State(place, response.headers.get("ETag"), response.headers.get("Last-Modified"))
        _beside(target, ".etag").unlink(missing_ok=True)
        os.replace(part, target)
        _beside(target, ".etag").write_bytes(msgspec.json.encode(state))

    def _verify(self, place: str, target: Path, sha256: str | None) -> None:
        """Compare with the checksum that is known, or published beside the file."""
        wanted = sha256 or self._published_checksum(place)
        if wanted is None:
            return
        digest = hashlib.sha256()
        with target.open("rb") as file:
            while data := file.read(_CHUNK):
                digest.update(data)
        if digest.hexdigest() != wanted.lower():
            target.unlink()
            _beside(target, ".etag").unlink(missing_ok=True)
            raise FetchError(f"{place} does not have the checksum that its publisher gives")

    def _published_checksum(self, place: str) -> str | None:
        """The SHA-256 of a sidecar `<file>.sha256`, where there is one that looks like it."""
        try:
            response = self._get(f"{place}.sha256", {})
        except FetchError:
            return None
        try:
            if response.status != 200:
                return None
            found = _SHA256.search(response.read(_SIDECAR_LIMIT).decode("ascii", "replace"))
            return found[0] if found else None
        finally:
            response.close()

    def _get(self, url: str, headers: dict[str, str]) -> Any:
        """One request, following redirects but never from HTTPS to HTTP."""
        import urllib3

        wait = self.options.timeout
        host = urlsplit(url).hostname
        if host in self._unreachable:
            raise Unreachable(self._unreachable[host])
        for _ in range(MOST_REDIRECTS + 1):
            try:
                response = self._pool(url).request(
                    "GET",
                    url,
                    headers={"User-Agent": _AGENT, "Accept-Encoding": "identity", **headers},
                    preload_content=False,
                    redirect=False,
                    retries=False,
                    timeout=urllib3.Timeout(connect=wait, read=wait),
                )
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise Unreachable(_unreachable(url, error)) from None
            location = response.get_redirect_location()
            if not location:
                return response
            response.close()  # its body was not read, so the connection cannot be used again
            target = urllib3.util.parse_url(location)
            if target.scheme is None:
                location = urljoin(url, location)
            if url.startswith("https:") and not location.startswith("https:"):
                raise FetchError(f"{url} leads away from HTTPS to {location}")
            url = location
        raise FetchError(f"{url} redirects without end")

    def _pool(self, url: str) -> urllib3.PoolManager:
        import urllib3

        secure = url.startswith("https:")
        if not secure and not url.startswith("http:"):
            raise FetchError(f"{url} is neither an address of HTTP nor a file")
        if secure not in self._pools:
            proxy = _proxy("https" if secure else "http", url)
            self._pools[secure] = urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()
        pool: urllib3.PoolManager = self._pools[secure]
        return pool


def _conditions(state: _State) -> dict[str, str]:
    headers = {}
    if state.etag:
        headers["If-None-Match"] = state.etag
    if state.last_modified:
        headers["If-Modified-Since"] = state.last_modified
    return headers


def _validator(response: Any) -> str | None:
    """What tells, on resumption, that the file is still the same: only a strong ETag does."""
    etag: str | None = response.headers.get("ETag")
    if etag and not etag.startswith("W/"):
        return etag
    modified: str | None = response.headers.get("Last-Modified")
    return modified


def _starts_at(response: Any, part: Path) -> bool:
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return found is not None and part.exists() and int(found[1]) == part.stat().st_size


def _length(response: Any, part: Path | None) -> int | None:
    """How long the whole file will be, by what the server announces."""
    announced = response.headers.get("Content-Length", "")
    if not announced.isdigit():
        return None
    return int(announced) + (part.stat().st_size if part else 0)


def _local(url: str) -> Path | None:
    """The path of a `file:` address or of a plain path; None for addresses of the network."""
    if url.startswith("file://"):
        return Path(unquote(urlsplit(url).path))
    return None if re.match(r"[a-z][a-z0-9+.-]*://", url, re.I) else Path(unquote(url))


def _file_name(url: str) -> str:
    """A name for the file of an address: unique, and with the suffix that tells its form."""
    name = re.sub(r"[^\w.-]", "_", urlsplit(url).path.rpartition("/")[2])[-80:] or "file"
    return f"{hashlib.sha256(url.encode()).hexdigest()[:16]}-{name}"


def _beside(target: Path, suffix: str) -> Path:
    return target.with_name(target.name + suffix)


def _proxy(scheme: str, url: str) -> str | None:
    """The proxy that the environment names for an address."""
    from urllib.request import getproxies, proxy_bypass

    host = urlsplit(url).hostname or ""
    return None if proxy_bypass(host) else getproxies().get(scheme)


def _unreachable(url: str, error: Exception) -> str:
    host = urlsplit(url).hostname
    reason = " ".join(str(error).split())
    return f"cannot reach {host} ({reason[:200]}); {WITHOUT_INTERNET}"
