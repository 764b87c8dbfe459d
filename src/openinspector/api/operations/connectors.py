"""Connectors to other clouds: kept, and not acted on yet, so they stay PENDING_ENABLEMENT."""

import uuid
from typing import Any

from sqlalchemy import Connection

from openinspector.api.call import Call, Handler
from openinspector.api.idempotency import remembered
from openinspector.api.operations.filters import check_tags
from openinspector.api.paging import moment_and_key, page_of, then
from openinspector.ledger.criteria import strings_hold
from openinspector.model.refusal import BadRequest, Conflict, Invalid, NotFound
from openinspector.organization.scope import visible_accounts
from openinspector.store.records import end_record, get_record, list_records, put_record

CONNECTOR = "connector"
SCAN_CONFIGURATION = "connector-scan-configuration"
_PAGE = 50


def create_connector(call: Call) -> dict[str, Any]:
    """Keep a connector."""
    asked = call.input
    (provider, detail), *_ = asked["providerDetail"].items()
    if provider != asked["provider"].lower():
        message = f"providerDetail is of {provider}, the provider is {asked['provider']}"
        raise Invalid(message, [("providerDetail", message)])
    try:
        check_tags(asked.get("tags") or {})
    except BadRequest as error:
        raise Invalid(error.message, [("tags", error.message)]) from error
    account = call.caller.account
    with call.write() as connection:

        def make() -> dict[str, Any]:
            for each in list_records(connection, CONNECTOR, [account]):
                if each.body["name"] == asked["name"]:
                    raise Conflict(
                        "There is a connector of this name.", each.body["arn"], CONNECTOR
                    )
            key = str(uuid.uuid4())
            service = call.service
            arn = f"arn:{service.partition}:inspector2:{service.region}:{account}:connector/{key}"
            body = {
                "arn": arn,
                **{name: asked.get(name) for name in ("name", "provider", "description")},
                "detail": detail,
                "createdAt": call.now / 1000,
                "updatedAt": call.now / 1000,
                "tags": asked.get("tags") or {},
            }
            put_record(connection, CONNECTOR, account, key, body, call.now)
            return {"connectorArn": arn}

        def stands(answer: dict[str, Any]) -> bool:
            key = answer["connectorArn"].rpartition("/")[2]
            return get_record(connection, CONNECTOR, account, key) is not None

        return remembered(call, connection, make, stands)


def update_connector(call: Call) -> dict[str, Any]:
    """Change the members that are given."""
    asked = call.input
    with call.write() as connection:
        key, body = _connector(connection, call)
        for provider, detail in asked.get("providerDetail", {}).items():
            if provider != body["provider"].lower():
                message = f"the connector's provider is {body['provider']}"
                raise Invalid(message, [("providerDetail", message)])
            body["detail"] = {**body["detail"], **detail}
        if "description" in asked:
            body["description"] = asked["description"]
        body["updatedAt"] = call.now / 1000
        put_record(connection, CONNECTOR, call.caller.account, key, body, call.now)
    return {"connectorArn": body["arn"]}


def delete_connector(call: Call) -> dict[str, Any]:
    """Delete a connector."""
    with call.write() as connection:
        key, _ = _connector(connection, call)
        end_record(connection, CONNECTOR, call.caller.account, key, call.now)
    return {}


def list_connectors(call: Call) -> dict[str, Any]:
    """Connectors of the accounts that the caller may see."""
    moment, _ = moment_and_key(call)
    criteria = call.input.get("filterCriteria", {})
    with call.service.store.read() as connection:
        accounts = visible_accounts(connection, call.caller.account, then(call, moment))
        records = list_records(connection, CONNECTOR, accounts, at=moment)
    wanted = [
        each.body
        for each in records
        if strings_hold(each.body["arn"], criteria.get("connectorArns", ()))
        and strings_hold(each.owner, criteria.get("accounts", ()))
        and strings_hold(each.body["provider"], criteria.get("provider", ()))
        and strings_hold(
            each.body["detail"]["awsConfigConnectorArn"],
            criteria.get("awsConfigConnectorArns", ()),
        )
        and strings_hold("CUSTOMER_MANAGED", criteria.get("connectorType", ()))
    ]
    wanted.sort(key=lambda body: str(body["arn"]))
    size = max(1, call.input.get("maxResults", _PAGE))
    page, token = page_of(call, wanted, lambda body: str(body["arn"]), size)
    return {"items": [_shown(body) for body in page], "nextToken": token}


def _shown(body: dict[str, Any]) -> dict[str, Any]:
    names = ("name", "provider", "description", "createdAt", "updatedAt", "tags")
    detail = dict(body["detail"])
    if body["provider"] == "GCP":
        detail["gcpScopeConfiguration"] = detail.pop("scopeConfiguration")
    return {
        "connectorArn": body["arn"],
        **{name: body[name] for name in names},
        **detail,
        "enablementStatus": "PENDING_ENABLEMENT",
        "enablementStatusReason": "This version does not connect to other clouds yet.",
    }


def _connector(connection: Connection, call: Call) -> tuple[str, dict[str, Any]]:
    arn = call.input["connectorArn"]
    key = arn.rpartition("/")[2]
    body = get_record(connection, CONNECTOR, call.caller.account, key)
    if body is None or body["arn"] != arn:
        raise NotFound(f"The connector {arn} was not found.")
    return key, body


def update_scan_configuration(call: Call) -> dict[str, Any]:
    """Keep how the images behind a connector of AWS Config are scanned."""
    arn = call.input["awsConfigConnectorArn"]
    with call.write() as connection:
        if not _connectors_of(connection, call, arn):
            raise NotFound(f"No connector uses {arn}.")
        body = {"scanConfiguration": call.input["scanConfiguration"]}
        put_record(connection, SCAN_CONFIGURATION, call.caller.account, arn, body, call.now)
    return {}


def list_scan_configurations(call: Call) -> dict[str, Any]:
    """How images are scanned, by connector of AWS Config."""
    moment, _ = moment_and_key(call)
    wanted = call.input.get("awsConfigConnectorArns")
    with call.service.store.read() as connection:
        records = list_records(connection, SCAN_CONFIGURATION, [call.caller.account], at=moment)
        kept = [each for each in records if wanted is None or each.key in wanted]
        size = call.input.get("maxResults", _PAGE)
        page, token = page_of(call, kept, lambda each: each.key, size)
        rows = [
            {
                "awsConfigConnectorArn": each.key,
                "connectorArns": _connectors_of(connection, call, each.key),
                "scanConfiguration": each.body["scanConfiguration"],
            }
            for each in page
        ]
    return {"scanConfigurations": rows, "nextToken": token}


def _connectors_of(connection: Connection, call: Call, arn: str) -> list[str]:
    records = list_records(connection, CONNECTOR, [call.caller.account], at=call.at)
    return [
        each.body["arn"] for each in records if each.body["detail"]["awsConfigConnectorArn"] == arn
    ]


OPERATIONS: dict[str, Handler] = {
    "CreateConnector": create_connector,
    "UpdateConnector": update_connector,
    "DeleteConnector": delete_connector,
    "ListConnectors": list_connectors,
    "UpdateConnectorScanConfiguration": update_scan_configuration,
    "ListConnectorScanConfigurations": list_scan_configurations,
}
