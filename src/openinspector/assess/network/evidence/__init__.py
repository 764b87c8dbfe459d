"""The evidence: describe output of an account's network, read into plain values.

What cannot be understood becomes a gap. Whether it then counts as closed or as open is said where
it is read, and told to users in docs/reachability.md.
"""

from openinspector.assess.network.evidence.components import (
    Acl,
    AclRule,
    Area,
    Attachment,
    Backend,
    Balancer,
    Block,
    Group,
    GroupRule,
    Interface,
    Network,
    Node,
    Peering,
    Protocol,
    Route,
    Subnet,
    VirtualGateway,
)
from openinspector.assess.network.evidence.read import read_network

__all__ = [
    "Acl",
    "AclRule",
    "Area",
    "Attachment",
    "Backend",
    "Balancer",
    "Block",
    "Group",
    "GroupRule",
    "Interface",
    "Network",
    "Node",
    "Peering",
    "Protocol",
    "Route",
    "Subnet",
    "VirtualGateway",
    "read_network",
]
