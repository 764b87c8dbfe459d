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
from openinspector.inventory.catalogers import table
from openinspector.inventory.collect import collect
from openinspector.inventory.deep_inspection import (
    MOST_PACKAGES,
    inspected,
    reason_of,
    without_languages,
)
from openinspector.inventory.hurried import Hurried
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.inventory.ssm import pack, unpack
from openinspector.inventory.trees.directory import DirectoryTree
from openinspector.model import Inventory, Kernel, Location, Target
from openinspector.monitor.monitor import Monitor
from openinspector.organization.deep_inspection import DEEP, DEFAULT_PATHS
from openinspector.store.records import put_record
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.monitor.conftest import Clock
from tests.monitor.driving import coverage, findings, switch_on, work
from tests.monitor.test_instances import SHALLOW, launch, manage

INSTANCE = "i-0123456789abcdef0"


@pytest.fixture
def host(tmp_path: Path) -> Inventory:
    """A Debian host with a package whose source has another name, and a language package."""
    root = tmp_path / "root"
    for path, text in {
        "etc/os-release": 'ID=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\n',
        "var/lib/dpkg/status": "Package: libssl1.1\nStatus: install ok installed\n"
        "Source: openssl\nArchitecture: amd64\nVersion: 1.1.1k-1\n\n",
        "usr/lib/node_modules/lodash/package.json": '{"name": "lodash", "version": "4.17.15"}',
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    with DirectoryTree(str(root), DEFAULT_LIMITS) as tree:
        inventory = collect(tree)
    return msgspec.structs.replace(inventory, kernel=Kernel("5.10.0-1-amd64"))


def hand_over(monkeypatch: pytest.MonkeyPatch, inventory: Inventory, *arguments: str) -> Any:
    monkeypatch.setattr(agent, "collect_host", lambda: inventory)
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


def choose(monitor: Monitor, account: str, key: str, **body: Any) -> None:
    with monitor.store.write() as connection:
        put_record(connection, DEEP, account, key, body, monitor.clock())


def languages(monitor: Monitor) -> set[str]:
    return {
        package["name"]
        for each in findings(monitor, MANAGEMENT, findingStatus="ACTIVE")
        for package in each["packageVulnerabilityDetails"]["vulnerablePackages"]
    } - {"Debian GNU/Linux", "libssl1.1"}


def moved(inventory: Inventory, path: str) -> Inventory:
    """The same, its language packages elsewhere."""
    packages = [
        each
        if each.manager == "OS"
        else msgspec.structs.replace(each, locations=(Location(f"{path}/package.json"),))
        for each in inventory.packages
    ]
    return msgspec.structs.replace(inventory, packages=tuple(packages))


def test_deep_inspection_looks_in_its_paths(
    monitor: Monitor,
    cloud: Emulator,
    clock: Clock,
    host: Inventory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = launch(cloud)
    manage(cloud, name)
    where = ("--ssm", "--instance-id", name, "--region", REGION)
    switch_on(monitor, MANAGEMENT, "EC2")

    def again() -> set[str]:
        clock.pass_by(monitor.intervals.software)
        work(monitor)
        return languages(monitor)

    hand_over(monkeypatch, moved(host, "opt/app"), *where)
    assert again() == set(), "it lies in no path that is searched"
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", "SUCCESSFUL")
    choose(monitor, MANAGEMENT, "own", paths=["/opt/app"], active=True)
    assert again() == {"lodash"}
    choose(monitor, MANAGEMENT, "own", paths=["/opt/ap"], active=True)
    assert again() == set(), "a part of a name is another folder"
    choose(monitor, MANAGEMENT, "organization", paths=["/opt"])
    assert again() == {"lodash"}
    choose(monitor, MANAGEMENT, "own", paths=[], active=False)
    assert again() == set()
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", "SUCCESSFUL")
    choose(monitor, MANAGEMENT, "own", paths=[], active=True)
    choose(monitor, MANAGEMENT, "organization", paths=[])
    hand_over(monkeypatch, moved(host, "opt/app"), *where, "--everywhere")
    assert again() == {"lodash"}


def test_more_packages_than_are_looked_at_are_told(host: Inventory) -> None:
    (lodash,) = (each for each in host.packages if each.manager != "OS")
    many = [msgspec.structs.replace(lodash, version=f"1.0.{n}") for n in range(MOST_PACKAGES + 1)]
    whole = msgspec.structs.replace(host, packages=(*host.packages, *many))
    found = inspected(whole, True, DEFAULT_PATHS)
    assert reason_of(found) == "DEEP_INSPECTION_PACKAGE_COLLECTION_LIMIT_EXCEEDED"
    assert len([each for each in found.packages if each.manager != "OS"]) == MOST_PACKAGES
    assert [each for each in found.packages if each.manager == "OS"]


@pytest.mark.parametrize("limit", ["size", "day"])
def test_what_ssm_does_not_take_leaves_the_systems_packages(
    limit: str,
    monitor: Monitor,
    cloud: Emulator,
    host: Inventory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import boto3
    from botocore.exceptions import ClientError

    name = launch(cloud)
    manage(cloud, name)
    if limit == "size":
        large = len(pack(without_languages(host))[0]["Data"]) + 4
        monkeypatch.setattr("openinspector.aws.handing_over._MOST_BYTES", large)
    else:
        real = boto3.client
        tries = []

        def client(*arguments: Any, **more: Any) -> Any:
            made = real(*arguments, **more)
            put = made.put_inventory

            def limited(**asked: Any) -> Any:
                tries.append(asked)
                if len(tries) == 1:
                    code = {"Error": {"Code": "TotalSizeLimitExceededException"}}
                    raise ClientError(code, "PutInventory")
                return put(**asked)

            made.put_inventory = limited
            return made

        monkeypatch.setattr(boto3, "client", client)
    told = hand_over(monkeypatch, host, "--ssm", "--instance-id", name, "--region", REGION)
    assert told.output == f"{name}: 1 packages handed to Systems Manager\n"
    switch_on(monitor, MANAGEMENT, "EC2")
    work(monitor)
    reason = "DEEP_INSPECTION_DAILY_SSM_INVENTORY_LIMIT_EXCEEDED"
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", reason)
    names = {
        package["name"]
        for each in findings(monitor, MANAGEMENT)
        for package in each["packageVulnerabilityDetails"]["vulnerablePackages"]
    }
    assert "libssl1.1" in names


def test_language_packages_are_looked_for_no_longer_than_is_due(tmp_path: Path) -> None:
    for path, text in {
        "a/requirements.txt": "flask==1.0\n",
        "b/requirements.txt": "jinja2==1.0\n",
        "etc/os-release": 'ID=debian\nVERSION_ID="11"\nVERSION_CODENAME=bullseye\n',
        "var/lib/dpkg/status": "Package: a\nStatus: install ok installed\nVersion: 1\n\n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    ticks = iter(range(0, 10_000, 10))
    hurried = Hurried(table(), 15, lambda: next(ticks))
    with DirectoryTree(str(tmp_path), DEFAULT_LIMITS) as tree:
        found = collect(tree, hurried.catalogers)
    assert hurried.late
    assert "a" in {each.name for each in found.packages}
    assert "jinja2" not in {each.name for each in found.packages}


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
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", SHALLOW)
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
