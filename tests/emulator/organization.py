"""An organisation to try everything on: a management account, an administrator, two members.

What each of its resources is for is said where it is made. It may be an `Emulator` or a `Remote`.
"""

import io
import json
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.emulator.access import MANAGEMENT, REGION
from tests.emulator.organizations import PRINCIPALS
from tests.images import docker_archive, file

AMAZON = ("Amazon Linux", "2023")
OPENSSH = {
    "Name": "openssh-server",
    "Version": "8.7p1",
    "Release": "8.amzn2023.0.10",
    "Architecture": "x86_64",
    "PackageId": "openssh-8.7p1-8.amzn2023.0.10.src.rpm",
}
"""As SSM has it; vulnerable to CVE-2024-6387, which 8.7p1-8.amzn2023.0.11 fixes."""

DEBIAN: Mapping[str, str] = {
    "etc/os-release": 'ID=debian\nNAME="Debian"\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\n',
    "var/lib/dpkg/status": (
        "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.1.1k-1\n\n"
    ),
}
"""Files of a Debian system; vulnerable to CVE-2022-0778."""


class Organization(NamedTuple):
    """The accounts, and by name their instances, images (digests) and functions (ARNs)."""

    management: str
    administrator: str
    production: str
    development: str
    instances: Mapping[str, str]
    images: Mapping[str, str]
    functions: Mapping[str, str]


def set_up(cloud: Any, folder: Path, role: str = "OpenInspector") -> Organization:
    """Make the organisation; `folder` is for files that have to stay.

    Every account but the management account is entered by `role`. Raises `FileNotFoundError` where
    there is no mkfs.ext4, with which the disk of the unmanaged instance is made.
    """
    organizations = cloud.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    names = ("security", "production", "development")
    administrator, production, development = (_account(cloud, each, role) for each in names)
    for principal in PRINCIPALS:
        organizations.enable_aws_service_access(ServicePrincipal=principal)
        organizations.register_delegated_administrator(
            AccountId=administrator, ServicePrincipal=principal
        )
    return Organization(
        MANAGEMENT,
        administrator,
        production,
        development,
        instances=_instances(cloud, production, development, folder),
        images=_images(cloud, production, development, folder),
        functions=_functions(cloud, production, development),
    )


def _account(cloud: Any, name: str, role: str) -> str:
    made = cloud.client("organizations").create_account(
        Email=f"{name}@example.org", AccountName=name
    )
    account = str(made["CreateAccountStatus"]["AccountId"])
    cloud.enrol(account=account, role=role)
    return account


def _instances(cloud: Any, production: str, development: str, folder: Path) -> dict[str, str]:
    """By name; all but `unmanaged` have an agent and an old openssh."""
    made = {
        "managed": _instance(cloud, production, "managed"),
        "unmanaged": _instance(cloud, production, "unmanaged"),
        "stopped": _instance(cloud, production, "stopped"),
        "excluded": _instance(cloud, development, "excluded", InspectorEc2Exclusion="true"),
        "silent": _instance(cloud, development, "silent"),
    }
    accounts = {"excluded": development, "silent": development}
    for name in ("managed", "stopped", "excluded"):
        place = {"account": accounts.get(name, production), "region": REGION}
        cloud.software.manage(**place, instance=made[name], platform=AMAZON, packages=[OPENSSH])
    # An agent that never handed over any inventory.
    cloud.software.manage(
        account=development, region=REGION, instance=made["silent"], platform=AMAZON
    )
    disk = ext4_disk(folder / "unmanaged.img", DEBIAN)
    cloud.disks.attach(account=production, region=REGION, volume=made["unmanaged"], path=disk)
    cloud.client("ec2", production).stop_instances(InstanceIds=[made["stopped"]])
    return made


def _instance(cloud: Any, account: str, name: str, **tags: str) -> str:
    client = cloud.client("ec2", account)
    images = client.describe_images(Owners=["amazon"])["Images"]
    listed = [{"Key": key, "Value": value} for key, value in {"Name": name, **tags}.items()]
    made = client.run_instances(
        ImageId=next(each["ImageId"] for each in images if "Platform" not in each),
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.micro",
        TagSpecifications=[{"ResourceType": "instance", "Tags": listed}],
    )
    return str(made["Instances"][0]["InstanceId"])


def ext4_disk(path: Path, files: Mapping[str, str], mebibytes: int = 32) -> Path:
    """A disk without partitions whose file system holds some files; sparse."""
    root = path.with_suffix(".d")
    for name, text in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    command = ["/sbin/mkfs.ext4", "-q", "-d", str(root), str(path), f"{mebibytes}M"]
    subprocess.run(command, check=True, capture_output=True)
    return path


def _images(cloud: Any, production: str, development: str, folder: Path) -> dict[str, str]:
    """The same image in both members, and one without known flaws."""
    old = docker_archive(folder / "old.tar", [[file(name, text) for name, text in DEBIAN.items()]])
    empty = docker_archive(folder / "empty.tar", [[file("app", "nothing to find")]])
    pushed: Sequence[tuple[str, str, Path]] = (
        (production, "shop/web", old),
        (development, "shop/web", old),
        (development, "tools/empty", empty),
    )
    return {
        repository: cloud.registry.push(
            account=account, region=REGION, repository=repository, tag="latest", path=path
        )
        for account, repository, path in pushed
    }


def _functions(cloud: Any, production: str, development: str) -> dict[str, str]:
    """One with a layer, one that is excluded by its tag, one whose runtime is too old."""
    shared = cloud.client("lambda", production).publish_layer_version(
        LayerName="shared", Content={"ZipFile": node_packages(minimist="1.2.0")}
    )
    excluded = {"InspectorExclusion": "LambdaStandardScanning"}
    layers = [shared["LayerVersionArn"]]
    return {
        "orders": _function(cloud, production, "orders", Layers=layers),
        "excluded": _function(cloud, development, "excluded", Tags=excluded),
        "ancient": _function(cloud, development, "ancient", Runtime="nodejs8.10"),
    }


def _function(cloud: Any, account: str, name: str, **more: Any) -> str:
    role = cloud.client("iam", account).create_role(
        RoleName=f"{name}-function", AssumeRolePolicyDocument="{}"
    )["Role"]["Arn"]
    asked = {
        "FunctionName": name,
        "Runtime": "nodejs20.x",
        "Handler": "index.handler",
        "Role": role,
        "Code": {"ZipFile": node_packages(lodash="4.17.15")},
        **more,
    }
    return str(cloud.client("lambda", account).create_function(**asked)["FunctionArn"])


def node_packages(**packages: str) -> bytes:
    """A zip with npm packages of some versions."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, version in packages.items():
            document = json.dumps({"name": name, "version": version})
            archive.writestr(f"node_modules/{name}/package.json", document)
    return made.getvalue()
