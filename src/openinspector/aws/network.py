"""The network of an account and region, as EC2's describe operations tell it."""

from collections.abc import Mapping
from typing import Any

from openinspector.aws.sessions import Sessions
from openinspector.aws.trouble import aws_calls

_DESCRIBED: Mapping[str, str] = {
    "describe_network_interfaces": "NetworkInterfaces",
    "describe_subnets": "Subnets",
    "describe_route_tables": "RouteTables",
    "describe_network_acls": "NetworkAcls",
    "describe_security_groups": "SecurityGroups",
    "describe_internet_gateways": "InternetGateways",
    "describe_managed_prefix_lists": "PrefixLists",
    "describe_vpcs": "Vpcs",
}
"""Operation -> the member of its answer that lists things."""


def describe_network(sessions: Sessions, account: str, region: str) -> dict[str, Any]:
    """All answers in one, as `assess.network.read_network` takes them. Raises `AwsTrouble`."""
    with aws_calls(f"describing the network of {account}, {region}"):
        client = sessions.client(account, region, "ec2")
        found = {
            member: _all(client, operation, member) for operation, member in _DESCRIBED.items()
        }
        for each in found["PrefixLists"]:
            each["Entries"] = _all(
                client,
                "get_managed_prefix_list_entries",
                "Entries",
                PrefixListId=each["PrefixListId"],
            )
        found |= _balancers(sessions.client(account, region, "elbv2"))
        found |= _classic_balancers(sessions.client(account, region, "elb"))
    return found


def _all(client: Any, operation: str, member: str, **arguments: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator(operation).paginate(**arguments)
    return [each for page in pages for each in page.get(member, ())]


def _balancers(client: Any) -> dict[str, Any]:
    """Application, network and gateway load balancers, with what they hand on to whom."""
    balancers = _all(client, "describe_load_balancers", "LoadBalancers")
    listeners = [
        listener
        for each in balancers
        for listener in _all(
            client, "describe_listeners", "Listeners", LoadBalancerArn=each["LoadBalancerArn"]
        )
    ]
    rules = [
        rule
        for listener in listeners
        for rule in _all(client, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"])
    ]
    targets = _all(client, "describe_target_groups", "TargetGroups") if balancers else []
    for each in targets:
        arn = each["TargetGroupArn"]
        health = client.describe_target_health(TargetGroupArn=arn)
        each["TargetHealthDescriptions"] = health["TargetHealthDescriptions"]
        told = client.describe_target_group_attributes(TargetGroupArn=arn)
        each["Attributes"] = told["Attributes"]
    return {
        "LoadBalancers": balancers,
        "Listeners": listeners,
        "Rules": rules,
        "TargetGroups": targets,
    }


def _classic_balancers(client: Any) -> dict[str, Any]:
    """Classic load balancers, with the health of their instances."""
    balancers = _all(client, "describe_load_balancers", "LoadBalancerDescriptions")
    for each in balancers:
        health = client.describe_instance_health(LoadBalancerName=each["LoadBalancerName"])
        each["InstanceStates"] = health["InstanceStates"]
    return {"LoadBalancerDescriptions": balancers}
