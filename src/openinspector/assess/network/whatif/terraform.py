"""A Terraform plan as edits.

Sources: Terraform, "JSON Output Format"; the schemas of the AWS provider.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from openinspector.assess.network.evidence.reader import WRONG
from openinspector.assess.network.whatif.edits import (
    Edit,
    Edits,
    Entry,
    acl_entry,
    in_order,
    not_applied,
    permission,
)
from openinspector.model import Gap

Values = Mapping[str, Any]
Fragment = tuple[str, str, str | None, tuple[Entry, ...]]
"""Kind and identifier of a component, the list in it (None: the component), its entries there."""

_SILENT = ({"no-op"}, {"read"}, {"forget"}, set[str]())
"""Actions that change nothing in the account; `forget` drops a resource from the state only."""

_INDEX = re.compile(r"\[[^\]]*\]")
_HALF_KNOWN = ("ingress", "egress", "route", "cidr_blocks", "security_groups", "subnet_ids")
"""Attributes that hold several things, of which some may be known and others not yet."""


class _Unknown(Exception):
    """An attribute that a rule needs has no value before the plan is applied."""


def terraform_edits(plan: Values) -> Edits:
    """The edits of every resource that changes, in the order of the plan."""
    edits: list[Edit] = []
    gaps: list[Gap] = []
    names = _references(plan)
    for change in plan["resource_changes"]:
        try:
            edits.extend(_edits(change, names))
            gaps.extend(_half_known(change))
        except (_Unknown, *WRONG) as error:
            address = change.get("address") if isinstance(change, dict) else None
            gaps.append(not_applied(str(address), str(error) or type(error).__name__))
    return Edits(in_order(edits), tuple(gaps))


def _half_known(resource: Values) -> Iterator[Gap]:
    """What of a change was left out because it is known only after it is applied."""
    unknown = resource["change"].get("after_unknown") or {}
    for name in _HALF_KNOWN if resource["type"] in _KINDS else ():
        if isinstance(unknown.get(name), list) and _holds_true(unknown[name]):
            yield Gap("plan", f"part of {name} is known only after it is applied: left out",
                      str(resource["address"]))  # fmt: skip


def _holds_true(value: object) -> bool:
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if here is True:
            return True
        if isinstance(here, (list, dict)):
            waiting += here.values() if isinstance(here, dict) else here
    return False


def _edits(resource: Values, names: Mapping[str, Mapping[str, str]]) -> Iterator[Edit]:
    change, address = resource["change"], str(resource["address"])
    if set(change["actions"]) in _SILENT or resource.get("mode", "managed") != "managed":
        return
    read = _KINDS.get(resource["type"])
    if read is None:
        raise _Unknown(f"{resource['type']} is of a kind that is not looked at")
    before, after = change.get("before"), change.get("after")
    gone = list(read(before)) if before else []
    unknown = change.get("after_unknown") or {}
    resolved = names.get(address, {})
    missing = {
        name: resolved.get(name, address if name == "id" else None)
        for name in unknown
        if unknown[name] is True
    }
    for name in ("ingress", "egress"):
        if before and before.get(name) and unknown.get(name) is True:
            raise _Unknown(f"{name} is known only after it is applied")
    come = list(read({**after, **missing})) if after else []
    # What stays is left alone: another resource of the plan may take it away.
    new, old = _listed(come), _listed(gone)
    for kind, name, field, entries in gone:
        if field is not None:
            left = tuple(each for each in entries if each not in new.get((kind, name, field), ()))
            yield Edit(address, kind, name, field, removed=left)
        elif not any(each[:3] == (kind, name, None) for each in come):
            yield Edit(address, kind, name, None)
    here = {(kind, name) for kind, name, field, _ in gone if field is None}
    for kind, name, field, entries in come:
        if field is not None:
            more = tuple(each for each in entries if each not in old.get((kind, name, field), ()))
            yield Edit(address, kind, name, field, added=more)
        elif (kind, name) not in here:
            yield Edit(address, kind, name, field, added=entries)


def _listed(fragments: Iterable[Fragment]) -> dict[tuple[str, str, str | None], tuple[Entry, ...]]:
    found: dict[tuple[str, str, str | None], tuple[Entry, ...]] = {}
    for kind, name, field, entries in fragments:
        found[kind, name, field] = found.get((kind, name, field), ()) + entries
    return found


def _references(plan: Values) -> dict[str, dict[str, str]]:
    """By address, what attributes refer to: identifiers where known, else addresses.

    Terraform tells references in the configuration; a resource that is still to be made is known
    by its address.
    """
    known: dict[str, str] = {}
    for resource in plan["resource_changes"]:
        if isinstance(resource, dict) and isinstance(resource.get("change"), dict):
            values = resource["change"].get("before") or {}
            address = str(resource.get("address"))
            known[address] = str(values.get("id") or address)
    found: dict[str, dict[str, str]] = {}
    by_place: dict[str, list[str]] = defaultdict(list)
    for address in known:
        by_place[_INDEX.sub("", address)].append(address)
    root = (plan.get("configuration") or {}).get("root_module") or {}
    for prefix, module in _modules("", root):
        for resource in module.get("resources") or ():
            expressions = resource.get("expressions") or {}
            for address in by_place.get(prefix + str(resource.get("address")), ()):
                found[address] = {
                    name: known[target]
                    for name, expression in expressions.items()
                    if isinstance(expression, dict)
                    for word in (expression.get("references") or ())[:1]
                    for target in _meant(by_place, prefix, word.removesuffix(".id"), address)
                }
    return found


def _meant(
    by_place: Mapping[str, Sequence[str]], prefix: str, word: str, referrer: str
) -> Iterator[str]:
    """The resource that a reference of another one means; none where it may be several.

    The configuration tells no indices of `count` and `for_each`: the same ones as the referrer's,
    the one that the reference tells, or the only one there is.
    """
    found = by_place.get(_INDEX.sub("", prefix + word), ())
    told = [each for each in found if each.endswith(word)]
    alike = [each for each in found if _INDEX.findall(each) == _INDEX.findall(referrer)]
    for choice in (told, alike, found):
        if len(choice) == 1:
            yield choice[0]
            return


def _modules(prefix: str, module: Values) -> Iterator[tuple[str, Values]]:
    waiting = [(prefix, module)]
    while waiting:
        here, found = waiting.pop()
        yield here, found
        for name, call in (found.get("module_calls") or {}).items():
            waiting.append((f"{here}module.{name}.", call.get("module") or {}))


def _needed(values: Values, *names: str) -> str:
    for name in names:
        value = values.get(name)
        if isinstance(value, str) and value:
            return value
    raise _Unknown(f"{' or '.join(names)} is known only after it is applied")


def _group(values: Values) -> Iterator[Fragment]:
    name = _needed(values, "id")
    yield "SecurityGroups", name, None, ({"VpcId": values.get("vpc_id"), "IpPermissions": []},)
    for member, field in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
        rules = values.get(member)
        if rules is not None:
            entries = tuple(each for rule in rules for each in _inline(rule, name))
            yield "SecurityGroups", name, field, entries


def _inline(rule: Values, own: str) -> tuple[Entry, ...]:
    sources = [
        (name, value)
        for name, member in (
            *(("IpRanges", "cidr_blocks"), ("Ipv6Ranges", "ipv6_cidr_blocks")),
            *(("PrefixListIds", "prefix_list_ids"), ("UserIdGroupPairs", "security_groups")),
        )
        for value in rule.get(member) or ()
    ]
    if rule.get("source_security_group_id"):
        sources.append(("UserIdGroupPairs", rule["source_security_group_id"]))
    if rule.get("self"):
        sources.append(("UserIdGroupPairs", own))
    return permission(rule["protocol"], rule["from_port"], rule["to_port"], sources)


def _group_rule(values: Values) -> Iterator[Fragment]:
    name = _needed(values, "security_group_id")
    field = "IpPermissions" if values["type"] == "ingress" else "IpPermissionsEgress"
    entries = _inline(values, name)
    if not entries:
        raise _Unknown("its source is known only after it is applied")
    yield "SecurityGroups", name, field, entries


def _vpc_rule(field: str) -> Callable[[Values], Iterator[Fragment]]:
    def read(values: Values) -> Iterator[Fragment]:
        sources = [
            ("IpRanges", values.get("cidr_ipv4")),
            ("Ipv6Ranges", values.get("cidr_ipv6")),
            ("PrefixListIds", values.get("prefix_list_id")),
            ("UserIdGroupPairs", values.get("referenced_security_group_id")),
        ]
        ports = values.get("from_port"), values.get("to_port")
        entries = permission(values["ip_protocol"], *ports, sources)
        if not entries:
            raise _Unknown("its source is known only after it is applied")
        yield "SecurityGroups", _needed(values, "security_group_id"), field, entries

    return read


_TARGETS = {
    "gateway_id": "GatewayId",
    "vpc_endpoint_id": "GatewayId",
    "nat_gateway_id": "NatGatewayId",
    "egress_only_gateway_id": "EgressOnlyInternetGatewayId",
    "transit_gateway_id": "TransitGatewayId",
    "vpc_peering_connection_id": "VpcPeeringConnectionId",
    "network_interface_id": "NetworkInterfaceId",
    "local_gateway_id": "LocalGatewayId",
    "carrier_gateway_id": "CarrierGatewayId",
    "core_network_arn": "CoreNetworkArn",
}


def _route_entry(values: Values, version_4: str, version_6: str) -> Entry:
    target = {_TARGETS[name]: values[name] for name in _TARGETS if values.get(name)}
    if not target:
        raise _Unknown("a route's target is known only after it is applied")
    for name, member in (
        (version_4, "DestinationCidrBlock"),
        (version_6, "DestinationIpv6CidrBlock"),
        ("destination_prefix_list_id", "DestinationPrefixListId"),
    ):
        if values.get(name):
            return {member: values[name], "State": "active", **target}
    raise _Unknown("a route's destination is known only after it is applied")


def _route(values: Values) -> Iterator[Fragment]:
    entry = _route_entry(values, "destination_cidr_block", "destination_ipv6_cidr_block")
    yield "RouteTables", _needed(values, "route_table_id"), "Routes", (entry,)


def _table(values: Values) -> Iterator[Fragment]:
    name = _needed(values, "id")
    body: Entry = {"VpcId": values.get("vpc_id"), "Associations": [], "Routes": []}
    yield "RouteTables", name, None, (body,)
    routes = values.get("route")
    if routes is not None:
        entries = tuple(_route_entry(each, "cidr_block", "ipv6_cidr_block") for each in routes)
        yield "RouteTables", name, "Routes", entries


def _association(kind: str, owner: str) -> Callable[[Values], Iterator[Fragment]]:
    def read(values: Values) -> Iterator[Fragment]:
        tie = {"SubnetId": _needed(values, "subnet_id")}
        yield kind, _needed(values, owner), "Associations", (tie,)

    return read


def _acl(values: Values) -> Iterator[Fragment]:
    name = _needed(values, "id")
    body: Entry = {"VpcId": values.get("vpc_id"), "Associations": [], "Entries": []}
    yield "NetworkAcls", name, None, (body,)
    if values.get("subnet_ids"):
        ties = tuple({"SubnetId": each} for each in values["subnet_ids"])
        yield "NetworkAcls", name, "Associations", ties
    for member, egress in (("ingress", False), ("egress", True)):
        rules = values.get(member) or ()
        entries = tuple(_acl_entry(each, egress, "rule_no", "action") for each in rules)
        yield "NetworkAcls", name, "Entries", entries


def _acl_entry(values: Values, egress: bool, number: str, action: str) -> Entry:
    return acl_entry(
        values[number],
        egress,
        values[action],
        values["protocol"],
        (values.get("cidr_block"), values.get("ipv6_cidr_block")),
        (values.get("from_port"), values.get("to_port")),
    )


def _acl_rule(values: Values) -> Iterator[Fragment]:
    entry = _acl_entry(values, bool(values.get("egress")), "rule_number", "rule_action")
    yield "NetworkAcls", _needed(values, "network_acl_id"), "Entries", (entry,)


_KINDS: dict[str, Callable[[Values], Iterator[Fragment]]] = {
    "aws_security_group": _group,
    "aws_default_security_group": _group,
    "aws_security_group_rule": _group_rule,
    "aws_vpc_security_group_ingress_rule": _vpc_rule("IpPermissions"),
    "aws_vpc_security_group_egress_rule": _vpc_rule("IpPermissionsEgress"),
    "aws_route": _route,
    "aws_route_table": _table,
    "aws_default_route_table": _table,
    "aws_route_table_association": _association("RouteTables", "route_table_id"),
    "aws_network_acl": _acl,
    "aws_default_network_acl": _acl,
    "aws_network_acl_rule": _acl_rule,
    "aws_network_acl_association": _association("NetworkAcls", "network_acl_id"),
}
"""The kinds of resources that are applied."""
