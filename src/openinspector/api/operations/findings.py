"""ListFindings and ListFindingAggregations (spec/filters-and-suppression.md 3, 5)."""

from typing import Any

import msgspec

from openinspector.api.call import Call, Handler
from openinspector.api.paging import moment_and_key, next_token, then
from openinspector.ledger.aggregations import aggregate
from openinspector.ledger.order import order_of
from openinspector.ledger.query import find
from openinspector.organization.scope import visible_accounts

_PAGE = 25
_AGGREGATED = 100


def list_findings(call: Call) -> dict[str, Any]:
    """Findings that meet the criteria, in order; all pages show one moment."""
    order = order_of(call.input.get("sortCriteria"))
    moment, after = moment_and_key(call)
    with call.service.store.read() as connection:
        page = find(
            connection,
            visible_accounts(connection, call.caller.account, then(call, moment)),
            call.input.get("filterCriteria", {}),
            order,
            call.input.get("maxResults", _PAGE),
            after,
            moment,
        )
    return {
        "findings": [msgspec.Raw(body) for body in page.bodies],
        "nextToken": next_token(call, moment, page.position),
    }


def list_finding_aggregations(call: Call) -> dict[str, Any]:
    """Counts of active findings by what the type of the aggregation groups."""
    kind = call.input["aggregationType"]
    moment, after = moment_and_key(call)
    with call.service.store.read() as connection:
        rows = aggregate(
            connection,
            visible_accounts(connection, call.caller.account, then(call, moment)),
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
        "nextToken": next_token(call, moment, rows.position),
    }


OPERATIONS: dict[str, Handler] = {
    "ListFindings": list_findings,
    "ListFindingAggregations": list_finding_aggregations,
}
