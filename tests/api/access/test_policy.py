"""Policies: deny first, wildcards, conditions, and clear errors for what is not supported."""

import json
from typing import Any

import pytest

from openinspector.api.access.policy import PolicyError, allowed, check_policy

ARN = "arn:aws:inspector2:us-east-1:111111111111:owner/111111111111/filter/0123456789abcdef"


def policy(*statements: dict[str, Any]) -> str:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    check_policy(text)
    return text


READ = {"Effect": "Allow", "Action": ["inspector2:List*", "inspector2:get*"], "Resource": "*"}


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("inspector2:ListFindings", True),
        ("inspector2:GetMember", True),
        ("inspector2:CreateFilter", False),
        ("inspector-scan:ScanSbom", False),
    ],
)
def test_actions_by_wildcard(action: str, expected: bool) -> None:
    assert allowed(policy(READ), action, "*", {}) is expected


def test_without_a_policy_everything_is_allowed() -> None:
    assert allowed(None, "inspector2:Disable", "*", {})


def test_deny_wins() -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "inspector2:DeleteFilter", "Resource": "arn:*/filter/0*"}
    text = policy(everything, deny)
    assert not allowed(text, "inspector2:DeleteFilter", ARN, {})
    assert allowed(text, "inspector2:DeleteFilter", ARN.replace("/0123", "/1123"), {})


def test_not_action_and_not_resource() -> None:
    text = policy({"Effect": "Allow", "NotAction": "inspector2:Delete*", "NotResource": ARN})
    assert allowed(text, "inspector2:ListFilters", "*", {})
    assert not allowed(text, "inspector2:ListFilters", ARN, {})
    assert not allowed(text, "inspector2:DeleteFilter", "*", {})


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:sourceip": "10.1.2.3"}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:sourceip": "11.1.2.3"}, False),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {}, False),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {}, True),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:sourceip": "10.0.0.1"}, False),
        ({"Bool": {"aws:SecureTransport": True}}, {"aws:securetransport": "true"}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, {"aws:securetransport": "false"}, False),
        (
            {"StringEqualsIfExists": {"aws:RequestTag/team": ["a", "b"]}},
            {"aws:requesttag/team": "b"},
            True,
        ),
        ({"StringEqualsIfExists": {"aws:RequestTag/team": "a"}}, {}, True),
        ({"StringLike": {"aws:RequestTag/t": "a*"}}, {"aws:requesttag/t": "abc"}, True),
        ({"StringNotLike": {"aws:RequestTag/t": "a*"}}, {"aws:requesttag/t": "abc"}, False),
    ],
)
def test_conditions(condition: dict[str, Any], context: dict[str, str], expected: bool) -> None:
    text = policy({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition})
    assert allowed(text, "inspector2:ListFindings", "*", context) is expected


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ("{", "not JSON"),
        ("{}", "no Statement"),
        ('{"Statement": [1]}', "Statement 1"),
        ('{"Statement": {"Effect": "Maybe"}}', "Effect"),
        ('{"Statement": {"Effect": "Allow", "Action": "*"}}', "Resource"),
        ('{"Statement": {"Effect": "Allow", "Principal": "*"}}', "Principal"),
        (
            '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",'
            ' "Condition": {"DateLessThan": {"aws:CurrentTime": "x"}}}}',
            "DateLessThan",
        ),
        (
            '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*",'
            ' "Condition": {"IpAddress": {"aws:SourceIp": "x"}}}}',
            "no address",
        ),
    ],
)
def test_what_is_not_supported_is_refused_by_name(document: str, word: str) -> None:
    with pytest.raises(PolicyError, match=word):
        check_policy(document)
