"""Filters and suppression rules (spec/filters-and-suppression.md 4)."""

import re
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from openinspector.api.call import Call, Handler
from openinspector.api.paging import moment_and_key, page_of, then
from openinspector.ledger.suppression import (
    EXPIRED,
    EXPIRES_TAG,
    FILTER,
    expiry,
    reapply,
    rules_for,
)
from openinspector.model.refusal import AccessDenied, BadRequest, Invalid, NotFound, QuotaExceeded
from openinspector.organization.scope import accounts_ruled, administrator_of, owner_of
from openinspector.store.records import (
    end_record,
    get_record,
    list_records,
    put_record,
)

MOST_RULES = 500
MOST_TAGS = 50
_PAGE = 100
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_ARN = re.compile(r"arn:[^:]+:inspector2:[^:]+:\d{12}:owner/([^/]+)/filter/([0-9a-f]{16})")
_GIVEN = ("name", "action", "description", "reason")


def create_filter(call: Call) -> dict[str, Any]:
    """Store a filter; a suppression rule hides what it matches at once."""
    asked = call.input
    check_tags(asked.get("tags") or {})
    _check(asked, asked["action"], asked["filterCriteria"])
    with call.write() as connection:
        owner = _owner(connection, call)
        _check_free(connection, owner, asked["name"], None)
        if asked["action"] == "SUPPRESS":
            _check_quota(connection, owner)
        key = secrets.token_hex(8)
        arn = (
            f"arn:{call.service.partition}:inspector2:{call.service.region}:{call.caller.account}"
            f":owner/{owner}/filter/{key}"
        )
        body = {
            "arn": arn,
            "ownerId": owner,
            "criteria": asked["filterCriteria"],
            **{name: asked[name] for name in _GIVEN if name in asked},
            "createdAt": call.now / 1000,
            "updatedAt": call.now / 1000,
            "tags": asked.get("tags") or {},
        }
        put_record(connection, FILTER, owner, key, body, call.now)
        if asked["action"] == "SUPPRESS":
            apply_rules(connection, call)
    return {"arn": arn}


def update_filter(call: Call) -> dict[str, Any]:
    """Change the members that are given; criteria are replaced whole."""
    asked = call.input
    with call.write() as connection:
        owner, key, body = find_filter(connection, call, asked["filterArn"])
        changed = {**body, **{name: asked[name] for name in _GIVEN if name in asked}}
        changed["criteria"] = asked.get("filterCriteria", body["criteria"])
        changed["updatedAt"] = call.now / 1000
        _check(asked, changed["action"], changed["criteria"])
        _check_free(connection, owner, changed["name"], key)
        if changed["action"] == "SUPPRESS" and body["action"] != "SUPPRESS":
            _check_quota(connection, owner)
        put_record(connection, FILTER, owner, key, changed, call.now)
        apply_rules(connection, call)
    return {"arn": body["arn"]}


def delete_filter(call: Call) -> dict[str, Any]:
    """Delete a filter; what only this rule hid becomes active again."""
    with call.write() as connection:
        owner, key, body = find_filter(connection, call, call.input["arn"])
        end_record(connection, FILTER, owner, key, call.now)
        if body["action"] == "SUPPRESS":
            apply_rules(connection, call)
    return {"arn": body["arn"]}


def list_filters(call: Call) -> dict[str, Any]:
    """The owner's filters, by key."""
    asked = call.input
    moment, _ = moment_and_key(call)
    with call.service.store.read() as connection:
        owner = owner_of(connection, call.caller.account, then(call, moment))
        records = list_records(connection, FILTER, [owner], at=moment)
    wanted = [
        each
        for each in records
        if asked.get("action", each.body["action"]) == each.body["action"]
        and ("arns" not in asked or each.body["arn"] in asked["arns"])
    ]
    size = asked.get("maxResults", _PAGE)
    page, token = page_of(call, wanted, lambda each: each.key, size)
    shown = [{name: value for name, value in each.body.items() if name != EXPIRED} for each in page]
    return {"filters": shown, "nextToken": token}


def apply_rules(connection: Connection, call: Call) -> None:
    """Bring all findings that the caller's rules govern in line with them."""
    accounts = accounts_ruled(connection, call.caller.account)
    if accounts:
        owner = owner_of(connection, call.caller.account)
        reapply(connection, accounts, rules_for(connection, owner, call.now), call.now)


def find_filter(connection: Connection, call: Call, arn: str) -> tuple[str, str, dict[str, Any]]:
    """Owner, key and body of a filter of the caller's; raises `NotFound` alike for others'."""
    owner = _owner(connection, call)
    match = _ARN.fullmatch(arn)
    body = None
    if match is not None and match[1] == owner:
        body = get_record(connection, FILTER, owner, match[2])
    if match is None or body is None or body["arn"] != arn:
        raise NotFound(f"The filter {arn} was not found.")
    return owner, match[2], body


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise `BadRequest` for tags that cannot be used."""
    if len(tags) > MOST_TAGS:
        raise BadRequest(f"A resource has at most {MOST_TAGS} tags.")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise BadRequest("A tag's key has 1 to 128 characters, its value at most 256.")
        if key.lower().startswith("aws:"):
            raise BadRequest(f"The tag key {key} is reserved: it begins with aws:.")
    try:
        expiry(tags)
    except ValueError as error:
        raise BadRequest(f"The tag {EXPIRES_TAG} is no ISO 8601 date: {error}") from error


def _owner(connection: Connection, call: Call) -> str:
    if administrator_of(connection, call.caller.account) is not None:
        raise AccessDenied(
            "A member account cannot manage filters; its delegated administrator does."
        )
    return owner_of(connection, call.caller.account)


def _check(asked: Mapping[str, Any], action: str, criteria: Mapping[str, Any]) -> None:
    if "name" in asked and not _NAME.fullmatch(asked["name"]):
        message = "must consist of letters, digits, '.', '_' and '-'"
        raise Invalid(f"name {message}", [("name", message)])
    if action == "SUPPRESS" and not criteria:
        message = "must not be empty: the rule would hide every finding"
        raise Invalid(f"filterCriteria {message}", [("filterCriteria", message)])


def _check_free(connection: Connection, owner: str, name: str, own_key: str | None) -> None:
    for record in list_records(connection, FILTER, [owner]):
        if record.body["name"] == name and record.key != own_key:
            message = f"There is a filter named {name} already."
            raise Invalid(message, [("name", message)])


def _check_quota(connection: Connection, owner: str) -> None:
    records = list_records(connection, FILTER, [owner])
    if sum(record.body["action"] == "SUPPRESS" for record in records) >= MOST_RULES:
        raise QuotaExceeded(f"An account has at most {MOST_RULES} suppression rules.", owner)


OPERATIONS: dict[str, Handler] = {
    "CreateFilter": create_filter,
    "UpdateFilter": update_filter,
    "DeleteFilter": delete_filter,
    "ListFilters": list_filters,
}
