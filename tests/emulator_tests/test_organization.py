"""The organisation that tests and the demo start from, in this process and in another."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import Emulator
from tests.emulator.client import running
from tests.emulator.organization import OPENSSH, set_up
from tests.emulator.organizations import PRINCIPALS
from tests.emulator.server import REGION

pytestmark = pytest.mark.skipif(
    shutil.which("mkfs.ext4", path="/sbin") is None, reason="needs mkfs.ext4"
)


@pytest.fixture(params=["here", "elsewhere"])
def some_cloud(request: pytest.FixtureRequest, cloud: Emulator) -> Iterator[Any]:
    if request.param == "here":
        yield cloud
    else:
        with running() as remote:
            yield remote


def test_an_organisation_is_set_up(some_cloud: Any, tmp_path: Path) -> None:
    made = set_up(some_cloud, tmp_path)
    organizations = some_cloud.client("organizations")
    accounts = {each["Id"] for each in organizations.list_accounts()["Accounts"]}
    assert accounts == {made.management, made.administrator, made.production, made.development}
    for principal in PRINCIPALS:
        (found,) = organizations.list_delegated_administrators(ServicePrincipal=principal)[
            "DelegatedAdministrators"
        ]
        assert found["Id"] == made.administrator

    ssm = some_cloud.client("ssm", made.production)
    told = {
        each["InstanceId"]: each["PingStatus"]
        for each in ssm.describe_instance_information()["InstanceInformationList"]
    }
    assert told == {
        made.instances["managed"]: "Online",
        made.instances["stopped"]: "ConnectionLost",
    }
    entries = ssm.list_inventory_entries(
        InstanceId=made.instances["managed"], TypeName="AWS:Application"
    )["Entries"]
    assert entries == [OPENSSH]

    assert _disk_of(some_cloud, made.production, made.instances["unmanaged"])[1080:1082] == (
        b"\x53\xef"
    ), "an ext4 superblock"

    ecr = some_cloud.client("ecr", made.production)
    (image,) = ecr.describe_images(repositoryName="shop/web")["imageDetails"]
    assert image["imageDigest"] == made.images["shop/web"]
    function = some_cloud.client("lambda", made.production).get_function(FunctionName="orders")
    assert function["Configuration"]["FunctionArn"] == made.functions["orders"]
    for account in (made.administrator, made.production, made.development):
        role = f"arn:aws:iam::{account}:role/OpenInspector"
        some_cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="test")


def _disk_of(cloud: Any, account: str, instance: str) -> bytes:
    """The first block of the disk of an instance."""
    ec2, ebs = (cloud.client(each, account, REGION) for each in ("ec2", "ebs"))
    (made,) = ec2.create_snapshots(InstanceSpecification={"InstanceId": instance})["Snapshots"]
    for _ in range(2):
        ec2.describe_snapshots(SnapshotIds=[made["SnapshotId"]])
    first = ebs.list_snapshot_blocks(SnapshotId=made["SnapshotId"])["Blocks"][0]
    assert first["BlockIndex"] == 0
    answer = ebs.get_snapshot_block(
        SnapshotId=made["SnapshotId"], BlockIndex=0, BlockToken=first["BlockToken"]
    )
    data: bytes = answer["BlockData"].read()
    return data
