"""The examples of the pages on extending are real: extracted, checked, tested and used."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from openinspector.advisories import AdvisoryDatabase
from openinspector.advisories.build import Source, build
from openinspector.advisories.feeds import READERS, recognise, table
from openinspector.advisories.publishers import TRACKER, Publisher
from openinspector.assess.packages import match
from openinspector.inventory import catalogers
from openinspector.inventory.collect import collect
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.inventory.trees.directory import DirectoryTree
from openinspector.model import Distribution, Inventory, Package, Target
from tests.docs.pages import FOLDER, Page, read

CATALOGER = read(FOLDER / "extend" / "add-a-cataloger.md")
FEED = read(FOLDER / "extend" / "add-a-feed.md")
PACKAGES = ("openinspector.inventory.catalogers", "openinspector.advisories.feeds")

CONFTEST = f"""
import importlib, pathlib
for name in {PACKAGES}:
    folder = pathlib.Path(__file__).parent / "src" / name.replace(".", "/")
    importlib.import_module(name).__path__.append(str(folder))
"""


def extract(page: Page, folder: Path) -> None:
    """Write the files of a page, and what lets their modules be imported in place."""
    for block in page.blocks:
        if block.kind == "file":
            path = folder / block.value
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
    (folder / "conftest.py").write_text(CONFTEST)


def block(page: Page, name: str) -> str:
    """The text of one file of a page."""
    (found,) = [each.text for each in page.blocks if (each.kind, each.value) == ("file", name)]
    return found


@pytest.mark.parametrize("page", [CATALOGER, FEED], ids=lambda page: page.path.stem)
def test_the_examples_pass_their_own_tests_and_the_linter(page: Page, tmp_path: Path) -> None:
    extract(page, tmp_path)
    configuration = str(FOLDER.parent / "pyproject.toml")
    commands = (
        ["pytest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), "tests"],
        [
            "ruff",
            "check",
            "--no-cache",
            "--ignore",
            "I001",
            "--config",
            configuration,
            "src",
            "tests",
        ],
        ["ruff", "format", "--no-cache", "--check", "--config", configuration, "src", "tests"],
    )
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env={**os.environ, "PYTEST_ADDOPTS": ""},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def load(name: str, page: Page, folder: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Import a module of a page as if it stood in the source tree."""
    extract(page, folder)
    package = importlib.import_module(name.rpartition(".")[0])
    place = folder / "src" / package.__name__.replace(".", "/")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(place)])
    monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module(name)


def test_the_cataloger_works_in_a_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load("openinspector.inventory.catalogers.deno", CATALOGER, tmp_path / "page", monkeypatch)
    assert '"deno"' in CATALOGER.text
    monkeypatch.setattr(catalogers, "FAMILIES", (*catalogers.FAMILIES, "deno"))
    rows = catalogers.table.__wrapped__()
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "deno.lock").write_text('{"version": "4", "npm": {"lodash@4.17.20": {}}}')
    with DirectoryTree(str(tmp_path / "app"), DEFAULT_LIMITS) as tree:
        inventory = collect(tree, rows)
    told = [(each.purl, each.cataloger) for each in inventory.packages]
    assert told == [("pkg:npm/lodash@4.17.20", "javascript-deno")]
    assert inventory.gaps == ()


def test_the_feed_works_in_a_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("openinspector.advisories.feeds.photon", FEED, tmp_path / "page", monkeypatch)
    row = eval(block(FEED, "row.py"), {"Feed": table.Feed, "photon": module})
    assert (row.name, len(row.urls)) == ("photon", 2)
    test = eval(block(FEED, "test.py"), {"_matches": recognise._matches})
    publishers = {"Publisher": Publisher, "TRACKER": TRACKER}
    assert eval(f"{{{block(FEED, 'publisher.py')}}}", publishers)["PHOTON-"].source == row.source

    path = tmp_path / "cve_data_photon5.0.json"
    path.write_text(
        json.dumps(
            [
                {
                    "cve_id": "CVE-2023-38545",
                    "pkg": "curl",
                    "cve_score": 9.8,
                    "aff_ver": "all versions before 8.1.2-2.ph5 are vulnerable",
                    "res_ver": "8.1.2-2.ph5",
                }
            ]
        )
    )
    assert test[0] == row.name
    assert test[1](path.read_bytes())
    monkeypatch.setitem(READERS, row.name, row.read)
    report = build([Source(row.name, path.name, path)], tmp_path / "photon.db")
    assert [(tally.kept, tally.unusable, tally.failure) for tally in report.sources] == [
        (1, 0, None)
    ]
    with AdvisoryDatabase.open(tmp_path / "photon.db") as knowledge:
        found = [match(_photon(version), knowledge) for version in ("8.1.2-1.ph5", "8.1.2-2.ph5")]
    (observation,) = found[0].observations
    assert observation.vulnerability.id == "CVE-2023-38545"
    assert observation.matches[0].fixed_version == "8.1.2-2.ph5"
    assert found[1].observations == ()


def _photon(version: str) -> Inventory:
    package = Package(
        ecosystem="Photon OS",
        name="curl",
        version=version,
        purl=f"pkg:rpm/photon/curl@{version}",
        manager="OS",
        cataloger="rhel-rpm",
        collector="rhel-rpm",
    )
    distribution = Distribution("photon", "VMware Photon OS", "5.0", "Photon OS", "5.0")
    return Inventory(Target("image", "photon"), (package,), distribution)
