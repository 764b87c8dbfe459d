"""One packet walked through the described rules, written from the vendor's pages alone.

Independent of the engine: no interval algebra, no shared code, addresses by `ipaddress`.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

Address = IPv4Address | IPv6Address
NUMBERS = {"TCP": "6", "UDP": "17"}
CLIENT_PORTS = range(1024, 65536)


def gets_in(
    network: dict[str, Any], interface_id: str, source: str, protocol: str, port: int
) -> bool:
    """Whether a client on the internet at `source` can talk to the port of an interface."""
    interface = _one(network["NetworkInterfaces"], "NetworkInterfaceId", interface_id)
    address = ip_address(source)
    gateway = next(
        (
            each["InternetGatewayId"]
            for each in network["InternetGateways"]
            if any(a["VpcId"] == interface["VpcId"] for a in each["Attachments"])
        ),
        None,
    )
    if gateway is None or not _has_public(interface, address.version):
        return False
    table = _of_subnet(network["RouteTables"], interface)
    if table is None or _route(table, address) != gateway:
        return False
    acl = _of_subnet(network["NetworkAcls"], interface)
    if acl is not None:
        if not _acl_allows(acl, False, address, protocol, port):
            return False
        if not any(_acl_allows(acl, True, address, protocol, p) for p in _edges(acl)):
            return False
    return any(
        _group_allows(group, address, protocol, port)
        for group in network["SecurityGroups"]
        if group["GroupId"] in {each["GroupId"] for each in interface["Groups"]}
    )


def _one(entries: list[dict[str, Any]], name: str, value: str) -> dict[str, Any]:
    return next(each for each in entries if each[name] == value)


def _has_public(interface: dict[str, Any], version: int) -> bool:
    if version == 4:
        return any("Association" in each for each in interface["PrivateIpAddresses"])
    return bool(interface["Ipv6Addresses"])


def _of_subnet(tables: list[dict[str, Any]], interface: dict[str, Any]) -> dict[str, Any] | None:
    own = None
    for table in tables:
        for association in table["Associations"]:
            if association.get("SubnetId") == interface["SubnetId"]:
                return table
        main = any(each.get("Main") for each in table["Associations"]) or table.get("IsDefault")
        if main and table["VpcId"] == interface["VpcId"]:
            own = table
    return own


def _route(table: dict[str, Any], address: Address) -> str | None:
    best, target = -1, None
    for route in table["Routes"]:
        block = ip_network(route.get("DestinationCidrBlock") or route["DestinationIpv6CidrBlock"])
        if block.version == address.version and address in block and block.prefixlen > best:
            best = block.prefixlen
            target = None if route.get("State") == "blackhole" else route["GatewayId"]
    return target


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


def _group_allows(group: dict[str, Any], at: Address, protocol: str, port: int) -> bool:
    for permission in group["IpPermissions"]:
        if permission["IpProtocol"] not in ("-1", protocol.lower()):
            continue
        if permission["IpProtocol"] != "-1" and not (
            permission["FromPort"] <= port <= permission["ToPort"]
        ):
            continue
        blocks = [each["CidrIp"] for each in permission["IpRanges"]]
        blocks += [each["CidrIpv6"] for each in permission["Ipv6Ranges"]]
        for block in map(ip_network, blocks):
            if block.version == at.version and at in block:
                return True
    return False
