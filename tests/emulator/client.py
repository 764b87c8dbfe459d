"""An emulator in another process: start it, steer it as one steers an `Emulator`."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.emulator.access import MANAGEMENT, REGION, client, environment

REPOSITORY = Path(__file__).resolve().parents[2]


class EmulatorError(Exception):
    """The emulator did not do what it was told."""


class Remote:
    """A running emulator, with the parts of `Emulator`; arguments go by name."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.software = SimpleNamespace(
            manage=partial(self.tell, "POST", "nodes"),
            unmanage=partial(self.tell, "DELETE", "nodes"),
        )
        self.registry = SimpleNamespace(push=self._push)
        self.disks = SimpleNamespace(attach=self._attach, image=self._image)
        self.events = SimpleNamespace(
            put=partial(self.tell, "POST", "events"), deliver=partial(self.tell, "POST", "events")
        )
        self.faults = SimpleNamespace(
            add=partial(self.tell, "POST", "faults"), clear=partial(self.tell, "DELETE", "faults")
        )

    def tell(self, method: str, path: str, /, **named: Any) -> Any:
        """Call a control endpoint: `/_emulator/<path>`. Raises `EmulatorError`."""
        request = urllib.request.Request(
            f"{self.url}/_emulator/{path}",
            method=method,
            data=json.dumps(named, default=str).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise EmulatorError(error.read().decode()) from error

    def _push(self, **named: Any) -> str:
        return str(self.tell("POST", "images", **named)["imageDigest"])

    def _attach(self, **named: Any) -> str:
        return str(self.tell("POST", "disks", **named)["volume"])

    def _image(self, **named: Any) -> str:
        return str(self.tell("POST", "machine-images", **named)["imageId"])

    @property
    def calls(self) -> list[SimpleNamespace]:
        """The calls that came in."""
        return [SimpleNamespace(**each) for each in self.tell("GET", "calls")["calls"]]

    @property
    def environment(self) -> dict[str, str]:
        """What points any AWS client here."""
        return environment(self.url)

    def client(self, service: str, account: str = MANAGEMENT, region: str = REGION) -> Any:
        """A boto3 client of any account, as its own administrator."""
        return client(self.url, service, account, region)

    def enrol(self, account: str, **more: Any) -> None:
        """Let an account be entered by the role of OpenInspector."""
        self.tell("POST", "roles", account=account, **more)

    def reset(self) -> None:
        """A new AWS: moto's state and the emulator's."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        urllib.request.urlopen(request, timeout=60).close()


@contextmanager
def running(port: int = 0) -> Iterator[Remote]:
    """An emulator in a process of its own."""
    inherited = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.emulator", "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env=inherited,
    )
    try:
        url = process.stdout.readline().strip() if process.stdout else ""
        if not url:
            raise EmulatorError(f"the emulator ended with status {process.wait()}")
        yield Remote(url)
    finally:
        process.terminate()
        process.wait()
