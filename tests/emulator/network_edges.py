"""Of the network what moto lacks: VPC Block Public Access, Direct Connect, routes with targets."""

from typing import Any

from moto.ec2.models import ec2_backends

from tests.emulator.additions import answers
from tests.emulator.wire import Call, Output


def _edges(call: Call) -> dict[str, Any]:
    return call.place.edges


@answers("ec2", "DescribeVpcBlockPublicAccessOptions")
def options(call: Call) -> Output:
    mode = _edges(call).get("mode", "off")
    told = {"AwsAccountId": call.account, "AwsRegion": call.region, "State": "default-state"}
    return {"VpcBlockPublicAccessOptions": {**told, "InternetGatewayBlockMode": mode}}


@answers("ec2", "ModifyVpcBlockPublicAccessOptions")
def modify(call: Call) -> Output:
    _edges(call)["mode"] = call.parameters["InternetGatewayBlockMode"]
    return options(call)


@answers("ec2", "DescribeVpcBlockPublicAccessExclusions")
def exclusions(call: Call) -> Output:
    return {"VpcBlockPublicAccessExclusions": _edges(call).get("exclusions", [])}


@answers("directconnect", "DescribeDirectConnectGatewayAssociations")
def associations(call: Call) -> Output:
    wanted = call.parameters.get("virtualGatewayId")
    known = _edges(call).get("associations", [])
    told = [each for each in known if each["virtualGatewayId"] == wanted]
    return {"directConnectGatewayAssociations": told}


@answers("directconnect", "CreateDirectConnectGatewayAssociation")
def associate(call: Call) -> Output:
    """The gateway itself is taken for granted."""
    made = {
        "directConnectGatewayId": call.parameters["directConnectGatewayId"],
        "virtualGatewayId": call.parameters["virtualGatewayId"],
        "associationState": "associated",
        "allowedPrefixesToDirectConnectGateway": call.parameters.get(
            "addAllowedPrefixesToDirectConnectGateway", []
        ),
    }
    _edges(call).setdefault("associations", []).append(made)
    return {"directConnectGatewayAssociation": made}


@answers("directconnect", "DescribeVirtualInterfaces")
def virtual_interfaces(_call: Call) -> Output:
    return {"virtualInterfaces": []}


@answers("ec2", "SearchTransitGatewayRoutes")
def transit_routes(call: Call) -> Output:
    """Moto's routes; it tells the attachment of each as one, where the model has a list."""
    wanted = {each["Name"]: each["Values"] for each in call.parameters.get("Filters", [])}
    backend = ec2_backends[call.account][call.region]
    found = backend.search_transit_gateway_routes(
        call.parameters["TransitGatewayRouteTableId"], wanted
    )
    routes = found.values() if isinstance(found, dict) else found
    return {"Routes": [_transit_route(each) for each in routes], "AdditionalRoutesAvailable": False}


def _transit_route(route: dict[str, Any]) -> dict[str, Any]:
    told = route.get("transitGatewayAttachments")
    attachments = (
        [{name[0].upper() + name[1:]: value for name, value in told.items()}] if told else []
    )
    return {
        "DestinationCidrBlock": route["destinationCidrBlock"],
        "Type": route["type"],
        "State": route["state"],
        "TransitGatewayAttachments": attachments,
    }
