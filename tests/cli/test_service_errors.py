"""What goes wrong with the commands of the service is said in one clear sentence, with its code."""

import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run

USAGE, UNUSABLE, DATABASE = 2, 2, 3
NO_AWS = {
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_MAX_ATTEMPTS": "1",
}
KEY = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
POLICY = ("keys", "create", "--account", "111122223333", "--policy")
SCAN = ("scan", "dir", ".", "--db", "starter", "--quiet", "--submit")
NOWHERE = "http://127.0.0.1:1"

CASES: dict[str, tuple[tuple[str, ...], int, str]] = {
    "organisation that is not there": (("org", "import", "none.json"), USAGE, "does not exist"),
    "organisation cut off": (("org", "import", "cut.json"), UNUSABLE, "cut.json: not YAML or JSON"),
    "organisation in binary": (("org", "import", "binary"), UNUSABLE, "binary: not YAML or JSON"),
    "organisation of another shape": (("org", "import", "list.json"), UNUSABLE, "is a mapping"),
    "organisation unreachable": (
        ("org", "sync", "--endpoint-url", NOWHERE),
        UNUSABLE,
        "AWS Organizations: Could not connect",
    ),
    "organisation nowhere": (
        ("org", "sync", "--endpoint-url", "nonsense"),
        USAGE,
        "'nonsense' is no address",
    ),
    "account that is none": (
        ("keys", "create", "--account", "12"),
        UNUSABLE,
        "An account is 12 digits; '12' is not",
    ),
    "policy of another shape": ((*POLICY, "statement.json"), UNUSABLE, "Statement 1 is not"),
    "policy that is no JSON": ((*POLICY, "cut.json"), UNUSABLE, "The policy is not JSON"),
    "policy in binary": ((*POLICY, "binary"), UNUSABLE, "binary: not UTF-8 text"),
    "policy that is not there": ((*POLICY, "none.json"), UNUSABLE, "none.json: No such file"),
    "key that is not there": (("keys", "revoke", "NOPE"), UNUSABLE, "NOPE: no such key"),
    "advisories that are not there": (
        ("serve", "--db", "none.db"),
        DATABASE,
        "none.db: there is no advisory database",
    ),
    "advisories that are none": (("serve", "--db", "list.json"), DATABASE, "list.json"),
    "region that is none": (("serve", "--region", "mars"), USAGE, "'mars' is no name of a Region"),
    "another database": (("serve", "--database", "mysql://x"), USAGE, "this has mysql"),
    "no database": (("keys", "list", "--database", "nonsense"), USAGE, "this has no scheme"),
    "database unreachable": (
        ("keys", "list", "--database", "postgresql://nobody:secret@127.0.0.1:1/none"),
        DATABASE,
        "Connection refused",
    ),
    "data that is a file": (("serve", "--data", "list.json"), UNUSABLE, "list.json"),
    "network that is none": (("reach", "--network", "list.json"), UNUSABLE, "not the output of"),
    "network in prose": (("reach", "--network", "prose.md"), UNUSABLE, "prose.md: not JSON"),
    "service unreachable": ((*SCAN, NOWHERE), UNUSABLE, "Connection refused"),
    "service over FTP": ((*SCAN, "ftp://x"), USAGE, "'ftp://x' is no address"),
    "service nowhere": ((*SCAN, "http://"), USAGE, "'http://' is no address"),
    "name without a service": (
        ("scan", "dir", ".", "--db", "starter", "--submit-as", "x"),
        USAGE,
        "--submit-as names a resource of the service of --submit",
    ),
    "empty name": ((*SCAN, NOWHERE, "--submit-as", " "), USAGE, "name is not empty"),
    "reading from nowhere": (("findings", "--url", "nonsense"), USAGE, "'nonsense' is no address"),
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of wrong files, where commands are run."""
    for name, content in {
        "cut.json": b'{"organization": 5',
        "list.json": b"[1]",
        "binary": b"\xff\xfe\x00",
        "statement.json": b'{"Statement": 5}',
        "prose.md": b"# Hello\n",
    }.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def assert_said(done: "subprocess.CompletedProcess[str]", code: int, words: str) -> None:
    """One sentence on stderr, after the usage where there is one, and the exit code."""
    assert done.returncode == code, done.stderr
    said = re.sub(r"\AUsage: .*\nTry .*\n\n", "", done.stderr)
    assert said.count("\n") == 1, said
    assert said.startswith(("openinspector: ", "Error: "))
    assert words in said
    assert done.stdout == "" or said.startswith("openinspector: http")


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_said(run: Run, place: Path, case: str) -> None:
    arguments, code, words = CASES[case]
    done = run(*arguments, **NO_AWS, **KEY)
    assert_said(done, code, words)
    assert "secret" not in done.stderr


def test_submitting_needs_credentials(run: Run, place: Path) -> None:
    assert_said(run(*SCAN, NOWHERE, **NO_AWS), UNUSABLE, "no credentials; set AWS_ACCESS_KEY_ID")


def test_syncing_needs_credentials(run: Run, place: Path) -> None:
    assert_said(run("org", "sync", **NO_AWS), UNUSABLE, "Unable to locate credentials")


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield int(listener.getsockname()[1])


def test_a_port_in_use_is_named(run: Run, place: Path, taken: int) -> None:
    done = run("serve", "--data", "d", "--db", "starter", "--port", str(taken))
    words = f"cannot listen at http://127.0.0.1:{taken}: Address already in use"
    assert_said(done, UNUSABLE, words)
