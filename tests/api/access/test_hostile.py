"""What a hostile caller tries: to look like another request, address, or resource."""

import json
from typing import Any

import msgspec
import pytest

from openinspector.api.access import limits
from openinspector.api.access.limits import Limits
from openinspector.api.access.master_key import MasterKey
from openinspector.api.access.policy import PolicyError, allowed, check_policy, resources_of
from openinspector.api.access.refusals import InvalidSignature
from openinspector.model import OpenInspectorError
from openinspector.model.refusal import Throttled
from tests.api.access.test_sigv4 import check, signed

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("aws:PrincipalTag/env", True),
        ("aws:ResourceTag/env", False),
        ("aws:SourcIp", True),
        ("aws:SourceIp", False),
    ],
)
def test_a_condition_that_never_sees_a_value_is_not_stored(key: str, wrong: bool) -> None:
    text = json.dumps(
        {"Statement": [EVERYTHING | {"Effect": "Deny", "Condition": {"StringEquals": {key: "x"}}}]}
    )
    if not wrong:
        check_policy(text)
        return
    with pytest.raises(PolicyError, match=f"Statement 1: condition key {key}"):
        check_policy(text)


def test_policy_variables_are_not_stored() -> None:
    with pytest.raises(PolicyError, match="variables"):
        check_policy(json.dumps({"Statement": EVERYTHING | {"Resource": "arn:${aws:username}"}}))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, ["*"]),
        ({"filterArn": "a"}, ["a"]),
        ({"findingArns": ["a", "b", "a"]}, ["a", "b"]),
        ({"requests": [{"scanConfigurationArn": "a"}, {"scanConfigurationArn": "b"}]}, ["a", "b"]),
        ({"s3Destination": {"kmsKeyArn": "decoy"}, "tags": {"arn": "decoy"}}, ["*"]),
        ({"filterCriteria": {"findingArn": [{"value": "decoy"}]}}, ["*"]),
    ],
)
def test_every_resource_of_a_call_counts(members: dict[str, Any], expected: list[str]) -> None:
    assert resources_of(members) == expected


def test_an_ipv4_address_in_ipv6_is_that_address() -> None:
    condition = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    text = json.dumps(
        {"Statement": [EVERYTHING, EVERYTHING | {"Effect": "Deny", "Condition": condition}]}
    )
    assert not allowed(text, "a:b", "*", {"aws:sourceip": "::ffff:10.0.0.1"})
    assert allowed(text, "a:b", "*", {"aws:sourceip": "::ffff:11.0.0.1"})


def test_header_bytes_that_python_calls_space_are_signed() -> None:
    request = signed("GET", "/x", {}, b"", False)
    headers = tuple((k, v + "\xa0" if k == "host" else v) for k, v in request.headers)
    with pytest.raises(InvalidSignature):
        check(msgspec.structs.replace(request, headers=headers))


def test_query_bytes_that_are_not_utf8_are_signed() -> None:
    request = signed("GET", "/x", {"a": "\ufffd"}, b"", False)
    assert "%EF%BF%BD" in request.raw_query
    changed = request.raw_query.replace("%EF%BF%BD", "%FF")
    with pytest.raises(InvalidSignature):
        check(msgspec.structs.replace(request, raw_query=changed))


def test_many_names_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_MOST_BUCKETS", 10)
    bucket = Limits(1.0, 5.0, lambda: 0.0)
    for number in range(15):
        bucket.take(str(number))
    with pytest.raises(Throttled):
        bucket.take("one more")
    assert len(bucket._buckets) <= 11


@pytest.mark.parametrize("sealed", [b"", b"short", b"x" * 40])
def test_a_damaged_secret_is_a_clear_error(sealed: bytes) -> None:
    with pytest.raises(OpenInspectorError, match="another master key"):
        MasterKey(b"k" * 32).unseal(sealed)
