"""Signature Version 4: which key signed a request, and whether the signature is right.

Source: AWS IAM User Guide, "Create a signed AWS API request" and "Authenticating with query
parameters". Nothing here reads the database: `verify` is given the secret.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

import msgspec
from botocore.utils import normalize_url_path

from openinspector.api.access.refusals import IncompleteSignature, InvalidSignature, MissingToken

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_SECONDS = 300
"""How far a signature's time may be from ours: as AWS, five minutes either way."""
LONGEST_PRESIGNED_SECONDS = 7 * 86_400

_DATE = re.compile(r"\d{8}T\d{6}Z")
_MOMENT = "%Y%m%dT%H%M%SZ"
_UNRESERVED = "-_.~"
_SPACES = re.compile(r" +")
_BYTES = "surrogateescape"
"""Keeps bytes that are not UTF-8 apart; "replace" would let them all look the same."""


class Request(msgspec.Struct, frozen=True):
    """A request as it came: raw path and query, headers by lower-case name in order."""

    method: str
    raw_path: str
    raw_query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header; None when it is missing."""
        return next((value for key, value in self.headers if key == name), None)


class Signature(msgspec.Struct, frozen=True):
    """What a request says about its own signature."""

    key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str
    moment: str
    expires: int | None = None
    """Seconds for which a presigned request holds; None: it was signed by header."""


def read_signature(request: Request) -> Signature:
    """Read the signature of a request, from its header or its query.

    Raises `MissingToken` when there is none, `IncompleteSignature` when it cannot be read.
    """
    query = dict(parse_qsl(request.raw_query, keep_blank_values=True))
    header = request.header("authorization")
    if header is not None and "X-Amz-Signature" in query:
        raise IncompleteSignature("The request is signed twice: by header and by query.")
    if "X-Amz-Signature" in query:
        return _from_query(query)
    if header is None:
        raise MissingToken("Missing Authentication Token: sign with AWS Signature Version 4.")
    return _from_header(header, request)


def verify(request: Request, signature: Signature, secret: str, now: float) -> None:
    """Raise unless the secret made this signature for exactly this request, and its time holds."""
    _check_time(signature, now)
    _check_headers(request, signature)
    payload = _payload_hash(request, signature)
    scope = f"{signature.date}/{signature.region}/{signature.service}/aws4_request"
    canonical = canonical_request(request, signature, payload)
    text = "\n".join((ALGORITHM, signature.moment, scope, _sha256(canonical.encode())))
    expected = hmac.new(_signing_key(secret, signature), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), signature.value.encode()):
        raise InvalidSignature(
            "The request signature we calculated does not match the signature you provided."
            " Check your secret access key and signing method."
        )


def canonical_request(request: Request, signature: Signature, payload_hash: str) -> str:
    """The text that is signed."""
    pairs = [
        (name, value)
        for name, value in parse_qsl(request.raw_query, keep_blank_values=True, errors=_BYTES)
        if name != "X-Amz-Signature" or signature.expires is None
    ]
    encoded = sorted((_quoted(name), _quoted(value)) for name, value in pairs)
    values: dict[str, list[str]] = {}
    for name, value in request.headers:
        values.setdefault(name, []).append(_SPACES.sub(" ", value.strip(" \t")))
    return "\n".join(
        (
            request.method,
            # The path is encoded once more than it was sent, as for every service but S3.
            quote(normalize_url_path(request.raw_path or "/"), "/" + _UNRESERVED),
            "&".join(f"{name}={value}" for name, value in encoded),
            *(f"{name}:{','.join(values[name])}" for name in signature.signed_headers),
            "",
            ";".join(signature.signed_headers),
            payload_hash,
        )
    )


def _quoted(text: str) -> str:
    return quote(text, _UNRESERVED, errors=_BYTES)


def _from_header(header: str, request: Request) -> Signature:
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise IncompleteSignature(f"The Authorization header must begin with {ALGORITHM}.")
    parts = dict(_pair(part) for part in rest.split(",") if part.strip())
    return _signature(
        parts.get("Credential", ""),
        parts.get("SignedHeaders", ""),
        parts.get("Signature", ""),
        request.header("x-amz-date") or "",
    )


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.strip().partition("=")
    return name, value


def _from_query(query: Mapping[str, str]) -> Signature:
    if query.get("X-Amz-Algorithm") != ALGORITHM:
        raise IncompleteSignature(f"X-Amz-Algorithm must be {ALGORITHM}.")
    expires = query.get("X-Amz-Expires", "")
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 7):
        raise IncompleteSignature("X-Amz-Expires must be a number of seconds.")
    if not 1 <= int(expires) <= LONGEST_PRESIGNED_SECONDS:
        raise IncompleteSignature(f"X-Amz-Expires must be 1 to {LONGEST_PRESIGNED_SECONDS}.")
    return _signature(
        query.get("X-Amz-Credential", ""),
        query.get("X-Amz-SignedHeaders", ""),
        query.get("X-Amz-Signature", ""),
        query.get("X-Amz-Date", ""),
        int(expires),
    )


def _signature(
    credential: str, signed: str, value: str, moment: str, expires: int | None = None
) -> Signature:
    scope = credential.split("/")
    if len(scope) != 5 or scope[4] != "aws4_request" or not all(scope):
        raise IncompleteSignature("Credential must be KEY/DATE/REGION/SERVICE/aws4_request.")
    if not signed or not value:
        raise IncompleteSignature("SignedHeaders or Signature is missing.")
    if not _DATE.fullmatch(moment):
        raise IncompleteSignature("The date must be given as X-Amz-Date: YYYYMMDDTHHMMSSZ.")
    if moment[:8] != scope[1]:
        raise InvalidSignature(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from"
            f" HTTP: '{scope[1]}' != '{moment[:8]}', from '{moment}'."
        )
    names = tuple(signed.split(";"))
    return Signature(scope[0], scope[1], scope[2], scope[3], names, value, moment, expires)


def _check_time(signature: Signature, now: float) -> None:
    try:
        signed = datetime.strptime(signature.moment, _MOMENT).replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise IncompleteSignature(f"X-Amz-Date is no date: {signature.moment}") from error
    longest = SKEW_SECONDS if signature.expires is None else signature.expires
    if now - signed > longest:
        raise InvalidSignature(
            f"Signature expired: {signature.moment} is now earlier than {_moment(now - longest)}"
            f" ({_moment(now)} - {_length(longest)})"
        )
    if signed - now > SKEW_SECONDS:
        raise InvalidSignature(
            f"Signature not yet current: {signature.moment} is still later than"
            f" {_moment(now + SKEW_SECONDS)} ({_moment(now)} + {_length(SKEW_SECONDS)})"
        )


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(_MOMENT)


def _length(seconds: int) -> str:
    return f"{seconds // 60} min." if seconds % 60 == 0 else f"{seconds} s."


def _check_headers(request: Request, signature: Signature) -> None:
    names = signature.signed_headers
    if list(names) != sorted(set(names)) or any(name != name.lower() for name in names):
        raise IncompleteSignature("SignedHeaders must be sorted, in lower case, without doubles.")
    present = {name for name, _ in request.headers}
    missing = [name for name in names if name not in present]
    if missing:
        raise InvalidSignature(f"Signed headers are missing: {', '.join(missing)}.")
    needed = {"host"} | {name for name in present if name.startswith("x-amz-")}
    unsigned = sorted(needed - set(names))
    if unsigned:
        raise InvalidSignature(f"These headers must be signed: {', '.join(unsigned)}.")


def _payload_hash(request: Request, signature: Signature) -> str:
    """The hash of the body as received; what the request claims must agree with it."""
    actual = _sha256(request.body)
    claimed = request.header("x-amz-content-sha256")
    if claimed is not None and not hmac.compare_digest(claimed.encode(), actual.encode()):
        raise InvalidSignature("x-amz-content-sha256 is not the hash of the body.")
    return actual


def _signing_key(secret: str, signature: Signature) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (signature.date, signature.region, signature.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def headers_of(raw: Sequence[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    """Headers as a server got them, as text in lower-case names."""
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in raw)
