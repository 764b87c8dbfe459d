"""HTTP with one registry: authentication, redirects, retries, errors that say what to do.

Protocols: https://github.com/opencontainers/distribution-spec/blob/main/spec.md and
https://distribution.github.io/distribution/spec/auth/token/
"""

import re
import threading
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

import msgspec

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.documents import decode_json_bytes, mapping, text
from openinspector.inventory.trees.credentials import Credentials, find_credentials
from openinspector.inventory.trees.reference import Reference
from openinspector.model import MissingTarget, TargetError
from openinspector.patterns import regex

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

_ATTEMPTS = 5
_REDIRECTS = 5
_LONGEST_WAIT = 60.0
_FIRST_WAIT = 0.5
_ANSWER_BYTES = 1024 * 1024
_BUSY = frozenset({429, 500, 502, 503, 504})
_REDIRECTION = frozenset({301, 302, 303, 307, 308})
_PARAMETER = regex(r'([a-zA-Z]+)\s*=\s*(?:"((?:[^"\\]|\\.){0,4096})"|([^\s,"]{1,4096}))')
_ANY: "msgspec.json.Decoder[object]" = msgspec.json.Decoder(object)
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_AGENT = "openinspector"


class RegistryHttp:
    """A session with the registry of a reference; may be used by several threads."""

    def __init__(self, reference: Reference, credentials: Credentials | None = None) -> None:
        self.reference = reference
        self._credentials = credentials
        self._authorization: str | None = None
        self._pools: dict[str | None, PoolManager] = {}
        self._pools_lock = threading.Lock()
        self._login_lock = threading.Lock()
        self._scheme = "http" if reference.is_local else "https"
        self._closed = threading.Event()

    @property
    def base(self) -> str:
        """The URL of the repository, without a slash at its end."""
        reference = self.reference
        return f"{self._scheme}://{reference.endpoint}/v2/{reference.repository}"

    def close(self) -> None:
        """End waiting and close connections."""
        self._closed.set()
        with self._pools_lock:
            for pool in self._pools.values():
                pool.clear()

    def get(self, path: str, accept: str = "*/*") -> "BaseHTTPResponse":
        """Ask for a path below the repository; the answer (status 200) is yet to be read.

        Raises `TargetError` on every other outcome.
        """
        renewed = secured = False
        while True:
            authorization = self._authorization
            answer = self._follow(f"{self.base}/{path}", accept, authorization)
            if answer.status == 200:
                return answer
            challenge = answer.headers.get("WWW-Authenticate", "")
            answer.drain_conn()
            if answer.status == 400 and self._scheme == "http" and not secured:
                # A registry of this machine that speaks TLS says so this way.
                self._scheme, secured = "https", True
                continue
            if answer.status != 401 or renewed or not challenge:
                kind = MissingTarget if answer.status == 404 else TargetError
                raise kind(self._explain(answer.status))
            renewed = True
            with self._login_lock:
                if self._authorization == authorization:
                    self._authorization = self._answer(challenge)

    # --- requests --------------------------------------------------------------------------------

    def _follow(self, url: str, accept: str, authorization: str | None) -> "BaseHTTPResponse":
        """Ask, following redirects; only the registry itself is shown who asks."""
        origin = urlsplit(url)
        for _ in range(_REDIRECTS + 1):
            headers = {"Accept": accept, "Accept-Encoding": "identity", "User-Agent": _AGENT}
            parts = urlsplit(url)
            if authorization and (parts.scheme, parts.netloc) == (origin.scheme, origin.netloc):
                headers["Authorization"] = authorization
            answer = self._request("GET", url, headers)
            if answer.status not in _REDIRECTION:
                return answer
            answer.drain_conn()
            url = urljoin(url, answer.headers.get("Location", ""))
            self._check_secure(url)
        raise TargetError(f"{self.reference}: {self.reference.host} redirects without end")

    def _check_secure(self, url: str) -> None:
        parts = urlsplit(url)
        local = self._scheme == "http" or parts.hostname in _LOCAL_NAMES
        if parts.scheme != "https" and not (parts.scheme == "http" and local):
            raise TargetError(
                f"{self.reference}: {self.reference.host} leads to {parts.scheme}://"
                f"{parts.netloc}, which is not secure"
            )

    def _request(
        self, method: str, url: str, headers: dict[str, str], body: str | None = None
    ) -> "BaseHTTPResponse":
        """Ask until there is an answer that is not about being busy."""
        import urllib3
        from urllib3.exceptions import HTTPError, SSLError

        wait = _FIRST_WAIT
        for attempt in range(_ATTEMPTS):
            last = attempt == _ATTEMPTS - 1
            try:
                answer = self._pool(url).request(
                    method,
                    url,
                    body=body,
                    headers=headers,
                    preload_content=False,
                    decode_content=False,
                    redirect=False,
                    retries=False,
                    timeout=urllib3.Timeout(connect=15, read=60),
                )
            except SSLError as error:
                raise TargetError(self._unreachable(url, error)) from None
            except HTTPError as error:
                if last or not _may_pass(error):
                    raise TargetError(self._unreachable(url, error)) from None
            else:
                if answer.status not in _BUSY or last:
                    return answer
                wait = max(wait, _retry_after(answer.headers.get("Retry-After")))
                answer.drain_conn()
            if self._closed.wait(min(wait, _LONGEST_WAIT)):
                raise TargetError(f"{self.reference}: interrupted")
            wait *= 2
        raise AssertionError("the last attempt returns or raises")

    def _pool(self, url: str) -> "PoolManager":
        """Connections, through a proxy where the environment names one."""
        import urllib.request

        import urllib3

        parts = urlsplit(url)
        proxy = None
        if not urllib.request.proxy_bypass(parts.hostname or ""):
            proxy = urllib.request.getproxies().get(parts.scheme)
        with self._pools_lock:
            pool = self._pools.get(proxy)
            if pool is None:
                pool = urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager(maxsize=4)
                self._pools[proxy] = pool
            return pool

    def _unreachable(self, url: str, error: Exception) -> str:
        reason = getattr(error, "reason", None) or error
        said = re.sub(r"<[^>]*>[: ]*", "", str(reason)).strip()
        return f"{self.reference}: cannot reach {urlsplit(url).netloc}: {said[:300]}"

    # --- authentication --------------------------------------------------------------------------

    def _answer(self, challenge: str) -> str:
        """The Authorization header that a challenge asks for; raises `TargetError`."""
        if self._credentials is None:
            self._credentials = find_credentials(self.reference.host)
        credentials = self._credentials
        scheme = challenge.split(None, 1)[0].lower()
        fields = {m[1].lower(): m[2] or m[3] or "" for m in _PARAMETER.finditer(challenge)}
        if scheme == "basic":
            if credentials.basic is None:
                raise TargetError(self._explain(401))
            return credentials.basic
        if scheme != "bearer" or "realm" not in fields:
            raise TargetError(
                f"{self.reference}: {self.reference.host} asks for authentication of a kind that is"
                f" not known: {scheme[:40]}"
            )
        return f"Bearer {self._token(fields, credentials)}"

    def _token(self, fields: dict[str, str], credentials: Credentials) -> str:
        realm = fields["realm"]
        self._check_secure(realm)
        scope = fields.get("scope") or f"repository:{self.reference.repository}:pull"
        asked = {"service": fields.get("service", ""), "scope": scope}
        headers = {"Accept": "application/json", "User-Agent": _AGENT}
        if credentials.identity_token:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            form = {
                **asked,
                "grant_type": "refresh_token",
                "client_id": _AGENT,
                "refresh_token": credentials.identity_token,
            }
            answer = self._request("POST", realm, headers, urlencode(form))
        else:
            if credentials.basic is not None:
                headers["Authorization"] = credentials.basic
            separator = "&" if urlsplit(realm).query else "?"
            answer = self._request("GET", f"{realm}{separator}{urlencode(asked)}", headers)
        data = answer.read(_ANSWER_BYTES)
        answer.release_conn()
        if answer.status != 200:
            raise TargetError(self._explain(answer.status))
        try:
            document = mapping(decode_json_bytes(data, _ANY))
        except ReadError as error:
            raise TargetError(f"{self.reference}: the token of {realm}: {error}") from None
        token = text(document.get("token")) or text(document.get("access_token"))
        if not token or not token.isprintable():
            raise TargetError(f"{self.reference}: {realm} gave no token")
        return token

    def _explain(self, status: int) -> str:
        host, trouble = self.reference.host, ""
        known = self._credentials
        if known is not None and known.trouble:
            trouble = f" ({known.trouble})"
        if status in (401, 403):
            if known is not None and (known.basic or known.identity_token):
                return (
                    f"{self.reference}: {host} does not give it to the user that Docker's"
                    f" config.json names (status {status})"
                )
            return (
                f"{self.reference}: {host} asks for credentials or has no such image (status"
                f" {status}){trouble}; `docker login {host}` stores some"
            )
        if status == 404:
            return f"{self.reference}: {host} has no such image"
        if status == 429:
            return f"{self.reference}: {host} allows no more requests for now (status 429)"
        return f"{self.reference}: {host} answered with status {status}"


def _may_pass(error: Exception) -> bool:
    """Whether asking again can help: not where no such host is or nobody listens."""
    from urllib3.exceptions import LocationValueError, NameResolutionError, NewConnectionError

    return not isinstance(error, (NameResolutionError, NewConnectionError, LocationValueError))


def _retry_after(value: str | None) -> float:
    """Seconds to wait by a Retry-After header: a number or a date."""
    if not value:
        return 0.0
    if value.isascii() and value.isdigit():
        return float(value[:6])
    try:
        return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return 0.0
