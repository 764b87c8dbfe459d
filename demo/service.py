"""The demo's service: an example organisation, findings in two of its accounts, left running."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

PATIENCE_SECONDS = 30.0
PROGRAM = Path(sys.executable).with_name("openinspector")
ORGANIZATION = Path(__file__).with_name("organization.yaml")


def stop_former(folder: Path) -> None:
    """Stop the service that an earlier demo left running, if it still does."""
    pid_file = folder / "service.pid"
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text())
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        command = b""
    if b"openinspector" in command:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
    pid_file.unlink()


def start(folder: Path) -> str:
    """Start the service on a free port, in the background; its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with (folder / "service.log").open("w") as log:
        service = subprocess.Popen(
            [PROGRAM, "serve", "--data", folder / "data", "--port", str(port), "--db", "starter"],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    (folder / "service.pid").write_text(str(service.pid))
    wait_until_ready(address, service, folder / "service.log")
    return address


def wait_until_ready(address: str, service: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until a service takes requests; ends the demo when it does not."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and service.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    sys.exit(f"The service did not start: {log.read_text()}")


def credentials(folder: Path, account: str, name: str) -> dict[str, str]:
    """The environment of a new access key of an account."""
    created = subprocess.run(
        [
            *(PROGRAM, "keys", "create", "--account", account, "--name", name),
            *("--data", folder / "data", "--format", "json"),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    key = json.loads(created.stdout)
    return {
        "AWS_ACCESS_KEY_ID": key["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["secretAccessKey"],
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def free_port(preferred: int = 8400) -> int:
    """A port of the loopback address that nobody uses, the preferred one if it is free."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    sys.exit("No free port on 127.0.0.1.")
