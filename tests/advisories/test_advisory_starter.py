"""The embedded starter set: sane, plainly a starter set, and true to the advisories."""

import csv
import gzip
import json
import time
import zipfile
from pathlib import Path

import pytest

from openinspector.advisories import AdvisoryDatabase
from openinspector.advisories.feeds.starter_table import read
from openinspector.advisories.normalise import normalise
from openinspector.advisories.osv import Malformed, decode
from openinspector.advisories.starter import build_starter, starter_path, table
from openinspector.versions import key, parse


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> AdvisoryDatabase:
    path = tmp_path_factory.mktemp("starter") / "starter.db"
    build_starter(path)
    return AdvisoryDatabase.open(path)


def test_it_says_what_it_is(starter: AdvisoryDatabase) -> None:
    info = starter.info()
    assert info.starter
    assert 150 <= info.vulnerabilities <= 500
    assert info.problems == ()
    assert {name.partition(":")[0] for name, _ in info.ecosystems} >= {
        *("Alpine", "AlmaLinux", "Amazon Linux", "Debian", "Go", "Maven", "NuGet", "Packagist"),
        *("PyPI", "RubyGems", "Ubuntu", "crates.io", "npm"),
    }


@pytest.mark.parametrize(
    ("ecosystem", "name", "version", "vulnerability", "affected"),
    [
        ("Maven", "org.apache.logging.log4j:log4j-core", "2.14.1", "CVE-2021-44228", True),
        ("Maven", "org.apache.logging.log4j:log4j-core", "2.12.2", "CVE-2021-44228", False),
        ("Maven", "org.springframework:spring-beans", "5.3.17", "CVE-2022-22965", True),
        ("Maven", "org.springframework:spring-beans", "5.2.20.RELEASE", "CVE-2022-22965", False),
        ("Debian:7", "openssl", "1.0.1e-2+deb7u4", "CVE-2014-0160", True),
        ("Debian:12", "openssh", "1:9.2p1-2+deb12u2", "CVE-2024-6387", True),
        ("Debian:12", "openssh", "1:9.2p1-2+deb12u3", "CVE-2024-6387", False),
        ("Debian:12", "glibc", "2.36-9+deb12u1", "CVE-2023-4911", True),
        ("Ubuntu:22.04:LTS", "curl", "7.81.0-1ubuntu1.13", "CVE-2023-38545", True),
        ("Amazon Linux:2", "sudo", "1.8.23-4.amzn2", "CVE-2021-3156", True),
        ("Amazon Linux:2023", "openssh", "8.7p1-8.amzn2023.0.11", "CVE-2024-6387", False),
        ("npm", "lodash", "4.17.11", "CVE-2019-10744", True),
        ("npm", "lodash", "4.17.21", "CVE-2019-10744", False),
        ("npm", "event-stream", "3.3.6", "GHSA-mh6f-8j2x-4483", True),
        ("npm", "event-stream", "3.3.5", "GHSA-mh6f-8j2x-4483", False),
        ("PyPI", "PyYAML", "5.3", "CVE-2020-14343", True),
        ("PyPI", "requests", "2.19.1", "CVE-2018-18074", True),
        ("NuGet", "Newtonsoft.Json", "12.0.3", "CVE-2024-21907", True),
        ("NuGet", "newtonsoft.json", "13.0.1", "CVE-2024-21907", False),
        ("crates.io", "time", "0.1.43", "CVE-2020-26235", True),
        ("Packagist", "laravel/framework", "5.6.29", "CVE-2018-15133", True),
    ],
)
def test_the_best_known(
    starter: AdvisoryDatabase,
    ecosystem: str,
    name: str,
    version: str,
    vulnerability: str,
    affected: bool,
) -> None:
    wanted = key(ecosystem, version)
    hits = {
        each
        for record in starter.affected(ecosystem, name)
        for each in record.vulnerabilities
        for interval in record.ranges
        if wanted >= interval.introduced
        and (interval.fixed is None or wanted < interval.fixed)
        and (interval.last_affected is None or wanted <= interval.last_affected)
    }
    assert (vulnerability in hits) is affected


def test_facts_of_the_best_known(starter: AdvisoryDatabase) -> None:
    found = starter.vulnerability("GHSA-jfh8-c2jp-5v3q")
    assert found.id == "CVE-2021-44228"
    assert [(entry.source, entry.score) for entry in found.cvss] == [("NVD", 10.0)]
    assert found.known_exploited is not None
    assert found.known_exploited.added == "2021-12-10"
    assert dict(found.vendor)["NVD"] == "CRITICAL"
    assert "Log4Shell" in found.summary


def test_every_row_is_whole() -> None:
    """Each vulnerability has a date, a title of its own; each version can be read."""
    titles = set()
    for item in read(table()):
        advisory = item.load()
        assert advisory.published, advisory.id
        if advisory.summary:
            assert advisory.summary not in titles, advisory.summary
            titles.add(advisory.summary)
        for record in normalise(advisory, "starter").affected:
            for interval in record.ranges:
                for version in (interval.introduced_version, interval.end_version):
                    if version not in (None, "0"):
                        assert parse(record.ecosystem, version).warning is None, (
                            advisory.id,
                            version,
                        )
                end = interval.fixed or interval.last_affected
                assert end is None or interval.introduced <= end, advisory.id


def test_it_is_compiled_once_and_quickly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    began = time.perf_counter()
    path = starter_path()
    assert time.perf_counter() - began < 30
    stamp = path.stat().st_mtime_ns
    assert starter_path() == path
    assert path.stat().st_mtime_ns == stamp
    assert path.is_relative_to(tmp_path)


def test_the_rows_agree_with_the_advisories(shared: Path) -> None:
    """Every row whose advisory the real data holds says the same fix for the same package."""
    wanted: dict[str, dict[tuple[str, str], set[str | None]]] = {}
    for item in read(table()):
        advisory = item.load()
        for record in normalise(advisory, "starter").affected:
            held = wanted.setdefault(advisory.id, {})
            held.setdefault((record.ecosystem, record.name), set()).update(
                interval.end_version for interval in record.ranges
            )
    compared = 0
    for path in sorted((shared / "data" / "osv").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                identifier = name.removesuffix(".json")
                if identifier not in wanted:
                    continue
                try:
                    real = normalise(decode(archive.read(name)))
                except Malformed:
                    continue
                ends: dict[tuple[str, str], set[str | None]] = {}
                for record in real.affected:
                    ends.setdefault((record.ecosystem, record.name), set()).update(
                        interval.end_version for interval in record.ranges
                    )
                for package, versions in wanted[identifier].items():
                    if ends.get(package):
                        assert versions <= ends[package], (identifier, package)
                        compared += 1
    assert compared > 1000, json.dumps({"compared": compared})


def test_scores_weaknesses_and_exploitation_agree_with_the_data(shared: Path) -> None:
    """Every vector, weakness and date that ../shared tells, row by row."""
    vectors = rows_by_cve(shared / "data" / "nvd" / "nvd-cvss.csv.gz", column=2)
    weaknesses = rows_by_cve(shared / "data" / "nvd" / "nvd-cwe.csv.gz", column=1)
    catalogue = json.loads((shared / "data" / "kev.json").read_bytes())["vulnerabilities"]
    exploited = {each["cveID"]: each for each in catalogue}
    compared = 0
    marked = set()
    for kind, cve, columns in rows_of_the_table():
        if kind == "V":
            vector, cwes = columns[1], columns[3].split()
            if vector and cve in vectors:
                assert vector in vectors[cve], cve
                compared += 1
            if cve in weaknesses:
                assert set(cwes) <= weaknesses[cve], cve
        elif kind == "K":
            entry = exploited[cve]
            ransomware = str(int(entry["knownRansomwareCampaignUse"] == "Known"))
            assert columns == [entry["dateAdded"], entry["dueDate"], ransomware], cve
            marked.add(cve)
    told = {cve for kind, cve, _ in rows_of_the_table() if kind == "V"}
    assert marked == told & set(exploited), "each that CISA lists is marked, and no other"
    assert compared > 150


def rows_by_cve(path: Path, column: int) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    with gzip.open(path, "rt") as file:
        for row in csv.reader(file):
            found.setdefault(row[0], set()).add(row[column])
    return found


def rows_of_the_table() -> list[tuple[str, str, list[str]]]:
    """Kind, vulnerability and further columns of each row."""
    rows = []
    cve = ""
    for line in table().read_text().splitlines():
        if line and not line.startswith("#"):
            kind, *columns = line.split("\t")
            if kind == "V":
                cve, *columns = columns
            rows.append((kind, cve, columns))
    return rows
