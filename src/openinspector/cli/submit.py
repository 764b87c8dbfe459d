"""Handing a scan to a service: a signed request, as any client of the API sends."""

import os

import msgspec

from openinspector.cli.signed import post
from openinspector.model import Inventory

PATH = "/openinspector/resources/submit"
_PATHS = frozenset({"directory", "disk", "function", "sbom"})
"""Kinds of targets whose name is a path."""
_WORDS = ("opened", "updated", "reopened", "suppressed", "unsuppressed", "closed", "unchanged")


def submit_inventory(address: str, inventory: Inventory, name: str | None) -> str:
    """Submit an inventory; what changed there, in words. Raises `OpenInspectorError`.

    `name` is what the resource is called there.
    """
    target = inventory.target
    if name is None and target.kind in _PATHS:
        # "." names another folder in each pipeline, and must not be one resource for all of them.
        name = os.path.abspath(target.name)
    if name is not None:
        target = msgspec.structs.replace(target, name=name)
    named = msgspec.structs.replace(inventory, target=target)
    answer = post(address.rstrip("/") + PATH, msgspec.json.encode(named))
    counted = ", ".join(f"{answer[word]} {word}" for word in _WORDS if answer.get(word))
    return f"{answer['resourceId']}: {counted or 'no findings'}"
