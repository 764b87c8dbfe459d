"""Events: what changed is listed at once; strangers' words ask for nothing."""

import json
from typing import Any

import pytest

from openinspector.aws.events import Change, Received, forget, read_change, receive
from openinspector.monitor.events import take
from openinspector.monitor.monitor import Monitor
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.monitor.conftest import Clock
from tests.monitor.driving import coverage, switch_on, work
from tests.monitor.test_instances import SHALLOW, launch, manage

STATE_CHANGE = {
    "version": "0",
    "id": "7bf73129-1428-4cd3-a780-95db273d1602",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": MANAGEMENT,
    "time": "2026-11-11T21:29:54Z",
    "region": REGION,
    "resources": [f"arn:aws:ec2:{REGION}:{MANAGEMENT}:instance/i-abcd1111"],
    "detail": {"instance-id": "i-abcd1111", "state": "pending"},
}


def event(kind: str, **detail: Any) -> dict[str, Any]:
    return {**STATE_CHANGE, "detail-type": kind, "detail": detail}


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (STATE_CHANGE, "EC2"),
        (event("ECR Image Action", **{"action-type": "PUSH"}), "ECR"),
        (event("AWS API Call via CloudTrail", eventSource="lambda.amazonaws.com"), "LAMBDA"),
        (event("AWS API Call via CloudTrail", eventSource="ec2.amazonaws.com"), "EC2"),
        (
            event("AWS API Call via CloudTrail", eventSource="elasticloadbalancing.amazonaws.com"),
            "EC2",
        ),
        (event("Tag Change on Resource", service="ec2"), "EC2"),
        (event("EC2 AMI State Change", State="deregistered"), "EC2"),
        (event("ECS Task State Change", lastStatus="STOPPED"), "IN_USE"),
        (event("AWS API Call via CloudTrail", eventSource="ecr.amazonaws.com"), "ECR"),
        (event("Tag Change on Resource", service="s3"), None),
        (event("Something else"), None),
        ({**STATE_CHANGE, "account": 5}, None),
        ({"detail-type": []}, None),
        ([], None),
    ],
)
def test_what_an_event_says(told: Any, kind: str | None) -> None:
    expected = Change(kind, MANAGEMENT, REGION) if kind else None
    assert read_change(json.dumps(told)) == expected


def test_what_is_no_json_says_nothing() -> None:
    assert read_change("{") is None


def test_a_new_instance_is_found_without_waiting_for_the_listing(
    monitor: Monitor, cloud: Emulator
) -> None:
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    name = launch(cloud)
    manage(cloud, name)
    client = cloud.client("sqs")
    queue = client.create_queue(QueueName="events")["QueueUrl"]
    client.send_message(QueueUrl=queue, MessageBody=json.dumps(STATE_CHANGE))
    client.send_message(QueueUrl=queue, MessageBody="not for us")
    assert work(monitor) == []
    received: list[Received] = []
    while len(received) < 2:
        more = receive(client, queue)
        take(monitor, more)
        forget(client, queue, more)
        received += more
    assert "discover-EC2" in work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", SHALLOW)
    attributes = client.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0"


def test_tasks_that_start_and_stop_ask_for_one_look_at_what_is_in_use(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    switch_on(monitor, MANAGEMENT, "ECR")
    work(monitor)
    for status in ("RUNNING", "STOPPED"):
        told = event("ECS Task State Change", lastStatus=status)
        take(monitor, [Received("", read_change(json.dumps(told)))])
    assert work(monitor) == []
    clock.pass_by(60_000)
    assert work(monitor).count("in-use") == 1


def test_events_of_what_is_not_switched_on_ask_for_nothing(
    monitor: Monitor, cloud: Emulator
) -> None:
    switch_on(monitor, MANAGEMENT, "ECR")
    work(monitor)
    for told in (
        STATE_CHANGE,
        {**STATE_CHANGE, "account": "9" * 12},
        {**STATE_CHANGE, "region": "eu-west-1", "detail-type": "ECR Image Action"},
    ):
        take(monitor, [Received("", read_change(json.dumps(told)))])
    assert work(monitor) == []
