"""ListFindings and ListFindingAggregations (spec/filters-and-suppression.md 3, 5)."""

from typing import Any

import msgspec

from openinspector.api.call import Call, Handler
from openinspector.ledger.aggregations import aggregate
from openinspector.ledger.query import find, order_of
from openinspector.organization.scope import visible_accounts

_PAGE = 25
_AGGREGATED = 100


def list_findings(call: Call) -> dict[str, Any]:
    """Findings that meet the criteria, in order; all pages show one moment."""
    token = call.input.get("nextToken")
    order = order_of(call.input.get("sortCriteria"))
    moment, after = _position(call, token)
    with call.service.store.read() as connection:
        page = find(
            connection,
            visible_accounts(connection, call.caller.account, call.at),
            call.input.get("filterCriteria", {}),
            order,
            call.input.get("maxResults", _PAGE),
            after,
            moment,
        )
    return {
        "findings": [msgspec.Raw(body) for body in page.bodies],
        "nextToken": _token(call, moment, page.position),
    }


def list_finding_aggregations(call: Call) -> dict[str, Any]:
    """Counts of active findings by what the type of the aggregation groups."""
    kind = call.input["aggregationType"]
    moment, after = _position(call, call.input.get("nextToken"))
    with call.service.store.read() as connection:
        rows = aggregate(
            connection,
            visible_accounts(connection, call.caller.account, call.at),
            kind,
            call.input.get("aggregationRequest"),
            call.input.get("accountIds", ()),
            call.input.get("maxResults", _AGGREGATED),
            after,
            moment,
        )
    return {
        "aggregationType": kind,
        "responses": rows.answers,
        "nextToken": _token(call, moment, rows.position),
    }


def _position(call: Call, token: str | None) -> tuple[int, list[Any] | None]:
    """The moment that the list reads, and the last key seen."""
    if not token:
        return (call.now if call.at is None else call.at), None
    moment, *after = call.service.tokens.open(
        call.operation, call.caller.account, call.input, token
    )
    return moment, after


def _token(call: Call, moment: int, position: list[Any] | None) -> str | None:
    if position is None:
        return None
    return call.service.tokens.seal(
        call.operation, call.caller.account, call.input, [moment, *position]
    )


OPERATIONS: dict[str, Handler] = {
    "ListFindings": list_findings,
    "ListFindingAggregations": list_finding_aggregations,
}
