"""A small advisory database, the demo's sample image, and the command as a user runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

Run = Callable[..., "subprocess.CompletedProcess[str]"]

ADVISORIES = [
    {
        "id": "GHSA-p6mc-m468-83gw",
        "modified": "2024-01-01T00:00:00Z",
        "aliases": ["CVE-2020-8203"],
        "summary": "Prototype pollution in lodash",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:H/A:H"}],
        "affected": [
            {
                "package": {"ecosystem": "npm", "name": "lodash"},
                "ranges": [
                    {
                        "type": "SEMVER",
                        "events": [{"introduced": "3.7.0"}, {"fixed": "4.17.19"}],
                    }
                ],
            }
        ],
    },
    {
        "id": "DSA-5000-1",
        "modified": "2024-01-01T00:00:00Z",
        "upstream": ["CVE-2021-3711"],
        "summary": "openssl - security update",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [
            {
                "package": {"ecosystem": "Debian:11", "name": "openssl"},
                "ranges": [
                    {
                        "type": "ECOSYSTEM",
                        "events": [{"introduced": "0"}, {"fixed": "1.1.1k-1+deb11u1"}],
                    }
                ],
            }
        ],
    },
]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`run("scan", ...)`: the command in a process of its own, with an empty home."""
    home = tmp_path_factory.mktemp("home")
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("XDG_", "OPENINSPECTOR_"))
    } | {"HOME": str(home)}
    program = str(Path(sys.executable).with_name("openinspector"))

    def run_command(*arguments: str | Path, **extra: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [program, *map(str, arguments)],
            capture_output=True,
            text=True,
            env=environment | extra,
            timeout=120,
            check=False,
        )

    return run_command


@pytest.fixture(scope="session")
def feeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the advisories above, one file each."""
    folder = tmp_path_factory.mktemp("feeds")
    for advisory in ADVISORIES:
        (folder / f"{advisory['id']}.json").write_text(json.dumps(advisory))
    return folder


@pytest.fixture(scope="session")
def database(run: Run, feeds: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The advisories above, compiled."""
    path = tmp_path_factory.mktemp("database") / "advisories.db"
    done = run("db", "build", "--from", feeds, "--output", path)
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's sample image: Debian 11, npm, Python and Java packages."""
    sys.path.insert(0, str(REPOSITORY / "demo"))
    from sample_image import write_sample_image

    path: Path = write_sample_image(tmp_path_factory.mktemp("image") / "sample.tar")
    return path
