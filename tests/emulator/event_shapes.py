"""Events as AWS services write them: pure functions of what happened.

Source: the event references of EC2 ("State change events"), ECR ("Amazon ECR events"), CloudTrail
("CloudTrail record contents"; "AWS API Call via CloudTrail") and the tagging API ("Tag change
events").
"""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from tests.emulator.state import now

Event = dict[str, Any]


def event(
    account: str,
    region: str,
    source: str,
    detail_type: str,
    detail: Mapping[str, Any],
    resources: Iterable[str] = (),
) -> Event:
    """The envelope of every event of EventBridge."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": f"{now():%Y-%m-%dT%H:%M:%SZ}",
        "region": region,
        "resources": list(resources),
        "detail": dict(detail),
    }


def instance_state_change(account: str, region: str, instance: str, state: str) -> Event:
    """An instance is in another state."""
    return event(
        account,
        region,
        "aws.ec2",
        "EC2 Instance State-change Notification",
        {"instance-id": instance, "state": state},
        [f"arn:aws:ec2:{region}:{account}:instance/{instance}"],
    )


def image_action(
    account: str, region: str, action: str, repository: str, digest: str, tag: str | None
) -> Event:
    """An image was pushed or deleted: `action` is PUSH or DELETE."""
    detail = {
        "result": "SUCCESS",
        "repository-name": repository,
        "image-digest": digest,
        "action-type": action,
    }
    if tag is not None:
        detail["image-tag"] = tag
    return event(account, region, "aws.ecr", "ECR Image Action", detail)


def api_call(
    account: str,
    region: str,
    service: str,
    name: str,
    parameters: Mapping[str, Any],
    elements: Mapping[str, Any] | None,
) -> Event:
    """A call that changed something, as CloudTrail recorded it."""
    detail = {
        "eventVersion": "1.09",
        "userIdentity": {
            "type": "Root",
            "principalId": account,
            "arn": f"arn:aws:iam::{account}:root",
            "accountId": account,
            "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        },
        "eventTime": f"{now():%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "aws-cli/2.15.0",
        "requestParameters": dict(parameters),
        "responseElements": None if elements is None else dict(elements),
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
    }
    return event(account, region, f"aws.{service}", "AWS API Call via CloudTrail", detail)


def tag_change(
    account: str,
    region: str,
    arn: str,
    service: str,
    resource_type: str,
    changed: Iterable[str],
    tags: Mapping[str, str],
) -> Event:
    """Tags of a resource changed; `tags` are those that it has now."""
    detail = {
        "changed-tag-keys": sorted(changed),
        "service": service,
        "resource-type": resource_type,
        "version": 1,
        "tags": dict(tags),
    }
    return event(account, region, "aws.tag", "Tag Change on Resource", detail, [arn])
