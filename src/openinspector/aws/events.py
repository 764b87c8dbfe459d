"""Events of EventBridge out of an SQS queue: what changed, in which account and region.

Source: the services' event references; the shapes are those of EventBridge, as SQS carries them.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from openinspector.aws.trouble import aws_calls

_WAIT_SECONDS = 5
_MOST = 10

IN_USE = "IN_USE"
"""Not a scan type: tasks of clusters changed, and with them which images are in use."""

KINDS: Mapping[str, str] = {
    "EC2 Instance State-change Notification": "EC2",
    "EC2 AMI State Change": "EC2",
    "ECR Image Action": "ECR",
    "ECS Task State Change": IN_USE,
}
"""Detail type -> the scan type whose resources changed."""

_BY_SERVICE = {
    "lambda": "LAMBDA",
    "lambda.amazonaws.com": "LAMBDA",
    "ec2": "EC2",
    "ec2.amazonaws.com": "EC2",
    "elasticloadbalancing.amazonaws.com": "EC2",
    "ecr": "ECR",
    "ecr.amazonaws.com": "ECR",
}


class Change(NamedTuple):
    """Something changed among the resources of a scan type."""

    kind: str
    account: str
    region: str


class Received(NamedTuple):
    """A message, and the change that it tells of; None when it tells of none that matters."""

    handle: str
    change: Change | None


def receive(client: Any, queue: str) -> list[Received]:
    """The next messages, waiting a little for one. They come again unless `forget` is called."""
    with aws_calls(f"ReceiveMessage from {queue}"):
        answer = client.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=_MOST, WaitTimeSeconds=_WAIT_SECONDS
        )
    return [
        Received(each["ReceiptHandle"], read_change(each["Body"]))
        for each in answer.get("Messages", ())
    ]


def forget(client: Any, queue: str, received: Iterator[Received] | list[Received]) -> None:
    """Take messages off the queue: what they ask for is written down."""
    for each in received:
        with aws_calls(f"DeleteMessage from {queue}"):
            client.delete_message(QueueUrl=queue, ReceiptHandle=each.handle)


def read_change(body: str) -> Change | None:
    """What an event says; None for what is no event, or tells of nothing that is scanned."""
    try:
        event = json.loads(body)
        detail = event.get("detail") or {}
        account, region = event["account"], event["region"]
        kind = KINDS.get(event["detail-type"]) or _BY_SERVICE.get(
            detail.get("eventSource") or detail.get("service") or ""
        )
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    if kind is None or not (isinstance(account, str) and isinstance(region, str)):
        return None
    return Change(kind, account, region)
