"""Tags of what can be tagged (spec/accounts.md 4)."""

import re
from typing import Any

from sqlalchemy import Connection

from openinspector.api.call import Call, Handler
from openinspector.api.operations.filters import MOST_TAGS, apply_rules, check_tags
from openinspector.ledger.suppression import FILTER
from openinspector.model.refusal import BadRequest, NotFound
from openinspector.organization.scope import owner_of
from openinspector.store.records import get_record, put_record

_CIS = "cis-configuration"

TAGGABLE: dict[str, str] = {
    "filter": FILTER,
    _CIS: _CIS,
    "codesecurity-integration": "code-integration",
    "codesecurity-configuration": "code-scan-configuration",
    "connector": "connector",
}
"""Parts of an ARN that name what can be tagged, and the kind of its record."""

_ARN = re.compile(r"arn:[^:]+:inspector2:[^:]+:\d{12}:(?:owner/[^/]+/)?([a-z-]+)/([0-9a-f-]+)")
_Found = tuple[str, str, str, dict[str, Any]]


def tag_resource(call: Call) -> dict[str, Any]:
    """Add or change tags; a rule's expiry among them takes effect at once."""
    with call.write() as connection:
        kind, owner, key, body = _find(connection, call)
        if kind == _CIS and owner != call.caller.account:
            raise BadRequest("A CIS configuration of the organisation takes no tags.")
        tags = {**(body.get("tags") or {}), **call.input["tags"]}
        check_tags(call.input["tags"])
        if len(tags) > MOST_TAGS:
            raise BadRequest(f"A resource has at most {MOST_TAGS} tags.")
        _put(connection, call, (kind, owner, key, {**body, "tags": tags}))
    return {}


def untag_resource(call: Call) -> dict[str, Any]:
    """Remove tags; those that are not there are no error."""
    with call.write() as connection:
        kind, owner, key, body = _find(connection, call)
        gone = set(call.input["tagKeys"])
        tags = {name: value for name, value in (body.get("tags") or {}).items() if name not in gone}
        _put(connection, call, (kind, owner, key, {**body, "tags": tags}))
    return {}


def list_tags(call: Call) -> dict[str, Any]:
    """The tags of a resource."""
    with call.service.store.read() as connection:
        *_, body = _find(connection, call)
    return {"tags": body.get("tags") or {}}


def _put(connection: Connection, call: Call, found: _Found) -> None:
    kind, owner, key, body = found
    body = {name: value for name, value in body.items() if name != "expiredAt"}
    put_record(connection, kind, owner, key, body, call.now)
    if kind == FILTER and body["action"] == "SUPPRESS":
        apply_rules(connection, call)


def tags_of(connection: Connection, account: str, arn: str) -> dict[str, str]:
    """The tags of a resource as policies see them; none when there is no such resource."""
    found = _lookup(connection, account, arn, None)
    return dict(found[3].get("tags") or {}) if found else {}


def _find(connection: Connection, call: Call) -> _Found:
    arn = call.input["resourceArn"]
    found = _lookup(connection, call.caller.account, arn, call.at)
    if found is None:
        raise NotFound(f"The resource {arn} was not found.")
    return found


def _lookup(connection: Connection, account: str, arn: str, at: int | None) -> _Found | None:
    match = _ARN.fullmatch(arn)
    kind = TAGGABLE.get(match[1]) if match else None
    if match is not None and kind is not None:
        for owner in dict.fromkeys((owner_of(connection, account, at), account)):
            body = get_record(connection, kind, owner, match[2], at)
            if body is not None and body["arn"] == arn:
                return kind, owner, match[2], body
    return None


OPERATIONS: dict[str, Handler] = {
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags,
}
