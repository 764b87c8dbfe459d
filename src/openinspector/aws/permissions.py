"""The least that scanning needs of AWS: policies, and CloudFormation that grants them.

A test holds `ACTIONS` against every call that scanning makes.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

SNAPSHOT_TAG = "InspectorScan"
"""Tag of the snapshots that agentless scanning makes; it may delete no others."""

ACTIONS: Mapping[str, Sequence[str]] = {
    "Instances": (
        "ec2:DescribeInstances",
        "ec2:DescribeSnapshots",
        "ec2:DescribeVolumes",
        "ssm:DescribeInstanceInformation",
        "ssm:ListInventoryEntries",
    ),
    "Network": (
        "ec2:DescribeInternetGateways",
        "ec2:DescribeManagedPrefixLists",
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcBlockPublicAccessExclusions",
        "ec2:DescribeVpcBlockPublicAccessOptions",
        "ec2:DescribeVpcEndpoints",
        "ec2:DescribeVpcs",
        "ec2:GetManagedPrefixListEntries",
        "elasticloadbalancing:DescribeInstanceHealth",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeRules",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
    ),
    "PrivateNetworks": (
        "directconnect:DescribeDirectConnectGatewayAssociations",
        "directconnect:DescribeVirtualInterfaces",
        "ec2:DescribeTransitGatewayAttachments",
        "ec2:DescribeTransitGatewayRouteTables",
        "ec2:DescribeTransitGatewayVpcAttachments",
        "ec2:DescribeVpcPeeringConnections",
        "ec2:DescribeVpnConnections",
        "ec2:DescribeVpnGateways",
        "ec2:SearchTransitGatewayRoutes",
    ),
    "Images": (
        "ecr:BatchGetImage",
        "ecr:DescribeImages",
        "ecr:DescribeRepositories",
        "ecr:GetAuthorizationToken",
        "ecr:GetDownloadUrlForLayer",
        "ecr:GetRegistryScanningConfiguration",
    ),
    "ImagesInUse": (
        "ecs:DescribeTasks",
        "ecs:ListClusters",
        "ecs:ListTasks",
        "eks:DescribeCluster",
        "eks:ListClusters",
    ),
    "Functions": (
        "cloudwatch:GetMetricData",
        "lambda:GetFunction",
        "lambda:GetLayerVersion",
        "lambda:ListFunctions",
        "tag:GetResources",
    ),
}
"""What is only read, by what it is read for."""

_READ_OWN = ("ebs:ListSnapshotBlocks", "ebs:GetSnapshotBlock")
_DELETE_OWN = ("ec2:DeleteSnapshot",)
_MAKE = ("ec2:CreateSnapshots",)
_TAG = ("ec2:CreateTags",)
_DECRYPT = ("kms:Decrypt",)
_BLOCKS_ONLY = {
    "StringLike": {
        "kms:ViaService": "ec2.*.amazonaws.com",
        "kms:EncryptionContext:aws:ebs:id": ["vol-*", "snap-*"],
    }
}
"""Keys are used through EBS only, which asks for us when a block of an encrypted disk is read."""
_CREATING = "CreateSnapshots"
_SOURCES = "arn:{partition}:ec2:*:*:instance/* arn:{partition}:ec2:*:*:volume/*"

OWN_SNAPSHOTS = (*_READ_OWN, *_DELETE_OWN, *_MAKE, *_TAG)
"""What agentless scanning does, with snapshots of its own only."""

OF_IMAGES = ("ec2:DescribeImages", *_READ_OWN)
"""What scans of machine images on demand do, with any snapshot that an image consists of."""

_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage")

EVENTS: Sequence[Mapping[str, Any]] = (
    {"source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"]},
    {"source": ["aws.ec2"], "detail-type": ["EC2 AMI State Change"]},
    {"source": ["aws.ecr"], "detail-type": ["ECR Image Action"]},
    {
        "source": ["aws.ecr"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["ecr.amazonaws.com"],
            "eventName": [
                "CreateRepository",
                "DeleteRepository",
                "PutRegistryScanningConfiguration",
                "UpdateImageStorageClass",
            ],
        },
    },
    {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {"lastStatus": ["RUNNING", "STOPPED"]},
    },
    {
        "source": ["aws.lambda"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": ["lambda.amazonaws.com"]},
    },
    {
        "source": ["aws.ec2"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["ec2.amazonaws.com"],
            "eventName": [
                {"wildcard": f"*{what}*"}
                for what in (
                    "SecurityGroup",
                    "Route",
                    "NetworkAcl",
                    "Address",
                    "InternetGateway",
                    "NetworkInterface",
                    "PrefixList",
                    "SubnetCidrBlock",
                    "TransitGateway",
                    "VpcBlockPublicAccess",
                    "VpcEndpoint",
                    "VpcPeeringConnection",
                    "VpnConnection",
                    "VpnGateway",
                )
            ],
        },
    },
    {
        "source": ["aws.elasticloadbalancing"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": ["elasticloadbalancing.amazonaws.com"]},
    },
    {
        "source": ["aws.tag"],
        "detail-type": ["Tag Change on Resource"],
        "detail": {"service": ["ec2", "ecr", "lambda"]},
    },
)
"""What EventBridge is to hand over: everything that may ask for a new look."""


def member_policy(partition: str = "aws", images: bool = False) -> dict[str, Any]:
    """The policy of the role in a member account, or of the credentials in our own.

    `images`: machine images may be scanned, which takes reading any snapshot.
    """
    statements: list[dict[str, Any]] = [
        {"Sid": name, "Effect": "Allow", "Action": list(actions), "Resource": "*"}
        for name, actions in ACTIONS.items()
    ]
    tagged = {"StringLike": {f"aws:ResourceTag/{SNAPSHOT_TAG}": "*"}}
    making = {"StringLike": {f"aws:RequestTag/{SNAPSHOT_TAG}": "*"}}
    snapshots = f"arn:{partition}:ec2:*::snapshot/*"
    own: tuple[tuple[str, Sequence[str], str, dict[str, Any] | None], ...] = (
        ("ReadOwnSnapshots", _READ_OWN, snapshots, tagged),
        ("DeleteOwnSnapshots", _DELETE_OWN, snapshots, tagged),
        ("MakeTaggedSnapshots", _MAKE, snapshots, making),
        ("OfInstances", _MAKE, _SOURCES.format(partition=partition), None),
        ("TagWhatIsMade", _TAG, snapshots, {"StringEquals": {"ec2:CreateAction": _CREATING}}),
        ("DecryptSnapshots", _DECRYPT, f"arn:{partition}:kms:*:*:key/*", _BLOCKS_ONLY),
    )
    for sid, actions, resource, condition in own:
        statement: dict[str, Any] = {
            "Sid": sid,
            "Effect": "Allow",
            "Action": list(actions),
            "Resource": resource.split(" "),
        }
        if condition is not None:
            statement["Condition"] = condition
        statements.append(statement)
    if images:
        statements.append(
            {
                "Sid": "ReadMachineImages",
                "Effect": "Allow",
                "Action": list(OF_IMAGES),
                "Resource": "*",
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def service_policy(
    role: str, queue: str | None = None, partition: str = "aws", images: bool = False
) -> dict[str, Any]:
    """The policy of the credentials that the service itself has."""
    policy = member_policy(partition, images)
    policy["Statement"].append(
        {
            "Sid": "EnterMembers",
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Resource": f"arn:{partition}:iam::*:role/{role}",
        }
    )
    if queue is not None:
        policy["Statement"].append(
            {"Sid": "Events", "Effect": "Allow", "Action": list(_QUEUE), "Resource": queue}
        )
    return policy


def member_template(
    role: str, service_account: str, external_id: str | None, images: bool = False
) -> dict[str, Any]:
    """CloudFormation of the role in a member account; fit for a StackSet."""
    trust: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::{service_account}:root"}},
        "Action": "sts:AssumeRole",
    }
    if external_id:
        trust["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The role by which OpenInspector scans this account",
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": role,
                    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                    "Policies": [
                        {
                            "PolicyName": "OpenInspector",
                            "PolicyDocument": member_policy(images=images),
                        }
                    ],
                },
            }
        },
    }


def queue_template(queue: str, organization: str | None) -> dict[str, Any]:
    """CloudFormation of a queue, and of who may send to it.

    EventBridge may for the queue's own account; the roles of `events_template` for the accounts of
    an organisation.
    """
    statements: list[dict[str, Any]] = [
        {
            "Sid": "OwnRules",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue,
            "Condition": {"StringEquals": {"aws:SourceAccount": queue.split(":")[4]}},
        }
    ]
    if organization is not None:
        statements.append(
            {
                "Sid": "RulesOfMembers",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "sqs:SendMessage",
                "Resource": queue,
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": organization}},
            }
        )
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The queue by which OpenInspector hears what changes",
        "Resources": {
            "Queue": {
                "Type": "AWS::SQS::Queue",
                "Properties": {
                    "QueueName": queue.rpartition(":")[2],
                    "MessageRetentionPeriod": _RETENTION_SECONDS,
                    "SqsManagedSseEnabled": True,
                },
            },
            "Policy": {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {
                    "Queues": [{"Ref": "Queue"}],
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
                },
            },
        },
    }


_RETENTION_SECONDS = 4 * 3600
"""How long an event waits: what was missed longer ago the next listing has found."""


def events_template(queue: str) -> dict[str, Any]:
    """CloudFormation of the rules that hand events of an account and Region to a queue.

    They send by a role of theirs, so that the queue may be another account's.
    """
    sending = {
        "Effect": "Allow",
        "Action": ["sqs:SendMessage"],
        "Resource": queue,
    }
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [
                {
                    "PolicyName": "SendEvents",
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": [sending]},
                }
            ],
        },
    }
    target = {"Id": "OpenInspector", "Arn": queue, "RoleArn": {"Fn::GetAtt": ["Sender", "Arn"]}}
    rules = {
        f"Rule{number}": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Description": "Tells OpenInspector what changed",
                "EventPattern": dict(pattern),
                "Targets": [target],
            },
        }
        for number, pattern in enumerate(EVENTS, start=1)
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Hands what changes in this account and Region to OpenInspector",
        "Resources": {"Sender": role, **rules},
    }


def written(document: Mapping[str, Any]) -> str:
    """A document as AWS takes it."""
    return json.dumps(document, indent=2)
