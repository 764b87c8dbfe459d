"""One packet walked through the described rules, written from the vendor's pages alone.

Independent of the engine: no interval algebra, no shared code, addresses by `ipaddress`.
"""

import ipaddress
from collections.abc import Iterator
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

ip_network = cache(ipaddress.ip_network)
"""A million packets meet the same few blocks again and again."""
Address = IPv4Address | IPv6Address
NUMBERS = {"TCP": "6", "UDP": "17"}
CLIENT_PORTS = range(1024, 65536)


def gets_in(
    network: dict[str, Any],
    interface_id: str,
    source: str,
    protocol: str,
    port: int,
    origin: str = "internet",
) -> bool:
    """Whether a client at `source`, behind `origin`, can talk to the port of an interface."""
    interface = _one(network["NetworkInterfaces"], "NetworkInterfaceId", interface_id)
    target = {
        "vpc": interface["VpcId"],
        "subnet": interface["SubnetId"],
        "public": {v for v in (4, 6) if _has_public(interface, v)},
        "addresses": _addresses(interface),
        "groups": {each["GroupId"] for each in interface["Groups"]},
    }
    client = ip_address(source)
    return enters(network, target, client, protocol, port, origin) or any(
        relays(network, target, interface, client, protocol, port, origin)
        for relays in (_modern_balancers, _classic_balancers)
    )


def enters(
    network: dict[str, Any],
    target: dict[str, Any],
    client: Address,
    protocol: str,
    port: int,
    origin: str,
) -> bool:
    """Whether a packet comes from an origin to a place of the VPC and its answer back."""
    table = _of_subnet(network["RouteTables"], target)
    if table is None:
        return False
    acl = _of_subnet(network["NetworkAcls"], target)
    for hop, own_acl_inward, peers in _entrances(network, target, client, protocol, port, origin):
        if _route(table, client) != hop:
            continue
        if acl is not None:
            if own_acl_inward and not _acl_allows(acl, False, client, protocol, port):
                continue
            if not _answers(acl, True, client, protocol):
                continue
        if target["groups"] is None or any(
            _group_allows(network, group, client, protocol, port, peers, set())
            for group in network["SecurityGroups"]
            if group["GroupId"] in target["groups"]
        ):
            return True
    return False


Entrance = tuple[str, bool, set[str]]
"""The route target of the answer, whether the subnet's ACL is asked inward, VPCs with members."""


def _entrances(
    network: dict[str, Any],
    target: dict[str, Any],
    client: Address,
    protocol: str,
    port: int,
    origin: str,
) -> Iterator[Entrance]:
    if origin == "internet":
        for each in network["InternetGateways"]:
            here = any(a["VpcId"] == target["vpc"] for a in each["Attachments"])
            named = client.version in target["public"] and not _sheltered(network, target)
            if here and named and client.is_global:
                yield each["InternetGatewayId"], True, set()
                yield from _inspected(network, target, client, each["InternetGatewayId"])
    for address in target["addresses"]:
        if address.version != client.version:
            continue
        if origin == "peering":
            yield from _peering(network, target, client, address)
        if origin in ("vpn", "direct-connect"):
            yield from _virtual(network, target, address, origin)
        if origin in _FAR:
            yield from _transit(network, target, client, address, (protocol, port), origin)


def _sheltered(network: dict[str, Any], target: dict[str, Any]) -> bool:
    """Whether the account blocks public access, and neither the VPC nor the subnet is excluded."""
    mode = network.get("VpcBlockPublicAccessOptions", {}).get("InternetGatewayBlockMode", "off")
    if mode == "off":
        return False
    return not any(
        each["InternetGatewayExclusionMode"] == "allow-bidirectional"
        and each["State"] in ("create-complete", "update-complete")
        and each["ResourceArn"].split("/")[1] in (target["subnet"], target["vpc"])
        for each in network["VpcBlockPublicAccessExclusions"]
    )


def _inspected(
    network: dict[str, Any], target: dict[str, Any], client: Address, gateway: str
) -> Iterator[Entrance]:
    """Through an endpoint: the gateway's table leads there, and that one's subnet back out."""
    for table in network["RouteTables"]:
        if not any(each.get("GatewayId") == gateway for each in table["Associations"]):
            continue
        for address in target["addresses"]:
            hop = _route(table, address) if address.version == client.version else None
            for endpoint in network["VpcEndpoints"]:
                if endpoint["VpcEndpointId"] != hop:
                    continue
                place = {"vpc": target["vpc"], "subnet": endpoint["SubnetIds"][0]}
                out = _of_subnet(network["RouteTables"], place)
                if out is not None and _route(out, client) == gateway:
                    yield endpoint["VpcEndpointId"], True, set()


def _vpc_holds(network: dict[str, Any], vpc: str, client: Address) -> bool:
    return any(
        client in ip_network(each["CidrBlock"]) for each in network["Vpcs"] if each["VpcId"] == vpc
    )


def _sends(network: dict[str, Any], vpc: str, client: Address, to: Address, hop: str) -> bool:
    """Whether the client's own subnet, where its VPC is described, sends to an address by a hop."""
    subnets = [each for each in network["Subnets"] if each["VpcId"] == vpc]
    if not subnets:
        return True
    for each in subnets:
        if client in ip_network(each["CidrBlock"]):
            table = _of_subnet(network["RouteTables"], {"vpc": vpc, "subnet": each["SubnetId"]})
            return table is None or _route(table, to) == hop
    return False


def _peering(
    network: dict[str, Any], target: dict[str, Any], client: Address, address: Address
) -> Iterator[Entrance]:
    for each in network.get("VpcPeeringConnections", ()):
        sides = [each["RequesterVpcInfo"], each["AccepterVpcInfo"]]
        near = [side for side in sides if side["VpcId"] == target["vpc"]]
        far = [side for side in sides if side["VpcId"] != target["vpc"]]
        if each["Status"]["Code"] != "active" or not near or not far:
            continue
        vpc, hop = far[0]["VpcId"], each["VpcPeeringConnectionId"]
        if _vpc_holds(network, vpc, client) and _sends(network, vpc, client, address, hop):
            yield hop, True, {vpc}


def _virtual(
    network: dict[str, Any], target: dict[str, Any], address: Address, origin: str
) -> Iterator[Entrance]:
    for each in network.get("VpnGateways", ()):
        name = each["VpnGatewayId"]
        if not any(
            a["VpcId"] == target["vpc"] and a["State"] == "attached" for a in each["VpcAttachments"]
        ):
            continue
        if origin == "vpn":
            if address.version == 4 and any(
                c["VpnGatewayId"] == name and c["State"] == "available"
                for c in network["VpnConnections"]
            ):
                yield name, True, set()
            continue
        for tie in network["directConnectGatewayAssociations"]:
            if tie["associationState"] != "associated" or tie["virtualGatewayId"] != name:
                continue
            allowed = [ip_network(x["cidr"]) for x in tie["allowedPrefixesToDirectConnectGateway"]]
            block = ip_network(_one(network["Vpcs"], "VpcId", target["vpc"])["CidrBlock"])
            # No VPC here has an IPv6 block: an address of its own is what is announced.
            told: Any = block if address in block else ip_network(address)
            if not allowed or any(
                told.version == each.version and told.subnet_of(each) for each in allowed
            ):
                yield name, True, set()


_FAR = {"vpn": "vpn", "direct-connect": "direct-connect-gateway", "transit-gateway": "vpc"}


def _transit(
    network: dict[str, Any],
    target: dict[str, Any],
    client: Address,
    address: Address,
    asked: tuple[str, int],
    origin: str,
) -> Iterator[Entrance]:
    live = [x for x in network.get("TransitGatewayAttachments", ()) if x["State"] == "available"]
    details = {
        x["TransitGatewayAttachmentId"]: x for x in network.get("TransitGatewayVpcAttachments", ())
    }
    tables = {
        x["TransitGatewayRouteTableId"]: x for x in network.get("TransitGatewayRouteTables", ())
    }

    def table(attachment: dict[str, Any]) -> str | None:
        found: str | None = attachment.get("Association", {}).get("TransitGatewayRouteTableId")
        return found

    for own in live:
        if own["ResourceType"] != "vpc" or own["ResourceId"] != target["vpc"] or table(own) is None:
            continue
        crossing = _attachment_subnet(network, details[own["TransitGatewayAttachmentId"]], target)
        if crossing is None or not _passes(network, crossing, target, address, asked):
            continue
        inward = crossing != target["subnet"]
        hop = own["TransitGatewayId"]
        if table(own) not in tables:
            if origin == "transit-gateway":
                yield hop, inward, set()
            continue
        for far in live:
            if far is own or far["ResourceType"] != _FAR[origin] or table(far) is None:
                continue
            names = far["TransitGatewayAttachmentId"], own["TransitGatewayAttachmentId"]
            if table(far) in tables and not _leads(tables[table(far)], address, names[1]):
                continue
            if not _leads(tables[table(own)], client, names[0]):
                continue
            vpc = far["ResourceId"]
            is_vpc = far["ResourceType"] == "vpc"
            if is_vpc and not _vpc_holds(network, vpc, client):
                continue
            if is_vpc and not _sends(network, vpc, client, address, hop):
                continue
            named = is_vpc and all(
                details[n]["Options"]["SecurityGroupReferencingSupport"] == "enable" for n in names
            )
            yield hop, inward, {vpc} if named else set()


def _attachment_subnet(
    network: dict[str, Any], detail: dict[str, Any], target: dict[str, Any]
) -> str | None:
    """The subnet by which a transit gateway delivers: the one in the target's zone."""
    zones = {each["SubnetId"]: each.get("AvailabilityZone") for each in network["Subnets"]}
    if target["subnet"] in detail["SubnetIds"]:
        return str(target["subnet"])
    for each in detail["SubnetIds"]:
        if zones[each] == zones[target["subnet"]]:
            return str(each)
    return None


def _passes(
    network: dict[str, Any],
    crossing: str,
    target: dict[str, Any],
    address: Address,
    asked: tuple[str, int],
) -> bool:
    acl = _of_subnet(network["NetworkAcls"], {"vpc": target["vpc"], "subnet": crossing})
    if acl is None:
        return True
    if crossing != target["subnet"] and not _acl_allows(acl, True, address, *asked):
        return False
    return _answers(acl, False, address, asked[0])


def _leads(table: dict[str, Any], to: Address, attachment: str) -> bool:
    best: tuple[int, bool] | None = None
    found = False
    for route in table["Routes"]:
        block = ip_network(route["DestinationCidrBlock"])
        priority = (block.prefixlen, route["Type"] == "static")
        if to in block and (best is None or priority > best):
            best = priority
            found = route["State"] == "active" and any(
                x["TransitGatewayAttachmentId"] == attachment
                for x in route["TransitGatewayAttachments"]
            )
    return found


def _modern_balancers(
    network: dict[str, Any],
    target: dict[str, Any],
    interface: dict[str, Any],
    client: Address,
    protocol: str,
    port: int,
    origin: str,
) -> bool:
    speaks = {"TCP_UDP": ("TCP", "UDP"), "UDP": ("UDP",)}
    for balancer in network.get("LoadBalancers", ()):
        for listener in network["Listeners"]:
            if listener["LoadBalancerArn"] != balancer["LoadBalancerArn"]:
                continue
            if protocol not in speaks.get(listener["Protocol"], ("TCP",)):
                continue
            action = _action(network, listener, client)
            for group in network["TargetGroups"]:
                if group["TargetGroupArn"] != action.get("TargetGroupArn"):
                    continue
                for health in group["TargetHealthDescriptions"]:
                    to = health["Target"]
                    if to["Port"] != port or not _receives(group, health):
                        continue
                    if to["Id"] not in (interface["Attachment"]["InstanceId"], *_texts(interface)):
                        continue
                    preserves = balancer["Type"] == "network" and _preserves(group)
                    versions = {4, 6} if balancer["IpAddressType"] == "dualstack" else {4}
                    place = {
                        "name": balancer["LoadBalancerArn"].partition(":loadbalancer/")[2],
                        "vpc": balancer["VpcId"],
                        "subnets": [x["SubnetId"] for x in balancer["AvailabilityZones"]],
                        "public": versions if balancer["Scheme"] == "internet-facing" else set(),
                        "groups": set(balancer["SecurityGroups"]),
                        "crosses": _crosses(balancer, group),
                    }
                    if balancer["Type"] == "network" and not place["groups"]:
                        place["groups"] = None
                    asked = (protocol, listener["Port"], port)
                    if _relayed(network, place, target, client, asked, origin, preserves):
                        return True
    return False


def _crosses(balancer: dict[str, Any], group: dict[str, Any]) -> bool:
    """The target group's own word, else the load balancer's, else yes (nobody told)."""
    for owner in (group, balancer):
        for each in owner["Attributes"]:
            if each["Key"].startswith("load_balancing.cross_zone") and each["Value"] in (
                *("true", "false"),
            ):
                return bool(each["Value"] == "true")
    return True


def _texts(interface: dict[str, Any]) -> list[str]:
    return [str(each) for each in _addresses(interface)]


def _action(network: dict[str, Any], listener: dict[str, Any], client: Address) -> dict[str, Any]:
    for rule in network["Rules"]:
        for condition in rule["Conditions"]:
            blocks = map(ip_network, condition["SourceIpConfig"]["Values"])
            if any(b.version == client.version and client in b for b in blocks):
                found: dict[str, Any] = rule["Actions"][0]
                return found
    default: dict[str, Any] = listener["DefaultActions"][0]
    return default


def _receives(group: dict[str, Any], health: dict[str, Any]) -> bool:
    states = [each["TargetHealth"]["State"] for each in group["TargetHealthDescriptions"]]
    state = health["TargetHealth"]["State"]
    if {"healthy", "unavailable"} & set(states):
        return state in ("healthy", "unavailable")
    return state in ("initial", "unhealthy")


def _preserves(group: dict[str, Any]) -> bool:
    if "UDP" in group["Protocol"]:
        return True
    for each in group["Attributes"]:
        if each["Key"] == "preserve_client_ip.enabled":
            return bool(each["Value"] == "true")
    return bool(group["TargetType"] == "instance")


def _classic_balancers(
    network: dict[str, Any],
    target: dict[str, Any],
    interface: dict[str, Any],
    client: Address,
    protocol: str,
    port: int,
    origin: str,
) -> bool:
    for balancer in network.get("LoadBalancerDescriptions", ()):
        instance = interface["Attachment"]["InstanceId"]
        serving = {x["InstanceId"] for x in balancer["InstanceStates"] if x["State"] == "InService"}
        place = {
            "name": balancer["LoadBalancerName"],
            "vpc": balancer["VPCId"],
            "subnets": balancer["Subnets"],
            "public": {4} if balancer["Scheme"] == "internet-facing" else set(),
            "groups": set(balancer["SecurityGroups"]),
            "crosses": balancer["LoadBalancerAttributes"]["CrossZoneLoadBalancing"]["Enabled"],
        }
        for each in balancer["ListenerDescriptions"]:
            listener = each["Listener"]
            asked = (protocol, listener["LoadBalancerPort"], port)
            called = protocol == "TCP" and listener["InstancePort"] == port and instance in serving
            if called and _relayed(network, place, target, client, asked, origin, False):
                return True
    return False


def _relayed(
    network: dict[str, Any],
    place: dict[str, Any],
    target: dict[str, Any],
    client: Address,
    asked: tuple[str, int, int],
    origin: str,
    preserves: bool,
) -> bool:
    """One packet to the load balancer in each of its subnets, and from there to the target."""
    protocol, listens, port = asked
    to = next(each for each in target["addresses"] if each.version == 4)
    if place["groups"] is not None and not any(
        _group_allows(
            network, group, to, protocol, port, set(), target["groups"], "IpPermissionsEgress"
        )
        for group in network["SecurityGroups"]
        if group["GroupId"] in place["groups"]
    ):
        return False
    zones = {each["SubnetId"]: each.get("AvailabilityZone") for each in network["Subnets"]}
    for subnet in place["subnets"]:
        if not place["crosses"] and zones[subnet] != zones[target["subnet"]]:
            continue
        nodes = _node_addresses(network, place["name"], subnet)
        node = {**place, "subnet": subnet, "addresses": nodes[:1] + _version_6(network, subnet)}
        if not enters(network, node, client, protocol, listens, origin):
            continue
        seen = [client] if preserves and client.version == 4 else nodes
        crossing = subnet != target["subnet"]
        own = _of_subnet(network["NetworkAcls"], node)
        if crossing and own is not None:
            if not _acl_allows(own, True, to, protocol, port):
                continue
            if not _answers(own, False, to, protocol):
                continue
        acl = _of_subnet(network["NetworkAcls"], target)
        for caller in seen:
            if crossing and acl is not None:
                if not _acl_allows(acl, False, caller, protocol, port):
                    continue
                if not _answers(acl, True, caller, protocol):
                    continue
            members = place["groups"] or set()
            if any(
                _group_allows(network, group, caller, protocol, port, set(), members)
                for group in network["SecurityGroups"]
                if group["GroupId"] in target["groups"]
            ):
                return True
    return False


def _node_addresses(network: dict[str, Any], name: str, subnet: str) -> list[Address]:
    known = [
        address
        for each in network["NetworkInterfaces"]
        if each.get("Description") == f"ELB {name}" and each["SubnetId"] == subnet
        for address in _addresses(each)
    ]
    block = ip_network(_one(network["Subnets"], "SubnetId", subnet)["CidrBlock"])
    return known or list(block)


def _version_6(network: dict[str, Any], subnet: str) -> list[Address]:
    """An address of each IPv6 block of a subnet, where a load balancer's node has one, too."""
    described = _one(network["Subnets"], "SubnetId", subnet)
    blocks = described.get("Ipv6CidrBlockAssociationSet", ())
    return [ip_network(each["Ipv6CidrBlock"])[0] for each in blocks]


def _addresses(interface: dict[str, Any]) -> list[Address]:
    return [
        *(ip_address(each["PrivateIpAddress"]) for each in interface["PrivateIpAddresses"]),
        *(ip_address(each["Ipv6Address"]) for each in interface["Ipv6Addresses"]),
    ]


def _answers(acl: dict[str, Any], egress: bool, at: Address, protocol: str) -> bool:
    return any(_acl_allows(acl, egress, at, protocol, port) for port in _edges(acl))


def _one(entries: list[dict[str, Any]], name: str, value: str) -> dict[str, Any]:
    return next(each for each in entries if each[name] == value)


def _has_public(interface: dict[str, Any], version: int) -> bool:
    if version == 4:
        return any("Association" in each for each in interface["PrivateIpAddresses"])
    return bool(interface["Ipv6Addresses"])


def _of_subnet(tables: list[dict[str, Any]], place: dict[str, Any]) -> dict[str, Any] | None:
    own = None
    for table in tables:
        for association in table["Associations"]:
            if association.get("SubnetId") == place["subnet"]:
                return table
        main = any(each.get("Main") for each in table["Associations"]) or table.get("IsDefault")
        if main and table["VpcId"] == place["vpc"]:
            own = table
    return own


def _route(table: dict[str, Any], address: Address) -> str | None:
    """The longest prefix wins; of two routes to the same block the static one."""
    best, target = (-1, False), None
    for route in table["Routes"]:
        block = ip_network(route.get("DestinationCidrBlock") or route["DestinationIpv6CidrBlock"])
        priority = (block.prefixlen, "Origin" not in route)
        if block.version == address.version and address in block and priority > best:
            best = priority
            target = next(route[name] for name in _TARGETS if name in route)
            if route.get("State") == "blackhole":
                target = None
    return target


_TARGETS = (
    *("GatewayId", "VpcPeeringConnectionId", "TransitGatewayId", "NatGatewayId"),
    "EgressOnlyInternetGatewayId",
)


def _edges(acl: dict[str, Any]) -> list[int]:
    """Client ports at which an ACL's answer can change: trying these is trying all."""
    found = {CLIENT_PORTS[0], CLIENT_PORTS[-1]}
    for entry in acl["Entries"]:
        span = entry.get("PortRange") or {}
        for edge in (span.get("From", 0), span.get("To", 0) + 1):
            if edge in CLIENT_PORTS:
                found.add(edge)
    return sorted(found)


def _acl_allows(acl: dict[str, Any], egress: bool, at: Address, protocol: str, port: int) -> bool:
    for entry in sorted(acl["Entries"], key=lambda each: each["RuleNumber"]):
        if entry["Egress"] is not egress:
            continue
        block = ip_network(entry.get("CidrBlock") or entry["Ipv6CidrBlock"])
        if block.version != at.version or at not in block:
            continue
        if entry["Protocol"] not in ("-1", NUMBERS[protocol]):
            continue
        span = entry.get("PortRange")
        if entry["Protocol"] != "-1" and span and not span["From"] <= port <= span["To"]:
            continue
        return bool(entry["RuleAction"] == "allow")
    return False


def _group_allows(
    network: dict[str, Any],
    group: dict[str, Any],
    at: Address,
    protocol: str,
    port: int,
    peers: set[str],
    member_of: set[str],
    direction: str = "IpPermissions",
) -> bool:
    """Whether a group allows an address: by a block, or as a member of a group.

    The address is a member of `member_of`, and of the groups of the interface in `peers` that
    bears it.
    """
    theirs = set(member_of)
    for each in network["NetworkInterfaces"]:
        if each["VpcId"] in peers and at in _addresses(each):
            theirs |= {x["GroupId"] for x in each["Groups"]}
    for permission in group.get(direction, [{"IpProtocol": "any"}]):
        if permission["IpProtocol"] == "any":
            return True
        if permission["IpProtocol"] not in ("-1", protocol.lower()):
            continue
        if permission["IpProtocol"] != "-1" and not (
            permission["FromPort"] <= port <= permission["ToPort"]
        ):
            continue
        if any(x["GroupId"] in theirs for x in permission.get("UserIdGroupPairs", ())):
            return True
        blocks = [each["CidrIp"] for each in permission["IpRanges"]]
        blocks += [each["CidrIpv6"] for each in permission["Ipv6Ranges"]]
        for block in map(ip_network, blocks):
            if block.version == at.version and at in block:
                return True
    return False
