"""Malformed, forged and hostile requests: the documented error, and the server lives."""

import gzip
import http.client
import json
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.api.conftest import MEMBER, STANDALONE, Server, new_key, openinspector


def send(
    server: Server,
    path: str,
    body: bytes = b"{}",
    *,
    method: str = "POST",
    service: str = "inspector2",
    region: str = "us-east-1",
    headers: dict[str, str] | None = None,
    key: dict[str, str] | None = None,
    sent: bytes | None = None,
) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Sign and send; `sent` replaces the body after signing."""
    key = key or server.keys[STANDALONE]
    request = AWSRequest(method, server.address + path, data=body, headers=headers or {})
    credentials = Credentials(key["accessKeyId"], key["secretAccessKey"])
    SigV4Auth(credentials, service, region).add_auth(request)
    prepared = request.prepare()
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=60)
    connection.request(method, path, body if sent is None else sent, dict(prepared.headers))
    response = connection.getresponse()
    answer = json.loads(response.read() or b"{}")
    told = {name.lower(): value for name, value in response.getheaders()}
    connection.close()
    return response.status, told, answer


def assert_alive(server: Server) -> None:
    assert server.client(STANDALONE).list_findings(maxResults=1)["findings"]


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        (b"{", "CANNOT_PARSE", None),
        (b"[]", "CANNOT_PARSE", None),
        (b"\xff\xfe", "CANNOT_PARSE", None),
        (b'{"maxResults": NaN}', "CANNOT_PARSE", None),
        (b"[" * 100_000, "CANNOT_PARSE", None),
        (b'{"maxResults": "five"}', "FIELD_VALIDATION_FAILED", "maxResults"),
        (b'{"maxResults": true}', "FIELD_VALIDATION_FAILED", "maxResults"),
        (b'{"maxResults": 101}', "FIELD_VALIDATION_FAILED", "maxResults"),
        (b'{"filterCriteria": {"title": []}}', "FIELD_VALIDATION_FAILED", "filterCriteria.title"),
        (
            b'{"filterCriteria": {"title": [{"comparison": "LIKE", "value": "x"}]}}',
            "FIELD_VALIDATION_FAILED",
            "filterCriteria.title[0].comparison",
        ),
        (
            b'{"filterCriteria": {"updatedAt": [{"startInclusive": 99999999999}]}}',
            "FIELD_VALIDATION_FAILED",
            "filterCriteria.updatedAt[0].startInclusive",
        ),
        (
            b'{"sortCriteria": {"field": "UPDATED_AT", "sortOrder": "ASC"}}',
            "FIELD_VALIDATION_FAILED",
            "sortCriteria.field",
        ),
        (b'{"nextToken": "made-up"}', "FIELD_VALIDATION_FAILED", "nextToken"),
    ],
)
def test_what_is_wrong_is_named(
    server: Server, body: bytes, reason: str, field: str | None
) -> None:
    status, headers, answer = send(server, "/findings/list", body)
    assert (status, headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert answer["reason"] == reason
    if field is not None:
        assert answer["fields"][0]["name"] == field
    assert_alive(server)


def test_unknown_members_are_ignored(server: Server) -> None:
    status, _, answer = send(server, "/findings/list", b'{"newMember": {"a": [1]}}')
    assert status == 200
    assert isinstance(answer["findings"][0]["firstObservedAt"], float)


def test_one_port_serves_both_services_by_scope(server: Server) -> None:
    status, headers, _ = send(server, "/scan/sbom", b'{"sbom": {}}', service="inspector-scan")
    assert (status, headers["x-amzn-errortype"]) == (400, "ValidationException")
    status, headers, answer = send(server, "/scan/sbom", b"{}", service="inspector2")
    assert (status, headers["x-amzn-errortype"]) == (404, "UnknownOperationException")
    status, headers, answer = send(server, "/findings/list", service="guardduty")
    assert status == 404
    assert "guardduty" in answer["message"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/findings/list"), ("POST", "/none/such")])
def test_unknown_operations(server: Server, method: str, path: str) -> None:
    status, headers, _ = send(server, path, b"", method=method)
    assert (status, headers["x-amzn-errortype"]) == (404, "UnknownOperationException")


def test_gzip_is_accepted_and_bombs_are_not(server: Server) -> None:
    zipped = {"Content-Encoding": "gzip"}
    status, _, answer = send(
        server, "/findings/list", gzip.compress(b'{"maxResults": 1}'), headers=zipped
    )
    assert (status, len(answer["findings"])) == (200, 1)
    bomb = gzip.compress(b" " * 200_000_000)
    status, _, answer = send(server, "/findings/list", bomb, headers=zipped)
    assert (status, answer["reason"]) == (400, "CANNOT_PARSE")
    assert send(server, "/findings/list", b"no gzip", headers=zipped)[0] == 400
    assert_alive(server)


def test_a_huge_body_is_refused_before_it_is_read(server: Server) -> None:
    parts = urlsplit(server.address)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30) as peer:
        peer.sendall(
            b"POST /findings/list HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n"
        )
        assert peer.recv(100).startswith(b"HTTP/1.1 400")
    assert_alive(server)


@pytest.mark.parametrize("junk", [b"\x00" * 100, b"GET / HTTP/9.9\r\n\r\n", b"A" * 100_000])
def test_what_is_no_http_is_dropped(server: Server, junk: bytes) -> None:
    parts = urlsplit(server.address)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as peer:
        peer.sendall(junk)
        peer.settimeout(2)
        try:
            peer.recv(100)
        except TimeoutError:
            peer.close()
    assert_alive(server)


def test_slow_clients_hold_up_nobody(server: Server) -> None:
    parts = urlsplit(server.address)
    slow = [
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)
        for _ in range(50)
    ]
    for each in slow:
        each.sendall(b"POST /findings/list HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
    assert_alive(server)
    for each in slow:
        each.close()


def test_signatures_are_checked(server: Server) -> None:
    forged = {**server.keys[STANDALONE], "secretAccessKey": "x" * 40}
    unknown = {**forged, "accessKeyId": "OIKAAAAAAAAAAAAAAAAA"}
    assert send(server, "/findings/list", key=forged)[1]["x-amzn-errortype"] == (
        "InvalidSignatureException"
    )
    assert send(server, "/findings/list", key=unknown)[0] == 403
    assert send(server, "/findings/list", b"{}", sent=b"[]")[0] == 403
    assert send(server, "/findings/list", region="eu-west-1")[0] == 403
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc)
    connection.request("POST", "/findings/list", b"{}")
    response = connection.getresponse()
    assert response.status == 403
    assert response.getheader("x-amzn-errortype") == "MissingAuthenticationTokenException"


def test_a_revoked_key_is_refused_at_once(server: Server) -> None:
    key = new_key(server.folder, MEMBER)
    assert send(server, "/findings/list", key=key)[0] == 200
    openinspector("keys", "revoke", key["accessKeyId"], "--data", server.folder)
    assert send(server, "/findings/list", key=key)[0] == 403


def test_a_policy_limits_a_key(server: Server, tmp_path: Any) -> None:
    file = tmp_path / "policy.json"
    statement = {"Effect": "Allow", "Action": "inspector2:List*", "Resource": "*"}
    file.write_text(json.dumps({"Statement": statement}))
    made = openinspector(
        *("keys", "create", "--account", STANDALONE, "--policy", file),
        *("--data", server.folder, "--format", "json"),
    )
    key = json.loads(made.stdout)
    assert send(server, "/findings/list", key=key)[0] == 200
    status, headers, _ = send(server, "/enable", b'{"resourceTypes": ["EC2"]}', key=key)
    assert (status, headers["x-amzn-errortype"]) == (403, "AccessDeniedException")


def test_the_past_can_be_read_and_not_changed(server: Server) -> None:
    early = {"x-openinspector-as-of": "2020-01-01T00:00:00Z"}
    assert send(server, "/findings/list", headers=early)[2]["findings"] == []
    status, _, answer = send(server, "/enable", b'{"resourceTypes": ["EC2"]}', headers=early)
    assert status == 400
    assert "present" in answer["message"]
    assert send(server, "/findings/list", headers={"x-openinspector-as-of": "soon"})[0] == 400
    future = {"x-openinspector-as-of": str(time.time() + 3600)}
    assert send(server, "/findings/list", headers=future)[0] == 400


def test_a_token_dies_with_its_request(server: Server) -> None:
    client = server.client(STANDALONE)
    first = client.list_findings(maxResults=1)
    second = client.list_findings(maxResults=1, nextToken=first["nextToken"])
    assert first["findings"][0]["findingArn"] != second["findings"][0]["findingArn"]
    assert first["nextToken"] != second.get("nextToken")
    criteria = {"severity": [{"comparison": "EQUALS", "value": "HIGH"}]}
    for caller, arguments in ((client, {"filterCriteria": criteria}), (server.client(MEMBER), {})):
        with pytest.raises(ClientError, match="start again"):
            caller.list_findings(maxResults=1, nextToken=first["nextToken"], **arguments)


def test_an_sbom_is_scanned_in_both_formats(server: Server) -> None:
    from tests.api.conftest import SBOM

    client = server.client(STANDALONE, "inspector-scan")
    cyclonedx = client.scan_sbom(sbom=SBOM)["sbom"]
    assert {each["id"] for each in cyclonedx["vulnerabilities"]} >= {"CVE-2020-8203"}
    for name in ("INSPECTOR", "INSPECTOR_ALT"):
        plain = client.scan_sbom(sbom=SBOM, outputFormat=name)["sbom"]
        assert plain["vulnerability_count"]


def test_coverage_is_counted_by_every_group_of_the_model(server: Server) -> None:
    import botocore.session

    model = botocore.session.get_session().get_service_model("inspector2")
    client = server.client(STANDALONE)
    for group in model.shape_for("GroupKey").enum:
        answer = client.list_coverage_statistics(groupBy=group)
        assert answer["totalCounts"] >= 1
        if group == "PROVIDER":
            assert [each["groupKey"] for each in answer["countsByGroup"]] == ["AWS"]


def test_a_database_that_cannot_be_reached_is_named(server: Server) -> None:
    import subprocess

    from tests.api.conftest import PROGRAM

    done = subprocess.run(
        [PROGRAM, "keys", "list", "--database", "postgresql://u:secret@127.0.0.1:1/x"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3
    assert "127.0.0.1" in done.stderr
    assert "secret" not in done.stderr
