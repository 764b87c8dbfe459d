"""What stands between an internet gateway and a subnet: appliances, and VPC Block Public Access.

Sources: VPC User Guide, "Gateway route tables", "Middlebox routing", "Block public access to VPCs
and subnets"; EC2 API Reference, DescribeVpcBlockPublicAccessOptions and -Exclusions, VpcEndpoint.
"""

from collections.abc import Iterable, Iterator, Mapping

from openinspector.assess.network.evidence.components import Interface, Route, Subnet
from openinspector.assess.network.evidence.reader import Entry, Reader, rows, text, words

OPTIONS, EXCLUSIONS = "VpcBlockPublicAccessOptions", "VpcBlockPublicAccessExclusions"
_PASSES = "allow-bidirectional"
_BLOCKS = ("block-bidirectional", "block-ingress")
_STANDING = ("create-complete", "update-complete")


def edges(
    reader: Reader, gateways: Mapping[str, str], routes: Mapping[str, tuple[Route, ...]]
) -> dict[str, tuple[Route, ...]]:
    """By VPC: where its internet gateway sends packets that come in, where a table says that."""
    owners = {gateway: vpc for vpc, gateway in gateways.items()}
    found: dict[str, tuple[Route, ...]] = {}
    for entry in reader.entries("RouteTables"):
        name = str(entry.get("RouteTableId"))
        for gateway in reader.each(name, (entry,), lambda each: tuple(_gateways(each))):
            vpcs = (owners[each] for each in gateway if each in owners)
            found.update((vpc, routes[name]) for vpc in vpcs if name in routes)
    return found


def _gateways(table: Entry) -> Iterator[str]:
    for each in rows(table, "Associations"):
        if each.get("GatewayId"):
            yield text(each, "GatewayId")


def appliances(
    reader: Reader,
    tables: Iterable[Iterable[Route]],
    interfaces: Mapping[str, Interface],
) -> dict[str, str]:
    """The subnet of each endpoint and interface that gateways' routes lead through.

    What one does with packets is not known: it counts as letting all pass.
    """
    named = {str(route.target) for table in tables for route in table if route.target}
    named.discard("local")
    endpoints = reader.all("VpcEndpoints", "VpcEndpointId", _subnet)
    found: dict[str, str] = {}
    for name in sorted(named):
        standing = interfaces[name].subnet if name in interfaces else endpoints.get(name)
        if standing is None:
            reader.gap(name, "is an appliance that was not described: counts as closed")
        else:
            reader.gap(name, "is an appliance on the way in: counts as letting everything pass")
            found[name] = standing
    return found


def _subnet(endpoint: Entry) -> str | None:
    """The subnet of a Gateway Load Balancer's endpoint, which has just one; None for others."""
    return next(iter(words(endpoint, "SubnetIds")), None)


def sheltered(reader: Reader, subnets: Mapping[str, Subnet]) -> frozenset[str]:
    """The subnets whose account blocks public access; exclusions let VPCs or subnets in again.

    The options of an account count for its own VPCs, not for subnets that are shared with it.
    """
    blocking = {
        str(entry.get("AwsAccountId") or "")
        for entry in reader.entries(OPTIONS)
        if entry.get("InternetGatewayBlockMode") in _BLOCKS
    }
    spared = {
        name
        for entry in reader.entries(EXCLUSIONS)
        if entry.get("InternetGatewayExclusionMode") == _PASSES
        and entry.get("State", _STANDING[0]) in _STANDING
        for name in [str(entry.get("ResourceArn")).rpartition("/")[2]]
    }
    return frozenset(
        each.id
        for each in subnets.values()
        if spared.isdisjoint((each.id, each.vpc))
        and any(owner in ("", each.owner or owner) for owner in blocking)
    )
