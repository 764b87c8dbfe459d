"""Systems Manager: managed instances and their inventory, of which moto knows nothing.

Source: Systems Manager API reference (DescribeInstanceInformation, PutInventory, GetInventory,
ListInventoryEntries) and the quotas of "AWS Systems Manager endpoints and quotas". Instances
are managed as `Software.manage` says.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from moto.ec2.models import ec2_backends

from tests.emulator.additions import answers
from tests.emulator.errors import AwsError
from tests.emulator.software import SECONDS
from tests.emulator.state import Place, now
from tests.emulator.wire import Call, Output

_TYPE_NAME = re.compile(r"(AWS|Custom):.{1,93}")
_SCHEMA_VERSION = re.compile(r"[0-9]{1,6}\.[0-9]{1,6}")
_CAPTURE_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_MOST_BYTES = 1024 * 1024
"""Of inventory in one call of an instance."""
_MOST_CUSTOM_TYPES = 20
_INFORMATION = "AWS:InstanceInformation"


@answers("ssm", "DescribeInstanceInformation")
def describe_instance_information(call: Call) -> Output:
    """Managed instances; those that stopped answer no ping, terminated ones are forgotten."""
    limit = call.parameters.get("MaxResults", 10)
    if not 5 <= limit <= 50:
        raise AwsError("ValidationException", f"MaxResults has to be from 5 to 50, not {limit}.")
    filters = [
        (each.get("Key") or each.get("key"), each.get("Values") or each.get("valueSet"))
        for name in ("Filters", "InstanceInformationFilterList")
        for each in call.parameters.get(name, ())
    ]
    found = [
        node for node in _nodes(call).values() if all(_selected(node, *each) for each in filters)
    ]
    shown = call.page(found, limit, call.parameters.get("NextToken"), "InvalidNextToken")
    return {"InstanceInformationList": shown.items, "NextToken": shown.token}


_FILTERS = {
    "InstanceIds": "InstanceId",
    "PingStatus": "PingStatus",
    "PlatformTypes": "PlatformType",
    "AgentVersion": "AgentVersion",
    "ResourceType": "ResourceType",
    "IamRole": "IamRole",
    "AssociationStatus": "AssociationStatus",
}


def _selected(node: Mapping[str, Any], key: str, values: list[str]) -> bool:
    if key not in _FILTERS:
        raise AwsError("InvalidInstanceInformationFilterValue", f"No such filter: {key}.")
    return node.get(_FILTERS[key]) in values


def _nodes(call: Call) -> dict[str, dict[str, Any]]:
    """The managed instances as they are now."""
    instances = {
        each.id: each.state
        for reservation in ec2_backends[call.account][call.region].describe_instances()
        for each in reservation.instances
    }
    nodes = {}
    for name, node in sorted(call.place.nodes.items()):
        state = instances.get(name, "running")
        if state == "terminated":
            continue
        lost = state != "running" or node["PingStatus"] != "Online"
        seen = node["LastPingDateTime"] if lost else now()
        nodes[name] = {**node, "LastPingDateTime": seen}
        if state != "running":
            nodes[name]["PingStatus"] = "ConnectionLost"
    return nodes


def _node(call: Call) -> dict[str, Any]:
    name = call.parameters["InstanceId"]
    node = _nodes(call).get(name)
    if node is None:
        raise AwsError("InvalidInstanceId", f"Instance Id {name} doesn't exist.")
    return node


@answers("ssm", "PutInventory")
def put_inventory(call: Call) -> Output:
    """What an agent hands over; it replaces what was there of each type."""
    instance = str(_node(call)["InstanceId"])
    items = call.parameters["Items"]
    if len(json.dumps(items)) > _MOST_BYTES:
        raise AwsError(
            "TotalSizeLimitExceededException",
            "The size of inventory data has exceeded the total size limit for the resource.",
        )
    for item in items:
        _check(call, item)
    for item in items:
        key = instance, item["TypeName"]
        if "Content" in item:
            call.place.inventory[key] = dict(item)
        else:
            _unchanged(call.place.inventory.get(key), item)
    return {"Message": "Inventory was successfully written"}


def _check(call: Call, item: Mapping[str, Any]) -> None:
    name = item["TypeName"]
    if not _TYPE_NAME.fullmatch(name):
        raise AwsError("InvalidTypeNameException", f"The parameter type name {name} isn't valid.")
    if not _SCHEMA_VERSION.fullmatch(item["SchemaVersion"]):
        raise AwsError("UnsupportedInventorySchemaVersionException", item["SchemaVersion"])
    if not _CAPTURE_TIME.fullmatch(item["CaptureTime"]):
        raise AwsError("ValidationException", f"CaptureTime {item['CaptureTime']} isn't valid.")
    entries = item.get("Content", ())
    if len(entries) > 10_000:
        raise AwsError("ValidationException", "Content has more than 10000 entries.")
    for entry in entries:
        if len(entry) > 50 or any(len(k) > 64 or len(v) > 4096 for k, v in entry.items()):
            raise AwsError(
                "ValidationException",
                f"An entry of {name} has over 50 attributes, a name of over 64 characters or a"
                " value of over 4096 characters.",
            )
    custom = {each for _, each in call.place.inventory if each.startswith("Custom:")} | {name}
    if name.startswith("Custom:") and len(custom) > _MOST_CUSTOM_TYPES:
        raise AwsError(
            "CustomSchemaCountLimitExceededException",
            f"You have exceeded the limit for custom schemas ({_MOST_CUSTOM_TYPES}).",
        )


def _unchanged(before: dict[str, Any] | None, item: Mapping[str, Any]) -> None:
    """An agent sends only the hash of what did not change."""
    if before is None or before.get("ContentHash") != item.get("ContentHash"):
        raise AwsError(
            "ItemContentMismatchException", "The inventory item has invalid content hash."
        )
    before["CaptureTime"] = item["CaptureTime"]


@answers("ssm", "ListInventoryEntries")
def list_inventory_entries(call: Call) -> Output:
    """The entries of one type of an instance; none of a type that it never handed over."""
    _check_listing(call)
    node = _node(call)
    name = call.parameters["TypeName"]
    if not _TYPE_NAME.fullmatch(name):
        raise AwsError("InvalidTypeNameException", f"The parameter type name {name} isn't valid.")
    item = _items(call.place, node).get(name, {})
    entries = [
        each
        for each in item.get("Content", ())
        if all(_holds(each, wanted) for wanted in call.parameters.get("Filters", ()))
    ]
    shown = call.page(
        entries, call.parameters.get("MaxResults", 50), call.parameters.get("NextToken"), _TOKEN
    )
    return {
        "TypeName": name,
        "InstanceId": node["InstanceId"],
        "SchemaVersion": item.get("SchemaVersion"),
        "CaptureTime": item.get("CaptureTime"),
        "Entries": shown.items,
        "NextToken": shown.token,
    }


@answers("ssm", "GetInventory")
def get_inventory(call: Call) -> Output:
    """Instances and their inventory of one type: `ResultAttributes`, or what they are."""
    _check_listing(call)
    if call.parameters.get("Aggregators"):
        raise AwsError("InvalidAggregatorException", "The emulator counts no aggregations.")
    wanted = call.parameters.get("ResultAttributes") or [{"TypeName": _INFORMATION}]
    kind = wanted[0]["TypeName"]
    entities = []
    for name, node in _nodes(call).items():
        items = _items(call.place, node)
        if all(_holds_any(items, each) for each in call.parameters.get("Filters", ())):
            data = {kind: items[kind]} if kind in items else {}
            entities.append({"Id": name, "Data": data})
    shown = call.page(
        entities, call.parameters.get("MaxResults", 50), call.parameters.get("NextToken"), _TOKEN
    )
    return {"Entities": shown.items, "NextToken": shown.token}


_TOKEN = "InvalidNextToken"


def _check_listing(call: Call) -> None:
    if not 1 <= call.parameters.get("MaxResults", 50) <= 50:
        raise AwsError("ValidationException", "MaxResults has to be from 1 to 50.")


def _items(place: Place, node: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Inventory items of an instance by type, what SSM itself knows of it included."""
    instance = node["InstanceId"]
    information = {
        "AgentType": "amazon-ssm-agent",
        "AgentVersion": node["AgentVersion"],
        "ComputerName": node["ComputerName"],
        "InstanceId": instance,
        "InstanceStatus": "Active" if node["PingStatus"] == "Online" else node["PingStatus"],
        "IpAddress": node.get("IPAddress", "10.0.0.1"),
        "PlatformName": node["PlatformName"],
        "PlatformType": node["PlatformType"],
        "PlatformVersion": node["PlatformVersion"],
        "ResourceType": node["ResourceType"],
    }
    own = {
        "TypeName": _INFORMATION,
        "SchemaVersion": "1.0",
        "CaptureTime": node["LastPingDateTime"].strftime(SECONDS),
        "Content": [information],
    }
    held = {kind: item for (name, kind), item in place.inventory.items() if name == instance}
    return {_INFORMATION: own, **held}


_OPERATORS: dict[str, Callable[[str | None, list[str]], bool]] = {
    "Equal": lambda value, wanted: value in wanted,
    "NotEqual": lambda value, wanted: value not in wanted,
    "BeginWith": lambda value, wanted: value is not None and value.startswith(tuple(wanted)),
    "LessThan": lambda value, wanted: value is not None and value < min(wanted),
    "GreaterThan": lambda value, wanted: value is not None and value > max(wanted),
    "Exists": lambda value, wanted: value is not None,
}


def _holds(entry: Mapping[str, str], wanted: Mapping[str, Any]) -> bool:
    """Whether an entry is what a filter (`AWS:Application.Name`) asks for."""
    attribute = wanted["Key"].rpartition(".")[2]
    return _OPERATORS[wanted.get("Type", "Equal")](entry.get(attribute), wanted["Values"])


def _holds_any(items: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, Any]) -> bool:
    kind = wanted["Key"].rpartition(".")[0]
    return any(_holds(each, wanted) for each in items.get(kind, {}).get("Content", ()))
