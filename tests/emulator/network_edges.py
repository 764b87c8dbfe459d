"""Of the network what moto lacks: VPC Block Public Access, and Direct Connect at gateways."""

from typing import Any

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
