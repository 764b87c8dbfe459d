"""Code security: integrations and scan configurations are kept (spec/code-security.md).

Nothing connects to a provider yet, so an integration stays PENDING, no project is known, and no
token is stored.
"""

import re
import uuid
from typing import Any

from sqlalchemy import Connection

from openinspector.api.call import Call, Handler
from openinspector.api.operations.filters import check_tags
from openinspector.api.paging import moment_and_key, page_of, then
from openinspector.model.refusal import (
    AccessDenied,
    BadRequest,
    Conflict,
    Invalid,
    NotFound,
    QuotaExceeded,
)
from openinspector.organization.scope import owner_of, ruler_of
from openinspector.store.records import Record, end_record, get_record, list_records, put_record

INTEGRATION = "code-integration"
CONFIGURATION = "code-scan-configuration"
MOST_INTEGRATIONS = 100
MOST_CONFIGURATIONS = 500
_PAGE = 100
_CRON = re.compile(r"cron\(([\w*?,/#-]+(?: +[\w*?,/#-]+){4,5})\)")
_PENDING = "This version does not connect to code providers yet."


# --- integrations --------------------------------------------------------------------------------


def create_integration(call: Call) -> dict[str, Any]:
    """Keep an integration. A token that comes with it is not stored."""
    asked = call.input
    _check_tags(asked.get("tags") or {})
    if ("details" in asked) != (asked["type"] == "GITLAB_SELF_MANAGED"):
        message = "details are required for GITLAB_SELF_MANAGED, and for it alone"
        raise Invalid(message, [("details", message)])
    account = call.caller.account
    with call.write() as connection:
        known = list_records(connection, INTEGRATION, [account])
        for each in known:
            if each.body["name"] == asked["name"]:
                raise Conflict(
                    "There is an integration of this name.", each.body["arn"], INTEGRATION
                )
        if len(known) >= MOST_INTEGRATIONS:
            raise QuotaExceeded(f"At most {MOST_INTEGRATIONS} integrations.", account)
        key = str(uuid.uuid4())
        arn = f"{_prefix(call)}:codesecurity-integration/{key}"
        body = {
            "arn": arn,
            "name": asked["name"],
            "type": asked["type"],
            "createdOn": call.now / 1000,
            "lastUpdateOn": call.now / 1000,
            "tags": asked.get("tags") or {},
        }
        put_record(connection, INTEGRATION, account, key, body, call.now)
    return {"integrationArn": arn, "status": "PENDING"}


def get_integration(call: Call) -> dict[str, Any]:
    """An integration of the account."""
    with call.service.store.read() as connection:
        _, body = _integration(connection, call)
    return {**_summary(body), "tags": body["tags"]}


def update_integration(call: Call) -> dict[str, Any]:
    """Take the provider's answer; without a connection the integration stays PENDING."""
    details = call.input["details"]
    with call.write() as connection:
        key, body = _integration(connection, call)
        expected = "github" if body["type"] == "GITHUB" else "gitlabSelfManaged"
        if expected not in details:
            message = f"an integration of type {body['type']} takes {expected}"
            raise Invalid(message, [("details", message)])
        changed = {**body, "lastUpdateOn": call.now / 1000}
        put_record(connection, INTEGRATION, call.caller.account, key, changed, call.now)
    return {"integrationArn": body["arn"], "status": "PENDING"}


def delete_integration(call: Call) -> dict[str, Any]:
    """Delete an integration."""
    with call.write() as connection:
        key, body = _integration(connection, call)
        end_record(connection, INTEGRATION, call.caller.account, key, call.now)
    return {"integrationArn": body["arn"]}


def list_integrations(call: Call) -> dict[str, Any]:
    """The account's integrations."""
    moment, _ = moment_and_key(call)
    with call.service.store.read() as connection:
        records = list_records(connection, INTEGRATION, [call.caller.account], at=moment)
    size = call.input.get("maxResults", _PAGE)
    page, token = page_of(call, records, lambda each: each.key, size)
    return {"integrations": [_summary(each.body) for each in page], "nextToken": token}


def _integration(connection: Connection, call: Call) -> tuple[str, dict[str, Any]]:
    arn = call.input["integrationArn"]
    key = arn.rpartition("/")[2]
    body = get_record(connection, INTEGRATION, call.caller.account, key, call.at)
    if body is None or body["arn"] != arn:
        raise NotFound(f"The integration {arn} was not found.")
    return key, body


def _summary(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "integrationArn": body["arn"],
        **{name: body[name] for name in ("name", "type", "createdOn", "lastUpdateOn")},
        "status": "PENDING",
        "statusReason": _PENDING,
    }


# --- scan configurations -------------------------------------------------------------------------


def create_configuration(call: Call) -> dict[str, Any]:
    """Keep a scan configuration of the account, or of the organisation."""
    asked = call.input
    _check_tags(asked.get("tags") or {})
    _check_schedule(asked["configuration"])
    with call.write() as connection:
        owner = call.caller.account
        if asked["level"] == "ORGANIZATION":
            owner = owner_of(connection, call.caller.account)
            if owner == call.caller.account:
                raise AccessDenied("Only a delegated administrator may do this.")
            if asked.get("tags"):
                message = "organisation-level configurations take no tags"
                raise Invalid(message, [("tags", message)])
        known = list_records(connection, CONFIGURATION, [owner])
        _check_new(known, asked, owner)
        key = str(uuid.uuid4())
        arn = f"{_prefix(call)}:owner/{owner}/codesecurity-configuration/{key}"
        body = {
            "arn": arn,
            **{name: asked[name] for name in ("name", "level", "configuration")},
            "scopeSettings": asked.get("scopeSettings"),
            "createdAt": call.now / 1000,
            "lastUpdatedAt": call.now / 1000,
            "tags": asked.get("tags") or {},
        }
        put_record(connection, CONFIGURATION, owner, key, body, call.now)
    return {"scanConfigurationArn": arn}


def _check_schedule(configuration: dict[str, Any]) -> None:
    """Raise `Invalid` for a cron expression that is none, or that contradicts the frequency."""
    periodic = configuration.get("periodicScanConfiguration") or {}
    text = periodic.get("frequencyExpression")
    if text is None:
        return
    name = "configuration.periodicScanConfiguration.frequencyExpression"
    match = _CRON.fullmatch(text.strip())
    if match is None:
        message = "must be a cron expression of five or six fields, such as cron(0 5 ? * MON *)"
        raise Invalid(f"{name} {message}", [(name, message)])
    _, _, day, _, weekday, *_ = match[1].split()
    frequency = periodic.get("frequency")
    fixed = {"WEEKLY": weekday not in "*?", "MONTHLY": day not in "*?" or "#" in weekday}
    if not fixed.get(str(frequency), False):
        message = f"does not agree with the frequency {frequency}"
        raise Invalid(f"{name} {message}", [(name, message)])


def _check_new(known: list[Record], asked: dict[str, Any], owner: str) -> None:
    for each in known:
        if each.body["name"] == asked["name"]:
            raise Conflict(
                "There is a configuration of this name.", each.body["arn"], CONFIGURATION
            )
        if each.body["scopeSettings"] and asked.get("scopeSettings"):
            raise Conflict("There is a default configuration.", each.body["arn"], CONFIGURATION)
    if len(known) >= MOST_CONFIGURATIONS:
        raise QuotaExceeded(f"At most {MOST_CONFIGURATIONS} scan configurations.", owner)


def get_configuration(call: Call) -> dict[str, Any]:
    """One configuration."""
    with call.service.store.read() as connection:
        _, _, body = _configuration(connection, call, call.input["scanConfigurationArn"])
    return {"scanConfigurationArn": body["arn"], **{k: v for k, v in body.items() if k != "arn"}}


def update_configuration(call: Call) -> dict[str, Any]:
    """Replace what is scanned and when; name, level and scope stay."""
    _check_schedule(call.input["configuration"])
    with call.write() as connection:
        arn = call.input["scanConfigurationArn"]
        owner, key, body = _own_configuration(connection, call, arn)
        changed = {
            **body,
            "configuration": call.input["configuration"],
            "lastUpdatedAt": call.now / 1000,
        }
        put_record(connection, CONFIGURATION, owner, key, changed, call.now)
    return {"scanConfigurationArn": arn}


def delete_configuration(call: Call) -> dict[str, Any]:
    """Delete a configuration."""
    with call.write() as connection:
        arn = call.input["scanConfigurationArn"]
        owner, key, _ = _own_configuration(connection, call, arn)
        end_record(connection, CONFIGURATION, owner, key, call.now)
    return {"scanConfigurationArn": arn}


def list_configurations(call: Call) -> dict[str, Any]:
    """The account's configurations, and its organisation's."""
    moment, _ = moment_and_key(call)
    with call.service.store.read() as connection:
        records = list_records(
            connection, CONFIGURATION, _owners(connection, call, then(call, moment)), at=moment
        )
    size = call.input.get("maxResults", _PAGE)
    records.sort(key=lambda each: each.key)
    page, token = page_of(call, records, lambda each: each.key, size)
    return {"configurations": [_line(each) for each in page], "nextToken": token}


def _line(each: Record) -> dict[str, Any]:
    configuration = each.body["configuration"]
    periodic = configuration.get("periodicScanConfiguration") or {}
    continuous = configuration.get("continuousIntegrationScanConfiguration") or {}
    return {
        "scanConfigurationArn": each.body["arn"],
        "name": each.body["name"],
        "ownerAccountId": each.owner,
        "periodicScanFrequency": periodic.get("frequency"),
        "frequencyExpression": periodic.get("frequencyExpression"),
        "continuousIntegrationScanSupportedEvents": continuous.get("supportedEvents"),
        "ruleSetCategories": configuration["ruleSetCategories"],
        "scopeSettings": each.body["scopeSettings"],
        "tags": each.body["tags"],
    }


def _owners(connection: Connection, call: Call, at: int | None) -> list[str]:
    account = call.caller.account
    return list(dict.fromkeys((account, ruler_of(connection, account, at))))


def _configuration(connection: Connection, call: Call, arn: str) -> tuple[str, str, dict[str, Any]]:
    key = arn.rpartition("/")[2]
    for owner in _owners(connection, call, call.at):
        body = get_record(connection, CONFIGURATION, owner, key, call.at)
        if body is not None and body["arn"] == arn:
            return owner, key, body
    raise NotFound(f"The scan configuration {arn} was not found.")


def _own_configuration(
    connection: Connection, call: Call, arn: str
) -> tuple[str, str, dict[str, Any]]:
    """A configuration that the caller may change: a member's organisation's is not its own."""
    owner, key, body = _configuration(connection, call, arn)
    if owner not in (call.caller.account, owner_of(connection, call.caller.account)):
        raise AccessDenied("Only the delegated administrator may change it.")
    return owner, key, body


# --- projects: none is known ---------------------------------------------------------------------


def batch_associate(call: Call) -> dict[str, Any]:
    """Associate projects; none is known, so each fails saying so."""
    return _batch(call, "associateConfigurationRequests")


def batch_disassociate(call: Call) -> dict[str, Any]:
    """Undo associations; none exists, so each fails saying so."""
    return _batch(call, "disassociateConfigurationRequests")


def _batch(call: Call, member: str) -> dict[str, Any]:
    failed = []
    with call.service.store.read() as connection:
        for each in call.input[member]:
            failure = ("RESOURCE_NOT_FOUND", "The project is not known.")
            try:
                _configuration(connection, call, each["scanConfigurationArn"])
            except NotFound as error:
                failure = ("SCAN_CONFIGURATION_NOT_FOUND", error.message)
            failed.append({**each, "statusCode": failure[0], "statusMessage": failure[1]})
    return {"failedAssociations": failed, "successfulAssociations": []}


def list_associations(call: Call) -> dict[str, Any]:
    """The projects of a configuration: none."""
    moment_and_key(call)
    with call.service.store.read() as connection:
        _configuration(connection, call, call.input["scanConfigurationArn"])
    return {"associations": []}


def unknown_project(call: Call) -> dict[str, Any]:
    """No project is known, so none can be scanned and no scan of one exists."""
    project = call.input["resource"]["projectId"]
    raise NotFound(f"The project {project} was not found.")


def _prefix(call: Call) -> str:
    service = call.service
    return f"arn:{service.partition}:inspector2:{service.region}:{call.caller.account}"


def _check_tags(tags: dict[str, str]) -> None:
    try:
        check_tags(tags)
    except BadRequest as error:
        raise Invalid(error.message, [("tags", error.message)]) from error


OPERATIONS: dict[str, Handler] = {
    "CreateCodeSecurityIntegration": create_integration,
    "GetCodeSecurityIntegration": get_integration,
    "UpdateCodeSecurityIntegration": update_integration,
    "DeleteCodeSecurityIntegration": delete_integration,
    "ListCodeSecurityIntegrations": list_integrations,
    "CreateCodeSecurityScanConfiguration": create_configuration,
    "GetCodeSecurityScanConfiguration": get_configuration,
    "UpdateCodeSecurityScanConfiguration": update_configuration,
    "DeleteCodeSecurityScanConfiguration": delete_configuration,
    "ListCodeSecurityScanConfigurations": list_configurations,
    "ListCodeSecurityScanConfigurationAssociations": list_associations,
    "BatchAssociateCodeSecurityScanConfiguration": batch_associate,
    "BatchDisassociateCodeSecurityScanConfiguration": batch_disassociate,
    "StartCodeSecurityScan": unknown_project,
    "GetCodeSecurityScan": unknown_project,
}
