"""Findings as stored: the body once, as the API shows it, and columns behind every criterion.

Each row is a version of a finding. What a finding has several of (packages, tags, path steps) is in
two side tables, by row.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Computed,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    Select,
    SmallInteger,
    Table,
    insert,
    select,
    update,
)

from openinspector.model.finding import Finding, VulnerablePackage
from openinspector.store.schema import (
    FOREVER,
    Identity,
    Words,
    in_batches,
    metadata,
    milliseconds,
    row_numbers,
    true_at,
    versioned,
)

SEVERITY_RANK = {
    "UNTRIAGED": 0,
    "INFORMATIONAL": 1,
    "LOW": 2,
    "MEDIUM": 3,
    "HIGH": 4,
    "CRITICAL": 5,
}
"""How severities sort: the worst last."""

_BATCH = 500

finding = Table(
    "finding",
    metadata,
    Column("row_id", Identity, primary_key=True, autoincrement=True),
    Column("arn", Words, nullable=False),
    Column("account", Words, nullable=False),
    Column("region", Words),
    Column("status", Words, nullable=False),
    Column("closed_because", Words),
    Column("type", Words, nullable=False),
    Column("severity", Words, nullable=False),
    Column("severity_rank", SmallInteger, nullable=False),
    Column("title", Words),
    Column("first_observed_at", BigInteger, nullable=False),
    Column("last_observed_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger),
    Column("inspector_score", Float),
    Column("epss_score", Float),
    Column("exploit_available", Words),
    Column("fix_available", Words),
    Column("resource_type", Words),
    Column("resource_id", Words, nullable=False),
    Column("vulnerability_id", Words),
    Column("vulnerability_source", Words),
    Column("vendor_severity", Words),
    Column("ec2_image_id", Words),
    Column("ec2_vpc_id", Words),
    Column("ec2_subnet_id", Words),
    Column("ec2_platform", Words),
    Column("ecr_pushed_at", BigInteger),
    Column("ecr_architecture", Words),
    Column("ecr_registry", Words),
    Column("ecr_repository", Words),
    Column("ecr_hash", Words),
    Column("ecr_last_in_use_at", BigInteger),
    Column("ecr_in_use_count", BigInteger),
    Column("lambda_name", Words),
    Column("lambda_runtime", Words),
    Column("lambda_modified_at", BigInteger),
    Column("lambda_role", Words),
    Column("project_name", Words),
    Column("project_provider", Words),
    Column("port_begin", Integer),
    Column("port_end", Integer),
    Column("protocol", Words),
    Column("component_type", Words),
    Column("detector_name", Words),
    Column("code_path", Words),
    Column("body", LargeBinary, nullable=False),
    *versioned(),
    # The end of the ARN, which is a digest: what decides among equals in lists.
    Column("tie", Words, Computed("substr(arn, length(arn) - 15)"), nullable=False),
)

finding_package = Table(
    "finding_package",
    metadata,
    Column("row_id", Identity, nullable=False),
    Column("name", Words, nullable=False),
    Column("version", Words, nullable=False),
    Column("epoch", Integer),
    Column("release", Words),
    Column("architecture", Words),
    Column("layer_hash", Words),
    Column("lambda_layer_arn", Words),
    Column("file_path", Words),
)

finding_value = Table(
    "finding_value",
    metadata,
    Column("row_id", Identity, nullable=False),
    Column("field", Words, nullable=False),
    Column("key", Words, nullable=False),
    Column("value", Words, nullable=False),
)

staged_vulnerability = Table(
    "staged_vulnerability",
    metadata,
    Column("name", Words, primary_key=True),
    prefixes=["TEMPORARY"],
)

_PRESENT = finding.c.valid_to == FOREVER
Index("uq_finding_present", finding.c.arn, unique=True, sqlite_where=_PRESENT,
      postgresql_where=_PRESENT)  # fmt: skip
Index("ix_finding_resource", finding.c.resource_id, finding.c.account, finding.c.valid_to)
Index("ix_finding_package_row", finding_package.c.row_id, finding_package.c.name)
Index("ix_finding_package_name", finding_package.c.name, finding_package.c.row_id)
Index("ix_finding_value_row", finding_value.c.row_id, finding_value.c.field)
Index("ix_finding_value", finding_value.c.field, finding_value.c.key, finding_value.c.value,
      finding_value.c.row_id)  # fmt: skip
for _name in ("vulnerability_id", "title", "ecr_hash", "lambda_name", "arn"):
    Index(f"ix_finding_{_name}", finding.c[_name], finding.c.valid_to)
# What else is asked for by criteria; of what only some findings have, only theirs.
for _name in ("fix_available", "exploit_available", "ec2_image_id", "ec2_vpc_id", "ec2_subnet_id",
              "ecr_architecture", "ecr_last_in_use_at", "ecr_in_use_count", "lambda_runtime",
              "lambda_modified_at", "lambda_role", "project_name", "project_provider",
              "detector_name", "code_path", "region", "updated_at"):  # fmt: skip
    _known = finding.c[_name].is_not(None)
    Index(f"ix_finding_{_name}", finding.c[_name], sqlite_where=_known, postgresql_where=_known)
Index("ix_finding_ports", finding.c.port_begin, finding.c.port_end,
      sqlite_where=finding.c.port_begin.is_not(None),
      postgresql_where=finding.c.port_begin.is_not(None))  # fmt: skip
# Lists follow these, those without a value too, from either end (`ledger/order.py`).
for _name in ("type", "first_observed_at", "last_observed_at", "status", "resource_type",
              "ecr_pushed_at", "ecr_repository", "ecr_registry", "protocol", "component_type",
              "vulnerability_source", "inspector_score", "vendor_severity",
              "epss_score"):  # fmt: skip
    Index(f"ix_finding_{_name}", finding.c[_name], finding.c.tie)
Index("ix_finding_vulnerability_order", finding.c.vulnerability_id, finding.c.tie)
Index("ix_finding_worst", finding.c.severity_rank, finding.c.last_observed_at, finding.c.tie)
Index("ix_finding_account", finding.c.account, finding.c.severity_rank, finding.c.last_observed_at,
      finding.c.tie)  # fmt: skip
# It answers counts by itself. Not `status` second: lists would take it, and have to sort.
Index("ix_finding_counts", finding.c.account, finding.c.type, finding.c.valid_to,
      finding.c.valid_from, finding.c.status, finding.c.severity, finding.c.exploit_available,
      finding.c.fix_available)  # fmt: skip


class StoredFinding(msgspec.Struct, frozen=True):
    """A version of a finding, by its row; `closed_because` says why it is CLOSED."""

    row: int
    finding: Finding
    closed_because: str | None
    valid_from: int


class FindingRow(NamedTuple):
    """A present finding as it lies in the table, not yet read. Times are epoch milliseconds."""

    row_id: int
    resource_id: str
    arn: str
    status: str
    closed_because: str | None
    first_observed_at: int
    last_observed_at: int
    updated_at: int | None
    valid_from: int
    body: bytes

    def read(self) -> StoredFinding:
        """The finding itself."""
        return _stored(self.row_id, self.body, self.closed_because, self.valid_from)


_decoder = msgspec.json.Decoder(Finding)


def finding_rows(
    connection: Connection, account: str, resources: Sequence[str], *, network: bool | None = None
) -> dict[str, dict[str, FindingRow]]:
    """The present findings of resources, closed ones included: by resource, then by ARN.

    `network`: those of reachability alone, or all but those.
    """
    query = select(*(finding.c[name] for name in FindingRow._fields)).where(
        finding.c.account == account, true_at(finding, None)
    )
    if network is not None:
        of_network = finding.c.type == "NETWORK_REACHABILITY"
        query = query.where(of_network if network else ~of_network)
    found: dict[str, dict[str, FindingRow]] = {name: {} for name in resources}
    for batch in in_batches(resources, _BATCH):
        for row in connection.execute(query.where(finding.c.resource_id.in_(batch))):
            found[row.resource_id][row.arn] = FindingRow(*row)
    return found


def current_findings(
    connection: Connection, account: str, resource_id: str
) -> dict[str, StoredFinding]:
    """The present findings of a resource, closed ones included, by ARN."""
    rows = finding_rows(connection, account, [resource_id])[resource_id]
    return {arn: row.read() for arn, row in rows.items()}


def findings_of(
    connection: Connection, accounts: Sequence[str], at: int | None = None
) -> Iterator[StoredFinding]:
    """Every finding of some accounts, streamed."""
    rows = connection.execution_options(yield_per=_BATCH).execute(
        select(finding.c.row_id, finding.c.body, finding.c.closed_because, finding.c.valid_from)
        .where(finding.c.account.in_(list(accounts)), true_at(finding, at))
        .order_by(finding.c.row_id)
    )
    for row in rows:
        yield _stored(*row)


def _stored(row: int, body: bytes, because: str | None, since: int) -> StoredFinding:
    return StoredFinding(row, _decoder.decode(body), because, since)


def stage_vulnerabilities(connection: Connection, names: Iterable[str]) -> None:
    """Lay vulnerabilities where statements of this connection find them."""
    metadata.create_all(connection, tables=[staged_vulnerability])
    connection.execute(staged_vulnerability.delete())
    for batch in in_batches(sorted(names), _BATCH):
        connection.execute(insert(staged_vulnerability), [{"name": name} for name in batch])


def affected_findings() -> Select[tuple[str, str]]:
    """Account and resource of every open finding of a staged vulnerability."""
    return (
        select(finding.c.account, finding.c.resource_id)
        .select_from(staged_vulnerability)
        .join(finding, finding.c.vulnerability_id == staged_vulnerability.c.name)
        .where(finding.c.valid_to == FOREVER, finding.c.status != "CLOSED")
    )


def put_findings(
    connection: Connection, findings: Iterable[tuple[Finding, str | None]], at: int
) -> None:
    """Write findings, each with the reason of its closing (None unless CLOSED).

    The present version of each, if any, ends at `at` (epoch milliseconds). Call it within
    `Store.write`.
    """
    for batch in in_batches(findings, _BATCH):
        drop_findings(connection, [each.finding_arn for each, _ in batch], at)
        numbers = row_numbers(connection, finding, len(batch))
        rows: list[dict[str, Any]] = []
        packages: list[dict[str, Any]] = []
        values: list[dict[str, Any]] = []
        for number, (each, because) in zip(numbers, batch, strict=True):
            rows.append({"row_id": number, **_columns(each, because, at)})
            packages.extend({"row_id": number, **row} for row in package_rows(each))
            values.extend(
                {"row_id": number, "field": field, "key": key, "value": value}
                for field, key, value in value_rows(each)
            )
        for table, several in (
            (finding, rows),
            (finding_package, packages),
            (finding_value, values),
        ):
            if several:
                connection.execute(insert(table), several)


def drop_findings(connection: Connection, arns: Iterable[str], at: int) -> None:
    """Let the present versions of findings end."""
    for batch in in_batches(arns, _BATCH):
        connection.execute(
            update(finding)
            .where(finding.c.arn.in_(batch), finding.c.valid_to == FOREVER)
            .values(valid_to=at)
        )


def _columns(each: Finding, because: str | None, at: int) -> dict[str, Any]:
    return {
        **scalar_columns(each),
        "closed_because": because,
        "body": msgspec.json.encode(each),
        "valid_from": at,
        "valid_to": FOREVER,
    }


def scalar_columns(each: Finding) -> dict[str, Any]:
    """The columns that criteria and orders look at; None where a finding has no such thing."""
    resource = each.resources[0]
    details = resource.details
    ec2 = details.aws_ec2_instance if details else None
    ecr = details.aws_ecr_container_image if details else None
    function = details.aws_lambda_function if details else None
    project = details.code_repository if details else None
    machine = details.machine_image if details else None
    package = each.package_vulnerability_details
    network = each.network_reachability_details
    code = each.code_vulnerability_details
    steps = (network.network_path.steps or ()) if network else ()
    return {
        "arn": each.finding_arn,
        "account": each.aws_account_id,
        "region": resource.region,
        "status": each.status,
        "type": each.type,
        "severity": each.severity,
        "severity_rank": SEVERITY_RANK[each.severity],
        "title": each.title,
        "first_observed_at": milliseconds(each.first_observed_at),
        "last_observed_at": milliseconds(each.last_observed_at),
        "updated_at": milliseconds(each.updated_at),
        "inspector_score": each.inspector_score,
        "epss_score": each.epss.score if each.epss else None,
        "exploit_available": each.exploit_available,
        "fix_available": each.fix_available,
        "resource_type": resource.type,
        "resource_id": resource.id,
        "vulnerability_id": package.vulnerability_id if package else None,
        "vulnerability_source": package.source if package else None,
        "vendor_severity": package.vendor_severity if package else None,
        "ec2_image_id": ec2.image_id if ec2 else machine.machine_image_id if machine else None,
        "ec2_vpc_id": ec2.vpc_id if ec2 else None,
        "ec2_subnet_id": ec2.subnet_id if ec2 else None,
        "ec2_platform": ec2.platform if ec2 else None,
        "ecr_pushed_at": milliseconds(ecr.pushed_at) if ecr else None,
        "ecr_architecture": ecr.architecture if ecr else None,
        "ecr_registry": ecr.registry if ecr else None,
        "ecr_repository": ecr.repository_name if ecr else None,
        "ecr_hash": ecr.image_hash if ecr else None,
        "ecr_last_in_use_at": milliseconds(ecr.last_in_use_at) if ecr else None,
        "ecr_in_use_count": ecr.in_use_count if ecr else None,
        "lambda_name": function.function_name if function else None,
        "lambda_runtime": function.runtime if function else None,
        "lambda_modified_at": milliseconds(function.last_modified_at) if function else None,
        "lambda_role": function.execution_role_arn if function else None,
        "project_name": project.project_name if project else None,
        "project_provider": project.provider_type if project else None,
        "port_begin": network.open_port_range.begin if network else None,
        "port_end": network.open_port_range.end if network else None,
        "protocol": network.protocol if network else None,
        "component_type": steps[0].component_type if steps else None,
        "detector_name": code.detector_name if code else None,
        "code_path": code.file_path.file_path if code else None,
    }


def package_rows(each: Finding) -> Iterator[dict[str, Any]]:
    """The affected packages of a finding."""
    details = each.package_vulnerability_details
    for package in (details.vulnerable_packages or ()) if details else ():
        yield package_columns(package)


def package_columns(package: VulnerablePackage) -> dict[str, Any]:
    """The columns of one affected package."""
    return {
        "name": package.name,
        "version": package.version,
        "epoch": package.epoch,
        "release": package.release,
        "architecture": package.arch,
        "layer_hash": package.source_layer_hash,
        "lambda_layer_arn": package.source_lambda_layer_arn,
        "file_path": package.file_path,
    }


def value_rows(each: Finding) -> Iterator[tuple[str, str, str]]:
    """What a finding has several of: field, key (of tags; else empty), value."""
    for resource in each.resources:
        for key, value in (resource.tags or {}).items():
            yield "tag", key, value
        details = resource.details
        image = details.aws_ecr_container_image if details else None
        for tag in (image.image_tags or ()) if image else ():
            yield "image_tag", "", tag
        function = details.aws_lambda_function if details else None
        for layer in (function.layers or ()) if function else ():
            yield "lambda_layer", "", layer
        machine = details.machine_image if details else None
        if machine is not None:
            yield "machine_image_name", "", machine.name or ""
            yield "machine_image_owner", "", machine.owner_account_id or ""
            yield "machine_image_platform", "", machine.platform or ""
    package = each.package_vulnerability_details
    for related in (package.related_vulnerabilities or ()) if package else ():
        yield "related", "", related
    network = each.network_reachability_details
    for step in (network.network_path.steps or ()) if network else ():
        yield "component_id", "", step.component_id
        yield "component_type", "", step.component_type
    code = each.code_vulnerability_details
    for tag in (code.detector_tags or ()) if code else ():
        yield "detector_tag", "", tag
