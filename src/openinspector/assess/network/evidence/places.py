"""Where things stand as described: VPCs, subnets with their tables and ACLs, interfaces."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address

from openinspector.assess.network.evidence.components import Area, Block, Group, Interface, Subnet
from openinspector.assess.network.evidence.reader import Entry, Reader, block, rows, text, within
from openinspector.assess.network.intervals import INTERNET, holds


def vpc(entry: Entry) -> tuple[Block, ...]:
    """The addresses of a VPC."""
    return _associated(entry, "CidrBlock", "CidrBlockAssociationSet", "CidrBlockState")


def subnet(entry: Entry) -> Subnet:
    """A subnet. One that does not tell its addresses has none that are known."""
    zone = entry.get("AvailabilityZone")
    blocks = _associated(entry, "CidrBlock", "", "")
    return Subnet(
        text(entry, "SubnetId"),
        text(entry, "VpcId"),
        zone if isinstance(zone, str) else None,
        blocks,
        str(entry.get("OwnerId") or ""),
    )


def _associated(entry: Entry, name: str, member: str, state: str) -> tuple[Block, ...]:
    found = [block(entry, name)] if entry.get(name) else []
    for each in rows(entry, member) if member else []:
        if within(each, state).get("State") in (None, "associated"):
            found.append(block(each, name))
    for each in rows(entry, "Ipv6CidrBlockAssociationSet"):
        if within(each, "Ipv6CidrBlockState").get("State") in (None, "associated"):
            found.append(block(each, "Ipv6CidrBlock"))
    return tuple(dict.fromkeys(found))


def interface(entry: Entry) -> Interface:
    """A network interface with its addresses and groups. Raises what `Reader.each` catches."""
    addresses = rows(entry, "PrivateIpAddresses")
    version_6 = tuple(_address(each, "Ipv6Address", 6) for each in rows(entry, "Ipv6Addresses"))
    # EC2 tells the first address's association twice: of the address, and of the interface.
    told = (*addresses, entry)
    public = {4 for each in told if within(each, "Association").get("PublicIp")}
    public |= {6 for address in version_6 if _routed(address)}
    attached = within(entry, "Attachment")
    instance = attached.get("InstanceId")
    return Interface(
        id=text(entry, "NetworkInterfaceId"),
        vpc=text(entry, "VpcId"),
        subnet=text(entry, "SubnetId"),
        groups=tuple(text(each, "GroupId") for each in rows(entry, "Groups")),
        instance=None if instance is None else text(attached, "InstanceId"),
        private=tuple(_address(each, "PrivateIpAddress", 4) for each in addresses),
        public=tuple(sorted(public)),
        version_6=version_6,
        primary=attached.get("DeviceIndex", 0) == 0,
        description=str(entry.get("Description") or ""),
        owner=str(entry.get("OwnerId") or ""),
    )


def _routed(address: str) -> bool:
    return any(holds(span, int(ip_address(address))) for span in INTERNET[6])


def _address(entry: Entry, name: str, version: int) -> str:
    found = text(entry, name)
    if ip_address(found).version != version:
        raise ValueError(f"{name} {found} is not IPv{version}")
    return found


def of_subnets(
    reader: Reader, kind: str, identity: str, subnets: Mapping[str, Subnet]
) -> dict[str, str]:
    """The table or ACL of each subnet: its own, else the main (default) one of its VPC."""
    main: dict[str, str] = {}
    own: dict[str, str] = {}
    for entry in reader.entries(kind):
        name = entry.get(identity)
        if not isinstance(name, str):
            continue
        for vpc_id, subnet_id in reader.each(name, (entry,), lambda e: tuple(_ties(e))):
            main.update(dict.fromkeys(vpc_id, name))
            own.update(dict.fromkeys(subnet_id, name))
    inherited = {each.id: main[each.vpc] for each in subnets.values() if each.vpc in main}
    return {**inherited, **own}


def _ties(entry: Entry) -> Iterator[list[str]]:
    associations = rows(entry, "Associations")
    is_main = entry.get("IsDefault") is True or any(each.get("Main") for each in associations)
    yield [text(entry, "VpcId")] if is_main else []
    yield [text(each, "SubnetId") for each in associations if each.get("SubnetId")]


def shared_vpcs(interfaces: Iterable[Interface], subnets: Mapping[str, Subnet]) -> frozenset[str]:
    """The VPCs in which an account has interfaces in another account's subnets."""
    owners = {each.id: each.owner for each in subnets.values() if each.owner}
    return frozenset(
        each.vpc
        for each in interfaces
        if each.owner and owners.get(each.subnet, each.owner) != each.owner
    )


def members(
    groups: Iterable[Group], interfaces: Iterable[Interface]
) -> dict[str, dict[str, tuple[Block, ...]]]:
    """The addresses of the members of groups that rules name, by group and VPC."""
    named = {name for group in groups for rule in group.inbound for name in rule.groups}
    found: dict[str, dict[str, list[Block]]] = defaultdict(lambda: defaultdict(list))
    for each in interfaces if named else ():
        for name in named.intersection(each.groups):
            for address in (*each.private, *each.version_6):
                parsed = ip_address(address)
                found[name][each.vpc].append((parsed.version, (int(parsed), int(parsed))))
    return {
        name: {vpc_id: tuple(blocks) for vpc_id, blocks in by_vpc.items()}
        for name, by_vpc in found.items()
    }


def areas(
    subnets: Mapping[str, Subnet], subnet_routes: Mapping[str, str]
) -> dict[str, tuple[Area, ...]]:
    """The addresses of each VPC's subnets by route table."""
    found: dict[str, dict[str | None, list[Block]]] = defaultdict(lambda: defaultdict(list))
    for each in subnets.values():
        if each.blocks:
            found[each.vpc][subnet_routes.get(each.id)].extend(each.blocks)
    return {
        vpc_id: tuple(Area(table, tuple(blocks)) for table, blocks in tables.items())
        for vpc_id, tables in found.items()
    }
