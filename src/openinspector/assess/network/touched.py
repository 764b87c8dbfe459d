"""Which interfaces a change of a network can touch.

What an interface's answer is decided by: the interface; its groups, subnet, route table and ACL;
everything that leads to its VPC; the load balancers that it is a target of, with theirs. Whatever
of these differs touches it, though it may leave the answer as it was.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from openinspector.assess.network.evidence import Network

Names = frozenset[str]


def touched_interfaces(before: Network, after: Network) -> Names:
    """The interfaces of the later network whose answers may be others than before."""
    groups, subnets = _groups(before, after), _subnets(before, after)
    vpcs = _vpcs(before, after, subnets)
    touched = set(_differing(before.interfaces, after.interfaces))
    touched |= _differing(before.backends, after.backends)
    balancers = _differing(before.balancers, after.balancers) | {
        each.id
        for each in after.balancers.values()
        if each.vpc in vpcs
        or not groups.isdisjoint(each.groups or ())
        or not subnets.isdisjoint(node.interface.subnet for node in each.nodes)
    }
    for name, backends in after.backends.items() if balancers else ():
        if any(each.balancer in balancers for each in backends):
            touched.add(name)
    if groups or subnets or vpcs:
        touched |= {
            each.id
            for each in after.interfaces.values()
            if each.subnet in subnets or each.vpc in vpcs or not groups.isdisjoint(each.groups)
        }
    return frozenset(touched & after.interfaces.keys())


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> Names:
    """The names whose values differ, or that only one side has."""
    if before is after:
        return frozenset()
    return frozenset(name for name in {**before, **after} if before.get(name) != after.get(name))


def _groups(before: Network, after: Network) -> Names:
    """Groups with other rules, and groups whose rules name a group with other members."""
    joined = _differing(before.members, after.members)
    naming = {
        group.id
        for group in (after.groups.values() if joined else ())
        for rule in group.inbound
        if not joined.isdisjoint(rule.groups)
    }
    return _differing(before.groups, after.groups) | naming


def _subnets(before: Network, after: Network) -> Names:
    """Subnets that moved, or whose route table or ACL is another or has other rules."""
    acls = _differing(before.acls, after.acls)
    tables = _differing(before.routes, after.routes)
    return (
        _differing(before.subnets, after.subnets)
        | _differing(before.subnet_acl, after.subnet_acl)
        | _differing(before.subnet_routes, after.subnet_routes)
        | (before.sheltered ^ after.sheltered)
        | {name for name, acl in after.subnet_acl.items() if acl in acls}
        | {name for name, table in after.subnet_routes.items() if table in tables}
    )


def _vpcs(before: Network, after: Network, subnets: Names) -> Names:
    """VPCs to which something else leads, or from elsewhere."""
    tables = _differing(before.routes, after.routes)
    sending = (
        _differing(before.vpcs, after.vpcs)
        | _differing(before.areas, after.areas)
        | {vpc for vpc, areas in after.areas.items() if any(x.table in tables for x in areas)}
    )
    transits = frozenset(_transits(before, after, sending))
    return (
        _differing(before.gateways, after.gateways)
        | _differing(before.edges, after.edges)
        | _behind_appliances(before, after, subnets)
        | _differing(before.vpcs, after.vpcs)
        | _differing(before.peerings, after.peerings)
        | _differing(before.virtual_gateways, after.virtual_gateways)
        | _differing(before.transits, after.transits)
        | {vpc for vpc, peers in after.peerings.items() if any(x.far in sending for x in peers)}
        | {
            vpc
            for vpc, own in after.transits.items()
            if any(x.gateway in transits or not subnets.isdisjoint(x.subnets) for x in own)
        }
    )


def _behind_appliances(before: Network, after: Network, subnets: Names) -> Names:
    """VPCs whose internet gateway leads through an appliance that stands or routes otherwise."""
    moved = _differing(before.appliances, after.appliances)
    moved |= {name for name, subnet in after.appliances.items() if subnet in subnets}
    return frozenset(
        vpc for vpc, edge in after.edges.items() if any(each.target in moved for each in edge)
    )


def _transits(before: Network, after: Network, sending: Names) -> Iterator[str]:
    """Transit gateways that lead elsewhere, or from VPCs that send otherwise."""
    yield from _differing(before.attachments, after.attachments)
    tables = _differing(before.transit_routes, after.transit_routes)
    for gateway, attachments in after.attachments.items():
        if any(each.table in tables or each.resource in sending for each in attachments):
            yield gateway
