"""The policies that are printed grant what scanning does, and nothing more."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from moto.eks.models import eks_backends

from openinspector.assess.network import ORIGINS
from openinspector.aws.permissions import (
    ACTIONS,
    EVENTS,
    OF_IMAGES,
    OWN_SNAPSHOTS,
    events_template,
    member_policy,
    member_template,
    queue_template,
    written,
)
from openinspector.monitor.monitor import Monitor
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.images import file, oci_layout
from tests.monitor.driving import switch_on, work
from tests.monitor.test_functions import deploy, zipped
from tests.monitor.test_images import OS_RELEASE, STATUS, push, repository
from tests.monitor.test_in_use import reference, run_tasks
from tests.monitor.test_instances import launch, manage
from tests.monitor.test_machine_images import ask
from tests.monitor.test_network import balance

PROGRAM = Path(sys.executable).with_name("openinspector")

_OTHERWISE = {
    "resourcegroupstaggingapi:GetResources": "tag:GetResources",
    "lambda:GetLayerVersionByArn": "lambda:GetLayerVersion",
}
"""Calls whose action has another name (Service Authorization Reference)."""
_PULLING = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}
"""What pulling over the registry protocol asks for (ECR user guide, "Private registry policy")."""


_PREFIXES = dict.fromkeys(("elb", "elbv2"), "elasticloadbalancing")
"""Services of one prefix in policies."""


def action(service: str, operation: str) -> str:
    name = f"{_PREFIXES.get(service, service)}:{operation}"
    return _OTHERWISE.get(name, name)


def empty_disk(path: Path) -> Path:
    path.touch()
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", path, "8M"], check=True, timeout=60)
    return path


def test_every_call_is_granted_and_every_grant_is_used(
    monitor: Monitor, cloud: Emulator, tmp_path: Path
) -> None:
    monitor = replace(monitor, origins=ORIGINS)
    client = cloud.client("ec2")
    client.create_vpn_gateway(Type="ipsec.1")
    client.create_transit_gateway()
    manage(cloud, launch(cloud))
    repository(cloud, "web")
    layers = [[file("etc/os-release", OS_RELEASE), file("var/lib/dpkg/status", STATUS)]]
    push(cloud, "web", oci_layout(tmp_path / "layout", layers))
    layer = cloud.client("lambda").publish_layer_version(
        LayerName="shared", Content={"ZipFile": zipped(minimist="1.2.0")}
    )["LayerVersionArn"]
    deploy(cloud, "shop", zipped(lodash="4.17.15"), Layers=[layer])
    client.create_managed_prefix_list(
        PrefixListName="offices", MaxEntries=1, AddressFamily="IPv4",
        Entries=[{"Cidr": "192.0.2.0/24"}],
    )  # fmt: skip
    unmanaged = launch(cloud)
    cloud.disks.attach(MANAGEMENT, REGION, unmanaged, empty_disk(tmp_path / "disk.raw"))
    balance(cloud, unmanaged)
    cloud.client("elb").create_load_balancer(
        LoadBalancerName="classic",
        Listeners=[{"Protocol": "tcp", "LoadBalancerPort": 80, "InstancePort": 80}],
        AvailabilityZones=["us-east-1a"],
    )
    run_tasks(cloud, MANAGEMENT, "shop", reference("web"), 1)
    cloud.client("eks").create_cluster(
        name="pods", roleArn=f"arn:aws:iam::{MANAGEMENT}:role/eks", resourcesVpcConfig={}
    )
    # Nobody answers there; asking of it is what counts.
    cluster = eks_backends[MANAGEMENT][REGION].clusters["pods"]
    cluster.endpoint, cluster.certificate_authority = "http://127.0.0.1:9", {}
    switch_on(monitor, MANAGEMENT, "EC2", "ECR", "LAMBDA")
    cloud.calls.clear()
    assert not [each for each in work(monitor) if each.endswith("failed")]
    called = {action(call.service, call.operation) for call in cloud.calls}
    granted = {each for actions in ACTIONS.values() for each in actions} | set(OWN_SNAPSHOTS)
    called -= {"sts:GetCallerIdentity"}  # needs no permission
    assert called <= granted
    # Asked of old functions only; part of CreateSnapshots.
    idle = {"cloudwatch:GetMetricData", "ec2:CreateTags"}
    assert granted - called == idle | _PULLING


def test_scans_of_machine_images_do_what_is_granted_for_them(
    monitor: Monitor, cloud: Emulator, tmp_path: Path
) -> None:
    image = cloud.disks.image(MANAGEMENT, REGION, "golden", empty_disk(tmp_path / "disk.raw"))
    ask(monitor, image)
    cloud.calls.clear()
    work(monitor)
    called = {action(call.service, call.operation) for call in cloud.calls}
    called -= {"sts:GetCallerIdentity"}
    assert called == {*OF_IMAGES, "ec2:DescribeSnapshots"}
    assert "ec2:DescribeImages" not in json.dumps(member_policy())
    assert "ec2:DescribeImages" in json.dumps(member_policy(images=True))


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--machine-images",),
        ("queue", "--queue", "arn:aws:sqs:us-east-1:111122223333:events"),
        ("member",),
        ("member-role", "--account", "111122223333", "--external-id", "secret"),
        ("events", "--queue", "arn:aws:sqs:us-east-1:111122223333:events"),
    ],
)
def test_documents_are_json(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [PROGRAM, "iam-policy", *arguments], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("member-role",), "needs --account"),
        (("member-role", "--account", "1"), "needs --account"),
        (("events",), "needs --queue"),
        (("queue",), "needs --queue"),
        (
            ("queue", "--queue", "arn:aws:sqs:us-east-1:111122223333:q", "--organization", "x"),
            "is no identifier",
        ),
        (("events", "--queue", "https://sqs"), "is no ARN of an SQS queue"),
    ],
)
def test_what_is_missing_is_said(arguments: tuple[str, ...], sentence: str) -> None:
    done = subprocess.run([PROGRAM, "iam-policy", *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert sentence in done.stderr


def test_the_role_of_members_can_be_made_of_its_template(cloud: Emulator) -> None:
    client = cloud.client("cloudformation")
    template = written(member_template("OpenInspector", MANAGEMENT, "secret"))
    client.create_stack(StackName="role", TemplateBody=template)
    made = cloud.client("iam").get_role(RoleName="OpenInspector")["Role"]
    (trust,) = made["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": "secret"}}


def test_events_reach_the_queue_by_the_templates(cloud: Emulator) -> None:
    client = cloud.client("cloudformation")
    queue = f"arn:aws:sqs:{REGION}:{MANAGEMENT}:events"
    template = queue_template(queue, "o-abcdefghij")
    client.create_stack(StackName="queue", TemplateBody=written(template))
    client.create_stack(StackName="events", TemplateBody=written(events_template(queue)))
    rules = cloud.client("events").list_rules()["Rules"]
    assert len(rules) == len(EVENTS)
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName="events")["QueueUrl"]
    # Moto makes no AWS::SQS::QueuePolicy: the policy of the template is put by hand.
    policy = template["Resources"]["Policy"]["Properties"]["PolicyDocument"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    launch(cloud)
    (message, *_) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["detail-type"] == "EC2 Instance State-change Notification"
    assert not cloud.events.undelivered
