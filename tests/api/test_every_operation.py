"""boto3 calls every operation of both models; botocore parses and validates every answer."""

import re
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from tests.api.conftest import ADMINISTRATOR, MANAGEMENT, SBOM, SCRATCH, Server

SESSION = botocore.session.get_session()
MODELS = {name: SESSION.get_service_model(name) for name in ("inspector2", "inspector-scan")}
OPERATIONS = [(name, each) for name, model in MODELS.items() for each in model.operation_names]

UUID = "00000000-0000-4000-8000-000000000000"
_ARN = f"arn:aws:inspector2:us-east-1:{SCRATCH}"
TEXTS = {
    "CisScanConfigurationArn": f"{_ARN}:owner/{SCRATCH}/cis-configuration/abc",
    "CisScanArn": f"{_ARN}:owner/{SCRATCH}/cis-scan/{UUID}",
    "CodeSecurityIntegrationArn": f"{_ARN}:codesecurity-integration/{UUID}",
    "ScanConfigurationArn": f"{_ARN}:owner/{SCRATCH}/codesecurity-configuration/{UUID}",
    "ConnectorArn": f"{_ARN}:connector/{UUID}",
    "FilterArn": f"{_ARN}:owner/{SCRATCH}/filter/0123456789abcdef",
    "FindingArn": f"{_ARN}:finding/{'0' * 32}",
    "ResourceId": "i-0123456789abcdef0",
    "AccountId": SCRATCH,
    "UUID": UUID,
    "ReportId": UUID,
    "ScanId": "0" * 32,
    "ProjectId": f"project-{UUID}",
    "KmsKeyArn": f"arn:aws:kms:us-east-1:{SCRATCH}:key/{UUID}",
    "AwsConfigConnectorArn": f"arn:aws:config:us-east-1:{SCRATCH}:connector/azure/a/b",
    "ClusterForImageFilterResourceId": "x",
}
OVERRIDES: dict[str, dict[str, Any]] = {
    "ScanSbom": {"sbom": SBOM},
    "SearchVulnerabilities": {"filterCriteria": {"vulnerabilityIds": ["CVE-2020-8203"]}},
    "CreateCodeSecurityIntegration": {"name": "x", "type": "GITHUB"},
    "GetEncryptionKey": {"scanType": "CODE", "resourceType": "AWS_LAMBDA_FUNCTION"},
    "ResetEncryptionKey": {"scanType": "CODE", "resourceType": "AWS_LAMBDA_FUNCTION"},
    "UpdateEncryptionKey": {
        "kmsKeyId": TEXTS["KmsKeyArn"],
        "scanType": "CODE",
        "resourceType": "AWS_LAMBDA_FUNCTION",
    },
    "CreateCisScanConfiguration": {
        "scanName": "x",
        "securityLevel": "LEVEL_1",
        "schedule": {"oneTime": {}},
        "targets": {"accountIds": ["SELF"], "targetResourceTags": {"a": ["b"]}},
    },
    "GetClustersForImage": {
        "filter": {"resourceId": f"arn:aws:ecr:us-east-1:{SCRATCH}:repository/x"}
    },
    "ListFindingAggregations": {"aggregationType": "ACCOUNT"},
    "TagResource": {"resourceArn": TEXTS["FilterArn"], "tags": {"a": "b"}},
    "UntagResource": {"resourceArn": TEXTS["FilterArn"], "tagKeys": ["a"]},
    "ListTagsForResource": {"resourceArn": TEXTS["FilterArn"]},
}
CALLERS = {
    **dict.fromkeys(("EnableDelegatedAdminAccount", "DisableDelegatedAdminAccount"), MANAGEMENT),
    "ListDelegatedAdminAccounts": MANAGEMENT,
    **dict.fromkeys(
        (
            *("GetMember", "ListMembers", "DescribeOrganizationConfiguration"),
            *("UpdateOrganizationConfiguration", "AssociateMember", "DisassociateMember"),
            # It sees a member's resources and findings, so that there is something in answers.
            *("ListFindings", "ListFindingAggregations", "ListCoverage", "ListCoverageStatistics"),
            *("ListUsageTotals", "BatchGetAccountStatus"),
        ),
        ADMINISTRATOR,
    ),
}


def minimal(shape: Any) -> Any:
    """The least value that a shape allows."""
    kind = shape.type_name
    if kind == "structure":
        names = shape.required_members or (list(shape.members)[:1] if shape.is_tagged_union else ())
        return {name: minimal(shape.members[name]) for name in names}
    if kind == "list":
        return [minimal(shape.member)] * max(1, shape.metadata.get("min", 1))
    if kind == "map":
        return {"a": minimal(shape.value)}
    if kind == "string":
        if shape.enum:
            return shape.enum[0]
        return TEXTS.get(shape.name, "x" * max(1, shape.metadata.get("min", 1)))
    return {"boolean": True, "timestamp": 1, "blob": b"x"}.get(kind, shape.metadata.get("min", 1))


@pytest.mark.parametrize(("service", "name"), OPERATIONS)
def test_it_answers_as_the_model_says(server: Server, service: str, name: str) -> None:
    model = MODELS[service].operation_model(name)
    arguments = OVERRIDES.get(name)
    if arguments is None:
        arguments = minimal(model.input_shape) if model.input_shape else {}
    client = server.client(CALLERS.get(name, SCRATCH), service)
    method = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    refused = None
    answer: dict[str, Any] = {}
    try:
        answer = getattr(client, method)(**arguments)
    except ClientError as error:
        refused = error.response["Error"]
    if refused is not None:
        declared = {shape.name for shape in model.error_shapes} - {"InternalServerException"}
        assert refused["Code"] in declared | {"AccessDeniedException"}, refused
        return
    answer.pop("ResponseMetadata")
    if model.output_shape is not None:
        known = {each: value for each, value in answer.items() if value is not None}
        report = ParamValidator().validate(known, model.output_shape)
        # As spec/accounts.md 1 and vulnerability-search.md 4 have it: a healthy state has no error,
        # and an image that runs nowhere has no cluster.
        allowed = r"Missing required parameter .*(errorCode|errorMessage)|parameter cluster,"
        wrong = [
            line
            for line in report.generate_report().splitlines()
            if line and not re.search(allowed, line)
        ]
        assert not wrong, wrong
