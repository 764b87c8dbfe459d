"""The network of an account and region, as EC2's describe operations tell it."""

from collections.abc import Iterable, Mapping, Sequence
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
    "describe_vpc_endpoints": "VpcEndpoints",
}
"""Operation -> the member of its answer that lists things."""

_PRIVATE_GATEWAYS = {
    "describe_vpn_gateways": "VpnGateways",
    "describe_vpn_connections": "VpnConnections",
}
_TRANSIT_GATEWAYS = {
    "describe_transit_gateway_attachments": "TransitGatewayAttachments",
    "describe_transit_gateway_vpc_attachments": "TransitGatewayVpcAttachments",
    "describe_transit_gateway_route_tables": "TransitGatewayRouteTables",
}
_BEYOND: Mapping[str, Mapping[str, str]] = {
    "internet": {},
    "peering": {"describe_vpc_peering_connections": "VpcPeeringConnections"},
    "vpn": {**_PRIVATE_GATEWAYS, **_TRANSIT_GATEWAYS},
    "direct-connect": {**_PRIVATE_GATEWAYS, **_TRANSIT_GATEWAYS},
    "transit-gateway": _TRANSIT_GATEWAYS,
}
"""Origin -> the operations that are asked for it beside those above."""

_NOT_OFFERED = ("InvalidAction", "UnsupportedOperation")
_ROUTE_STATES = [{"Name": "state", "Values": ["active", "blackhole"]}]


def describe_network(
    sessions: Sessions, account: str, region: str, origins: Iterable[str] = ("internet",)
) -> dict[str, Any]:
    """All answers in one, as `assess.network.read_network` takes them. Raises `AwsTrouble`.

    Beyond the internet only what these origins need is asked for.
    """
    asked = tuple(origins)
    operations = {**_DESCRIBED}
    for origin in asked:
        operations.update(_BEYOND[origin])
    with aws_calls(f"describing the network of {account}, {region}"):
        client = sessions.client(account, region, "ec2")
        found = {
            member: _all(client, operation, member) for operation, member in operations.items()
        }
        for each in found["PrefixLists"]:
            name = each["PrefixListId"]
            operation = "get_managed_prefix_list_entries"
            each["Entries"] = _all(client, operation, "Entries", PrefixListId=name)
        for each in found.get("TransitGatewayRouteTables", ()):
            each["Routes"] = _transit_routes(client, each["TransitGatewayRouteTableId"])
        found |= _public_access(client)
        if "direct-connect" in asked:
            direct = sessions.client(account, region, "directconnect")
            found |= _direct_connect(direct, found["VpnGateways"])
        found |= _balancers(sessions.client(account, region, "elbv2"))
        found |= _classic_balancers(sessions.client(account, region, "elb"))
    return found


def _all(client: Any, operation: str, member: str, **arguments: Any) -> list[dict[str, Any]]:
    if not client.can_paginate(operation):
        return list(getattr(client, operation)(**arguments).get(member, ()))
    pages = client.get_paginator(operation).paginate(**arguments)
    return [each for page in pages for each in page.get(member, ())]


def _transit_routes(client: Any, table: str) -> list[dict[str, Any]] | None:
    """The routes of a transit gateway's table; None where it has more than are told."""
    answer = client.search_transit_gateway_routes(
        TransitGatewayRouteTableId=table, Filters=_ROUTE_STATES
    )
    return None if answer.get("AdditionalRoutesAvailable") else list(answer.get("Routes", ()))


def _public_access(client: Any) -> dict[str, Any]:
    """VPC Block Public Access; nothing where the Region (or what stands in for AWS) has it not."""
    from botocore.exceptions import ClientError

    try:
        options = client.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
        excluded = _all(
            client, "describe_vpc_block_public_access_exclusions", "VpcBlockPublicAccessExclusions"
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_OFFERED:
            return {}
        raise
    return {"VpcBlockPublicAccessOptions": options, "VpcBlockPublicAccessExclusions": excluded}


def _direct_connect(client: Any, gateways: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What reaches virtual private gateways over Direct Connect: by a gateway, or by itself."""
    member = "directConnectGatewayAssociations"
    return {
        member: [
            each
            for gateway in gateways
            for each in _all(
                client,
                "describe_direct_connect_gateway_associations",
                member,
                virtualGatewayId=gateway["VpnGatewayId"],
            )
        ],
        "virtualInterfaces": _all(client, "describe_virtual_interfaces", "virtualInterfaces"),
    }


def _balancers(client: Any) -> dict[str, Any]:
    """Application, network and gateway load balancers, with what they hand on to whom."""
    balancers = _all(client, "describe_load_balancers", "LoadBalancers")
    for each in balancers:
        arn = each["LoadBalancerArn"]
        told = client.describe_load_balancer_attributes(LoadBalancerArn=arn)
        each["Attributes"] = told["Attributes"]
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
        name = each["LoadBalancerName"]
        health = client.describe_instance_health(LoadBalancerName=name)
        each["InstanceStates"] = health["InstanceStates"]
        told = client.describe_load_balancer_attributes(LoadBalancerName=name)
        each["LoadBalancerAttributes"] = told["LoadBalancerAttributes"]
    return {"LoadBalancerDescriptions": balancers}
