"""Load balancers as described: listeners, rules, target groups, targets that receive traffic.

Sources: Elastic Load Balancing API Reference (2015-12-01 and 2012-06-01), DescribeLoadBalancers,
DescribeListeners, DescribeRules, DescribeTargetGroups, DescribeTargetHealth; the User Guides for
Application, Network and Classic Load Balancers.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address

import msgspec

from openinspector.assess.network.evidence.components import (
    Backend,
    Balancer,
    Interface,
    Node,
    Protocol,
    Subnet,
)
from openinspector.assess.network.evidence.reader import Entry, Reader, rows, text, within, words
from openinspector.assess.network.evidence.targets import (
    TargetGroup,
    crossing,
    in_service,
    target_group,
)
from openinspector.assess.network.intervals import SPACE, Intervals, difference, intersection, union
from openinspector.assess.network.intervals import prefix as prefix_of

_V2, _CLASSIC = (
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::ElasticLoadBalancing::LoadBalancer",
)
_LISTENS: dict[str, tuple[Protocol, ...]] = {
    **dict.fromkeys(("HTTP", "HTTPS", "TCP", "TLS", "SSL"), ("TCP",)),
    **dict.fromkeys(("UDP", "QUIC"), ("UDP",)),
    **dict.fromkeys(("TCP_UDP", "TCP_QUIC"), ("TCP", "UDP")),
}
"""What a listener of each protocol accepts. A Gateway Load Balancer's GENEVE is no way in."""

_OWN = ""
"""The zone of a target that only nodes of its own zone call, until its subnet is looked up."""

_Clients = tuple[tuple[int, Intervals], ...]
_ALL: _Clients = tuple((version, (SPACE[version],)) for version in (4, 6))
_Found = tuple[dict[str, Balancer], dict[str, tuple[Backend, ...]]]


class _Standing(msgspec.Struct, frozen=True):
    """The interfaces of the network, as load balancers look them up."""

    by_instance: dict[str, Interface]
    by_address: dict[tuple[str, str], Interface]
    of_balancers: dict[tuple[str, str], list[Interface]]


def balancers(
    reader: Reader, subnets: Mapping[str, Subnet], interfaces: Mapping[str, Interface]
) -> _Found:
    """Every load balancer, and as what each interface is a target of them."""
    told = reader.described.get("LoadBalancers") or reader.described.get("LoadBalancerDescriptions")
    by_address = any(each.get("TargetType") == "ip" for each in reader.entries("TargetGroups"))
    standing = _standing(interfaces if told else {}, by_address)

    def modern(entry: Entry) -> Balancer | None:
        if within(entry, "State").get("Code") == "failed" or entry.get("Type") == "gateway":
            return None
        groups = words(entry, "SecurityGroups")
        named = tuple(text(zone, "SubnetId") for zone in rows(entry, "AvailabilityZones"))
        versions = (4, 6) if str(entry.get("IpAddressType")).startswith("dualstack") else (4,)
        if entry.get("IpAddressType") == "dualstack-without-public-ipv4":
            versions = (6,)
        name, vpc = short_name(text(entry, "LoadBalancerArn")), text(entry, "VpcId")
        open_network = entry.get("Type") == "network" and not groups
        # Who does not tell the attributes counts as crossing: so nothing open is missed.
        crosses = crossing(rows(entry, "Attributes")) is not False
        shape = Balancer(name, _V2, vpc, None if open_network else groups, (), crosses)
        return _with_nodes(shape, named, _public(entry, versions), subnets, standing)

    def classic(entry: Entry) -> Balancer:
        named, groups = words(entry, "Subnets"), words(entry, "SecurityGroups")
        vpc = text(entry, "VPCId")
        told = within(within(entry, "LoadBalancerAttributes"), "CrossZoneLoadBalancing")
        crosses = told.get("Enabled") is not False
        shape = Balancer(text(entry, "LoadBalancerName"), _CLASSIC, vpc, groups, (), crosses)
        return _with_nodes(shape, named, _public(entry, (4,)), subnets, standing)

    found = reader.all("LoadBalancers", "LoadBalancerArn", modern)
    old = reader.all("LoadBalancerDescriptions", "LoadBalancerName", classic)
    backends: dict[str, list[Backend]] = defaultdict(list)
    zones = {each.id: each.zone for each in subnets.values()}
    for to, backend in (*_modern(reader, found, standing), *_classic(reader, old, standing)):
        here = zones.get(interfaces[to].subnet) if backend.zone == _OWN else None
        backends[to].append(msgspec.structs.replace(backend, zone=here))
    return (
        {each.id: each for each in (*found.values(), *old.values())},
        {name: tuple(dict.fromkeys(each)) for name, each in backends.items()},
    )


def short_name(arn: str) -> str:
    """`app/web/50dc6c495c0c9188` of a load balancer's ARN; what is none stays."""
    return arn.partition(":loadbalancer/")[2] or arn


def _standing(interfaces: Mapping[str, Interface], by_address: bool) -> _Standing:
    found = _Standing({}, {}, defaultdict(list))
    for each in interfaces.values():
        if each.instance is not None and each.primary:
            found.by_instance[each.instance] = each
        for address in (*each.private, *each.version_6) if by_address else ():
            found.by_address[each.vpc, str(ip_address(address))] = each
        if each.description.startswith("ELB "):
            found.of_balancers[each.description[4:], each.subnet].append(each)
    return found


def _public(entry: Entry, versions: Iterable[int]) -> tuple[int, ...]:
    return tuple(versions) if entry.get("Scheme") == "internet-facing" else ()


def _with_nodes(
    shape: Balancer,
    named: Iterable[str],
    public: tuple[int, ...],
    subnets: Mapping[str, Subnet],
    standing: _Standing,
) -> Balancer:
    """One node for each subnet: its interfaces, else any address of the subnet."""
    nodes = []
    for name in named:
        seen = standing.of_balancers.get((shape.id, name), ())
        known = tuple(
            (parsed.version, (int(parsed), int(parsed)))
            for each in seen
            for parsed in map(ip_address, (*each.private, *each.version_6))
        )
        addresses = known or (subnets[name].blocks if name in subnets else ())
        at = {version: str(ip_address(_bytes(version, low))) for version, (low, _) in addresses}
        stand_in = Interface(
            id=shape.id,
            vpc=shape.vpc,
            subnet=name,
            groups=shape.groups or (),
            instance=None,
            private=(at[4],) if 4 in at else (),
            public=public,
            version_6=(at[6],) if 6 in at else (),
        )
        nodes.append(Node(stand_in, addresses))
    return msgspec.structs.replace(shape, nodes=tuple(nodes))


def _port(entry: Entry, name: str) -> int:
    found = entry[name]
    if not isinstance(found, int) or not 0 < found < 2**16:
        raise ValueError(f"{name} {found!r} is no port")
    return found


def _bytes(version: int, number: int) -> bytes:
    return number.to_bytes(4 if version == 4 else 16, "big")


def _modern(
    reader: Reader, found: Mapping[str, Balancer], standing: _Standing
) -> Iterator[tuple[str, Backend]]:
    groups = reader.all("TargetGroups", "TargetGroupArn", target_group)
    rules: dict[str, list[Entry]] = defaultdict(list)
    for entry in reader.entries("Rules"):
        arn = str(entry.get("RuleArn")).replace(":listener-rule/", ":listener/")
        rules[arn.rpartition("/")[0]].append(entry)
    missing = reader.described.get("Rules") is None

    def read(entry: Entry) -> list[tuple[str, Backend]]:
        arn, owner = text(entry, "ListenerArn"), text(entry, "LoadBalancerArn")
        accepts = _LISTENS.get(str(entry.get("Protocol")), ())
        if owner not in found or not accepts:
            return []
        if missing and str(entry.get("Protocol")).startswith("HTTP"):
            reader.gap(arn, "its rules were not described: only its default action was followed")
        forwards = list(_forwards(reader, arn, entry, rules.get(arn, ())))
        return [
            each
            for protocol in accepts
            for group_arn, clients in forwards
            for each in _targets(
                *(reader, groups, group_arn, standing, found[owner].crosses),
                Backend(found[owner].id, _port(entry, "Port"), protocol, clients, False, 4, 0, 0),
            )
        ]

    listeners = reader.all("Listeners", "ListenerArn", read)
    return (each for backends in listeners.values() for each in backends)


def _forwards(
    reader: Reader, arn: str, listener: Entry, rules: Iterable[Entry]
) -> Iterator[tuple[str, _Clients]]:
    """Target groups by who is sent there: the first rule that matches decides.

    Clients choose host, path and the like, so only the source address of a rule narrows.
    """
    left = dict(_ALL)
    for rule in sorted(rules, key=_priority):
        for actions, narrowed, only in reader.each(arn, (rule,), _rule):
            clients = {v: intersection(left[v], narrowed.get(v, ())) for v in left}
            for name in actions:
                yield name, tuple(clients.items())
            if only:
                left = {v: difference(left[v], clients[v]) for v in left}
    for actions in reader.each(arn, (listener,), lambda each: _names(each, "DefaultActions")):
        for name in actions:
            yield name, tuple(left.items())


def _priority(rule: Entry) -> int:
    word = str(rule.get("Priority"))
    return int(word) if word.isdigit() else 2**31


def _rule(entry: Entry) -> tuple[list[str], dict[int, Intervals], bool]:
    """Target groups of a rule, clients that it can match, and whether it matches all of those."""
    if entry.get("IsDefault"):
        return [], {}, False
    clients, only = dict(_ALL), True
    for condition in rows(entry, "Conditions"):
        if condition.get("Field") != "source-ip":
            only = False
            continue
        values = words(within(condition, "SourceIpConfig"), "Values") or words(condition, "Values")
        blocks = [prefix_of(value) for value in values]
        for version in clients:
            allowed = union(span for kind, span in blocks if kind == version)
            clients[version] = intersection(clients[version], allowed)
    return _names(entry, "Actions"), clients, only


def _names(entry: Entry, member: str) -> list[str]:
    found = []
    for action in rows(entry, member):
        if action.get("Type") != "forward":
            continue
        weighted = rows(within(action, "ForwardConfig"), "TargetGroups")
        found += [text(each, "TargetGroupArn") for each in weighted if each.get("Weight") != 0]
        if not weighted:
            found.append(text(action, "TargetGroupArn"))
    return found


def _targets(
    reader: Reader,
    groups: Mapping[str, TargetGroup],
    group_arn: str,
    standing: _Standing,
    crosses: bool,
    backend: Backend,
) -> Iterator[tuple[str, Backend]]:
    group = groups.get(group_arn)
    if group is None:
        reader.gap(group_arn, "is forwarded to and was not described: counts as closed")
        return
    for target in group.targets:
        to = (
            standing.by_instance.get(target.id)
            if group.kind == "instance"
            else standing.by_address.get((group.vpc, target.id))
        )
        at = None if to is None else _address(to, group, target.id)
        if to is None or at is None:
            reader.gap(group_arn, f"target {target.id} was not described: counts as closed")
            continue
        across = target.everywhere or (crosses if group.crosses is None else group.crosses)
        yield (
            to.id,
            msgspec.structs.replace(
                backend,
                preserves=group.preserves and backend.balancer.startswith("net/"),
                version=group.version,
                address=at,
                port=target.port,
                zone=None if across else _OWN,
            ),
        )


def _address(to: Interface, group: TargetGroup, name: str) -> int | None:
    if group.kind == "ip":
        return int(ip_address(name))
    addresses = to.private if group.version == 4 else to.version_6
    return int(ip_address(addresses[0])) if addresses else None


def _classic(
    reader: Reader, found: Mapping[str, Balancer], standing: _Standing
) -> Iterator[tuple[str, Backend]]:
    def read(entry: Entry) -> list[tuple[str, Backend]]:
        name = text(entry, "LoadBalancerName")
        serving = in_service(entry)
        backends = []
        for described in rows(entry, "ListenerDescriptions"):
            listener = within(described, "Listener")
            for protocol in _LISTENS.get(str(listener.get("Protocol")).upper(), ()):
                for each in rows(entry, "Instances"):
                    to = standing.by_instance.get(text(each, "InstanceId"))
                    if to is None or not to.private:
                        reader.gap(name, f"target {each['InstanceId']} was not described: closed")
                    elif serving is None or to.instance in serving:
                        at = int(ip_address(to.private[0]))
                        ports = _port(listener, "LoadBalancerPort"), _port(listener, "InstancePort")
                        shape = Backend(
                            *(name, ports[0], protocol, _ALL, False, 4, at, ports[1]),
                            zone=None if name not in found or found[name].crosses else _OWN,
                        )
                        backends.append((to.id, shape))
        return backends

    described = reader.all("LoadBalancerDescriptions", "LoadBalancerName", read)
    return (each for name, backends in described.items() for each in backends if name in found)
