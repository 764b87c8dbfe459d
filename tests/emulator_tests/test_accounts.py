"""Accounts are apart, and are entered as AWS lets one in."""

import pytest
from botocore.exceptions import ClientError

from tests.emulator.server import MANAGEMENT, REGION, Emulator

PRINCIPALS = ("inspector2.amazonaws.com", "agentless.inspector2.amazonaws.com")


def _assumed(cloud: Emulator, account: str, service: str):
    import boto3

    given = cloud.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole", RoleSessionName="test"
    )["Credentials"]
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=cloud.url,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


def _member(cloud: Emulator, name: str) -> str:
    organizations = cloud.client("organizations")
    made = organizations.create_account(Email=f"{name}@example.org", AccountName=name)
    return str(made["CreateAccountStatus"]["AccountId"])


def test_a_role_leads_to_another_state(cloud: Emulator) -> None:
    cloud.client("organizations").create_organization(FeatureSet="ALL")
    first, second = _member(cloud, "first"), _member(cloud, "second")
    _assumed(cloud, first, "ecr").create_repository(repositoryName="app")

    assert cloud.client("ecr").describe_repositories()["repositories"] == []
    assert _assumed(cloud, second, "ecr").describe_repositories()["repositories"] == []
    (repository,) = _assumed(cloud, first, "ecr").describe_repositories()["repositories"]
    assert repository["registryId"] == first
    assert _assumed(cloud, first, "sts").get_caller_identity()["Account"] == first


def test_a_role_that_is_not_there_is_denied(cloud: Emulator) -> None:
    with pytest.raises(ClientError) as caught:
        cloud.client("sts").assume_role(
            RoleArn="arn:aws:iam::111111111111:role/Nobody", RoleSessionName="test"
        )
    assert caught.value.response["Error"]["Code"] == "AccessDenied"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.parametrize(
    ("caller", "external_id", "works"),
    [
        (MANAGEMENT, "secret", True),
        (MANAGEMENT, "other", False),
        (MANAGEMENT, None, False),
        ("222222222222", "secret", False),
    ],
)
def test_trust_policies_count(
    cloud: Emulator, caller: str, external_id: str | None, works: bool
) -> None:
    cloud.enrol("111111111111", external_id="secret")
    arguments = {"ExternalId": external_id} if external_id else {}
    sts = cloud.client("sts", caller)
    asked = {"RoleArn": "arn:aws:iam::111111111111:role/OpenInspector", "RoleSessionName": "test"}
    if works:
        assert sts.assume_role(**asked, **arguments)["Credentials"]
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            sts.assume_role(**asked, **arguments)


def test_inspector_can_be_delegated(cloud: Emulator) -> None:
    organizations = cloud.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    member = _member(cloud, "security")
    for principal in PRINCIPALS:
        organizations.enable_aws_service_access(ServicePrincipal=principal)
        organizations.register_delegated_administrator(AccountId=member, ServicePrincipal=principal)
    for principal in PRINCIPALS:
        (found,) = organizations.list_delegated_administrators(ServicePrincipal=principal)[
            "DelegatedAdministrators"
        ]
        assert found["Id"] == member
    with pytest.raises(ClientError, match="InvalidInput"):
        organizations.enable_aws_service_access(ServicePrincipal="nobody.amazonaws.com")


def test_calls_are_counted(cloud: Emulator) -> None:
    cloud.client("ec2", "333333333333", "eu-west-1").describe_instances()
    cloud.client("lambda").list_functions()
    first, second = cloud.calls
    assert (first.service, first.operation, first.account, first.region, first.status) == (
        *("ec2", "DescribeInstances", "333333333333", "eu-west-1", 200),
    )
    assert (second.service, second.operation) == ("lambda", "ListFunctions")
    with pytest.raises(ClientError):
        cloud.client("lambda").get_function(FunctionName="nobody")
    assert cloud.calls[-1].status == 404
