"""A real server process on loopback, with an organisation, keys and findings."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

MANAGEMENT, ADMINISTRATOR, MEMBER, OTHER_MEMBER = (str(n) * 12 for n in range(1, 5))
STANDALONE = "9" * 12
SCRATCH = "7" * 12
"""An account whose state tests may throw away."""
PROGRAM = Path(sys.executable).with_name("openinspector")

ORGANIZATION = {
    "organization": "o-exampleorg1",
    "management_account": MANAGEMENT,
    "delegated_administrator": ADMINISTRATOR,
    "accounts": [{"id": account} for account in (MANAGEMENT, ADMINISTRATOR, MEMBER, OTHER_MEMBER)],
}


def openinspector(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(PROGRAM), *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done


@dataclass
class Server:
    """A running service."""

    address: str
    folder: Path
    process: subprocess.Popen[bytes]
    keys: dict[str, dict[str, str]]

    def environment(self, account: str) -> dict[str, str]:
        key = self.keys[account]
        return {
            "AWS_ACCESS_KEY_ID": key["accessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["secretAccessKey"],
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.address,
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def client(self, account: str, service: str = "inspector2") -> Any:
        key = self.keys[account]
        return boto3.client(
            service,
            endpoint_url=self.address,
            region_name="us-east-1",
            aws_access_key_id=key["accessKeyId"],
            aws_secret_access_key=key["secretAccessKey"],
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(
    folder: Path, keys: dict[str, dict[str, str]], *options: str, port: int | None = None
) -> Server:
    port = port or free_port()
    process = subprocess.Popen(
        [PROGRAM, "serve", "--data", folder, "--port", str(port), "--db", "starter", *options],
        stdout=(folder.parent / "service.log").open("ab"),
        stderr=subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{address}/health", timeout=1)
            return Server(address, folder, process, keys)
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, (folder.parent / "service.log").read_text()
            time.sleep(0.1)
    raise AssertionError("the service did not start")


def new_key(folder: Path, account: str, *options: object) -> dict[str, str]:
    made = openinspector(
        *("keys", "create", "--account", account, "--data", folder, "--format", "json"),
        *options,
    )
    key: dict[str, str] = json.loads(made.stdout)
    return key


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service with an organisation of four accounts and one account beside it."""
    root = tmp_path_factory.mktemp("service")
    folder = root / "data"
    file = root / "organization.json"
    file.write_text(json.dumps(ORGANIZATION))
    openinspector("org", "import", file, "--data", folder)
    accounts = (MANAGEMENT, ADMINISTRATOR, MEMBER, OTHER_MEMBER, STANDALONE, SCRATCH)
    keys = {account: new_key(folder, account) for account in accounts}
    running = start(folder, keys)
    sbom = root / "sbom.json"
    sbom.write_text(json.dumps(SBOM))
    for account in (MEMBER, STANDALONE):
        openinspector(
            *("scan", "sbom", sbom, "--db", "starter", "--quiet", "--submit", running.address),
            **running.environment(account),
        )
    yield running
    running.process.terminate()
    running.process.wait(30)


SBOM = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "version": 1,
    "components": [
        {
            "type": "library",
            "bom-ref": f"c{number}",
            "name": name,
            "version": version,
            "purl": f"pkg:npm/{name}@{version}",
        }
        for number, (name, version) in enumerate((("lodash", "4.17.15"), ("minimist", "1.2.0")))
    ],
}
