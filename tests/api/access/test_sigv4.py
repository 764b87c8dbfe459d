"""Signatures, against botocore's own signers."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.api.access.refusals import IncompleteSignature, InvalidSignature, MissingToken
from openinspector.api.access.sigv4 import SKEW_SECONDS, Request, read_signature, verify
from openinspector.model.refusal import Refusal

KEY, SECRET = "OIKAAAAAAAAAAAAAAAAA", "s" * 40
HOST = "http://127.0.0.1:8400"

paths = st.lists(
    st.text("abcZ019-._~%20", min_size=1, max_size=6).map(lambda x: x.replace("%", "%25")),
    min_size=1,
    max_size=3,
).map(lambda parts: "/" + "/".join(parts))
bodies = st.binary(max_size=40)
queries = st.dictionaries(
    st.text("abcXYZ-", min_size=1, max_size=5), st.text("abc =&/+é", max_size=5), max_size=3
)


def signed(method: str, path: str, query: dict[str, str], body: bytes, presign: bool) -> Request:
    if presign:
        body = b""  # botocore moves a body of a presigned request into its query
    request = AWSRequest(method, HOST + path, data=body, params=query)
    credentials = Credentials(KEY, SECRET)
    if presign:
        SigV4QueryAuth(credentials, "inspector2", "us-east-1", expires=60).add_auth(request)
    else:
        SigV4Auth(credentials, "inspector2", "us-east-1").add_auth(request)
    prepared = request.prepare()
    parts = urlsplit(prepared.url)
    headers = {name.lower(): value for name, value in prepared.headers.items()}
    headers.setdefault("host", parts.netloc)
    values = ((name, v if isinstance(v, str) else v.decode()) for name, v in headers.items())
    return Request(method, parts.path, parts.query, tuple(values), body)


def check(request: Request, secret: str = SECRET, later: float = 0.0) -> None:
    verify(request, read_signature(request), secret, datetime.now(UTC).timestamp() + later)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(["GET", "POST"]), paths, queries, bodies, st.booleans())
def test_what_botocore_signs_is_accepted(
    method: str, path: str, query: dict[str, str], body: bytes, presign: bool
) -> None:
    check(signed(method, path, query, body, presign))


CHANGES: dict[str, dict[str, Any]] = {
    "method": {"method": "PUT"},
    "path": {"raw_path": "/findings/listed"},
    "query": {"raw_query": "a=c"},
    "body": {"body": b"{} "},
}


@pytest.mark.parametrize("change", sorted(CHANGES))
@pytest.mark.parametrize("presign", [False, True])
def test_any_change_is_noticed(change: str, presign: bool) -> None:
    request = signed("POST", "/findings/list", {"a": "b"}, b"{}", presign)
    changed = dict(CHANGES[change])
    if change == "query":
        changed["raw_query"] = request.raw_query.replace("a=b", "a=c")
    with pytest.raises(InvalidSignature):
        check(msgspec.structs.replace(request, **changed))


def test_another_secret_is_noticed() -> None:
    with pytest.raises(InvalidSignature):
        check(signed("POST", "/x", {}, b"{}", False), "t" * 40)


@pytest.mark.parametrize("later", [SKEW_SECONDS + 5, -SKEW_SECONDS - 5])
def test_old_and_future_signatures_are_refused(later: float) -> None:
    with pytest.raises(InvalidSignature):
        check(signed("POST", "/x", {}, b"{}", False), later=later)


def test_a_presigned_request_expires() -> None:
    request = signed("GET", "/x", {}, b"", True)
    check(request, later=50)
    with pytest.raises(InvalidSignature, match="expired"):
        check(request, later=70)


def _with_header(request: Request, name: str, value: str) -> Request:
    headers = tuple((key, value if key == name else old) for key, old in request.headers)
    return msgspec.structs.replace(request, headers=headers)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("AWS4-HMAC-SHA256", "AWS3", IncompleteSignature),
        ("SignedHeaders=", "Signed=", IncompleteSignature),
        ("Signature=", "Signatur=", IncompleteSignature),
        ("/us-east-1/", "/eu-west-1/", InvalidSignature),
        ("/aws4_request", "/aws5_request", IncompleteSignature),
        ("host;x-amz-date", "x-amz-date", InvalidSignature),
        ("host;x-amz-date", "x-amz-date;host", IncompleteSignature),
        ("host;x-amz-date", "host;x-amz-date;x-none", InvalidSignature),
    ],
)
def test_forged_headers_are_refused(old: str, new: str, error: type[Refusal]) -> None:
    request = signed("POST", "/x", {}, b"{}", False)
    header = request.header("authorization") or ""
    assert old in header
    with pytest.raises(error):
        check(_with_header(request, "authorization", header.replace(old, new)))


def test_no_signature_and_two_signatures() -> None:
    with pytest.raises(MissingToken):
        read_signature(Request("GET", "/x", "", (("host", "x"),), b""))
    both = signed("GET", "/x", {}, b"", True)
    header = signed("GET", "/x", {}, b"", False).header("authorization") or ""
    doubled = msgspec.structs.replace(both, headers=(*both.headers, ("authorization", header)))
    with pytest.raises(IncompleteSignature):
        read_signature(doubled)


def test_an_unsigned_amazon_header_is_refused() -> None:
    request = signed("POST", "/x", {}, b"{}", False)
    added = msgspec.structs.replace(request, headers=(*request.headers, ("x-amz-evil", "1")))
    with pytest.raises(InvalidSignature, match="x-amz-evil"):
        check(added)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_header_is_refused_in_order(text: str) -> None:
    request = Request("GET", "/x", "", (("host", "x"), ("authorization", text)), b"")
    with pytest.raises((IncompleteSignature, InvalidSignature)):
        check(request)
