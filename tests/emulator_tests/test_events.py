"""What happens reaches the queues of matching rules, written as EventBridge writes it."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from openinspector.aws.permissions import EVENTS
from tests.emulator import event_shapes
from tests.emulator.server import MANAGEMENT, REGION, Emulator
from tests.images import docker_archive, file

MEMBER = "111111111111"


def _queue(cloud: Emulator, policy: bool = True) -> str:
    """A queue of the management account that EventBridge may fill; its ARN."""
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="changes")["QueueUrl"]
    arn = str(
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
    )
    if policy:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
    return arn


def _rules(cloud: Emulator, target: str, account: str = MANAGEMENT) -> None:
    events = cloud.client("events", account)
    for number, pattern in enumerate(EVENTS):
        events.put_rule(Name=f"rule{number}", EventPattern=json.dumps(pattern))
        events.put_targets(Rule=f"rule{number}", Targets=[{"Id": "1", "Arn": target}])


def _told(cloud: Emulator) -> list[dict[str, Any]]:
    """Everything in the queue."""
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName="changes")["QueueUrl"]
    found: list[dict[str, Any]] = []
    while True:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        if not messages:
            return found
        for each in messages:
            found.append(json.loads(each["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])


def _zip(text: str = "x") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("index.py", text)
    return made.getvalue()


def test_instances_tell_of_their_states(cloud: Emulator) -> None:
    _rules(cloud, _queue(cloud), MEMBER)
    ec2 = cloud.client("ec2", MEMBER)
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    name = made["Instances"][0]["InstanceId"]
    ec2.stop_instances(InstanceIds=[name])
    ec2.start_instances(InstanceIds=[name])
    ec2.terminate_instances(InstanceIds=[name])
    told = _told(cloud)
    assert [each["detail"] for each in told] == [
        {"instance-id": name, "state": state}
        for state in (
            *("pending", "running", "stopping", "stopped"),
            *("pending", "running", "shutting-down", "terminated"),
        )
    ]
    first = told[0]
    assert set(first) == {
        *("version", "id", "detail-type", "source", "account", "time", "region", "resources"),
        "detail",
    }
    assert (first["account"], first["region"], first["source"]) == (MEMBER, REGION, "aws.ec2")
    assert first["resources"] == [f"arn:aws:ec2:{REGION}:{MEMBER}:instance/{name}"]


def test_images_tell_of_pushes_and_deletions(cloud: Emulator, tmp_path: Path) -> None:
    _rules(cloud, _queue(cloud))
    path = docker_archive(tmp_path / "image.tar", [[file("etc/os-release")]])
    digest = cloud.registry.push(MANAGEMENT, REGION, "team/app", "v1", path)
    cloud.client("ecr").batch_delete_image(
        repositoryName="team/app", imageIds=[{"imageDigest": digest}]
    )
    pushed, deleted = _told(cloud)
    expected = {
        "result": "SUCCESS",
        "repository-name": "team/app",
        "image-digest": digest,
        "image-tag": "v1",
    }
    assert pushed["detail"] == {**expected, "action-type": "PUSH"}
    assert deleted["detail"] == {**expected, "action-type": "DELETE"}
    assert pushed["detail-type"] == "ECR Image Action"


def test_functions_tell_of_calls_and_tags(cloud: Emulator) -> None:
    _rules(cloud, _queue(cloud))
    role = cloud.client("iam").create_role(RoleName="lambda", AssumeRolePolicyDocument="{}")
    client = cloud.client("lambda")
    made = client.create_function(
        FunctionName="shop",
        Runtime="python3.12",
        Handler="index.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": _zip()},
    )
    client.update_function_code(FunctionName="shop", ZipFile=_zip("y"))
    client.tag_resource(Resource=made["FunctionArn"], Tags={"team": "a"})
    client.untag_resource(Resource=made["FunctionArn"], TagKeys=["team"])
    client.delete_function(FunctionName="shop")
    told = _told(cloud)
    calls = [each["detail"] for each in told if each["source"] == "aws.lambda"]
    assert [each["eventName"] for each in calls] == [
        "CreateFunction20150331",
        "UpdateFunctionCode20150331v2",
        "TagResource20170331v2",
        "UntagResource20170331v2",
        "DeleteFunction20150331",
    ]
    assert calls[1]["requestParameters"]["functionName"] == "shop"
    assert "zipFile" not in calls[1]["requestParameters"]
    assert calls[0]["responseElements"]["functionArn"] == made["FunctionArn"]
    tagged = [each for each in told if each["source"] == "aws.tag"]
    assert [each["detail"]["tags"] for each in tagged] == [{"team": "a"}, {}]
    assert tagged[0]["resources"] == [made["FunctionArn"]]
    assert tagged[0]["detail"]["changed-tag-keys"] == ["team"]


def test_instances_tell_of_tags(cloud: Emulator) -> None:
    ec2 = cloud.client("ec2")
    made = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    name = made["Instances"][0]["InstanceId"]
    _rules(cloud, _queue(cloud))
    ec2.create_tags(Resources=[name], Tags=[{"Key": "InspectorEc2Exclusion", "Value": ""}])
    (told,) = _told(cloud)
    assert told["detail-type"] == "Tag Change on Resource"
    assert told["detail"]["service"] == "ec2"
    assert told["detail"]["resource-type"] == "instance"
    assert told["detail"]["tags"] == {"InspectorEc2Exclusion": ""}


@pytest.mark.parametrize("why", ["no policy", "disabled", "other", "no queue"])
def test_what_does_not_reach_a_queue(cloud: Emulator, why: str) -> None:
    queue = _queue(cloud, policy=why != "no policy")
    _rules(cloud, f"{queue}-else" if why == "no queue" else queue)
    if why == "disabled":
        for number in range(len(EVENTS)):
            cloud.client("events").disable_rule(Name=f"rule{number}")
    account = MEMBER if why == "other" else MANAGEMENT
    cloud.events.put(event_shapes.instance_state_change(account, REGION, "i-1", "running"))
    assert _told(cloud) == []
    assert len(cloud.events.undelivered) == (why in ("no policy", "no queue"))


def test_events_go_through_a_bus_of_another_account(cloud: Emulator) -> None:
    _rules(cloud, _queue(cloud))
    _rules(cloud, f"arn:aws:events:{REGION}:{MANAGEMENT}:event-bus/default", MEMBER)
    cloud.events.put(event_shapes.instance_state_change(MEMBER, REGION, "i-1", "running"))
    (told,) = _told(cloud)
    assert told["account"] == MEMBER


def test_calls_that_fail_tell_nothing(cloud: Emulator) -> None:
    _rules(cloud, _queue(cloud))
    ec2 = cloud.client("ec2")
    cloud.faults.add("throttled", "ec2")
    with pytest.raises(Exception, match="RequestLimitExceeded"):
        ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    assert _told(cloud) == []
