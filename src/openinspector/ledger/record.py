"""A scan goes into the ledger: inventory, coverage, findings and outbox, in one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from openinspector.assess import Assessment, Place
from openinspector.ledger.criteria import Criteria
from openinspector.ledger.judgement import Judgement
from openinspector.ledger.reconcile import RESOURCE_GONE, closed, reconcile, unseen_parts
from openinspector.ledger.suppression import suppressed_by
from openinspector.model import Inventory, Listener
from openinspector.model.finding import Finding, Resource
from openinspector.store.coverage import end_coverage, mark_looked_at, put_coverage
from openinspector.store.findings import FindingRow, finding_rows, put_findings
from openinspector.store.listeners import forget_listeners, put_listeners
from openinspector.store.packages import bind_inventories, put_inventory, unbind_inventories
from openinspector.store.scan_counts import count_scans
from openinspector.store.transitions import Transition, append_transitions

_NOT_SCANNED = {
    "AWS_EC2_INSTANCE": "UNSUPPORTED_OS",
    "AWS_ECR_CONTAINER_IMAGE": "UNSUPPORTED_OS",
    "AWS_LAMBDA_FUNCTION": "UNSUPPORTED_RUNTIME",
    "CODE_REPOSITORY": "UNSUPPORTED_CODE_ARTIFACTS",
}
"""Why nothing of a resource could be scanned, in the API's words (`ScanStatusReason`)."""


class Recorded(msgspec.Struct, frozen=True, rename="camel"):
    """What a scan changed, by the kind of transition, and how many findings stand now."""

    resource_id: str
    opened: int = 0
    updated: int = 0
    suppressed: int = 0
    unsuppressed: int = 0
    closed: int = 0
    reopened: int = 0
    unchanged: int = 0


class Scan(msgspec.Struct, frozen=True):
    """What was found in one resource: a judgement of the inventory of a digest, which is stored.

    `row` is its coverage; None: it was judged again only, and nothing is known of whether it can
    be scanned. `listeners` is what its agent told of the network; None: nobody looked now.
    """

    resource: Resource
    digest: str
    judgement: Judgement
    row: dict[str, Any] | None
    listeners: tuple[Listener, ...] | None = None


def record_scan(
    connection: Connection,
    account: str,
    assessment: Assessment,
    inventory: Inventory,
    rules: Sequence[Criteria],
    now: int,
    row: dict[str, Any] | None = None,
) -> Recorded:
    """Record what was found in one resource of an account; `now` is in epoch milliseconds.

    `row` is its coverage, where more is known of it than the scan told.
    """
    resource = assessment.resource
    row = row or covered(account, resource, assessment, now)
    digest = put_inventory(connection, inventory)
    scan = Scan(resource, digest, Judgement.of(assessment), row, inventory.listeners)
    place = Place(account, resource.region or "", resource.partition or "")
    return record_scans(connection, place, [scan], rules, now)[0]


def record_scans(
    connection: Connection, place: Place, scans: Sequence[Scan], rules: Sequence[Criteria], now: int
) -> list[Recorded]:
    """Record what was found in resources of one account and region, each of them once.

    It writes exactly what one after another would: which is what the tests hold it to.
    """
    account = place.account
    names = [each.resource.id for each in scans]
    stored = finding_rows(connection, account, names, network=False)
    recorded, transitions = [], []
    for each in scans:
        changed = _reconciled(stored[each.resource.id], each, place, rules, now / 1000)
        recorded.append(_counted(each, changed))
        transitions += changed
    for each in scans:
        if each.listeners is not None:
            put_listeners(connection, account, each.resource.id, each.listeners, now)
    put_coverage(connection, account, [each.row for each in scans if each.row is not None], now)
    judged = {each.resource.id: each.resource.type for each in scans if each.row is None}
    looked_at = mark_looked_at(connection, account, judged, "PACKAGE", now)
    counted = {
        each.resource.id: each.resource.type
        for each in scans
        if each.row is not None and each.row["scanStatus"]["statusCode"] == "ACTIVE"
    }
    count_scans(connection, account, counted | {name: judged[name] for name in looked_at}, now)
    bind_inventories(connection, account, {each.resource.id: each.digest for each in scans}, now)
    _apply(connection, transitions, now)
    return recorded


def _reconciled(
    stored: Mapping[str, FindingRow],
    scan: Scan,
    place: Place,
    rules: Sequence[Criteria],
    now: float,
) -> list[Transition]:
    """The transitions of one resource; findings that stand as they are are not even read."""
    resource = scan.resource
    written = msgspec.Raw(msgspec.json.encode([resource]))
    standing: set[str] = set()
    observed: list[Finding] = []
    for shared in scan.judgement.findings:
        arn = shared.arn(place, resource)
        row = stored.get(arn)
        # A rule may ask for anything, the moment of this scan included.
        if not rules and row and row.status == "ACTIVE" and shared.stands(row, place, written):
            standing.add(arn)
        else:
            observed.append(shared.at(arn, place, resource))
    return reconcile(
        {arn: row.read() for arn, row in stored.items() if arn not in standing},
        observed,
        lambda each: suppressed_by(rules, each),
        unseen_parts(scan.judgement.coverage),
        now,
    )


def _counted(scan: Scan, transitions: Sequence[Transition]) -> Recorded:
    counted = Counter(each.kind.lower() for each in transitions)
    touched = sum(counted.values()) - counted["closed"]
    unchanged = len(scan.judgement.findings) - touched
    return Recorded(scan.resource.id, **counted, unchanged=unchanged)


def record_network(
    connection: Connection,
    account: str,
    found: Mapping[str, Sequence[Finding]],
    rules: Sequence[Criteria],
    now: int,
) -> int:
    """Record the openings of instances, all that there are of each; how many findings changed."""
    stored = finding_rows(connection, account, list(found), network=True)
    transitions = [
        transition
        for name, findings in found.items()
        for transition in reconcile(
            {arn: row.read() for arn, row in stored[name].items()},
            findings,
            lambda each: suppressed_by(rules, each),
            lambda _: False,
            now / 1000,
        )
    ]
    _apply(connection, transitions, now)
    return len(transitions)


def close_findings(connection: Connection, account: str, resources: Sequence[str], now: int) -> int:
    """Resources are gone, or scanned no more: their findings close; how many."""
    stored = finding_rows(connection, account, resources)
    transitions = [
        closed(row.read().finding, RESOURCE_GONE, now / 1000)
        for rows in stored.values()
        for row in rows.values()
        if row.status != "CLOSED"
    ]
    _apply(connection, transitions, now)
    unbind_inventories(connection, account, resources, now)
    forget_listeners(connection, account, resources, now)
    return len(transitions)


def close_resources(
    connection: Connection, account: str, resources: Sequence[str], now: int
) -> int:
    """Resources are gone: their findings close, their coverage ends; how many closed."""
    end_coverage(connection, account, resources, now)
    return close_findings(connection, account, resources, now)


def close_resource(connection: Connection, account: str, resource_id: str, now: int) -> int:
    """A resource is gone: its findings close, its coverage ends; how many closed."""
    return close_resources(connection, account, [resource_id], now)


def _apply(connection: Connection, transitions: Sequence[Transition], now: int) -> None:
    put_findings(connection, [(each.finding, each.because) for each in transitions], now)
    append_transitions(connection, transitions, now)


def covered(account: str, resource: Resource, assessment: Assessment, now: int) -> dict[str, Any]:
    """The row of coverage in the shape of the API's `CoveredResource`."""
    looked_at = [part for part in assessment.coverage if part.part != "advisories"]
    nothing = all(part.state == "not-scanned" for part in looked_at)
    reason = _NOT_SCANNED[resource.type] if nothing else "SUCCESSFUL"
    details = resource.details
    system = details.aws_ec2_instance.platform if details and details.aws_ec2_instance else None
    told: dict[str, Any] = {}
    if details and details.aws_ecr_container_image:
        told["ecrImage"] = {"tags": details.aws_ecr_container_image.image_tags or []}
    elif details and details.aws_lambda_function:
        function = details.aws_lambda_function
        told["lambdaFunction"] = {
            "functionName": function.function_name,
            "runtime": function.runtime,
            "functionTags": resource.tags or {},
            "layers": function.layers or [],
        }
    elif details and details.code_repository:
        # Who hosts it, and whether it is public, is not known of what was handed in; the API
        # requires both, as free text.
        told["codeRepository"] = {
            "projectName": details.code_repository.project_name,
            "providerType": "UNKNOWN",
            "providerTypeVisibility": "UNKNOWN",
        }
    elif resource.type == "AWS_EC2_INSTANCE":
        told["ec2"] = {"tags": resource.tags or {}, "platform": "LINUX" if system else "UNKNOWN"}
    row: dict[str, Any] = {
        "accountId": account,
        "resourceId": resource.id,
        "resourceType": resource.type,
        "scanType": "PACKAGE",
        "scanStatus": {"statusCode": "INACTIVE" if nothing else "ACTIVE", "reason": reason},
        "resourceMetadata": told,
        "lastScannedAt": now / 1000,
        "providerRegion": resource.region,
    }
    if resource.type == "AWS_EC2_INSTANCE":
        row["scanMode"] = "EC2_SSM_AGENT_BASED"
    return row
