"""What is covered, and where images run.

Sources: spec/filters-and-suppression.md 6, 7; spec/vulnerability-search.md 4.
"""

from typing import Any

import msgspec

from openinspector.api.call import Call, Handler
from openinspector.api.paging import moment_and_key, next_token, then
from openinspector.ledger.coverage import list_coverage, statistics
from openinspector.monitor.in_use import uses
from openinspector.organization.scope import visible_accounts

_PAGE = 200
_GROUPS = 5
_CLUSTERS = 100


def list_coverage_(call: Call) -> dict[str, Any]:
    """What is scanned, and what is not and why."""
    moment, after = moment_and_key(call)
    with call.service.store.read() as connection:
        bodies, position = list_coverage(
            connection,
            visible_accounts(connection, call.caller.account, then(call, moment)),
            call.input.get("filterCriteria", {}),
            call.input.get("maxResults", _PAGE),
            after,
            moment,
        )
    return {
        "coveredResources": [msgspec.Raw(body) for body in bodies],
        "nextToken": next_token(call, moment, position),
    }


def list_coverage_statistics(call: Call) -> dict[str, Any]:
    """Counts of covered resources, by group where one is asked for."""
    moment, after = moment_and_key(call)
    with call.service.store.read() as connection:
        total, groups, position = statistics(
            connection,
            visible_accounts(connection, call.caller.account, then(call, moment)),
            call.input.get("filterCriteria", {}),
            call.input.get("groupBy"),
            _GROUPS,
            after,
            moment,
        )
    rows = [{"groupKey": key, "count": number} for key, number in groups]
    return {
        "totalCounts": total,
        "countsByGroup": rows or None,
        "nextToken": next_token(call, moment, position),
    }


def clusters(call: Call) -> dict[str, Any]:
    """Where an image, or what is in a repository, runs: cluster by cluster."""
    moment, after = moment_and_key(call)
    wanted = call.input["filter"]["resourceId"]
    with call.service.store.read() as connection:
        visible = visible_accounts(connection, call.caller.account, then(call, moment))
        found: dict[str, list[dict[str, Any]]] = {}
        for use in uses(connection, visible, then(call, moment)):
            arn = f"arn:{call.service.partition}:ecr:{use.region}:{use.registry}"
            repository = f"{arn}:repository/{use.repository}"
            if wanted in (repository, f"{repository}/{use.digest}"):
                found.setdefault(use.cluster, []).append(
                    {
                        "lastInUse": use.last,
                        "runningUnitCount": use.running,
                        "stoppedUnitCount": use.stopped,
                        "clusterMetadata": use.metadata,
                    }
                )
    size = call.input.get("maxResults", _CLUSTERS)
    left = [arn for arn in sorted(found) if not after or arn > after[0]]
    page = left[:size]
    position = [page[-1]] if len(left) > size else None
    rows = [{"clusterArn": arn, "clusterDetails": found[arn][:_CLUSTERS]} for arn in page]
    return {"cluster": rows, "nextToken": next_token(call, moment, position)}


OPERATIONS: dict[str, Handler] = {
    "GetClustersForImage": clusters,
    "ListCoverage": list_coverage_,
    "ListCoverageStatistics": list_coverage_statistics,
}
