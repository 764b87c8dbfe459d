"""A findings report as JSON: `{"findings": [...]}` with all members of the API, as a stream."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from openinspector.inventory.sbom.json_document import encode
from openinspector.model.finding import Finding

CHUNK = 64 * 1024
"""Bytes, about."""

_TIMES = frozenset(
    {
        "firstObservedAt",
        "lastObservedAt",
        "updatedAt",
        "vendorCreatedAt",
        "vendorUpdatedAt",
        "launchedAt",
        "pushedAt",
        "lastInUseAt",
        "lastModifiedAt",
        "lastKnownExploitAt",
    }
)
"""Members of a finding's shapes that are timestamps."""


def findings_json(findings: Iterable[Finding]) -> Iterator[bytes]:
    """One finding a line; timestamps are ISO 8601 in UTC with milliseconds."""
    held = bytearray(b'{"findings":[')
    separator = b"\n"
    for finding in findings:
        held += separator
        held += encode(_with_times(msgspec.to_builtins(finding)))
        separator = b",\n"
        if len(held) >= CHUNK:
            yield bytes(held)
            held.clear()
    held += b"\n]}\n"
    yield bytes(held)


def _with_times(value: Any) -> Any:
    """The same value with times as text; tags of resources are the callers' own and stay."""
    if isinstance(value, dict):
        return {name: _member(name, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_times(inner) for inner in value]
    return value


def _member(name: str, value: Any) -> Any:
    if name in _TIMES and isinstance(value, int | float):
        moment = datetime.fromtimestamp(value, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value if name == "tags" else _with_times(value)
