"""What the emulator remembers beside moto, by account and region."""

import secrets
import tempfile
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.emulator.content import Content
from tests.emulator.faults import Faults


def now() -> datetime:
    """This moment, in whole milliseconds as AWS tells time."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(frozen=True)
class Received:
    """A call that came in; `at_once` is how many of its like ran then, itself included."""

    account: str
    region: str
    service: str
    operation: str
    time: float
    status: int
    at_once: int


@dataclass
class Place:
    """One region of one account."""

    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What SSM tells of a managed instance, by instance."""
    inventory: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """Inventory items by instance and type name, as PutInventory took them."""
    pulled: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """When an image was last pulled, by repository and digest."""
    archived: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """What is told of images that were archived or taken back, by repository and digest."""
    stopped: dict[str, datetime] = field(default_factory=dict)
    """When ECS tasks were stopped."""
    disks: dict[str, Content] = field(default_factory=dict)
    """What is on a volume, by volume."""
    snapshots: dict[str, Content] = field(default_factory=dict)
    """What a snapshot keeps, by snapshot."""
    progress: dict[str, int] = field(default_factory=dict)
    """How far snapshots are."""
    edges: dict[str, Any] = field(default_factory=dict)
    """What keeps the public out of VPCs, and what Direct Connect leads to (network_edges.py)."""
    denied_keys: set[str] = field(default_factory=set)
    """Keys that may not be used to read snapshots."""


@dataclass(frozen=True)
class Token:
    """What `GetAuthorizationToken` granted: a registry, until some time."""

    account: str
    region: str
    expires: datetime


@dataclass(frozen=True)
class Download:
    """What a presigned address leads to."""

    content: Path | bytes
    expires: datetime


class State:
    """Everything that is not moto's; `reset` makes it new."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._folder = tempfile.TemporaryDirectory(prefix="aws-emulator-")
        self.reset()

    def reset(self) -> None:
        """Forget everything but the blobs, which are named by their content."""
        with self.lock:
            self.places: defaultdict[tuple[str, str], Place] = defaultdict(Place)
            self.tokens: dict[str, Token] = {}
            self.downloads: dict[str, Download] = {}
            self.calls: list[Received] = []
            self.running: Counter[tuple[str, str, str, str]] = Counter()
            """Calls that are being answered, by account, region, service and operation."""
            self.undelivered: list[dict[str, Any]] = []
            """Events that a queue did not take."""
            self.pulls: list[str] = []
            """Digests of manifests and blobs that the registry was asked for."""
            self.faults = Faults()
            self.block_bytes = 0
            self.token_seconds = 7.0 * 24 * 3600

    def close(self) -> None:
        """Take the files away."""
        self._folder.cleanup()

    @property
    def folder(self) -> Path:
        """Where files are kept while the process lives."""
        return Path(self._folder.name)

    def blob(self, digest: str) -> Path:
        """Where the blob of a digest (`sha256:...`) lies."""
        return self.folder / digest.replace(":", "-")

    def presign(self, content: Path | bytes, host: str, name: str, minutes: float = 10) -> str:
        """An address that leads to content without credentials, for a time, as S3 signs one.

        It has another host than the emulator's, so that a client that shows its credentials to
        strangers is found out.
        """
        own, _, port = host.rpartition(":")
        other = "127.0.0.1" if own == "localhost" else "localhost"
        signature = secrets.token_hex(32)
        moment = now()
        self.downloads[signature] = Download(content, moment + timedelta(minutes=minutes))
        return (
            f"http://{other}:{port}/_emulator/download/{name}?X-Amz-Algorithm=AWS4-HMAC-SHA256"
            f"&X-Amz-Date={moment:%Y%m%dT%H%M%SZ}&X-Amz-Expires={int(minutes * 60)}"
            f"&X-Amz-SignedHeaders=host&X-Amz-Signature={signature}"
        )
