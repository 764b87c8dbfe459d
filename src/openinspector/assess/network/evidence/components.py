"""The components of a network as values: what decides whether a packet passes, and nothing else."""

from typing import Literal

import msgspec

from openinspector.assess.network.intervals import Interval, Intervals
from openinspector.model import Gap

Protocol = Literal["TCP", "UDP"]
PROTOCOLS: tuple[Protocol, ...] = ("TCP", "UDP")

Block = tuple[int, Interval]
"""IP version and a range of addresses as numbers."""


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
    """One permission of a security group: blocks of addresses at the far end, or groups there."""

    protocols: frozenset[str]
    ports: Interval
    sources: tuple[Block, ...] = ()
    groups: frozenset[str] = frozenset()


class Group(msgspec.Struct, frozen=True):
    """A security group's permissions. Inbound, `sources` are callers; outbound, who is called."""

    id: str
    inbound: tuple[GroupRule, ...]
    outbound: tuple[GroupRule, ...]


class Route(msgspec.Struct, frozen=True):
    """One route: addresses, and the identifier of where they go; None is a blackhole.

    Of routes to the same addresses the one with the lowest `rank` counts.
    """

    version: int
    addresses: Interval
    target: str | None
    rank: int = 0


class Subnet(msgspec.Struct, frozen=True):
    """A subnet: its VPC, its availability zone where known, and its addresses."""

    id: str
    vpc: str
    zone: str | None
    blocks: tuple[Block, ...]
    owner: str = ""


class Interface(msgspec.Struct, frozen=True):
    """A network interface. `public` are the IP versions in which the internet can name it."""

    id: str
    vpc: str
    subnet: str
    groups: tuple[str, ...]
    instance: str | None
    private: tuple[str, ...]
    public: tuple[int, ...]
    version_6: tuple[str, ...] = ()
    primary: bool = True
    """Whether it is the first interface of its instance, the one that load balancers call."""
    description: str = ""
    owner: str = ""


class Peering(msgspec.Struct, frozen=True):
    """An active peering connection as one of its VPCs sees it: the other VPC and its addresses."""

    id: str
    far: str
    blocks: tuple[Block, ...]


class Area(msgspec.Struct, frozen=True):
    """The addresses of all subnets of a VPC that share a route table."""

    table: str | None
    blocks: tuple[Block, ...]


class VirtualGateway(msgspec.Struct, frozen=True):
    """A virtual private gateway that is attached to a VPC, and what ends at it.

    `announced` are the prefixes that Direct Connect may announce; none: all of the VPC.
    """

    id: str
    vpc: str
    vpn: bool
    direct_connect: bool
    announced: tuple[Block, ...] = ()


class Attachment(msgspec.Struct, frozen=True):
    """What hangs on a transit gateway: a VPC, a VPN connection, a Direct Connect gateway, ...

    `table` is the route table that it is associated with: None is none, so nothing passes.
    `subnets` and `references` (whether groups of other VPCs can be named) are those of a VPC.
    """

    id: str
    gateway: str
    kind: str
    resource: str
    table: str | None
    subnets: tuple[str, ...] = ()
    references: bool = False


class Node(msgspec.Struct, frozen=True):
    """Where a load balancer stands in one subnet, and the addresses that it calls targets from."""

    interface: Interface
    addresses: tuple[Block, ...]


class Balancer(msgspec.Struct, frozen=True):
    """A load balancer. `groups` is None where no security group guards it (network ones)."""

    id: str
    type: str
    """Its CloudFormation type."""
    vpc: str
    groups: tuple[str, ...] | None
    nodes: tuple[Node, ...]
    crosses: bool = True
    """Whether its nodes call targets in other zones."""


class Backend(msgspec.Struct, frozen=True):
    """One target behind one listener of a load balancer.

    `clients` are the addresses that the listener's rules send here, by IP version.
    """

    balancer: str
    listener: int
    protocol: Protocol
    clients: tuple[tuple[int, Intervals], ...]
    preserves: bool
    """Whether the target sees the client's address, not the load balancer's."""
    version: int
    address: int
    port: int
    zone: str | None = None
    """The only zone whose nodes call it; None: nodes of every zone do."""


class Network(msgspec.Struct, frozen=True):
    """Everything that reachability is decided by, by identifier."""

    interfaces: dict[str, Interface]
    subnets: dict[str, Subnet]
    subnet_acl: dict[str, str]
    subnet_routes: dict[str, str]
    acls: dict[str, Acl]
    groups: dict[str, Group]
    routes: dict[str, tuple[Route, ...]]
    gateways: dict[str, str]
    """The internet gateway of each VPC that has one."""
    edges: dict[str, tuple[Route, ...]]
    """By VPC: the routes of the table that its internet gateway is associated with."""
    appliances: dict[str, str]
    """By endpoint or interface that a gateway's route leads through: its subnet."""
    sheltered: frozenset[str]
    """Subnets that VPC Block Public Access keeps the internet from."""
    vpcs: dict[str, tuple[Block, ...]]
    areas: dict[str, tuple[Area, ...]]
    """By VPC; one without described addresses of subnets has none."""
    peerings: dict[str, tuple[Peering, ...]]
    """By VPC."""
    virtual_gateways: dict[str, VirtualGateway]
    """By VPC."""
    attachments: dict[str, tuple[Attachment, ...]]
    """By transit gateway."""
    transits: dict[str, tuple[Attachment, ...]]
    """By VPC: its own attachments."""
    transit_routes: dict[str, tuple[Route, ...]]
    """Routes of transit gateways' route tables; targets are attachments."""
    balancers: dict[str, Balancer]
    backends: dict[str, tuple[Backend, ...]]
    """By interface: as what it is a target of load balancers."""
    members: dict[str, dict[str, tuple[Block, ...]]]
    """By group that a rule names, and by VPC: the addresses of its members."""
    gaps: tuple[Gap, ...]
