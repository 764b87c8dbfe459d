"""Edits of describe output: rules, routes and associations that come and go.

Entries keep the shape of the describe operations. An entry is the same as another when its key is:
a permission's protocol, ports and source; a route's destination; an ACL entry's number and
direction; an association's subnet.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from openinspector.assess.network.evidence.reader import WRONG
from openinspector.model import Gap

Entry = Mapping[str, Any]

IDENTITIES = {
    "SecurityGroups": "GroupId",
    "RouteTables": "RouteTableId",
    "NetworkAcls": "NetworkAclId",
}
"""The kinds of components that plans change, and what identifies them."""

_SOURCES = (
    ("IpRanges", "CidrIp"),
    ("Ipv6Ranges", "CidrIpv6"),
    ("PrefixListIds", "PrefixListId"),
    ("UserIdGroupPairs", "GroupId"),
)


class Edit(msgspec.Struct, frozen=True):
    """One change of one component, made by the resource `by` of a plan.

    `field` names the list that changes; None is the component itself: `added` is its body.
    `whole` empties the list first.
    """

    by: str
    kind: str
    id: str
    field: str | None
    removed: tuple[Entry, ...] = ()
    added: tuple[Entry, ...] = ()
    whole: bool = False


class Edits(msgspec.Struct, frozen=True):
    """The edits of a plan in order, and what of it is not one."""

    edits: tuple[Edit, ...]
    gaps: tuple[Gap, ...]


def not_applied(what: str, reason: str) -> Gap:
    """A part of a plan that changes nothing in the evidence."""
    return Gap(part="plan", reason=f"was not applied: {reason}", path=what)


def in_order(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Components that come, then lists that are replaced, what goes, what comes; then the rest."""

    def turn(edit: Edit) -> int:
        if edit.field is None:
            return 0 if edit.added else 4
        return 1 if edit.whole else 2 if edit.removed else 3

    return tuple(sorted(edits, key=turn))


def apply(described: Mapping[str, Any], edits: Iterable[Edit]) -> tuple[dict[str, Any], list[Gap]]:
    """The evidence after edits; entries that no edit names stay the same objects."""
    after: dict[str, Any] = {
        kind: list(entries) if isinstance(entries, list) else entries
        for kind, entries in described.items()
    }
    gaps: list[Gap] = []
    for edit in edits:
        try:
            _apply(after.setdefault(edit.kind, []), edit)
        except WRONG as error:
            gaps.append(not_applied(edit.by, f"{error.args[0] if error.args else error!r}"))
    return after, gaps


def _apply(entries: list[Any], edit: Edit) -> None:
    at = _position(entries, edit)
    if edit.field is None:
        if at is not None:
            del entries[at]
        entries.extend({IDENTITIES[edit.kind]: edit.id, **body} for body in edit.added)
        return
    if at is None:
        raise LookupError(f"it changes {edit.id}, which was not described")
    if edit.field == "Associations":
        _release(entries, edit)
    entries[at] = {**entries[at], edit.field: _edited(entries[at], edit, edit.field)}


def _position(entries: Sequence[Any], edit: Edit) -> int | None:
    name = IDENTITIES[edit.kind]
    for number, entry in enumerate(entries):
        if isinstance(entry, dict) and entry.get(name) == edit.id:
            return number
    return None


def _release(entries: list[Any], edit: Edit) -> None:
    """A subnet has one table and one ACL: it leaves the one that it had."""
    taken = {each.get("SubnetId") for each in edit.added}
    for number, entry in enumerate(entries):
        held = entry.get("Associations") or () if isinstance(entry, dict) else ()
        if any(each.get("SubnetId") in taken for each in held):
            left = [each for each in held if each.get("SubnetId") not in taken]
            entries[number] = {**entry, "Associations": left}


def _edited(entry: Entry, edit: Edit, field: str) -> list[Entry]:
    key = _KEYS[field]
    split = split_permission if field.startswith("IpPermissions") else _one
    now = () if edit.whole else (part for each in entry.get(field) or () for part in split(each))
    left = {key(part): part for part in now}
    for part in edit.removed:
        left.pop(key(part), None)
    left.update({key(part): part for part in edit.added})
    return list(left.values())


def _one(entry: Entry) -> Iterator[Entry]:
    yield entry


def split_permission(entry: Entry) -> Iterator[Entry]:
    """A permission as permissions of one source each."""
    base = {name: entry[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in entry}
    for name, _ in _SOURCES:
        for source in entry.get(name) or ():
            yield {**base, name: [source]}


def _permission_key(entry: Entry) -> tuple[object, ...]:
    protocol = str(entry.get("IpProtocol"))
    ports = None if protocol == "-1" else (entry.get("FromPort"), entry.get("ToPort"))
    source = next(
        (name, each[0].get(member)) for name, member in _SOURCES if (each := entry.get(name))
    )
    return protocol, ports, source


def _route_key(entry: Entry) -> tuple[object, ...]:
    names = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
    return (*(entry.get(name) for name in names), entry.get("Origin"))


def _acl_key(entry: Entry) -> tuple[object, ...]:
    return entry.get("RuleNumber"), entry.get("Egress")


def _association_key(entry: Entry) -> tuple[object, ...]:
    return entry.get("SubnetId"), entry.get("GatewayId"), entry.get("Main")


_KEYS: dict[str, Callable[[Entry], tuple[object, ...]]] = {
    "IpPermissions": _permission_key,
    "IpPermissionsEgress": _permission_key,
    "Routes": _route_key,
    "Entries": _acl_key,
    "Associations": _association_key,
}

_NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}


def permission(
    protocol: object, low: object, high: object, sources: Iterable[tuple[str, object]]
) -> tuple[Entry, ...]:
    """Permissions of one source each; `sources` are names of the table above, with values."""
    word = str(protocol).lower()
    word = _NUMBERS.get(word, word)
    span = {} if word == "-1" else {"FromPort": low, "ToPort": high}
    members = dict(_SOURCES)
    return tuple(
        {"IpProtocol": word, **span, name: [{members[name]: value}]}
        for name, value in sources
        if value is not None
    )


def acl_entry(
    number: object,
    egress: bool,
    action: object,
    protocol: object,
    blocks: tuple[object, object],
    ports: tuple[object, object],
) -> Entry:
    """An entry of a network ACL; `blocks` are its IPv4 and IPv6 blocks, one of them None."""
    word = str(protocol).lower()
    names = {name: number for number, name in _NUMBERS.items() if number != "all"}
    word = "-1" if word == "all" else names.get(word, word)
    entry: dict[str, Any] = {
        "RuleNumber": number,
        "Egress": egress,
        "RuleAction": action,
        "Protocol": word,
    }
    entry["CidrBlock" if blocks[0] else "Ipv6CidrBlock"] = blocks[0] or blocks[1]
    if word in ("6", "17"):
        entry["PortRange"] = {"From": ports[0], "To": ports[1]}
    return entry
