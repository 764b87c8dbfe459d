"""The verb `scan`, as a user runs it: formats, gates, filters, and what it says when it fails."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

EXPECTED = {("CVE-2020-8203", "HIGH"), ("CVE-2021-3711", "CRITICAL")}


def _found(output: str) -> set[tuple[str, str]]:
    return {
        (finding["packageVulnerabilityDetails"]["vulnerabilityId"], finding["severity"])
        for finding in json.loads(output)["findings"]
        if "packageVulnerabilityDetails" in finding
        and finding["packageVulnerabilityDetails"]["vulnerabilityId"].startswith("CVE-")
    }


def test_json_has_findings_coverage_and_target(run: Run, database: Path, image: Path) -> None:
    done = run("scan", "image", image, "--db", database, "--format", "json")
    assert done.returncode == 0
    assert _found(done.stdout) == EXPECTED
    document = json.loads(done.stdout)
    assert document["target"]["distribution"]["platform"] == "DEBIAN_11"
    assert {part["part"] for part in document["coverage"]["parts"]} >= {
        "os-packages",
        "language-packages",
    }


def test_what_no_advisory_speaks_of_is_said(run: Run, database: Path, image: Path) -> None:
    done = run("scan", "image", image, "--db", database)
    assert "the database holds no advisories for PyPI (4 packages)" in " ".join(done.stdout.split())


def test_table_is_plain_text_without_a_terminal(run: Run, database: Path, image: Path) -> None:
    done = run("scan", "image", image, "--db", database)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "lodash 4.17.15" in done.stdout
    assert "4.17.19" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("format_name", ["cyclonedx", "sarif", "csv", "html", "json", "table"])
def test_every_format_names_every_finding(
    run: Run, database: Path, image: Path, tmp_path: Path, format_name: str
) -> None:
    target = tmp_path / "report"
    done = run(
        "scan", "image", image, "--db", database, "--format", format_name, "--output", target
    )
    assert done.returncode == 0, done.stderr
    text = target.read_text()
    for identity, _ in EXPECTED:
        assert identity in text
    assert done.stdout == ""


def test_csv_has_a_row_for_each_finding(run: Run, database: Path, image: Path) -> None:
    done = run("scan", "image", image, "--db", database, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {row["Vulnerability Id"] for row in rows} >= {identity for identity, _ in EXPECTED}


@pytest.mark.parametrize(
    ("level", "code"), [("critical", 1), ("high", 1), ("medium", 1), ("low", 1)]
)
def test_fail_on_reached(run: Run, database: Path, image: Path, level: str, code: int) -> None:
    done = run("scan", "image", image, "--db", database, "--fail-on", level, "-q")
    assert done.returncode == code
    assert "remain" in done.stderr


def test_fail_on_not_reached(run: Run, database: Path, tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "lodash"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name": "lodash", "version": "4.17.15"}')
    done = run("scan", "dir", tmp_path, "--db", database, "--fail-on", "critical")
    assert done.returncode == 0
    assert run("scan", "dir", tmp_path, "--db", database, "--fail-on", "high").returncode == 1


def test_strict_leaves_with_4_when_not_everything_was_scanned(
    run: Run, database: Path, image: Path
) -> None:
    done = run("scan", "image", image, "--db", database, "--strict", "-q")
    assert done.returncode == 4
    assert "scanned only in part: language-packages" in done.stderr


def test_strict_is_content_with_a_complete_scan(run: Run, database: Path, tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "left-pad"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name": "left-pad", "version": "1.0.0"}')
    assert run("scan", "dir", tmp_path, "--db", database, "--strict").returncode == 0


def test_ignore_file_takes_a_finding_out_and_counts_it(
    run: Run, database: Path, image: Path, tmp_path: Path
) -> None:
    ignore = tmp_path / "ignore.yaml"
    ignore.write_text("- vulnerability: CVE-2021-3711\n  reason: not used\n  expires: 2999-12-31\n")
    done = run("scan", "image", image, "--db", database, "--ignore", ignore, "--format", "json")
    assert _found(done.stdout) == {("CVE-2020-8203", "HIGH")}
    assert json.loads(done.stdout)["summary"]["suppressed"] == 1


def test_an_unknown_key_of_the_ignore_file_is_an_error(
    run: Run, database: Path, image: Path, tmp_path: Path
) -> None:
    ignore = tmp_path / "ignore.yaml"
    ignore.write_text("- vulnerability: CVE-2021-3711\n  expire: 2999-12-31\n")
    done = run("scan", "image", image, "--db", database, "--ignore", ignore)
    assert done.returncode == 2
    assert "ignore.yaml" in done.stderr
    assert "expire" in done.stderr


def test_vex_rules_a_finding_out(run: Run, database: Path, image: Path, tmp_path: Path) -> None:
    vex = tmp_path / "vex.json"
    vex.write_text(
        json.dumps(
            {
                "@context": "https://openvex.dev/ns/v0.2.0",
                "@id": "https://example.com/vex-1",
                "author": "Example",
                "timestamp": "2024-01-01T00:00:00Z",
                "version": 1,
                "statements": [
                    {
                        "vulnerability": {"name": "CVE-2020-8203"},
                        "products": [{"@id": "pkg:npm/lodash@4.17.15"}],
                        "status": "not_affected",
                        "justification": "vulnerable_code_not_in_execute_path",
                    }
                ],
            }
        )
    )
    done = run("scan", "image", image, "--db", database, "--vex", vex, "--format", "json")
    assert _found(done.stdout) == {("CVE-2021-3711", "CRITICAL")}


def test_excluded_paths_are_not_scanned(run: Run, database: Path, image: Path) -> None:
    done = run("scan", "image", image, "--db", database, "--exclude", "srv/**", "--format", "json")
    assert _found(done.stdout) == {("CVE-2021-3711", "CRITICAL")}
    assert "left out as asked (--exclude): srv/**" in done.stdout


def test_the_same_answer_as_image_and_as_sbom(
    run: Run, database: Path, image: Path, tmp_path: Path
) -> None:
    for format_name in ("cyclonedx", "spdx"):
        sbom = tmp_path / f"{format_name}.json"
        made = run("sbom", "image", image, "--format", format_name, "--output", sbom)
        assert made.returncode == 0, made.stderr
        done = run("scan", "sbom", sbom, "--db", database, "--format", "json")
        assert _found(done.stdout) == EXPECTED


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("scan", "image", "/no/such.tar"), 2, "no such file"),
        (("scan", "dir", "/no/such/folder"), 2, "/no/such/folder"),
        (("scan", "sbom", "/no/such.json"), 2, "/no/such.json"),
        (("scan", "lambda", "/no/such.zip"), 2, "/no/such.zip"),
        (("scan", "image"), 2, "Missing argument"),
        (("scan", "host", "--format", "xml"), 2, "xml"),
    ],
)
def test_unusable_targets_are_one_sentence(
    run: Run, database: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = run(*arguments, "--db", database)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", [b"", b"\x00" * 2048, b"{}", b"not an image"])
def test_what_is_no_image_is_refused(
    run: Run, database: Path, tmp_path: Path, content: bytes
) -> None:
    target = tmp_path / "image.tar"
    target.write_bytes(content)
    done = run("scan", "image", target, "--db", database)
    assert done.returncode == 2
    assert "image.tar" in done.stderr


def test_a_missing_database_says_what_to_do(run: Run, tmp_path: Path) -> None:
    done = run("scan", "dir", tmp_path)
    assert done.returncode == 3
    for way in ("db update", "db import", "--db starter"):
        assert way in done.stderr


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" + b"\x00" * 4096])
def test_an_unusable_database_is_named(run: Run, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.db"
    path.write_bytes(content)
    done = run("scan", "dir", tmp_path, "--db", path)
    assert done.returncode == 3
    assert "broken.db" in done.stderr


def test_an_output_that_cannot_be_written_is_named(
    run: Run, database: Path, image: Path, tmp_path: Path
) -> None:
    target = tmp_path / "no" / "folder" / "report.json"
    done = run("scan", "image", image, "--db", database, "--output", target)
    assert done.returncode == 2
    assert str(target) in done.stderr


def test_a_local_maven_repository_is_asked_for(run: Run, database: Path, tmp_path: Path) -> None:
    """It tells the version of a parent's list, and a note says that it was used."""
    own = "<groupId>g</groupId><artifactId>list</artifactId><version>1</version>"
    thing = "<groupId>a</groupId><artifactId>a</artifactId>"
    listed = f"<dependency>{thing}<version>1.5</version></dependency>"
    folder = tmp_path / "repository" / "g" / "list" / "1"
    folder.mkdir(parents=True)
    (folder / "list-1.pom").write_text(
        f"<project>{own}<dependencyManagement><dependencies>{listed}</dependencies>"
        "</dependencyManagement></project>"
    )
    project = tmp_path / "project"
    project.mkdir()
    (project / "pom.xml").write_text(
        f"<project><parent>{own}<relativePath/></parent><artifactId>p</artifactId>"
        f"<dependencies><dependency>{thing}</dependency></dependencies></project>"
    )
    asked = ("scan", "dir", project, "--db", database, "--format", "json", "--maven-repository")

    done = run(*asked, tmp_path / "repository")
    without = run(*asked, "")
    missing = run(*asked, tmp_path / "nowhere")

    assert (missing.returncode, missing.stdout) == (2, "")
    nowhere = f"{tmp_path / 'nowhere'}: no such folder; expected a local Maven repository"
    assert missing.stderr == f"openinspector: {nowhere}\n"
    assert f"dependencies were looked up in {tmp_path / 'repository'}" in done.stdout
    assert "not pinned to a version" not in done.stdout
    assert "1 entry not pinned to a version and not judged: a:a" in without.stdout
    assert "looked up in" not in without.stdout
