"""CIS scans: configurations are kept; no scan runs yet (spec/cis-scans.md).

Nothing is invented: lists of scans are empty, and a scan or session that is named is unknown.
"""

import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import Connection

from openinspector.api.call import Call, Handler
from openinspector.api.operations.filters import check_tags
from openinspector.api.paging import moment_and_key, page_of, then
from openinspector.ledger.criteria import strings_hold
from openinspector.model.refusal import AccessDenied, BadRequest, Invalid, NotFound
from openinspector.organization.scope import owner_of, visible_accounts
from openinspector.store.records import end_record, get_record, list_records, put_record

CONFIGURATION = "cis-configuration"
MOST_CONFIGURATIONS = 500
_PAGE = 100
_GIVEN = ("scanName", "securityLevel", "schedule", "targets")


def create(call: Call) -> dict[str, Any]:
    """Keep a configuration; an administrator's for more than itself is the organisation's."""
    asked = call.input
    tags = asked.get("tags") or {}
    _check_schedule(asked["schedule"])
    try:
        check_tags(tags)
    except BadRequest as error:
        raise Invalid(error.message, [("tags", error.message)]) from error
    with call.write() as connection:
        owner = _owner(connection, call, asked["targets"]["accountIds"])
        if tags and owner != call.caller.account:
            message = "configurations of an organisation take no tags"
            raise Invalid(message, [("tags", message)])
        if len(list_records(connection, CONFIGURATION, [owner])) >= MOST_CONFIGURATIONS:
            raise Invalid(f"An account has at most {MOST_CONFIGURATIONS} CIS configurations.")
        key = str(uuid.uuid4())
        arn = (
            f"arn:{call.service.partition}:inspector2:{call.service.region}:{call.caller.account}"
            f":owner/{owner}/{CONFIGURATION}/{key}"
        )
        body = {
            "arn": arn,
            "ownerId": owner,
            "tags": tags,
            **{name: asked[name] for name in _GIVEN},
        }
        put_record(connection, CONFIGURATION, owner, key, body, call.now)
    return {"scanConfigurationArn": arn}


def update(call: Call) -> dict[str, Any]:
    """Change the members that are given."""
    asked = call.input
    _check_schedule(asked.get("schedule", {}))
    with call.write() as connection:
        owner, key, body = _find(connection, call)
        changed = {**body, **{name: asked[name] for name in _GIVEN if name in asked}}
        changed["targets"] = {**body["targets"], **asked.get("targets", {})}
        if _owner(connection, call, changed["targets"]["accountIds"]) != owner:
            message = "targets would change whose configuration it is"
            raise Invalid(message, [("targets.accountIds", message)])
        put_record(connection, CONFIGURATION, owner, key, changed, call.now)
    return {"scanConfigurationArn": body["arn"]}


def delete(call: Call) -> dict[str, Any]:
    """Delete a configuration."""
    with call.write() as connection:
        owner, key, body = _find(connection, call)
        end_record(connection, CONFIGURATION, owner, key, call.now)
    return {"scanConfigurationArn": body["arn"]}


def list_configurations(call: Call) -> dict[str, Any]:
    """The account's configurations, its organisation's, and those that its members own."""
    moment, _ = moment_and_key(call)
    with call.service.store.read() as connection:
        at = then(call, moment)
        owners = {*_owners(connection, call, at), *_visible(connection, call, at)}
        records = list_records(connection, CONFIGURATION, owners, at=moment)
    criteria = call.input.get("filterCriteria", {})
    wanted = [each.body for each in records if _matches(each.body, criteria)]
    member = "arn" if call.input.get("sortBy") == "SCAN_CONFIGURATION_ARN" else "scanName"
    wanted.sort(key=lambda body: (body[member], body["arn"]))
    if call.input.get("sortOrder") == "DESC":
        wanted.reverse()
    places = {body["arn"]: f"{number:06d}" for number, body in enumerate(wanted)}
    size = call.input.get("maxResults", _PAGE)
    page, token = page_of(call, wanted, lambda body: places[body["arn"]], size)
    shown = [
        {"scanConfigurationArn": body["arn"], **{k: v for k, v in body.items() if k != "arn"}}
        for body in page
    ]
    return {"scanConfigurations": shown, "nextToken": token}


def _matches(body: Mapping[str, Any], criteria: Mapping[str, Sequence[Mapping[str, Any]]]) -> bool:
    names = {"scanNameFilters": "scanName", "scanConfigurationArnFilters": "arn"}
    tags = body["targets"]["targetResourceTags"]
    return all(
        strings_hold(body[names[name]], tests)
        if name in names
        else any(test["value"] in tags.get(test["key"], ()) for test in tests)
        for name, tests in criteria.items()
    )


def _owner(connection: Connection, call: Call, targets: Sequence[str]) -> str:
    """Whose configuration it is: the account's when it speaks only of itself."""
    account = call.caller.account
    if set(targets) <= {"SELF", account}:
        return account
    owner = owner_of(connection, account)
    if owner == account:
        raise AccessDenied("Only a delegated administrator can target other accounts.")
    unknown = set(targets) - {"ALL_ACCOUNTS", *visible_accounts(connection, account)}
    if unknown:
        message = f"not among the members: {', '.join(sorted(unknown))}"
        raise Invalid(message, [("targets.accountIds", message)])
    return owner


def _owners(connection: Connection, call: Call, at: int | None) -> list[str]:
    account = call.caller.account
    return list(dict.fromkeys((account, owner_of(connection, account, at))))


def _find(connection: Connection, call: Call) -> tuple[str, str, dict[str, Any]]:
    arn = call.input["scanConfigurationArn"]
    key = arn.rpartition("/")[2]
    for owner in _owners(connection, call, None):
        body = get_record(connection, CONFIGURATION, owner, key)
        if body is not None and body["arn"] == arn:
            return owner, key, body
    for account in _visible(connection, call, None):
        body = get_record(connection, CONFIGURATION, account, key)
        if body is not None and body["arn"] == arn:
            raise AccessDenied("Only the member that owns the configuration may change it.")
    raise NotFound(f"The configuration {arn} was not found.")


def _visible(connection: Connection, call: Call, at: int | None) -> tuple[str, ...]:
    return visible_accounts(connection, call.caller.account, at)


def list_scans(call: Call) -> dict[str, Any]:
    """No scan has run."""
    moment_and_key(call)
    return {"scans": []}


def get_report(call: Call) -> dict[str, Any]:
    """There is no scan to report on."""
    raise NotFound(f"The scan {call.input['scanArn']} was not found.")


def unknown_scan(call: Call) -> dict[str, Any]:
    """There is no scan to show; these operations declare no error for one that is missing."""
    message = f"The scan {call.input['scanArn']} does not exist."
    raise Invalid(message, [("scanArn", message)])


def unknown_session(call: Call) -> dict[str, Any]:
    """No session was started by a scan of ours."""
    message = f"There is no scan job {call.input['scanJobId']} that waits for a session."
    raise Invalid(message, [("scanJobId", message)])


def _check_schedule(schedule: Mapping[str, Any]) -> None:
    """Raise `Invalid` for a start in a time zone that the IANA database does not know."""
    for kind, when in schedule.items():
        name = when.get("startTime", {}).get("timezone")
        if name is not None and name not in _time_zones():
            message = f"{name} is no time zone of the IANA database, such as Europe/Berlin"
            raise Invalid(message, [(f"schedule.{kind}.startTime.timezone", message)])


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


OPERATIONS: dict[str, Handler] = {
    "CreateCisScanConfiguration": create,
    "UpdateCisScanConfiguration": update,
    "DeleteCisScanConfiguration": delete,
    "ListCisScanConfigurations": list_configurations,
    "ListCisScans": list_scans,
    "GetCisScanReport": get_report,
    "GetCisScanResultDetails": unknown_scan,
    "ListCisScanResultsAggregatedByChecks": unknown_scan,
    "ListCisScanResultsAggregatedByTargetResource": unknown_scan,
    "StartCisSession": unknown_session,
    "SendCisSessionTelemetry": unknown_session,
    "SendCisSessionHealth": unknown_session,
    "StopCisSession": unknown_session,
}
