"""A scan goes into the ledger: inventory, coverage, findings and outbox, in one transaction."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from openinspector.assess import Assessment
from openinspector.ledger.criteria import Criteria
from openinspector.ledger.reconcile import RESOURCE_GONE, closed, reconcile, unseen_parts
from openinspector.ledger.suppression import suppressed_by
from openinspector.model import Inventory
from openinspector.model.finding import Finding, Resource
from openinspector.store.coverage import end_coverage, put_coverage
from openinspector.store.findings import StoredFinding, current_findings, put_findings
from openinspector.store.listeners import put_listeners
from openinspector.store.packages import bind_inventory, put_inventory, unbind_inventory
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
    transitions = reconcile(
        _stored(connection, account, resource.id, network=False),
        assessment.findings,
        lambda each: suppressed_by(rules, each),
        unseen_parts(assessment.coverage),
        now / 1000,
    )
    row = row or covered(account, resource, assessment, now)
    if row["scanStatus"]["statusCode"] == "ACTIVE":
        count_scans(connection, account, {resource.id: resource.type}, now)
    bind_inventory(connection, account, resource.id, put_inventory(connection, inventory), now)
    if inventory.listeners is not None:
        put_listeners(connection, account, resource.id, inventory.listeners, now)
    put_coverage(connection, account, [row], now)
    _apply(connection, transitions, now)
    counted = Counter(each.kind.lower() for each in transitions)
    observed = len(assessment.findings)
    touched = sum(counted.values()) - counted["closed"]
    return Recorded(resource.id, **counted, unchanged=observed - touched)


def record_network(
    connection: Connection,
    account: str,
    resource_id: str,
    findings: Sequence[Finding],
    rules: Sequence[Criteria],
    now: int,
) -> int:
    """Record the openings of one instance, all that there are; how many findings changed."""
    transitions = reconcile(
        _stored(connection, account, resource_id, network=True),
        findings,
        lambda each: suppressed_by(rules, each),
        lambda _: False,
        now / 1000,
    )
    _apply(connection, transitions, now)
    return len(transitions)


def _stored(
    connection: Connection, account: str, resource_id: str, *, network: bool
) -> dict[str, StoredFinding]:
    """The findings that one kind of scan answers for: of the network, or of all else."""
    return {
        arn: each
        for arn, each in current_findings(connection, account, resource_id).items()
        if (each.finding.type == "NETWORK_REACHABILITY") is network
    }


def close_findings(connection: Connection, account: str, resource_id: str, now: int) -> int:
    """A resource is gone, or scanned no more: its findings close; how many."""
    stored = current_findings(connection, account, resource_id).values()
    transitions = [
        closed(each.finding, RESOURCE_GONE, now / 1000)
        for each in stored
        if each.finding.status != "CLOSED"
    ]
    _apply(connection, transitions, now)
    unbind_inventory(connection, account, resource_id, now)
    put_listeners(connection, account, resource_id, None, now)
    return len(transitions)


def close_resource(connection: Connection, account: str, resource_id: str, now: int) -> int:
    """A resource is gone: its findings close, its coverage ends; how many closed."""
    end_coverage(connection, account, resource_id, now)
    return close_findings(connection, account, resource_id, now)


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
        # Who hosts it, and whether it is public, is not known of what was handed in.
        told["codeRepository"] = {"projectName": details.code_repository.project_name}
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
