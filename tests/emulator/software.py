"""SSM: managed nodes, and the software inventory that their agents hand over.

Shapes: Systems Manager API reference, DescribeInstanceInformation, ListInventoryEntries,
PutInventory.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.emulator.http import Answer, Request, json_answer, json_error

_PAGE = 50


@dataclass
class Node:
    """A managed node: what SSM tells of it, and its inventory by type."""

    information: dict[str, Any]
    inventory: dict[str, tuple[str, list[dict[str, str]]]] = field(default_factory=dict)


class Software:
    """The nodes of all accounts and regions."""

    def __init__(self) -> None:
        self.nodes: dict[tuple[str, str], dict[str, Node]] = {}

    def manage(
        self,
        account: str,
        region: str,
        instance: str,
        platform: tuple[str, str],
        packages: list[dict[str, str]] | None = None,
        age: timedelta = timedelta(),
        platform_type: str = "Linux",
    ) -> None:
        """Let an instance be managed; without packages it has handed nothing over yet."""
        node = Node(
            {
                "InstanceId": instance,
                "PingStatus": "Online",
                "LastPingDateTime": datetime.now(UTC).timestamp(),
                "AgentVersion": "3.3.2299.0",
                "PlatformType": platform_type,
                "PlatformName": platform[0],
                "PlatformVersion": platform[1],
                "ResourceType": "EC2Instance",
            }
        )
        self.nodes.setdefault((account, region), {})[instance] = node
        if packages is not None:
            captured = (datetime.now(UTC) - age).strftime("%Y-%m-%dT%H:%M:%SZ")
            node.inventory["AWS:Application"] = (captured, packages)

    def unmanage(self, account: str, region: str, instance: str) -> None:
        del self.nodes[account, region][instance]

    def answer(self, request: Request) -> Answer | None:
        """The answer to an operation of ours; None for moto's."""
        handler = {
            "DescribeInstanceInformation": self._describe,
            "ListInventoryEntries": self._entries,
            "PutInventory": self._put,
        }.get(request.operation)
        if handler is None or not request.headers.get("x-amz-target", "").startswith("AmazonSSM."):
            return None
        place = (request.account, request.scope[1])
        return handler(self.nodes.setdefault(place, {}), request.json())

    def _describe(self, nodes: dict[str, Node], asked: dict[str, Any]) -> Answer:
        size = asked.get("MaxResults", _PAGE)
        start = int(asked.get("NextToken") or 0)
        listed = [nodes[name].information for name in sorted(nodes)]
        answer: dict[str, Any] = {"InstanceInformationList": listed[start : start + size]}
        if start + size < len(listed):
            answer["NextToken"] = str(start + size)
        return json_answer(answer)

    def _entries(self, nodes: dict[str, Node], asked: dict[str, Any]) -> Answer:
        name, kind = asked["InstanceId"], asked["TypeName"]
        if name not in nodes:
            return json_error("InvalidInstanceId", f"{name} is not managed")
        answer: dict[str, Any] = {"TypeName": kind, "InstanceId": name, "Entries": []}
        if kind in nodes[name].inventory:
            captured, entries = nodes[name].inventory[kind]
            size = asked.get("MaxResults", _PAGE)
            start = int(asked.get("NextToken") or 0)
            answer |= {"SchemaVersion": "1.1", "CaptureTime": captured}
            answer["Entries"] = entries[start : start + size]
            if start + size < len(entries):
                answer["NextToken"] = str(start + size)
        return json_answer(answer)

    def _put(self, nodes: dict[str, Node], asked: dict[str, Any]) -> Answer:
        name = asked["InstanceId"]
        if name not in nodes:
            return json_error("InvalidInstanceId", f"{name} is not managed")
        for item in asked["Items"]:
            entries = item.get("Content", [])
            if any(len(value) > 4096 for entry in entries for value in entry.values()):
                return json_error("ItemSizeLimitExceededException", item["TypeName"])
            nodes[name].inventory[item["TypeName"]] = (item["CaptureTime"], entries)
        return json_answer({"Message": "OK"})
