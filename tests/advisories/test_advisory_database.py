"""The compiled database: look-ups, folding, rebuilding, updating, and files that are none."""

import sqlite3
from pathlib import Path

import pytest
from advisory_samples import (
    advisory,
    affected,
    compiled,
    content,
    fixed_in,
    write_zip,
)

from openinspector.advisories import AdvisoryDatabase, schema
from openinspector.advisories.build import Source, build, update
from openinspector.model import DatabaseError
from openinspector.versions import key

LODASH = advisory(
    "GHSA-jf85-cpcp-j695",
    fixed_in("npm", "lodash", "4.17.12"),
    fixed_in("npm", "lodash-es", "4.17.14"),
    aliases=["CVE-2019-10744"],
    summary="Prototype pollution",
    details="A description.",
    severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:H"}],
    database_specific={"severity": "CRITICAL", "cwe_ids": ["CWE-1321"]},
)
UBUNTU = advisory(
    "UBUNTU-CVE-2019-10744",
    fixed_in("Ubuntu:22.04:LTS", "node-lodash", "4.17.20-1"),
    upstream=["CVE-2019-10744"],
    related=["USN-1-1"],
    details="A description.",
    severity=[{"type": "Ubuntu", "score": "medium"}],
)


def test_what_is_said_of_a_package(tmp_path: Path) -> None:
    database, report = compiled(tmp_path, [LODASH, UBUNTU])
    assert report.advisories == 2
    (record,) = database.affected("npm", "lodash")
    assert record.advisory == "GHSA-jf85-cpcp-j695"
    assert record.vulnerabilities == ("CVE-2019-10744",)
    assert (record.feed, record.state, record.vendor_severity) == ("osv", "fixed", "CRITICAL")
    assert record.url == "https://github.com/advisories/GHSA-jf85-cpcp-j695"
    assert (record.published, record.modified) == ("2024-04-01T00:00:00Z", "2024-05-01T10:00:00Z")
    (interval,) = record.ranges
    assert (interval.introduced, interval.fixed) == (b"", key("npm", "4.17.12"))
    assert (interval.introduced_version, interval.end_version) == ("0", "4.17.12")
    assert database.affected("npm", "Lodash") == []
    assert database.affected("PyPI", "lodash") == []
    assert database.knows("Ubuntu:22.04:LTS")
    assert not database.knows("Ubuntu:20.04:LTS")
    assert database.ecosystems() == ("Ubuntu:22.04:LTS", "npm")


def test_all_kinds_of_intervals_come_back(tmp_path: Path) -> None:
    document = advisory(
        "CVE-2024-1000",
        affected(
            "PyPI",
            "a",
            ("introduced", "1.0"),
            ("fixed", "1.5"),
            ("introduced", "2.0"),
            ("last_affected", "2.5"),
            ("introduced", "3.0"),
            versions=["0.1", "0.2", "1.1"],
        ),
    )
    database, _ = compiled(tmp_path, [document])
    (record,) = database.affected("PyPI", "A")
    ends = [(r.introduced_version, r.fixed, r.last_affected, r.end_version) for r in record.ranges]
    assert ends == [
        ("1.0", key("PyPI", "1.5"), None, "1.5"),
        ("2.0", None, key("PyPI", "2.5"), "2.5"),
        ("3.0", None, None, None),
    ]
    assert record.versions == (key("PyPI", "0.1"), key("PyPI", "0.2"))


def test_a_fleet_is_matched_by_one_join(tmp_path: Path) -> None:
    """The tables answer without Python: package versions as rows, affected ones by join."""
    document = advisory(
        "CVE-2024-1000",
        affected(
            "PyPI",
            "a",
            ("introduced", "1.0"),
            ("fixed", "1.5"),
            ("introduced", "2.0"),
            ("last_affected", "2.5"),
            versions=["0.1"],
        ),
    )
    compiled(tmp_path, [document])
    connection = sqlite3.connect(tmp_path / "advisories.db")
    connection.execute("CREATE TEMP TABLE fleet (package INTEGER, version TEXT, key BLOB)")
    versions = ["0.1", "0.2", "1.0", "1.4", "1.5", "2.5", "2.6"]
    connection.executemany(
        "INSERT INTO fleet SELECT id, ?, ? FROM package WHERE name = 'a'",
        [(version, key("PyPI", version)) for version in versions],
    )
    rows = connection.execute(
        "SELECT DISTINCT f.version FROM fleet f JOIN affects a ON a.package = f.package"
        " JOIN span s ON s.statement = a.statement AND s.lower <= f.key"
        " AND (s.upper IS NULL OR f.key < s.upper OR (s.upper_inclusive AND f.key = s.upper))"
        " ORDER BY 1"
    )
    assert [version for (version,) in rows] == ["0.1", "1.0", "1.4", "2.5"]


def test_advisories_fold_into_the_vulnerability(tmp_path: Path) -> None:
    database, _ = compiled(tmp_path, [LODASH, UBUNTU])
    found = database.vulnerability("CVE-2019-10744")
    assert found is not None
    assert found.id == "CVE-2019-10744"
    assert found.advisories == ("GHSA-jf85-cpcp-j695", "UBUNTU-CVE-2019-10744", "USN-1-1")
    assert found.description == "A description."
    assert found.summary == "Prototype pollution"
    assert [(entry.source, entry.score) for entry in found.cvss] == [("GITHUB", 9.1)]
    assert found.cwes == ("CWE-1321",)
    assert found.vendor == (("GITHUB", "CRITICAL"), ("UBUNTU_CVE", "medium"))
    for identifier in ("GHSA-jf85-cpcp-j695", "UBUNTU-CVE-2019-10744", "USN-1-1"):
        assert database.vulnerability(identifier) == found
    assert database.vulnerability("CVE-1999-0001") is None


def test_an_advisory_without_cve_folds_over_its_aliases(tmp_path: Path) -> None:
    rustsec = advisory(
        "RUSTSEC-2020-0071",
        fixed_in("crates.io", "time", "0.2.23"),
        aliases=["GHSA-wcg3-cvx6-7396"],
    )
    ghsa = advisory(
        "GHSA-wcg3-cvx6-7396",
        fixed_in("crates.io", "time", "0.2.23"),
        aliases=["CVE-2020-26235", "RUSTSEC-2020-0071"],
    )
    database, _ = compiled(tmp_path, [rustsec, ghsa])
    spoken = {record.vulnerabilities for record in database.affected("crates.io", "time")}
    assert spoken == {("CVE-2020-26235",)}
    found = database.vulnerability("RUSTSEC-2020-0071")
    assert found is not None
    assert found.id == "CVE-2020-26235"


def test_names_without_any_cve_meet(tmp_path: Path) -> None:
    documents = [
        advisory("RUSTSEC-1-1", fixed_in("crates.io", "a", "1.0.0"), aliases=["GHSA-aaaa"]),
        advisory("GHSA-aaaa", fixed_in("crates.io", "a", "1.0.0"), aliases=["RUSTSEC-1-1"]),
    ]
    database, _ = compiled(tmp_path, documents)
    spoken = [record.vulnerabilities for record in database.affected("crates.io", "a")]
    assert spoken == [("GHSA-aaaa",), ("GHSA-aaaa",)]


def test_a_wrongly_shared_alias_joins_no_two_cves(tmp_path: Path) -> None:
    documents = [
        advisory("GHSA-one", fixed_in("npm", "a", "1.0.0"), aliases=["CVE-2024-0001", "X-SHARED"]),
        advisory("GHSA-two", fixed_in("npm", "b", "1.0.0"), aliases=["CVE-2024-0002", "X-SHARED"]),
        advisory("X-SHARED", fixed_in("npm", "c", "1.0.0"), aliases=["GHSA-one", "GHSA-two"]),
    ]
    database, _ = compiled(tmp_path, documents)
    assert database.affected("npm", "a")[0].vulnerabilities == ("CVE-2024-0001",)
    assert database.affected("npm", "b")[0].vulnerabilities == ("CVE-2024-0002",)
    assert database.affected("npm", "c")[0].vulnerabilities == ("X-SHARED",)


def test_an_advisory_with_two_cves_speaks_of_both(tmp_path: Path) -> None:
    document = advisory(
        "GHSA-both", fixed_in("npm", "a", "1.0.0"), aliases=["CVE-2024-0001", "CVE-2024-0002"]
    )
    database, _ = compiled(tmp_path, [document])
    assert database.affected("npm", "a")[0].vulnerabilities == ("CVE-2024-0001", "CVE-2024-0002")
    assert database.vulnerability("CVE-2024-0001").id == "CVE-2024-0001"
    assert database.vulnerability("CVE-2024-0002").id == "CVE-2024-0002"
    assert database.vulnerability("GHSA-both") is None, "it leads to two"
    assert set(database.search("ghsa-BOTH").vulnerabilities) == {"CVE-2024-0001", "CVE-2024-0002"}


def test_withdrawn_and_broken_records_are_counted_never_fatal(tmp_path: Path) -> None:
    documents = [
        LODASH,
        advisory("GHSA-gone", fixed_in("npm", "gone", "1.0.0"), withdrawn="2024-01-01T00:00:00Z"),
        b'{"id": "GHSA-broken", "affected": 5}',
        b"\x00\xff not json",
        advisory("GHSA-unbegun", affected("npm", "x", ("fixed", "1.0.0"))),
        advisory("ALBA-2024:1", fixed_in("AlmaLinux:9", "a", "1-1")),
    ]
    database, report = compiled(tmp_path, documents)
    (tally,) = report.sources
    assert (tally.kept, tally.withdrawn, tally.ignored, tally.unusable) == (1, 1, 1, 3)
    told = {key: reason for _, key, reason in database.info().problems}
    assert set(told) == {"broken-2", "broken-3", "GHSA-unbegun"}
    assert "nothing introduces" in told["GHSA-unbegun"]
    assert database.affected("npm", "gone") == []


def test_the_same_advisory_from_two_sources_is_told_once(tmp_path: Path) -> None:
    old = advisory("GHSA-x", fixed_in("npm", "a", "1.0.0"), modified="2023-01-01T00:00:00Z")
    new = advisory("GHSA-x", fixed_in("npm", "a", "1.0.1"), modified="2024-01-01T00:00:00Z")
    for order in (("a.zip", old, "b.zip", new), ("a.zip", new, "b.zip", old)):
        sources = [
            Source("osv", order[0], write_zip(tmp_path / order[0], [order[1]])),
            Source("osv", order[2], write_zip(tmp_path / order[2], [order[3]])),
        ]
        build(sources, tmp_path / "two.db")
        with AdvisoryDatabase.open(tmp_path / "two.db") as database:
            (record,) = database.affected("npm", "a")
            assert record.ranges[0].end_version == "1.0.1"
            assert database.info().advisories == 1


def _documents(count: int, version: str = "1.0.0") -> list[dict]:
    return [
        advisory(
            f"GHSA-{number:04}",
            fixed_in("npm", f"package-{number % 40}", version),
            fixed_in("PyPI", f"package-{number % 7}", version, versions=["9.9"]),
            aliases=[f"CVE-2024-{number:04}"] if number % 3 else [f"X-{number}"],
            details=f"Description number {number % 50}, long enough to be worth packing well.",
            references=[{"type": "WEB", "url": f"https://example.org/{number}"}],
        )
        for number in range(count)
    ]


def test_a_rebuild_of_the_same_input_is_the_same_file(tmp_path: Path) -> None:
    source = Source("osv", "osv.zip", write_zip(tmp_path / "osv.zip", _documents(300)))
    build([source], tmp_path / "one.db")
    build([source], tmp_path / "two.db")
    assert (tmp_path / "one.db").read_bytes() == (tmp_path / "two.db").read_bytes()


def test_an_update_is_equal_to_a_rebuild(tmp_path: Path) -> None:
    before = _documents(300)
    changed = _documents(300, "2.0.0")
    after = [
        *before[20:250],  # twenty are gone
        *changed[250:290],  # forty changed
        {**before[290], "withdrawn": "2024-06-01T00:00:00Z"},
        advisory("X-3", fixed_in("npm", "new", "1.0.0"), aliases=["CVE-2024-0009"]),
        advisory("GHSA-link", fixed_in("npm", "new", "1.0.0"), aliases=["CVE-2024-7777", "X-30"]),
        b"broken",
    ]
    sources = [Source("osv", "osv.zip", write_zip(tmp_path / "osv.zip", before))]
    build(sources, tmp_path / "updated.db")
    write_zip(tmp_path / "osv.zip", after)
    report = update(sources, tmp_path / "updated.db")
    (tally,) = report.sources
    assert tally.changed == 42
    build(sources, tmp_path / "rebuilt.db")
    updated, rebuilt = content(tmp_path / "updated.db"), content(tmp_path / "rebuilt.db")
    assert updated == rebuilt
    assert updated["orphans"] == set()
    with AdvisoryDatabase.open(tmp_path / "updated.db") as database:
        assert {r.vulnerabilities for r in database.affected("npm", "package-30")} >= {
            ("CVE-2024-7777",)
        }, "an alias that came later folds an advisory that was there before"


def test_an_update_reads_only_what_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from openinspector.advisories import compile as compiler

    sources = [Source("osv", "osv.zip", write_zip(tmp_path / "osv.zip", _documents(200)))]
    build(sources, tmp_path / "advisories.db")
    read: list[str] = []
    normalise = compiler.normalise

    def counted(record, feed):
        read.append(record.id)
        return normalise(record, feed)

    monkeypatch.setattr(compiler, "normalise", counted)
    stamp = (tmp_path / "advisories.db").stat().st_mtime_ns
    report = update(sources, tmp_path / "advisories.db")
    assert report.sources[0].unchanged
    assert (tmp_path / "advisories.db").stat().st_mtime_ns == stamp, "nothing new, not touched"
    write_zip(tmp_path / "osv.zip", [*_documents(199), _documents(200, "3.0.0")[199]])
    update(sources, tmp_path / "advisories.db")
    assert read == ["GHSA-0199"]


def test_dropping_a_source_leaves_the_others(tmp_path: Path) -> None:
    one = Source("osv", "one.zip", write_zip(tmp_path / "one.zip", [LODASH]))
    two = Source("osv", "two.zip", write_zip(tmp_path / "two.zip", [UBUNTU]))
    build([one, two], tmp_path / "advisories.db")
    update([], tmp_path / "advisories.db", drop=["two.zip"])
    build([one], tmp_path / "alone.db")
    assert content(tmp_path / "advisories.db") == content(tmp_path / "alone.db")


def test_a_source_that_cannot_be_read_keeps_its_last_good_state(tmp_path: Path) -> None:
    good = Source("osv", "good.zip", write_zip(tmp_path / "good.zip", [LODASH]))
    other = Source("osv", "other.zip", write_zip(tmp_path / "other.zip", [UBUNTU]))
    build([good, other], tmp_path / "advisories.db")
    before = content(tmp_path / "advisories.db")
    packed = (tmp_path / "good.zip").read_bytes()
    for damage in (b"", b"PK\x03\x04 no zip", packed[: len(packed) // 2]):
        (tmp_path / "good.zip").write_bytes(damage)
        report = update([good, other], tmp_path / "advisories.db")
        failed = {tally.source: tally.failure for tally in report.sources if tally.failure}
        assert list(failed) == ["good.zip"]
        assert content(tmp_path / "advisories.db") == before
    with pytest.raises(DatabaseError, match="no source could be read"):
        build([good], tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_readers_keep_the_file_that_they_opened(tmp_path: Path) -> None:
    database, _ = compiled(tmp_path, [LODASH])
    sources = [Source("osv", "osv.zip", write_zip(tmp_path / "osv.zip", [UBUNTU]))]
    update(sources, tmp_path / "advisories.db")
    assert database.affected("npm", "lodash")
    with AdvisoryDatabase.open(tmp_path / "advisories.db") as fresh:
        assert not fresh.affected("npm", "lodash")
        assert fresh.affected("Ubuntu:22.04:LTS", "node-lodash")


def test_files_that_are_no_database(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with pytest.raises(DatabaseError, match="there is no advisory database"):
        AdvisoryDatabase.open(path)
    path.write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(DatabaseError, match=r"x\.db"):
        AdvisoryDatabase.open(path)
    path.write_bytes(b"")
    with pytest.raises(DatabaseError, match="not an advisory database"):
        AdvisoryDatabase.open(path)
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    with pytest.raises(DatabaseError, match="not an advisory database"):
        AdvisoryDatabase.open(path)


@pytest.mark.parametrize(("version", "word"), [(0, "older"), (schema.SCHEMA_VERSION + 1, "newer")])
def test_databases_of_other_versions(tmp_path: Path, version: int, word: str) -> None:
    compiled(tmp_path, [LODASH])
    connection = sqlite3.connect(tmp_path / "advisories.db")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(DatabaseError, match=f"{word} version"):
        AdvisoryDatabase.open(tmp_path / "advisories.db")


def test_a_damaged_database_is_told_not_crashed_upon(tmp_path: Path) -> None:
    sources = [Source("osv", "osv.zip", write_zip(tmp_path / "osv.zip", _documents(300)))]
    build(sources, tmp_path / "good.db")
    data = bytearray((tmp_path / "good.db").read_bytes())
    for start in range(4096, len(data), 8192):
        data[start : start + 4096] = b"\xa5" * len(data[start : start + 4096])
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(data)
    with pytest.raises(DatabaseError, match="damaged"):
        _read(damaged)
    damaged.write_bytes(bytes(data[: len(data) // 3]))
    with pytest.raises(DatabaseError):
        _read(damaged)
    write_zip(tmp_path / "osv.zip", _documents(3))
    with pytest.raises(DatabaseError):
        update(sources, damaged)


def _read(path: Path) -> None:
    with AdvisoryDatabase.open(path) as database:
        database.affected("npm", "package-1")
        database.vulnerability("CVE-2024-0001")
        database.verify()


def test_info_and_search(tmp_path: Path) -> None:
    database, _ = compiled(tmp_path, [LODASH, UBUNTU])
    info = database.info()
    assert (info.advisories, info.vulnerabilities, info.starter) == (2, 1, False)
    assert info.newest == "2024-05-01T10:00:00Z"
    assert info.feeds == {"osv": 2}
    assert info.ecosystems == (("Ubuntu:22.04:LTS", 1), ("npm", 1))
    assert database.search("cve-2019-10744").vulnerabilities == ("CVE-2019-10744",)
    assert database.search("GHSA-JF85-CPCP-J695").vulnerabilities == ("CVE-2019-10744",)
    names = [(hit.ecosystem, hit.name) for hit in database.search("LODASH").packages]
    assert names == [("npm", "lodash")]
    names = [hit.name for hit in database.search("odas").packages]
    assert names == ["lodash", "lodash-es", "node-lodash"]
    assert database.search("100%").packages == ()
    (details,) = database.advisory("GHSA-jf85-cpcp-j695")
    assert details.packages == (("npm", "lodash"), ("npm", "lodash-es"))
    assert details.description == "A description."


def test_the_real_feeds(shared: Path, tmp_path: Path) -> None:
    """Known facts, read by hand in the advisories, out of the real zips."""
    zips = [
        shared / "data" / "osv" / f"{name}.zip" for name in ("npm", "PyPI", "crates.io", "Debian")
    ]
    report = build([Source("osv", path.name, path) for path in zips], tmp_path / "real.db")
    assert sum(tally.unusable for tally in report.sources) == 0
    with AdvisoryDatabase.open(tmp_path / "real.db") as database:
        fixes = {
            record.advisory: record.ranges[-1].end_version
            for record in database.affected("npm", "lodash")
        }
        assert fixes["GHSA-jf85-cpcp-j695"] == "4.17.12"
        time = database.affected("crates.io", "time")
        assert {each for record in time for each in record.vulnerabilities} >= {"CVE-2020-26235"}
        openssl = {r.advisory: r.ranges[0] for r in database.affected("Debian:11", "openssl")}
        assert openssl["DSA-4963-1"].end_version == "1.1.1k-1+deb11u1"
        assert {len(r.versions) for r in database.affected("PyPI", "requests")} == {0}
