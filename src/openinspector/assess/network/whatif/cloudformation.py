"""A CloudFormation change set or template as edits.

Sources: CloudFormation API Reference, DescribeChangeSet (with property values: the contexts of
ResourceChange); Template Reference, the AWS::EC2 types below.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from openinspector.assess.network.evidence.reader import WRONG
from openinspector.assess.network.whatif.edits import (
    IDENTITIES,
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

_LOGICAL = "aws:cloudformation:logical-id"
_LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"


def change_set_edits(description: Values) -> Edits:
    """The edits of a change set that was described with its property values."""
    edits: list[Edit] = []
    gaps: list[Gap] = []
    for each in description["Changes"]:
        change = each.get("ResourceChange") if isinstance(each, dict) else None
        try:
            edits.extend(_changed(change or {}))
        except WRONG as error:
            name = str((change or {}).get("LogicalResourceId"))
            gaps.append(not_applied(name, _reason(error)))
    return Edits(in_order(edits), tuple(gaps))


def _reason(error: Exception) -> str:
    return f"{error.args[0] if error.args else type(error).__name__}"


def _changed(change: Values) -> Iterator[Edit]:
    logical, kind = str(change["LogicalResourceId"]), str(change["ResourceType"])
    action = change["Action"]
    read = _kind(kind)
    if action not in ("Add", "Modify", "Remove"):
        raise ValueError(f"action {action} does not say what becomes of it")
    name = str(change.get("PhysicalResourceId") or logical)
    before = None if action == "Add" else _context(change, "BeforeContext")
    after = None if action == "Remove" else _context(change, "AfterContext")
    gone = list(read(name, before)) if before is not None else []
    come = list(read(name, after)) if after is not None else []
    for where, id_, field, entries in gone:
        if field is not None:
            yield Edit(logical, where, id_, field, removed=entries)
        elif after is None:
            yield Edit(logical, where, id_, None)
    for where, id_, field, entries in come:
        if field is not None or before is None:
            yield Edit(logical, where, id_, field, added=entries)


def _context(change: Values, name: str) -> Values:
    if not isinstance(change.get(name), str):
        raise ValueError(f"it has no {name}: describe it with --include-property-values")
    properties = json.loads(change[name])["Properties"]
    if not isinstance(properties, dict):
        raise TypeError(f"{name} has no properties")
    return properties


def template_edits(described: Mapping[str, Any], template: Values) -> Edits:
    """The edits that make the evidence what a template says.

    A resource is the component that bears its logical name in the tag that CloudFormation sets;
    without one it is new. Rules inside a group replace all that the group has.
    """
    known, edits, gaps = _tagged(described), list[Edit](), list[Gap]()
    resources = template["Resources"]
    values = {
        name: each.get("Default")
        for name, each in (template.get("Parameters") or {}).items()
        if isinstance(each, dict) and "Default" in each
    }
    for logical, resource in resources.items():
        try:
            read = _kind(str(resource["Type"]))
            names = known.get(logical, [logical])
            if len(names) > 1:
                raise ValueError(f"several components bear its name: {', '.join(sorted(names))}")
            refer = {**values, **{name: known.get(name, [name])[0] for name in resources}}
            properties = _resolved(resource.get("Properties") or {}, refer)
            for kind, id_, field, entries in read(names[0], properties):
                if field is None and logical in known:
                    continue
                owned = field is not None and resource["Type"] == "AWS::EC2::SecurityGroup"
                edits.append(Edit(logical, kind, id_, field, added=entries, whole=owned))
        except WRONG as error:
            gaps.append(not_applied(str(logical), _reason(error)))
    return Edits(in_order(edits), tuple(gaps))


def _tagged(described: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, identity in IDENTITIES.items():
        for entry in _objects(described.get(kind)):
            for tag in _objects(entry.get("Tags")):
                if tag.get("Key") == _LOGICAL and isinstance(tag.get("Value"), str):
                    found.setdefault(tag["Value"], []).append(str(entry.get(identity)))
    return found


def _objects(value: object) -> Iterator[Values]:
    return (
        (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())
    )


def _resolved(value: Any, refer: Mapping[str, Any], depth: int = 0) -> Any:
    """Values with references replaced. Raises ValueError for other functions."""
    if depth > 50:
        raise ValueError("it is nested too deeply")
    if isinstance(value, list):
        return [_resolved(each, refer, depth + 1) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, inner),) = value.items()
        if name == "Fn::GetAtt":
            inner = inner[0] if isinstance(inner, list) else str(inner).partition(".")[0]
        if name in ("Ref", "Fn::GetAtt") and inner in refer:
            return refer[inner]
        if name == "Ref" or name.startswith("Fn::"):
            raise ValueError(f"the value of {name} {inner} is not known")
    return {name: _resolved(each, refer, depth + 1) for name, each in value.items()}


def _kind(name: str) -> Callable[[str, Values], Iterator[Fragment]]:
    if name not in _KINDS:
        raise ValueError(f"{name} is of a kind that is not looked at")
    return _KINDS[name]


def _needed(values: Values, name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not value or value == _LATER:
        raise ValueError(f"{name} is known only after it is applied")
    return value


_FIELDS = (
    ("SecurityGroupIngress", "IpPermissions"),
    ("SecurityGroupEgress", "IpPermissionsEgress"),
)


def _group(name: str, values: Values) -> Iterator[Fragment]:
    yield "SecurityGroups", name, None, ({"VpcId": values.get("VpcId"), "IpPermissions": []},)
    for member, field in _FIELDS:
        rules = values.get(member)
        if rules is None and field == "IpPermissions":
            rules = []
        if rules is not None:
            listed = rules if isinstance(rules, list) else [rules]
            entries = tuple(each for rule in listed for each in _permission(rule))
            yield "SecurityGroups", name, field, entries


def _permission(rule: Values) -> tuple[Entry, ...]:
    sources = [
        ("IpRanges", rule.get("CidrIp")),
        ("Ipv6Ranges", rule.get("CidrIpv6")),
        ("PrefixListIds", rule.get("SourcePrefixListId") or rule.get("DestinationPrefixListId")),
        (
            "UserIdGroupPairs",
            rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId"),
        ),
    ]
    ports = _number(rule.get("FromPort")), _number(rule.get("ToPort"))
    found = permission(rule["IpProtocol"], *ports, sources)
    if not found or _LATER in str(rule):
        raise ValueError("the source of a rule is known only after it is applied")
    return found


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _group_rule(field: str) -> Callable[[str, Values], Iterator[Fragment]]:
    def read(_: str, values: Values) -> Iterator[Fragment]:
        yield "SecurityGroups", _needed(values, "GroupId"), field, _permission(values)

    return read


_TARGETS = {
    **{
        name: name
        for name in (
            *("GatewayId", "NatGatewayId", "EgressOnlyInternetGatewayId", "TransitGatewayId"),
            *("VpcPeeringConnectionId", "NetworkInterfaceId", "InstanceId", "LocalGatewayId"),
            *("CarrierGatewayId", "CoreNetworkArn"),
        )
    },
    "VpcEndpointId": "GatewayId",
}
_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")


def _route(_: str, values: Values) -> Iterator[Fragment]:
    target = {told: _needed(values, name) for name, told in _TARGETS.items() if values.get(name)}
    to = {name: values[name] for name in _DESTINATIONS if values.get(name)}
    if not target or not to:
        raise ValueError("its target or destination is known only after it is applied")
    entry = {**to, **target, "State": "active"}
    yield "RouteTables", _needed(values, "RouteTableId"), "Routes", (entry,)


def _table(name: str, values: Values) -> Iterator[Fragment]:
    body: Entry = {"VpcId": values.get("VpcId"), "Associations": [], "Routes": []}
    yield "RouteTables", name, None, (body,)


def _acl(name: str, values: Values) -> Iterator[Fragment]:
    body: Entry = {"VpcId": values.get("VpcId"), "Associations": [], "Entries": []}
    yield "NetworkAcls", name, None, (body,)


def _acl_entry(_: str, values: Values) -> Iterator[Fragment]:
    span = values.get("PortRange") or {}
    entry = acl_entry(
        _number(values["RuleNumber"]),
        str(values.get("Egress", False)).lower() == "true",
        values["RuleAction"],
        values["Protocol"],
        (values.get("CidrBlock"), values.get("Ipv6CidrBlock")),
        (_number(span.get("From")), _number(span.get("To"))),
    )
    yield "NetworkAcls", _needed(values, "NetworkAclId"), "Entries", (entry,)


def _association(kind: str, owner: str) -> Callable[[str, Values], Iterator[Fragment]]:
    def read(_: str, values: Values) -> Iterator[Fragment]:
        tie = {"SubnetId": _needed(values, "SubnetId")}
        yield kind, _needed(values, owner), "Associations", (tie,)

    return read


_KINDS: dict[str, Callable[[str, Values], Iterator[Fragment]]] = {
    "AWS::EC2::SecurityGroup": _group,
    "AWS::EC2::SecurityGroupIngress": _group_rule("IpPermissions"),
    "AWS::EC2::SecurityGroupEgress": _group_rule("IpPermissionsEgress"),
    "AWS::EC2::Route": _route,
    "AWS::EC2::RouteTable": _table,
    "AWS::EC2::NetworkAcl": _acl,
    "AWS::EC2::NetworkAclEntry": _acl_entry,
    "AWS::EC2::SubnetRouteTableAssociation": _association("RouteTables", "RouteTableId"),
    "AWS::EC2::SubnetNetworkAclAssociation": _association("NetworkAcls", "NetworkAclId"),
}
"""The types of resources that are applied."""
