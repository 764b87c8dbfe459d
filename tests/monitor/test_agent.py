"""The agent hands over everything that a scan of the host sees; damage is a gap, not a crash."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from openinspector.aws.handing_over import this_instance
from openinspector.aws.trouble import AwsTrouble
from openinspector.cli import agent
from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.collect import collect
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.inventory.ssm import pack, unpack
from openinspector.inventory.trees.directory import DirectoryTree
from openinspector.model import Inventory, Kernel, Target
from openinspector.monitor.monitor import Monitor
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.monitor.conftest import Clock
from tests.monitor.driving import coverage, findings, switch_on, work
from tests.monitor.test_instances import launch, manage

INSTANCE = "i-0123456789abcdef0"


@pytest.fixture
def host(tmp_path: Path) -> Inventory:
    """A Debian host with a package whose source has another name, and a language package."""
    root = tmp_path / "root"
    for path, text in {
        "etc/os-release": 'ID=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\n',
        "var/lib/dpkg/status": "Package: libssl1.1\nStatus: install ok installed\n"
        "Source: openssl\nArchitecture: amd64\nVersion: 1.1.1k-1\n\n",
        "opt/app/node_modules/lodash/package.json": '{"name": "lodash", "version": "4.17.15"}',
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    with DirectoryTree(str(root), DEFAULT_LIMITS) as tree:
        inventory = collect(tree)
    return msgspec.structs.replace(inventory, kernel=Kernel("5.10.0-1-amd64"))


def hand_over(monkeypatch: pytest.MonkeyPatch, inventory: Inventory, *arguments: str) -> Any:
    monkeypatch.setattr(agent, "collect_inventory", lambda _request: inventory)
    return CliRunner().invoke(agent.command, arguments, catch_exceptions=False)


def test_what_was_packed_comes_out(host: Inventory) -> None:
    assert len(host.packages) == 2
    expected = msgspec.structs.replace(host, target=Target("host", "", is_root=True))
    assert unpack(list(reversed(pack(host)))) == expected


@pytest.mark.parametrize(
    "damage",
    [
        lambda parts: [],
        lambda parts: [{**each, "Data": each["Data"][:-8]} for each in parts],
        lambda parts: [{**each, "Parts": "9"} for each in parts],
        lambda parts: [{**each, "Part": "x"} for each in parts],
        lambda parts: [{"Data": "AAAA"}],
    ],
)
def test_what_is_damaged_is_said_to_be(host: Inventory, damage: Any) -> None:
    with pytest.raises(ReadError):
        unpack(damage(pack(host)))


def test_the_inventory_of_the_agent_is_scanned_whole(
    monitor: Monitor, cloud: Emulator, host: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = launch(cloud)
    manage(cloud, name)
    told = hand_over(monkeypatch, host, "--ssm", "--instance-id", name, "--region", REGION)
    assert told.output == f"{name}: 2 packages handed to Systems Manager\n"
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    names = {
        package["name"]
        for each in findings(monitor, MANAGEMENT)
        for package in each["packageVulnerabilityDetails"]["vulnerablePackages"]
    }
    assert names - {"Debian GNU/Linux"} == {"libssl1.1", "lodash"}


def test_a_damaged_inventory_of_the_agent_leaves_that_of_ssm(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    name = launch(cloud)
    manage(cloud, name)
    cloud.client("ssm").put_inventory(
        InstanceId=name,
        Items=[
            {
                "TypeName": "Custom:OpenInspector",
                "SchemaVersion": "1.0",
                "CaptureTime": monitor.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
                "Content": [{"Part": "0", "Parts": "2", "Data": "AAAA"}],
            }
        ],
    )
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", "SUCCESSFUL")
    assert findings(monitor, MANAGEMENT, findingStatus="ACTIVE")


class _Metadata(BaseHTTPRequestHandler):
    """The metadata service of an instance: it wants a token, as IMDSv2 does."""

    def do_PUT(self) -> None:
        ttl = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        self._answer(200 if ttl else 400, "token")

    def do_GET(self) -> None:
        known = self.headers.get("X-aws-ec2-metadata-token") == "token"
        answers = {
            "/latest/meta-data/instance-id": INSTANCE,
            "/latest/meta-data/placement/region": "eu-west-1",
        }
        self._answer(200 if known else 401, answers[self.path])

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Nothing is to be read on the terminal."""


@pytest.fixture
def metadata() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_an_instance_knows_itself(metadata: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata)
    assert this_instance() == (INSTANCE, "eu-west-1")


def test_elsewhere_it_has_to_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(AwsTrouble, match="--instance-id"):
        this_instance()
