"""Faults are spelled as each service spells them, for the calls that are meant."""

from pathlib import Path
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from tests.emulator.client import EmulatorError, Remote, running
from tests.emulator.server import MANAGEMENT, REGION, Emulator
from tests.images import docker_archive, file

Spelled = tuple[str, int]
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "ec2": ("describe_instances", {}),
    "ssm": ("describe_instance_information", {}),
    "ecr": ("describe_repositories", {}),
    "ebs": ("list_snapshot_blocks", {"SnapshotId": "snap-1"}),
    "lambda": ("list_functions", {}),
    "sts": ("get_caller_identity", {}),
    "organizations": ("list_accounts", {}),
    "s3": ("list_buckets", {}),
    "kms": ("list_keys", {}),
}


def _code(cloud: Emulator, service: str, account: str = MANAGEMENT) -> tuple[str, int] | None:
    """The error of a call and its status; None when it works."""
    operation, asked = CALLS[service]
    try:
        getattr(cloud.client(service, account), operation)(**asked)
    except ClientError as error:
        return (
            error.response["Error"]["Code"],
            error.response["ResponseMetadata"]["HTTPStatusCode"],
        )
    return None


@pytest.mark.parametrize(
    ("service", "throttled", "denied", "expired", "failing"),
    [
        (
            "ec2",
            ("RequestLimitExceeded", 503),
            ("UnauthorizedOperation", 403),
            ("RequestExpired", 400),
            ("InternalError", 500),
        ),
        (
            "ssm",
            ("ThrottlingException", 400),
            ("AccessDeniedException", 400),
            ("ExpiredTokenException", 400),
            ("InternalServerError", 500),
        ),
        (
            "ecr",
            ("ThrottlingException", 400),
            ("AccessDeniedException", 400),
            ("ExpiredTokenException", 400),
            ("ServerException", 500),
        ),
        (
            "ebs",
            ("RequestThrottledException", 400),
            ("AccessDeniedException", 403),
            ("ExpiredTokenException", 403),
            ("InternalServerException", 500),
        ),
        (
            "lambda",
            ("TooManyRequestsException", 429),
            ("AccessDeniedException", 403),
            ("ExpiredTokenException", 403),
            ("ServiceException", 500),
        ),
        (
            "sts",
            ("Throttling", 400),
            ("AccessDenied", 403),
            ("ExpiredToken", 403),
            ("InternalFailure", 500),
        ),
        (
            "organizations",
            ("TooManyRequestsException", 400),
            ("AccessDeniedException", 400),
            ("ExpiredTokenException", 400),
            ("ServiceException", 500),
        ),
        (
            "s3",
            ("SlowDown", 503),
            ("AccessDenied", 403),
            ("ExpiredToken", 400),
            ("InternalError", 500),
        ),
        (
            "kms",
            ("ThrottlingException", 400),
            ("AccessDeniedException", 400),
            ("ExpiredTokenException", 400),
            ("InternalServerError", 500),
        ),
    ],
)
def test_each_service_spells_its_faults(
    cloud: Emulator,
    service: str,
    throttled: Spelled,
    denied: Spelled,
    expired: Spelled,
    failing: Spelled,
) -> None:
    spelled = {"throttled": throttled, "denied": denied, "expired": expired, "failing": failing}
    for kind, expected in spelled.items():
        cloud.faults.add(kind, service)
        assert _code(cloud, service) == expected
        cloud.faults.active.clear()


def test_faults_are_for_the_calls_that_are_meant(cloud: Emulator) -> None:
    cloud.faults.add("throttled", "ssm", "DescribeInstanceInformation", "111111111111", times=2)
    assert _code(cloud, "ssm") is None
    assert _code(cloud, "ec2", "111111111111") is None
    throttled = ("ThrottlingException", 400)
    assert [_code(cloud, "ssm", "111111111111") for _ in range(3)] == [throttled, throttled, None]

    cloud.faults.add("failing", "sts", after=2, times=1)
    assert [_code(cloud, "sts") for _ in range(4)] == [None, None, ("InternalFailure", 500), None]

    cloud.faults.add("failing", "sts", probability=0.5)
    failed = [_code(cloud, "sts") for _ in range(40)].count(("InternalFailure", 500))
    assert 5 < failed < 35
    with pytest.raises(ValueError, match="no such fault"):
        cloud.faults.add("bad luck")


def test_botocore_retries_what_is_throttled(cloud: Emulator) -> None:
    import boto3

    cloud.faults.add("throttled", "ec2", times=1)
    client = boto3.client(
        "ec2",
        region_name=REGION,
        endpoint_url=cloud.url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    assert client.describe_instances()["Reservations"] == []
    assert [each.status for each in cloud.calls] == [503, 200]


def test_connections_break_and_answers_are_late(cloud: Emulator) -> None:
    import boto3
    from botocore.config import Config

    cloud.faults.add("dropped", "ecr", times=1)
    with pytest.raises(ConnectionClosedError):
        cloud.client("ecr").describe_repositories()
    assert [each.status for each in cloud.calls] == [0]
    cloud.faults.add("slow", "ecr", seconds=1.0, times=1)
    client = boto3.client(
        "ecr",
        region_name=REGION,
        endpoint_url=cloud.url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(read_timeout=0.2, retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ReadTimeoutError):
        client.describe_repositories()


def test_pages_may_be_shorter_than_wanted(cloud: Emulator) -> None:
    ec2, ecr = cloud.client("ec2"), cloud.client("ecr")
    ec2.run_instances(ImageId="ami-12c6146b", MinCount=4, MaxCount=4)
    for number in range(5):
        ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
        ecr.create_repository(repositoryName=f"repository{number}")
    cloud.faults.add("partial", most=2)
    pages = list(ecr.get_paginator("describe_repositories").paginate())
    assert [len(each["repositories"]) for each in pages] == [2, 2, 1]
    pages = list(
        ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 100})
    )
    assert [len(each["Reservations"]) for each in pages] == [2, 2, 2]
    keys = cloud.client("kms")
    for _ in range(3):
        keys.create_key()
    assert [len(each["Keys"]) for each in keys.get_paginator("list_keys").paginate()] == [3]


def test_registries_and_downloads_fail_too(cloud: Emulator, tmp_path: Path) -> None:
    path = docker_archive(tmp_path / "image.tar", [[file("etc/os-release")]])
    cloud.registry.push(MANAGEMENT, REGION, "app", "v1", path)
    (granted,) = cloud.client("ecr").get_authorization_token()["authorizationData"]
    headers = {"Authorization": f"Basic {granted['authorizationToken']}"}

    def get(place: str, **more: Any) -> Any:
        return urllib3.request("GET", place, redirect=False, retries=False, **more)

    cloud.faults.add("throttled", "registry", times=1)
    assert get(f"{cloud.url}/v2/app/manifests/v1", headers=headers).status == 429
    manifest = get(f"{cloud.url}/v2/app/manifests/v1", headers=headers).json()
    digest = manifest["layers"][0]["digest"]
    place = get(f"{cloud.url}/v2/app/blobs/{digest}", headers=headers).headers["Location"]
    cloud.faults.add("unavailable", "download", times=1)
    assert [get(place).status for _ in range(2)] == [503, 200]
    cloud.faults.add("corrupt", "download", times=1)
    half, whole = get(place).data, get(place).data
    assert whole.startswith(half)
    assert len(half) == len(whole) // 2


def test_another_process_is_steered_the_same_way() -> None:
    with running() as remote:
        _steer(remote)


def _steer(remote: Remote) -> None:
    assert set(remote.environment) >= {"AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"}
    remote.faults.add(kind="denied", service="ssm", times=1)
    ssm = remote.client("ssm", "111111111111")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        ssm.describe_instance_information()
    remote.software.manage(
        account="111111111111",
        region=REGION,
        instance="i-0123456789abcdef0",
        platform=("Ubuntu", "24.04"),
        packages=[{"Name": "bash", "Version": "5.2"}],
    )
    (node,) = ssm.describe_instance_information()["InstanceInformationList"]
    assert node["PlatformName"] == "Ubuntu"
    assert [(each.operation, each.status) for each in remote.calls] == [
        ("DescribeInstanceInformation", 400),
        ("DescribeInstanceInformation", 200),
    ]
    with pytest.raises(EmulatorError, match="no such fault"):
        remote.faults.add(kind="bad luck")
    remote.reset()
    assert remote.calls == []
