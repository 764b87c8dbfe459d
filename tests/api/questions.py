"""Everything that there is to ask of a service, also for what others own, by name."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

MOST = 6
"""Of what has many names, so many are asked for."""


class Question(NamedTuple):
    """One call of an operation that reads."""

    operation: str
    asked: Mapping[str, Any]


def questions(others: Sequence[str], names: Mapping[str, Sequence[Any]]) -> list[Question]:
    """All questions; `names`: how things are called that anybody owns, by kind."""
    plain = [Question(operation, {}) for operation in _PLAIN]
    return [*plain, *_of_accounts(others), *_of_things(names), *_of_findings(others, names)]


_PLAIN = (
    "ListFindings",
    "ListCoverage",
    "ListCoverageStatistics",
    "ListUsageTotals",
    "ListFilters",
    "ListCisScanConfigurations",
    "ListCisScans",
    "ListCodeSecurityIntegrations",
    "ListCodeSecurityScanConfigurations",
    "ListConnectors",
    "ListConnectorScanConfigurations",
    "ListMembers",
    "ListDelegatedAdminAccounts",
    "ListAccountPermissions",
    "GetDelegatedAdminAccount",
    "GetEc2DeepInspectionConfiguration",
    "GetConfiguration",
    "GetFindingsReportStatus",
    "DescribeOrganizationConfiguration",
    "BatchGetAccountStatus",
    "BatchGetMemberEc2DeepInspectionStatus",
)


def _of_accounts(others: Sequence[str]) -> Iterator[Question]:
    equal = [{"comparison": "EQUALS", "value": each} for each in others]
    everyone = [{"comparison": "NOT_EQUALS", "value": "0" * 12}]
    for tests in (equal, everyone):
        yield Question("ListFindings", {"filterCriteria": {"awsAccountId": tests}})
        yield Question("ListCoverage", {"filterCriteria": {"accountId": tests}})
        yield Question("ListConnectors", {"filterCriteria": {"accounts": tests}})
        yield Question(
            "ListFindingAggregations", {"aggregationType": "ACCOUNT", "accountIds": tests}
        )
    for group in ("ACCOUNT_ID", "RESOURCE_TYPE"):
        yield Question("ListCoverageStatistics", {"groupBy": group})
    for kind in ("TITLE", "AWS_EC2_INSTANCE", "FINDING_TYPE"):
        yield Question("ListFindingAggregations", {"aggregationType": kind})
    for operation in (
        "ListUsageTotals",
        "BatchGetAccountStatus",
        "BatchGetFreeTrialInfo",
        "BatchGetMemberEc2DeepInspectionStatus",
    ):
        yield Question(operation, {"accountIds": list(others)})
    yield Question("ListMembers", {"onlyAssociated": False})
    for each in others:
        yield Question("GetMember", {"accountId": each})
        yield Question("GetConfiguration", {"accountId": each})


def _of_things(names: Mapping[str, Sequence[Any]]) -> Iterator[Question]:
    yield Question("ListFilters", {"arns": list(names["filterArns"])})
    for kind in ("filterArns", "cisArns", "integrationArns", "codeArns", "connectorArns"):
        for arn in names[kind][:MOST]:
            yield Question("ListTagsForResource", {"resourceArn": arn})
    for arn in names["integrationArns"][:MOST]:
        yield Question("GetCodeSecurityIntegration", {"integrationArn": arn})
    for arn in names["codeArns"][:MOST]:
        yield Question("GetCodeSecurityScanConfiguration", {"scanConfigurationArn": arn})
        yield Question(
            "ListCodeSecurityScanConfigurationAssociations", {"scanConfigurationArn": arn}
        )
    yield Question(
        "ListConnectorScanConfigurations", {"awsConfigConnectorArns": list(names["words"])}
    )
    yield Question("GetEncryptionKey", {"scanType": "CODE", "resourceType": "AWS_LAMBDA_FUNCTION"})
    for scan, resource in names["scans"][:MOST]:
        yield Question("GetOnDemandScanStatus", {"scanId": scan, "resourceId": resource})
    for word in names["words"]:
        yield Question("ListOnDemandScans", {"resourceId": word})
        yield Question("GetClustersForImage", {"filter": {"resourceId": word}})
        for operation in (
            "GetCisScanReport",
            "GetCisScanResultDetails",
            "ListCisScanResultsAggregatedByChecks",
            "ListCisScanResultsAggregatedByTargetResource",
        ):
            yield Question(operation, {"scanArn": word})
        yield Question("GetCodeSecurityScan", {"scanId": word, "resource": {"projectId": word}})
    for report in names["reports"][-MOST:]:
        for operation in ("GetFindingsReportStatus", "GetSbomExport"):
            yield Question(operation, {"reportId": report})


def _of_findings(others: Sequence[str], names: Mapping[str, Sequence[Any]]) -> Iterator[Question]:
    secrets = [{"comparison": "PREFIX", "value": "secret"}]
    yield Question("ListFindings", {"filterCriteria": {"title": secrets}})
    yield Question(
        "ListFindings",
        {"sortCriteria": {"field": "AWS_ACCOUNT_ID", "sortOrder": "DESC"}},
    )
    for operation in ("BatchGetFindingDetails", "BatchGetCodeSnippet"):
        yield Question(operation, {"findingArns": list(names["findings"])})
    yield Question(
        "SearchVulnerabilities", {"filterCriteria": {"vulnerabilityIds": ["CVE-2020-8203"]}}
    )
