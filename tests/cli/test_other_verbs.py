"""The verbs `sbom`, `explain` and `db`, and the help."""

import json
from pathlib import Path

from tests.cli.conftest import Run


def test_help_names_every_verb(run: Run) -> None:
    done = run("--help")
    assert done.returncode == 0
    for verb in ("scan", "sbom", "explain", "db"):
        assert verb in done.stdout
    for verb, target in (("scan", "lambda"), ("sbom", "image"), ("explain", "host")):
        assert target in run(verb, "--help").stdout


def test_sbom_holds_every_package(run: Run, image: Path) -> None:
    done = run("sbom", "image", image)
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["specVersion"] == "1.5"
    text = done.stdout
    for purl in (
        "pkg:npm/lodash@4.17.15",
        "pkg:pypi/django@3.2.4",
        "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1",
        "pkg:deb/debian/sudo@1.9.5p2-3",
    ):
        assert purl in text


def test_explain_says_why(run: Run, database: Path, image: Path) -> None:
    done = run("explain", "CVE-2020-8203", "image", image, "--db", database)
    assert done.returncode == 0
    for words in (
        "FOUND in 1 package: HIGH",
        "GHSA-p6mc-m468-83gw",
        "3.7.0 <= 4.17.15 < 4.17.19",
        "srv/app/node_modules/lodash/package.json (layer 2 of 2, sha256:",
    ):
        assert words in done.stdout


def test_explain_says_why_not(run: Run, database: Path, tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "lodash"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name": "lodash", "version": "4.17.21"}')
    done = run("explain", "GHSA-p6mc-m468-83gw", "dir", tmp_path, "--db", database)
    assert done.returncode == 0
    assert "NOT FOUND" in done.stdout
    assert "lodash 4.17.21 (npm): the installed version holds the fix" in done.stdout


def test_explain_does_not_know_everything(run: Run, database: Path, tmp_path: Path) -> None:
    done = run("explain", "CVE-1900-1", "dir", tmp_path, "--db", database)
    assert "does not know" in done.stdout


def test_database_is_built_the_same_twice(run: Run, feeds: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.db", tmp_path / "two.db"
    for path in (one, two):
        assert run("db", "build", "--from", feeds, "--output", path).returncode == 0
    assert one.read_bytes() == two.read_bytes()


def test_database_describes_itself(run: Run, database: Path) -> None:
    done = run("db", "info", "--db", database)
    assert done.returncode == 0
    assert "Debian:11" in done.stdout
    assert "npm" in done.stdout


def test_database_is_searched(run: Run, database: Path) -> None:
    assert "CVE-2020-8203" in run("db", "search", "ghsa-p6mc-m468-83gw", "--db", database).stdout
    assert "npm" in run("db", "search", "lodash", "--db", database).stdout
    nothing = run("db", "search", "no-such-thing", "--db", database)
    assert nothing.returncode == 2
    assert "no-such-thing" in nothing.stderr


def test_database_travels(run: Run, database: Path, image: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    assert run("db", "export", packed, "--db", database).returncode == 0
    data = {"XDG_DATA_HOME": str(tmp_path / "data")}
    assert run("db", "import", packed, **data).returncode == 0
    assert run("scan", "image", image, "--fail-on", "high", "-q", **data).returncode == 1


def test_a_damaged_copy_is_not_imported(run: Run, database: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    run("db", "export", packed, "--db", database)
    packed.write_bytes(packed.read_bytes()[:-20])
    done = run("db", "import", packed, XDG_DATA_HOME=str(tmp_path / "data"))
    assert done.returncode == 3
    assert "checksum" in done.stderr


def test_without_internet_update_says_what_to_do(run: Run, tmp_path: Path) -> None:
    done = run("db", "update", "--mirror", f"file://{tmp_path}/none", "--feed", "kev")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_nothing_recognised_is_an_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no feed")
    done = run("db", "build", "--from", tmp_path, "--output", tmp_path / "x.db")
    assert done.returncode == 3
    assert not (tmp_path / "x.db").exists()
