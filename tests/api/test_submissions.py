"""Scans that are handed in by name: the same name is the same resource, until it is removed."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openinspector.model import Inventory, Target
from tests.api.conftest import MEMBER, SBOM, Server, new_key, openinspector
from tests.api.test_gateway import send

SUBMITTER = "666666666666"
SUBMIT, REMOVE = "/openinspector/resources/submit", "/openinspector/resources/remove"


@pytest.fixture
def account(server: Server) -> str:
    """An account of its own, with nothing in it."""
    if SUBMITTER not in server.keys:
        server.keys[SUBMITTER] = new_key(server.folder, SUBMITTER)
    server.client(SUBMITTER).disable()
    return SUBMITTER


def scan(server: Server, folder: Path, name: str, packages: set[str]) -> str:
    """Scan an SBOM with some of the packages as the resource of a name; what was said of it."""
    folder.mkdir(exist_ok=True)
    components = [each for each in SBOM["components"] if each["name"] in packages]
    file = folder / "sbom.json"
    file.write_text(json.dumps({**SBOM, "components": components}))
    done = openinspector(
        *("scan", "sbom", file, "--db", "starter", "--quiet"),
        *("--submit", server.address, "--submit-as", name),
        **server.environment(SUBMITTER),
    )
    (line,) = [each for each in done.stderr.splitlines() if "submitted" in each]
    return line.removeprefix("openinspector: submitted ")


def open_findings(server: Server) -> dict[str, set[str]]:
    """The resources with open findings, and the packages that those are about."""
    criteria = {"findingStatus": [{"comparison": "EQUALS", "value": "ACTIVE"}]}
    found: dict[str, set[str]] = {}
    for each in server.client(SUBMITTER).list_findings(filterCriteria=criteria)["findings"]:
        packages = each["packageVulnerabilityDetails"]["vulnerablePackages"]
        names = found.setdefault(each["resources"][0]["id"], set())
        names.update(package["name"] for package in packages)
    return found


def post(server: Server, path: str, body: Any, account: str = SUBMITTER) -> tuple[int, Any]:
    key = server.keys[account]
    status, _, answer = send(server, path, msgspec.json.encode(body), key=key)
    return status, answer


def test_one_name_is_one_resource(server: Server, account: str, tmp_path: Path) -> None:
    both = {"lodash", "minimist"}
    said = scan(server, tmp_path / "here", "shop", both)
    resource, _, counted = said.rpartition(": ")
    assert counted.endswith("opened")
    assert open_findings(server) == {resource: both}
    # Another checkout, elsewhere: the name decides.
    said = scan(server, tmp_path / "there", "shop", {"lodash"})
    assert said.startswith(f"{resource}: ")
    assert "closed" in said
    assert open_findings(server) == {resource: {"lodash"}}
    other = scan(server, tmp_path / "there", "bakery", {"lodash"}).rpartition(": ")[0]
    assert open_findings(server) == {resource: {"lodash"}, other: {"lodash"}}


def test_what_is_removed_has_no_open_findings(server: Server, account: str, tmp_path: Path) -> None:
    resource = scan(server, tmp_path, "shop", {"lodash", "minimist"}).rpartition(": ")[0]
    before = server.client(account).list_findings()["findings"]
    status, answer = post(server, REMOVE, {"resourceId": resource})
    assert (status, answer) == (200, {"resourceId": resource, "closed": len(before)})
    after = server.client(account).list_findings()["findings"]
    assert {each["status"] for each in after} == {"CLOSED"}
    assert {each["findingArn"] for each in after} == {each["findingArn"] for each in before}
    assert server.client(account).list_coverage()["coveredResources"] == []
    status, answer = post(server, REMOVE, {"resourceId": resource})
    assert status == 404, "what is gone cannot go again"
    # It comes back as it was: the same findings, reopened.
    assert "reopened" in scan(server, tmp_path, "shop", {"lodash", "minimist"})
    again = server.client(account).list_findings()["findings"]
    assert {each["findingArn"] for each in again} == {each["findingArn"] for each in before}
    assert {each["status"] for each in again} == {"ACTIVE"}


def test_nobody_removes_what_is_anothers(server: Server, account: str, tmp_path: Path) -> None:
    resource = scan(server, tmp_path, "shop", {"lodash"}).rpartition(": ")[0]
    status, answer = post(server, REMOVE, {"resourceId": resource}, MEMBER)
    assert status == 404
    assert answer["message"] == f"There is no resource {resource} in this account."
    assert open_findings(server) == {resource: {"lodash"}}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "resourceId"),
        ({"resourceId": 5}, "resourceId"),
        ([], "cannot be read"),
        ({"resourceId": "no-such"}, "There is no resource no-such"),
        ({"resourceId": ""}, "There is no resource"),
        ({"resourceId": "x\0"}, "There is no resource"),
        ({"resourceId": "x" * 100_000}, "There is no resource xxx"),
    ],
)
def test_wrong_names_are_not_removed(server: Server, account: str, body: Any, words: str) -> None:
    status, answer = post(server, REMOVE, body)
    assert status in (400, 404)
    assert words in answer["message"]
    assert len(answer["message"]) < 1000


@pytest.mark.parametrize("name", ["", " \t", "x" * 4097, "a\0b"])
def test_wrong_names_are_not_submitted(server: Server, account: str, name: str) -> None:
    status, answer = post(server, SUBMIT, Inventory(Target("directory", name), ()))
    assert status == 400
    assert "1 to 4096 characters" in answer["message"]
    assert server.client(account).list_coverage()["coveredResources"] == []
