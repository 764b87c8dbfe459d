"""IAM-style policies of access keys: deny first, then allow, else refused.

Source: AWS IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements". Supported are
Effect, Action, NotAction, Resource, NotResource and the conditions of `_OPERATORS`; anything else
is refused when the policy is stored, so that nothing is ever silently ignored.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from openinspector.model import OpenInspectorError

Context = Mapping[str, str]
"""Condition keys in lower case ("aws:sourceip", "aws:resourcetag/team") and their values."""

_MEMBERS = {
    *("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"),
}


class PolicyError(OpenInspectorError):
    """A policy document that cannot be used; names the statement."""


def _like(pattern: str, value: str, fold: bool = False) -> bool:
    return _glob(pattern, fold).fullmatch(value) is not None


@lru_cache(4096)
def _glob(pattern: str, fold: bool) -> re.Pattern[str]:
    words = (re.escape(c) if c not in "*?" else (".*" if c == "*" else ".") for c in pattern)
    return re.compile("".join(words), re.S | (re.I if fold else 0))


def _in_network(pattern: str, value: str) -> bool:
    try:
        address = ip_address(value)
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return address in ip_network(pattern, strict=False)
    except ValueError:
        return False


_OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (lambda pattern, value: pattern == value, False),
    "StringNotEquals": (lambda pattern, value: pattern == value, True),
    "StringEqualsIgnoreCase": (lambda pattern, value: pattern.lower() == value.lower(), False),
    "StringNotEqualsIgnoreCase": (lambda pattern, value: pattern.lower() == value.lower(), True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_like, False),
    "ArnNotEquals": (_like, True),
    "ArnLike": (_like, False),
    "ArnNotLike": (_like, True),
    "Bool": (lambda pattern, value: pattern.lower() == value.lower(), False),
    "IpAddress": (_in_network, False),
    "NotIpAddress": (_in_network, True),
}
"""Operator -> how the policy's value is compared with the request's; whether that is negated."""

_IF_EXISTS = "IfExists"
_KEYS = ("aws:sourceip", "aws:securetransport")
_RESOURCE_TAG = "aws:resourcetag/"
_KEY_PREFIXES = ("aws:requesttag/", _RESOURCE_TAG)
"""The condition keys that requests carry. A test of any other would never see a value."""

_NOT_RESOURCES = {"tags", "sbom", "filterCriteria", "s3Destination", "providerDetail"}
"""Members whose ARNs are chosen by the caller and are not what the call acts on."""


def resources_of(members: Mapping[str, Any]) -> list[str]:
    """Every ARN that a call acts on, else "*"; a policy must allow each of them."""
    return list(dict.fromkeys(_arns(members))) or ["*"]


def _arns(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            if name in _NOT_RESOURCES:
                continue
            if name.lower().endswith(("arn", "arns")):
                yield from (text for text in _listed(each) if isinstance(text, str))
            elif isinstance(each, (Mapping, list)):
                yield from _arns(each)
    elif isinstance(value, list):
        for each in value:
            yield from _arns(each)


def context_of(source: str, scheme: str, members: Mapping[str, Any]) -> dict[str, str]:
    """The values of `_KEYS` and `_KEY_PREFIXES` for a request."""
    context = {"aws:sourceip": source, "aws:securetransport": str(scheme == "https").lower()}
    tags = members.get("tags")
    if isinstance(tags, Mapping):
        for name, value in tags.items():
            context[f"aws:requesttag/{name.lower()}"] = str(value)
    return context


def asks_for_tags(policy: str | None) -> bool:
    """Whether a policy looks at the tags of resources."""
    return policy is not None and _RESOURCE_TAG in policy.lower()


def with_tags(context: Context, tags: Mapping[str, str]) -> dict[str, str]:
    """The context of a call on one resource that has these tags."""
    return {**context, **{_RESOURCE_TAG + name.lower(): value for name, value in tags.items()}}


def check_policy(text: str) -> None:
    """Raise `PolicyError` naming the statement and what is wrong with it."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"The policy is not JSON: {error}") from error
    if not isinstance(document, dict) or "Statement" not in document:
        raise PolicyError("The policy has no Statement.")
    for number, statement in enumerate(_listed(document["Statement"]), start=1):
        _check_statement(statement, f"Statement {number}")


def _check_statement(statement: Any, name: str) -> None:
    if not isinstance(statement, dict):
        raise PolicyError(f"{name} is not an object.")
    unknown = sorted(set(statement) - _MEMBERS)
    if unknown:
        raise PolicyError(f"{name} has members that are not supported: {', '.join(unknown)}.")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError(f"{name}: Effect must be Allow or Deny.")
    for pair in (("Action", "NotAction"), ("Resource", "NotResource")):
        given = [member for member in pair if member in statement]
        if len(given) != 1:
            raise PolicyError(f"{name} must have exactly one of {' and '.join(pair)}.")
        if not all(isinstance(word, str) for word in _listed(statement[given[0]])):
            raise PolicyError(f"{name}: {given[0]} must be text, or a list of texts.")
        if any("${" in word for word in _listed(statement[given[0]])):
            raise PolicyError(f"{name}: policy variables in {given[0]} are not supported.")
    conditions = statement.get("Condition", {})
    if not isinstance(conditions, dict):
        raise PolicyError(f"{name}: Condition must be an object.")
    for operator, tests in conditions.items():
        if operator.removesuffix(_IF_EXISTS) not in _OPERATORS or not isinstance(tests, dict):
            raise PolicyError(f"{name}: condition operator {operator} is not supported.")
        for key, values in tests.items():
            if key.lower() not in _KEYS and not key.lower().startswith(_KEY_PREFIXES):
                raise PolicyError(f"{name}: condition key {key} is not supported.")
            for value in _listed(values):
                _check_value(name, operator.removesuffix(_IF_EXISTS), value)


def _check_value(name: str, operator: str, value: Any) -> None:
    if not isinstance(value, (str, bool)):
        raise PolicyError(f"{name}: values of {operator} must be text.")
    if operator in ("IpAddress", "NotIpAddress"):
        try:
            ip_network(str(value), strict=False)
        except ValueError as error:
            raise PolicyError(f"{name}: {value} is no address or block.") from error


def allowed(policy: str | None, action: str, resource: str, context: Context) -> bool:
    """Whether a key may do something. A key without a policy may do everything in its account."""
    if policy is None:
        return True
    granted = False
    for statement in _listed(_parsed(policy)["Statement"]):
        if _applies(statement, action, resource, context):
            if statement["Effect"] == "Deny":
                return False
            granted = True
    return granted


@lru_cache(1024)
def _parsed(policy: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(policy)
    return document


def _applies(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    return (
        _names(statement, "Action", "NotAction", action, fold=True)
        and _names(statement, "Resource", "NotResource", resource, fold=False)
        and all(
            _holds(operator, tests, context)
            for operator, tests in statement.get("Condition", {}).items()
        )
    )


def _names(
    statement: Mapping[str, Any], positive: str, negative: str, value: str, *, fold: bool
) -> bool:
    if positive in statement:
        return any(_like(word, value, fold) for word in _listed(statement[positive]))
    return not any(_like(word, value, fold) for word in _listed(statement[negative]))


def _holds(operator: str, tests: Mapping[str, Any], context: Context) -> bool:
    compare, negated = _OPERATORS[operator.removesuffix(_IF_EXISTS)]
    for key, values in tests.items():
        value = context.get(key.lower())
        if value is None:
            # A missing key fails a positive test, and passes a negated one or one "if it exists".
            if negated or operator.endswith(_IF_EXISTS):
                continue
            return False
        words = [str(each).lower() if isinstance(each, bool) else each for each in _listed(values)]
        if any(compare(word, value) for word in words) is negated:
            return False
    return True


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
