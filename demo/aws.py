"""The demo's AWS: an emulated organisation is switched on, scanned, and learns of a new flaw.

It needs no AWS account: moto and what it lacks (`tests/emulator`) stand in for AWS.
"""

import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import service

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.emulator import Emulator  # noqa: E402  (beside the demo, not in the package)
from tests.emulator.server import MANAGEMENT, REGION  # noqa: E402
from tests.images import Image, digest, file, oci_layout  # noqa: E402

SECURITY, SHOP, BUILDS = "222222222222", "333333333333", "444444444444"
PATIENCE_SECONDS = 60.0
GOLDEN = "golden-2026"
AMAZON = ("Amazon Linux", "2023")
OPENSSH = {
    "Name": "openssh-server",
    "Version": "8.7p1",
    "Release": "8.amzn2023.0.10",
    "Architecture": "x86_64",
    "PackageId": "openssh-8.7p1-8.amzn2023.0.10.src.rpm",
}
NEW_FLAW = {
    "id": "CVE-2030-12345",
    "modified": "2030-01-01T00:00:00Z",
    "summary": "made up for this demo: moment reads more than it should",
    "affected": [
        {
            "package": {"ecosystem": "npm", "name": "moment"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "2.31.0"}]}],
        }
    ],
}


def instance(cloud: Emulator, account: str, tags: dict[str, str]) -> str:
    """An instance with a public address; its identifier."""
    client = cloud.client("ec2", account)
    images = client.describe_images(Owners=["amazon"])["Images"]
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    made = client.run_instances(
        ImageId=next(each["ImageId"] for each in images if "Platform" not in each),
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.micro",
        NetworkInterfaces=[{"DeviceIndex": 0, "AssociatePublicIpAddress": True}],
        TagSpecifications=[{"ResourceType": "instance", "Tags": listed}],
    )
    return str(made["Instances"][0]["InstanceId"])


def open_to_the_internet(cloud: Emulator, account: str, name: str, port: int) -> str:
    """Put an instance on the internet; the security group that decides what gets in."""
    client = cloud.client("ec2", account)
    (reservation,) = client.describe_instances(InstanceIds=[name])["Reservations"]
    (made,) = reservation["Instances"]
    gateway = client.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    client.attach_internet_gateway(InternetGatewayId=gateway, VpcId=made["VpcId"])
    of_vpc = [{"Name": "vpc-id", "Values": [made["VpcId"]]}]
    for table in client.describe_route_tables(Filters=of_vpc)["RouteTables"]:
        client.create_route(
            RouteTableId=table["RouteTableId"],
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=gateway,
        )
    group = client.create_security_group(
        GroupName="web", Description="of the demo", VpcId=made["VpcId"]
    )["GroupId"]
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=ingress(port))
    client.modify_network_interface_attribute(
        NetworkInterfaceId=made["NetworkInterfaces"][0]["NetworkInterfaceId"], Groups=[group]
    )
    return str(group)


def ingress(port: int) -> list[dict[str, Any]]:
    """Let everybody in on a port."""
    everybody = [{"CidrIp": "0.0.0.0/0"}]
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": everybody}]


def function(cloud: Emulator, account: str, name: str, **packages: str) -> None:
    """A function with npm packages in its code."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        for package, version in packages.items():
            document = json.dumps({"name": package, "version": version})
            archive.writestr(f"node_modules/{package}/package.json", document)
    role = cloud.client("iam", account).create_role(
        RoleName=f"{name}-role", AssumeRolePolicyDocument="{}"
    )["Role"]["Arn"]
    cloud.client("lambda", account).create_function(
        FunctionName=name,
        Role=role,
        Runtime="nodejs20.x",
        Handler="index.handler",
        Code={"ZipFile": code.getvalue()},
    )


BASE = [
    file("etc/os-release", 'ID=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\n'),
    file(
        "var/lib/dpkg/status",
        "Package: openssl\nStatus: install ok installed\nVersion: 1.1.1k-1\n\n",
    ),
]
"""The layer that all images share: a Debian with an old openssl."""


def image(cloud: Emulator, account: str, repository: str, folder: Path, **packages: str) -> None:
    """An image with npm packages over the layer that all share."""
    upper = [
        file(
            f"srv/node_modules/{name}/package.json", json.dumps({"name": name, "version": version})
        )
        for name, version in packages.items()
    ]
    cloud.client("ecr", account).create_repository(repositoryName=repository)
    layout = oci_layout(folder / repository, [BASE, upper])
    cloud.registry.push(account, REGION, repository, "v1", layout)


def run_task(cloud: Emulator, account: str, repository: str) -> None:
    """Let an image run in ECS."""
    client = cloud.client("ecs", account)
    client.create_cluster(clusterName="production")
    name = f"{account}.dkr.ecr.{REGION}.amazonaws.com/{repository}:v1"
    client.register_task_definition(
        family="api", containerDefinitions=[{"name": "api", "image": name, "memory": 64}]
    )
    client.run_task(cluster="production", taskDefinition="api", launchType="FARGATE", count=2)


def shared_layer_pulls(cloud: Emulator) -> int:
    """How often the layer was pulled that all images share."""
    (blob,) = Image([BASE]).blobs()
    return cloud.registry.pulls.count(digest(blob))


def populate(cloud: Emulator, folder: Path) -> tuple[str, str]:
    """Everything that the organisation has; the web server and its security group."""
    for account in (SECURITY, SHOP, BUILDS):
        cloud.enrol(account)
    web = instance(cloud, SHOP, {"Name": "web"})
    cloud.software.manage(SHOP, REGION, web, AMAZON, [OPENSSH])
    group = open_to_the_internet(cloud, SHOP, web, 22)
    unmanaged = instance(cloud, SHOP, {"Name": "unmanaged"})
    disk(cloud, SHOP, unmanaged, folder)
    stopped = instance(cloud, BUILDS, {"Name": "stopped"})
    cloud.software.manage(BUILDS, REGION, stopped, AMAZON, [OPENSSH])
    cloud.client("ec2", BUILDS).stop_instances(InstanceIds=[stopped])
    excluded = instance(cloud, BUILDS, {"Name": "excluded", "InspectorEc2Exclusion": "true"})
    cloud.software.manage(BUILDS, REGION, excluded, AMAZON, [OPENSSH])
    image(cloud, SHOP, "shop/api", folder)
    image(cloud, BUILDS, "builds/runner", folder, minimist="1.2.0")
    run_task(cloud, SHOP, "shop/api")
    function(cloud, BUILDS, "nightly", lodash="4.17.15", moment="2.30.1")
    return web, group


def disk(cloud: Emulator, account: str, name: str, folder: Path) -> None:
    """Let an instance have a disk with a system on it; it has no agent, so its disk is read.

    The disk is that of a machine image, too.
    """
    program = shutil.which("mke2fs") or shutil.which("mke2fs", path="/usr/sbin:/sbin")
    if program is None:
        print("mke2fs is not installed (Debian: e2fsprogs): the unmanaged instance has no disk.")
        return
    root = folder / "root"
    for path, text in {
        "etc/os-release": 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n',
        "var/lib/dpkg/status": "Package: bash\nStatus: install ok installed\nVersion: 5.2.15-2\n",
        "srv/app/node_modules/minimist/package.json": '{"name": "minimist", "version": "1.2.0"}',
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    path = folder / "disk.raw"
    path.touch()
    subprocess.run([program, "-q", "-F", "-t", "ext4", "-d", root, path, "256M"], check=True)
    cloud.disks.attach(account, REGION, name, path)
    cloud.disks.image(account, REGION, GOLDEN, path)


def client(address: str, key: dict[str, str]) -> Any:
    """boto3 as anybody has it; only the endpoint is ours."""
    import boto3

    return boto3.client(
        "inspector2",
        endpoint_url=address,
        region_name=REGION,
        aws_access_key_id=key["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=key["AWS_SECRET_ACCESS_KEY"],
    )


def switch_on(management: Any, administrator: Any) -> None:
    """What anybody does to begin with Amazon Inspector."""
    management.enable_delegated_admin_account(delegatedAdminAccountId=SECURITY)
    for account in (SHOP, BUILDS):
        administrator.associate_member(accountId=account)
    administrator.enable(accountIds=[SHOP, BUILDS], resourceTypes=["EC2", "ECR", "LAMBDA"])


def findings(administrator: Any) -> dict[str, dict[str, Any]]:
    """Every finding that is open, by its ARN."""
    pages = administrator.get_paginator("list_findings").paginate(
        filterCriteria={"findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}]}
    )
    return {each["findingArn"]: each for page in pages for each in page["findings"]}


def wait_for(what: str, seen: Any) -> Any:
    """Ask until there is an answer."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        answer = seen()
        if answer:
            return answer
        time.sleep(0.2)
    sys.exit(f"The demo waited {PATIENCE_SECONDS:.0f} s in vain for {what}.")


def show(listed: list[dict[str, Any]]) -> None:
    """One line a finding."""
    for each in sorted(listed, key=lambda one: (-one.get("inspectorScore", 0), one["title"])):
        score = each.get("inspectorScore", "")
        where = each["resources"][0]["id"].rpartition(":repository/")[2].rpartition(":function:")[2]
        print(f"  {each['severity']:<14}{score:>4}  {each['awsAccountId']}  {where[:40]:<40}"
              f"  {each['title'][:60]}")  # fmt: skip


def tell_coverage(administrator: Any) -> None:
    """Who is scanned, who is not, and why."""
    print("\nWhat is covered, and why not:")
    for each in administrator.list_coverage()["coveredResources"]:
        status = each["scanStatus"]
        where = each["resourceId"].rpartition(":repository/")[2].rpartition(":function:")[2]
        print(f"  {each['accountId']}  {where[:44]:<44}  {each['scanType']:<8}"
              f"  {status['statusCode']:<9} {status['reason']}")  # fmt: skip


def queue(cloud: Emulator) -> str:
    """The queue to which EventBridge hands events."""
    made = cloud.client("sqs").create_queue(QueueName="openinspector")
    return str(made["QueueUrl"])


def tell(cloud: Emulator, account: str, operation: str) -> None:
    """Hand over the event of an API call, as EventBridge does (`iam-policy events` asks for it)."""
    event = {
        "version": "0",
        "id": "demo",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ec2",
        "account": account,
        "region": REGION,
        "detail": {"eventSource": "ec2.amazonaws.com", "eventName": operation},
    }
    cloud.client("sqs").send_message(QueueUrl=queue(cloud), MessageBody=json.dumps(event))


def publish(database: Path, folder: Path) -> None:
    """A new advisory comes out: the database is another one from one moment to the next."""
    from openinspector.advisories.build import Source, update

    advisory = folder / "new.json"
    advisory.write_text(json.dumps(NEW_FLAW))
    draft = folder / "draft.sqlite"
    shutil.copyfile(database, draft)
    update([Source("osv", "new.json", advisory)], draft)
    os.replace(draft, database)


def organization(folder: Path) -> Path:
    """The accounts of the emulated organisation, as a file."""
    path = folder / "organization.json"
    accounts = [{"id": each} for each in (MANAGEMENT, SECURITY, SHOP, BUILDS)]
    document = {
        "organization": "o-demoawsorg1",
        "management_account": MANAGEMENT,
        "accounts": accounts,
    }
    path.write_text(json.dumps(document))
    return path


def play(cloud: Emulator, folder: Path) -> None:
    """Start the service on the emulated AWS, and watch."""
    from openinspector.advisories.starter import starter_path

    database = folder / "advisories.sqlite"
    shutil.copyfile(starter_path(), database)
    web, group = populate(cloud, folder)
    data = folder / "data"
    subprocess.run(
        [service.PROGRAM, "org", "import", organization(folder), "--data", data], check=True
    )
    management = service.credentials(folder, MANAGEMENT, "demo")
    administrator = service.credentials(folder, SECURITY, "demo")
    shop = service.credentials(folder, SHOP, "demo")
    port = service.free_port()
    address = f"http://127.0.0.1:{port}"
    command = [service.PROGRAM, "serve", "--aws", "--data", data, "--port", str(port)]
    command += ["--events", queue(cloud)]
    with (folder / "service.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--db", database],
            env={**os.environ, **cloud.environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        service.wait_until_ready(address, process, folder / "service.log")
        asking = client(address, administrator)
        print("\nThe organisation's administrator switches scanning on in two members ...")
        switch_on(client(address, management), asking)
        watch(cloud, asking, client(address, shop), (web, group), database, folder)
    finally:
        process.terminate()
        process.wait()


def tell_images(cloud: Emulator, found: dict[str, dict[str, Any]]) -> None:
    """What is known of images: where they run, and that what they share is read once."""
    for each in found.values():
        details = each["resources"][0]["details"].get("awsEcrContainerImage", {})
        if details.get("inUseCount"):
            name, count = details["repositoryName"], details["inUseCount"]
            print(f"\nThe image {name} runs in {count} tasks of ECS.")
            break
    pulled = shared_layer_pulls(cloud)
    print(f"Two images of two accounts share a layer, which was pulled {pulled} time(s).")


def scan_machine_image(cloud: Emulator, member: Any) -> None:
    """A member asks for a scan of its machine image."""
    images = cloud.client("ec2", SHOP).describe_images(Owners=["self"])["Images"]
    name = next((each["ImageId"] for each in images if each["Name"] == GOLDEN), None)
    if name is None:
        return
    asked = {"resourceId": name, "resourceType": "AMI"}
    print(f"\nThe machine image {name} ({GOLDEN}) is scanned on demand ...")
    scan = member.start_on_demand_scan(**asked)["scanId"]

    def ended() -> str | None:
        told = member.get_on_demand_scan_status(**asked, scanId=scan)
        return None if told["scanStatus"] == "IN_PROGRESS" else str(told["scanStatus"])

    print(f"its scan is {wait_for('the scan of the machine image', ended)}, and found:")
    of_image = [each for each in findings(member).values() if each["resources"][0]["id"] == name]
    show(of_image)


def watch(
    cloud: Emulator,
    administrator: Any,
    member: Any,
    place: tuple[str, str],
    database: Path,
    folder: Path,
) -> None:
    """Findings appear; a port is closed; an advisory is published."""
    web, group = place

    def scanned() -> dict[str, Any]:
        covered = administrator.list_coverage()["coveredResources"]
        pending = [e for e in covered if e["scanStatus"]["reason"] == "PENDING_INITIAL_SCAN"]
        kinds = {each["resourceType"] for each in covered}
        network = any(each["scanType"] == "NETWORK" for each in covered)
        in_use = any(e["resourceMetadata"].get("ecrImage", {}).get("inUseCount") for e in covered)
        done = len(kinds) == 4 and network and in_use and not pending
        return findings(administrator) if done else {}

    before = wait_for("the first findings", scanned)
    print(f"\n{len(before)} findings appeared:")
    show(list(before.values()))
    tell_coverage(administrator)
    tell_images(cloud, before)
    scan_machine_image(cloud, member)

    print(f"\nPort 22 of {web} is closed to the internet ...")
    scores = {arn: each.get("inspectorScore") for arn, each in before.items()}
    cloud.client("ec2", SHOP).revoke_security_group_ingress(
        GroupId=group, IpPermissions=ingress(22)
    )
    tell(cloud, SHOP, "RevokeSecurityGroupIngress")

    def moved() -> list[dict[str, Any]]:
        now = findings(administrator)
        closed = not any(each["type"] == "NETWORK_REACHABILITY" for each in now.values())
        changed = [
            each
            for arn, each in now.items()
            if arn in scores and each.get("inspectorScore") != scores[arn]
        ]
        return changed if closed else []

    changed = wait_for("the scores to move", moved)
    print("its finding closes, and scores that stood by it move:")
    show(changed)

    known = set(findings(administrator))
    print(f"\n{NEW_FLAW['id']} is published ...")
    started = time.monotonic()
    publish(database, folder)

    def new() -> list[dict[str, Any]]:
        return [each for arn, each in findings(administrator).items() if arn not in known]

    appeared = wait_for("the new advisory's findings", new)
    print(f"found {time.monotonic() - started:.0f} s later, with no look at AWS:")
    show(appeared)


def main() -> None:
    """Play it in a folder that is gone afterwards."""
    cloud = Emulator()
    try:
        with tempfile.TemporaryDirectory(prefix="openinspector-demo-") as folder:
            play(cloud, Path(folder))
    finally:
        cloud.stop()


if __name__ == "__main__":
    main()
