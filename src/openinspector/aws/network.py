"""The network of an account and region, as EC2's describe operations tell it."""

from collections.abc import Mapping
from typing import Any

from openinspector.aws.sessions import Sessions
from openinspector.aws.trouble import aws_calls

_DESCRIBED: Mapping[str, str] = {
    "describe_network_interfaces": "NetworkInterfaces",
    "describe_subnets": "Subnets",
    "describe_route_tables": "RouteTables",
    "describe_network_acls": "NetworkAcls",
    "describe_security_groups": "SecurityGroups",
    "describe_internet_gateways": "InternetGateways",
    "describe_managed_prefix_lists": "PrefixLists",
}
"""Operation -> the member of its answer that lists things."""


def describe_network(sessions: Sessions, account: str, region: str) -> dict[str, Any]:
    """All answers in one, with the entries of the prefix lists. Raises `AwsTrouble`."""
    with aws_calls(f"describing the network of {account}, {region}"):
        client = sessions.client(account, region, "ec2")
        found: dict[str, Any] = {}
        for operation, member in _DESCRIBED.items():
            pages = client.get_paginator(operation).paginate()
            found[member] = [each for page in pages for each in page.get(member, ())]
        for each in found["PrefixLists"]:
            entries = client.get_paginator("get_managed_prefix_list_entries").paginate(
                PrefixListId=each["PrefixListId"]
            )
            each["Entries"] = [entry for page in entries for entry in page["Entries"]]
    return found
