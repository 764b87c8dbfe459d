"""The network of an account as EC2's describe operations tell it, read into plain values.

What cannot be understood (a rule that names a group that does not exist, a malformed block, an
unknown kind of route) becomes a gap and counts as closed: a rule that matches nothing opens
nothing. Sources: EC2 API Reference, the Describe operations named in `read_network`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from openinspector.assess.network.intervals import PORTS, Interval, prefix
from openinspector.model import Gap

PROTOCOLS: dict[str, str] = {"6": "TCP", "17": "UDP", "tcp": "TCP", "udp": "UDP"}
"""Names and numbers of the protocols that findings know (IANA protocol numbers)."""
EVERY_PROTOCOL = "-1"

_T = TypeVar("_T")


class AclRule(msgspec.Struct, frozen=True):
    """One entry of a network ACL; lower numbers are asked first."""

    number: int
    allow: bool
    protocols: frozenset[str]
    ports: Interval
    version: int
    addresses: Interval


class Acl(msgspec.Struct, frozen=True):
    """A network ACL: entries of each direction in order."""

    id: str
    inbound: tuple[AclRule, ...]
    outbound: tuple[AclRule, ...]


class GroupRule(msgspec.Struct, frozen=True):
    """One permission of a security group: from blocks of addresses, or from members of a group."""

    protocols: frozenset[str]
    ports: Interval
    sources: tuple[tuple[int, Interval], ...] = ()
    groups: frozenset[str] = frozenset()


class Group(msgspec.Struct, frozen=True):
    """A security group's inbound permissions."""

    id: str
    inbound: tuple[GroupRule, ...]


class Route(msgspec.Struct, frozen=True):
    """One route: addresses, and the identifier of where they go; None is a blackhole."""

    version: int
    addresses: Interval
    target: str | None


class Interface(msgspec.Struct, frozen=True):
    """A network interface. `public` are its addresses that the internet can name, by version."""

    id: str
    vpc: str
    subnet: str
    groups: tuple[str, ...]
    instance: str | None
    private: tuple[str, ...]
    public: tuple[tuple[int, str], ...]


class Network(msgspec.Struct, frozen=True):
    """Everything that reachability is decided by, by identifier."""

    interfaces: dict[str, Interface]
    subnet_acl: dict[str, str]
    subnet_routes: dict[str, str]
    acls: dict[str, Acl]
    groups: dict[str, Group]
    routes: dict[str, tuple[Route, ...]]
    gateways: dict[str, str]
    """Internet gateways that are attached: the VPC of each."""
    gaps: tuple[Gap, ...]


class _Reader:
    """Reads entries one by one; what is wrong with one is a gap and leaves the others."""

    def __init__(self, described: Mapping[str, Any]) -> None:
        self.described = described
        self.gaps: list[Gap] = []

    def all(self, kind: str, identity: str, read: Callable[[Any], _T]) -> dict[str, _T]:
        """Every entry of a kind that can be read, by its identifier."""
        found: dict[str, _T] = {}
        for number, entry in enumerate(self.described.get(kind) or ()):
            name = entry.get(identity) if isinstance(entry, dict) else None
            if not isinstance(name, str):
                self.gap(f"{kind}[{number}]", f"has no {identity}")
                continue
            try:
                found[name] = read(entry)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                self.gap(name, f"cannot be understood: {type(error).__name__}: {error}")
        return found

    def gap(self, what: str, reason: str) -> None:
        """Note what was left out; it counts as closed."""
        self.gaps.append(Gap(part="network", reason=reason, path=what))


def read_network(described: Mapping[str, Any]) -> Network:
    """Read describe output.

    `described` holds the lists of `DescribeNetworkInterfaces`, `DescribeSubnets`,
    `DescribeRouteTables`, `DescribeNetworkAcls`, `DescribeSecurityGroups`,
    `DescribeInternetGateways` and `DescribeManagedPrefixLists` (each with its `Entries`), under the
    names that those answers give them.
    """
    reader = _Reader(described)
    lists = reader.all("PrefixLists", "PrefixListId", _prefix_list)
    subnets = reader.all("Subnets", "SubnetId", lambda entry: str(entry["VpcId"]))
    tables = reader.all("RouteTables", "RouteTableId", lambda entry: _routes(entry, lists, reader))
    groups = reader.all("SecurityGroups", "GroupId", lambda entry: _group(entry, lists, reader))
    network = Network(
        interfaces=reader.all("NetworkInterfaces", "NetworkInterfaceId", _interface),
        subnet_acl=dict(_associated(described, "NetworkAcls", "NetworkAclId", subnets)),
        subnet_routes=dict(_associated(described, "RouteTables", "RouteTableId", subnets)),
        acls=reader.all("NetworkAcls", "NetworkAclId", _acl),
        groups=groups,
        routes=tables,
        gateways=dict(_gateways(described)),
        gaps=(),
    )
    _dangling(network, reader)
    return msgspec.structs.replace(network, gaps=tuple(reader.gaps))


def _dangling(network: Network, reader: _Reader) -> None:
    for interface in network.interfaces.values():
        for name in interface.groups:
            if name not in network.groups:
                reader.gap(interface.id, f"is in group {name}, which was not described")
        for kind, table in (("ACL", network.subnet_acl), ("route table", network.subnet_routes)):
            if interface.subnet not in table:
                reader.gap(interface.id, f"has no {kind}: subnet {interface.subnet} names none")
    for group in network.groups.values():
        for rule in group.inbound:
            for name in sorted(rule.groups - network.groups.keys()):
                reader.gap(group.id, f"allows members of {name}, which was not described")


def _associated(
    described: Mapping[str, Any], kind: str, identity: str, subnets: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """The table or ACL of each subnet: its own, else the main (default) one of its VPC."""
    for subnet, vpc in subnets.items():
        for entry in described.get(kind) or ():
            if entry.get("VpcId") == vpc and (
                entry.get("IsDefault") or any(x.get("Main") for x in entry.get("Associations", ()))
            ):
                yield subnet, str(entry[identity])
    for entry in described.get(kind) or ():
        for association in entry.get("Associations") or ():
            if association.get("SubnetId"):
                yield str(association["SubnetId"]), str(entry[identity])


def _gateways(described: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for entry in described.get("InternetGateways") or ():
        for attachment in entry.get("Attachments") or ():
            if attachment.get("State") in ("available", "attached"):
                yield str(entry["InternetGatewayId"]), str(attachment["VpcId"])


def _prefix_list(entry: Any) -> tuple[tuple[int, Interval], ...]:
    return tuple(prefix(each["Cidr"]) for each in entry.get("Entries") or ())


def _interface(entry: Any) -> Interface:
    addresses = entry.get("PrivateIpAddresses") or ()
    version_6 = [str(each["Ipv6Address"]) for each in entry.get("Ipv6Addresses") or ()]
    # EC2 tells the first address's association twice: of the address, and of the interface.
    public = dict.fromkeys(
        (4, str(each["Association"]["PublicIp"]))
        for each in (*addresses, entry)
        if (each.get("Association") or {}).get("PublicIp")
    )
    return Interface(
        id=entry["NetworkInterfaceId"],
        vpc=entry["VpcId"],
        subnet=entry["SubnetId"],
        groups=tuple(each["GroupId"] for each in entry.get("Groups") or ()),
        instance=(entry.get("Attachment") or {}).get("InstanceId"),
        private=tuple(str(each["PrivateIpAddress"]) for each in addresses),
        public=(*public, *((6, address) for address in version_6)),
    )


def _protocols(word: object) -> frozenset[str]:
    text = str(word).lower()
    if text == EVERY_PROTOCOL:
        return frozenset(PROTOCOLS.values())
    return frozenset({PROTOCOLS[text]} if text in PROTOCOLS else ())


def _ports(low: Any, high: Any) -> Interval:
    if low is None or high is None or (low, high) == (-1, -1):
        return PORTS[0]
    return int(low), int(high)


def _acl(entry: Any) -> Acl:
    inbound: list[AclRule] = []
    outbound: list[AclRule] = []
    for each in entry.get("Entries") or ():
        block = each.get("CidrBlock") or each.get("Ipv6CidrBlock")
        version, addresses = prefix(block)
        span = each.get("PortRange") or {}
        rule = AclRule(
            number=int(each["RuleNumber"]),
            allow=each["RuleAction"] == "allow",
            protocols=_protocols(each["Protocol"]),
            ports=_ports(span.get("From"), span.get("To")),
            version=version,
            addresses=addresses,
        )
        (outbound if each["Egress"] else inbound).append(rule)
    in_order = (tuple(sorted(rules, key=lambda rule: rule.number)) for rules in (inbound, outbound))
    return Acl(entry["NetworkAclId"], *in_order)


def _group(entry: Any, lists: Mapping[str, Any], reader: _Reader) -> Group:
    rules = []
    for each in entry.get("IpPermissions") or ():
        protocols = _protocols(each["IpProtocol"])
        if not protocols:
            continue
        blocks = [prefix(x["CidrIp"]) for x in each.get("IpRanges") or ()]
        blocks += [prefix(x["CidrIpv6"]) for x in each.get("Ipv6Ranges") or ()]
        blocks += _listed(entry["GroupId"], each.get("PrefixListIds") or (), lists, reader)
        groups = frozenset(str(x["GroupId"]) for x in each.get("UserIdGroupPairs") or ())
        ports = _ports(each.get("FromPort"), each.get("ToPort"))
        rules.append(GroupRule(protocols, ports, tuple(blocks), groups))
    return Group(entry["GroupId"], tuple(rules))


def _listed(
    owner: str, named: Iterable[Any], lists: Mapping[str, Any], reader: _Reader
) -> list[tuple[int, Interval]]:
    blocks: list[tuple[int, Interval]] = []
    for each in named:
        if each["PrefixListId"] not in lists:
            reader.gap(owner, f"names prefix list {each['PrefixListId']}, which was not described")
        blocks.extend(lists.get(each["PrefixListId"], ()))
    return blocks


_TARGETS = (
    *("GatewayId", "NatGatewayId", "TransitGatewayId", "VpcPeeringConnectionId"),
    *("NetworkInterfaceId", "EgressOnlyInternetGatewayId", "LocalGatewayId", "CarrierGatewayId"),
    *("CoreNetworkArn", "InstanceId"),
)


def _routes(entry: Any, lists: Mapping[str, Any], reader: _Reader) -> tuple[Route, ...]:
    routes = []
    for each in entry.get("Routes") or ():
        target = next((str(each[name]) for name in _TARGETS if each.get(name)), None)
        if target is None:
            reader.gap(entry["RouteTableId"], "has a route of a kind that is not known: closed")
        if each.get("State") == "blackhole":
            target = None
        block = each.get("DestinationCidrBlock") or each.get("DestinationIpv6CidrBlock")
        if block:
            routes.append(Route(*prefix(block), target))
        elif each.get("DestinationPrefixListId"):
            named = [{"PrefixListId": each["DestinationPrefixListId"]}]
            blocks = _listed(entry["RouteTableId"], named, lists, reader)
            routes.extend(Route(*block, target) for block in blocks)
    return tuple(routes)
