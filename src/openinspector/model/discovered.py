"""A resource as AWS lists it: what a finding would say of it, and whether it can be scanned."""

from typing import Any, Literal

import msgspec

from openinspector.model.finding import Resource

ScanMode = Literal["EC2_SSM_AGENT_BASED", "EC2_AGENTLESS"]


class Discovered(msgspec.Struct, frozen=True, omit_defaults=True):
    """One resource of an account and region.

    - `resource`: as findings show it, details and tags included.
    - `metadata`: `resourceMetadata` of its coverage (the API's shape).
    - `fingerprint`: what its content depends on (an image's digest, a function's code and layers,
      the capture time of an instance's software inventory): another one asks for a new scan.
    - `reason`: why it is not scanned (`ScanStatusReason`); None when it is to be.
    - `closes`: the reason lets its findings close (terminated, excluded, expired), rather than
      keeps them until it is scanned again (stopped, unmanaged, access denied).
    - `mode`: how an instance is scanned.
    - `source`: what its collector needs (volumes, platform, layers), by names of its own.
    """

    account: str
    region: str
    resource: Resource
    metadata: dict[str, Any]
    fingerprint: str = ""
    reason: str | None = None
    closes: bool = False
    mode: ScanMode | None = None
    source: dict[str, Any] = {}
