"""`openinspector reach` as a user runs it."""

import json
from pathlib import Path

import pytest

from tests.assess.network.test_reach import example
from tests.assess.network.test_whatif import CHANGE_SET
from tests.cli.conftest import Run

INSTANCE = "i-0123456789abcdef0"


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "network.json"
    path.write_text(json.dumps(example()))
    return path


def test_what_is_open_is_listed_with_its_path(run: Run, network: Path) -> None:
    done = run("reach", "--network", network)
    assert done.returncode == 0, done.stderr
    assert "TCP 22  from everywhere (IPv4)" in done.stdout
    assert f"igw-1 > acl-1 > sg-1 > eni-1 > {INSTANCE}" in done.stdout


def test_what_blocks_is_named(run: Run, network: Path) -> None:
    done = run("reach", "--network", network, "--to", INSTANCE, "--port", "443")
    assert "NOT REACHABLE" in done.stdout
    assert "blocked by SecurityGroup sg-1" in done.stdout


def test_a_pipeline_can_fail_on_what_is_open(run: Run, network: Path) -> None:
    asked = ("reach", "--network", network, "--to", "sg-1", "--fail-on-open", "--port")
    assert run(*asked, "22").returncode == 1
    assert run(*asked, "23").returncode == 0


def test_json_tells_exact_sources(run: Run, network: Path) -> None:
    answer = json.loads(run("reach", "--network", network, "-f", "json").stdout)
    (opening,) = answer["openings"]
    blocks = opening["sources"][0]["blocks"]
    assert "8.0.0.0/7" in blocks
    assert not [block for block in blocks if block.startswith(("10.", "192.168."))]


@pytest.mark.parametrize(
    ("content", "word"),
    [("{", "not JSON"), ("[]", "not the output"), ("{}", "no network interfaces")],
)
def test_files_that_are_no_network_are_refused(
    run: Run, tmp_path: Path, content: str, word: str
) -> None:
    path = tmp_path / "network.json"
    path.write_text(content)
    done = run("reach", "--network", path)
    assert done.returncode == 2
    assert word in done.stderr


@pytest.fixture
def closing(tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(CHANGE_SET))
    return path


def test_a_plan_is_answered_before_and_after(run: Run, network: Path, closing: Path) -> None:
    asked = ("reach", "--network", network, "--what-if", closing, "--port")
    done = run(*asked, "22", "--fail-on-open")
    assert done.returncode == 0, done.stderr
    before, after = done.stdout.split("After:")
    assert "Applied: It" in before
    assert ("NOT REACHABLE" in before, "NOT REACHABLE" in after) == (False, True)
    assert run(*asked, "443", "--fail-on-open").returncode == 1


def test_a_plan_s_answer_as_json(run: Run, network: Path, closing: Path) -> None:
    done = run("reach", "--network", network, "--what-if", closing, "-f", "json")
    answer = json.loads(done.stdout)
    ports = {
        state: [each["ports"]["begin"] for each in answer[state]["openings"]] for state in answer
    }
    assert ports == {"before": [22], "after": [443]}


def test_other_origins_can_be_asked(run: Run, network: Path) -> None:
    done = run("reach", "--network", network, "--from", "peering", "--from", "vpn", "--port", "22")
    assert "no VPN connection leads to it" in done.stdout


def test_json_about_one_port_tells_what_blocks(run: Run, network: Path) -> None:
    asked = ("reach", "--network", network, "--to", INSTANCE, "-f", "json", "--port")
    (closed,) = json.loads(run(*asked, "443").stdout)["verdicts"]
    assert (closed["reachable"], closed["blockedBy"]["id"]) == (False, "sg-1")
    (opened,) = json.loads(run(*asked, "22").stdout)["verdicts"]
    assert opened["opening"]["path"][0] == {"type": "AWS::EC2::InternetGateway", "id": "igw-1"}


def test_a_pipeline_can_fail_on_what_a_plan_opens_only(
    run: Run, network: Path, closing: Path, tmp_path: Path
) -> None:
    """The change set closes 22 and opens 443; a plan that closes only leaves 0."""
    asked = ("reach", "--network", network, "--fail-on-new")
    done = run(*asked, "--what-if", closing)
    assert done.returncode == 1
    assert f"newly reachable from internet: {INSTANCE} TCP 443-443" in done.stderr
    assert run(*asked, "--what-if", closing, "--port", "22").returncode == 0
    empty = tmp_path / "empty.json"
    empty.write_text('{"resource_changes": []}')
    assert run(*asked, "--what-if", empty).returncode == 0
    assert run(*asked).returncode == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--network FILE, or --region REGION"),
        (("--network", "gone.json"), "gone.json"),
        (("--region", "nowhere"), "no name of a Region"),
        (("--network", "NETWORK", "--to", "i-0"), "i-0: no network interface has this name"),
        (("--network", "NETWORK", "--from", "moon"), "moon"),
        (("--network", "NETWORK", "--port", "70000"), "70000"),
        (("--network", "NETWORK", "--what-if", "NETWORK"), "neither `terraform show -json`"),
    ],
)
def test_questions_that_cannot_be_answered_are_refused(
    run: Run, network: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = run("reach", *(str(network) if word == "NETWORK" else word for word in arguments))
    assert done.returncode == 2
    assert words in done.stderr


def test_what_the_cli_and_boto3_print_beside_lists_is_understood(run: Run, network: Path) -> None:
    described = json.loads(network.read_text())
    described["ResponseMetadata"] = {"HTTPStatusCode": 200}
    described["VpcBlockPublicAccessOptions"] = {"InternetGatewayBlockMode": "block-ingress"}
    network.write_text(json.dumps(described))
    done = run("reach", "--network", network, "--port", "22")
    assert "blocked by VPCBlockPublicAccessOptions" in done.stdout
    assert "not known" not in done.stdout
