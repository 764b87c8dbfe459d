"""`scan disk`, `sbom disk` and `explain CVE disk` as a user runs them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from openinspector.cli.exits import EXTRAS
from tests import disks
from tests.images import file, write_folder

STATUS = "Package: openssl\nStatus: install ok installed\nVersion: 1.1.1k-1\nArchitecture: amd64\n"
LOCK = '{"lockfileVersion": 3, "packages": {"node_modules/lodash": {"version": "4.17.15"}}}'


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder, and a qcow2 of a disk with it."""
    place = tmp_path_factory.mktemp("disk")
    entries = [
        file("etc/os-release", 'ID=debian\nVERSION_ID="11"\n'),
        file("var/lib/dpkg/status", STATUS),
        file("srv/package-lock.json", LOCK),
    ]
    root = write_folder(place / "root", entries)
    disk = disks.gpt(place / "disk.img", [disks.ext(place / "root.img", root, size=8)])
    return root, disks.convert(disk, "qcow2")


def test_the_findings_are_those_of_the_folder(run, database: Path, places) -> None:
    root, disk = places
    findings = []
    for kind, path in (("dir", root), ("disk", disk)):
        done = run("scan", kind, path, "--db", database, "-f", "json", "-q")
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        findings.append(
            [
                {k: v for k, v in each.items() if k not in ("findingArn", "resources")}
                for each in report["findings"]
            ]
        )
    assert findings[0], "no findings prove nothing"
    assert _without_times(findings[0]) == _without_times(findings[1])


def _without_times(findings: list[dict]) -> list[dict]:
    return [{k: v for k, v in each.items() if not k.endswith("At")} for each in findings]


def test_other_verbs(run, database: Path, places, tmp_path: Path) -> None:
    disk = places[1]
    done = run("sbom", "disk", disk, "-o", tmp_path / "sbom.json")
    assert done.returncode == 0, done.stderr
    names = {
        each["name"] for each in json.loads((tmp_path / "sbom.json").read_bytes())["components"]
    }
    assert {"openssl", "lodash"} <= names
    done = run("explain", "CVE-2020-8203", "disk", disk, "--db", database)
    assert done.returncode == 0, done.stderr
    assert "srv/package-lock.json" in done.stdout


def test_what_is_no_disk(run, database: Path, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("text\n")
    done = run("scan", "disk", tmp_path / "x.txt", "--db", database)
    assert done.returncode == 2
    assert "expected the image of a disk" in done.stderr


def test_without_the_readers(places) -> None:
    """Python says that a module is missing when its place in sys.modules is None."""
    absent = sorted(EXTRAS["disk"][1])
    script = (
        f"import sys; sys.modules.update(dict.fromkeys({absent!r}));"
        "from openinspector.cli import main; sys.argv[1:] = ['sbom', 'disk', sys.argv[1]]; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, places[1]], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "this needs the readers of disks (py" in done.stderr
    assert "pip install 'openinspector[disk]'" in done.stderr
