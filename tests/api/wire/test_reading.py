"""Requests are read as botocore writes them and held against the model; hostile ones refused."""

import json
import time
from typing import Any
from urllib.parse import parse_qsl

import pytest
from botocore.awsrequest import prepare_request_dict
from botocore.serialize import create_serializer

from openinspector.api.wire.model import (
    SERVICES,
    documents,
    find_route,
    routes,
    service_model,
)
from openinspector.api.wire.parse import parse_request
from openinspector.api.wire.validate import validate
from openinspector.model.refusal import Invalid


def read(name: str, body: bytes, query: str = "") -> dict[str, Any]:
    operation = service_model("inspector2").operation_model(name)
    members = parse_request(operation, {}, parse_qsl(query, keep_blank_values=True), {}, body)
    validate(operation, members)
    return members


def refused(name: str, body: bytes, query: str = "") -> Invalid:
    with pytest.raises(Invalid) as caught:
        read(name, body, query)
    return caught.value


def criteria(name: str, **comparison: Any) -> bytes:
    return json.dumps({"filterCriteria": {name: [comparison]}}).encode()


@pytest.mark.parametrize("service", SERVICES)
def test_each_route_is_found_and_is_no_others(service: str) -> None:
    for route in routes(service):
        path = str(route.operation.http["requestUri"]).replace("{resourceArn}", "a%2Fb")
        found = find_route(service, route.method, path)
        assert found is not None
        assert found.operation.name == route.operation.name
        matching = [r for r in routes(service)
                    if r.method == route.method and r.pattern.fullmatch(path)]  # fmt: skip
        assert len(matching) == 1


def test_botocore_s_own_requests_are_read_back() -> None:
    arn = "arn:aws:inspector2:us-east-1:999999999999:owner/999999999999/filter/0123456789abcdef"
    operation = service_model("inspector2").operation_model("UntagResource")
    given = {"resourceArn": arn, "tagKeys": ["a b", "é/+"]}
    sent = create_serializer("rest-json").serialize_to_request(given, operation)
    prepare_request_dict(sent, "http://host")
    path, _, query = sent["url"].removeprefix("http://host").partition("?")
    routed = find_route("inspector2", sent["method"], path)
    assert routed is not None
    got = parse_request(routed.operation, routed.labels, parse_qsl(query), {}, b"")
    assert got == given


@pytest.mark.parametrize("digits", ["1" + "0" * 400, "9" * 25, "-1" + "0" * 400, str(2**31)])
def test_whole_numbers_beyond_their_type_are_refused(digits: str) -> None:
    for body in (
        b'{"maxResults": %s}' % digits.encode(),
        criteria("portRange", beginInclusive=int(digits)),
    ):
        assert refused("ListFindings", body).members["reason"] == "FIELD_VALIDATION_FAILED"


@pytest.mark.parametrize("digits", ["1" + "0" * 400, "-1" + "0" * 400])
def test_numbers_and_dates_beyond_a_float_are_refused(digits: str) -> None:
    number = int(digits)
    assert refused("ListFindings", criteria("inspectorScore", lowerInclusive=number)).members
    assert refused("ListFindings", criteria("updatedAt", startInclusive=number)).members


def test_a_whole_number_is_read_as_the_float_that_the_model_asks_for() -> None:
    members = read("ListFindings", criteria("inspectorScore", lowerInclusive=10**200))
    score = members["filterCriteria"]["inspectorScore"][0]["lowerInclusive"]
    assert (type(score), score) == (float, 1e200)


@pytest.mark.parametrize(
    "body",
    [
        b'{"maxResults": 1, "maxResults": 2}',
        b'{"filterCriteria": {"title": [], "title": []}}',
        b'{"newer": {"a": 1, "a": 1}}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b'{"a": NaN}',
        b'{"a": 1e400}',
        b"\xef\xbb\xbf{}",
        b'{"a":' * 5000,
        b"null",
    ],
)
def test_what_is_no_clear_json_object_cannot_be_parsed(body: bytes) -> None:
    assert refused("ListFindings", body).members["reason"] == "CANNOT_PARSE"


@pytest.mark.parametrize("text", ["x", "1_0", "\u0663", "1.0", " 1", "", "9" * 5000])
def test_numbers_in_the_query_are_plain_digits(text: str) -> None:
    error = refused("ListCodeSecurityIntegrations", b"", f"maxResults={text}")
    assert error.members["fields"][0]["name"] == "maxResults"
    assert read("ListCodeSecurityIntegrations", b"", "maxResults=7") == {"maxResults": 7}


@pytest.mark.parametrize(
    ("moment", "good"),
    [
        (0, True), ("1970-01-01T00:00:00Z", True), (1_988_150_399.999, True),
        (-0.001, False), ("1969-12-31T23:59:59Z", False), (1_988_150_400, False),
        ("2033-01-01T00:00:00Z", False), ("0001-01-01T00:00:00+23:59", False), ("soon", False),
        (True, False),
    ],
)  # fmt: skip
def test_dates_lie_from_1970_to_2032(moment: Any, good: bool) -> None:
    body = criteria("updatedAt", startInclusive=moment)
    if good:
        assert read("ListFindings", body)
    else:
        name = "filterCriteria.updatedAt[0].startInclusive"
        assert refused("ListFindings", body).members["fields"][0]["name"] == name


def test_a_union_has_exactly_one_member() -> None:
    def asked(schedule: dict[str, Any]) -> bytes:
        document = {
            "scanName": "x", "securityLevel": "LEVEL_1", "schedule": schedule,
            "targets": {"accountIds": ["SELF"], "targetResourceTags": {"a": ["b"]}},
        }  # fmt: skip
        return json.dumps(document).encode()

    assert read("CreateCisScanConfiguration", asked({"oneTime": {}}))
    for wrong in ({}, {"oneTime": {}, "daily": {"startTime": {"timeOfDay": "1:00", "timezone":
                  "UTC"}}}, {"unknown": {}}):  # fmt: skip
        error = refused("CreateCisScanConfiguration", asked(wrong))
        assert error.members["fields"][0]["name"] == "schedule"


def test_answers_to_long_names_and_values_stay_short_and_quick() -> None:
    started = time.monotonic()
    tags = {("k" * 40_000) + str(number): 1 for number in range(20)}
    body = json.dumps({"action": "NONE", "name": "n", "filterCriteria": {}, "tags": tags}).encode()
    assert len(refused("CreateFilter", body).message) < 20_000
    body = json.dumps({"filterCriteria": {"resourceId": [
        {"comparison": "EQUALS", "value": "x" * 900_000}]}}).encode()  # fmt: skip
    assert refused("ListFindings", body)
    assert time.monotonic() - started < 5


def test_the_operations_that_take_documents() -> None:
    assert documents() == {("POST", "/scan/sbom")}
