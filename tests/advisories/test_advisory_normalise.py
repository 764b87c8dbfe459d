"""Records to statements and facts: identities, names, states, what is left out."""

import json

import pytest
from advisory_samples import advisory, affected, fixed_in

from openinspector.advisories import names
from openinspector.advisories.identities import identify
from openinspector.advisories.normalise import NotSecurity, normalise
from openinspector.advisories.osv import Malformed, decode
from openinspector.advisories.publishers import publisher
from openinspector.advisories.record import Record
from openinspector.advisories.vectors import score


def _record(document: dict, feed: str = "osv") -> Record:
    return normalise(decode(json.dumps(document).encode()), feed)


@pytest.mark.parametrize(
    ("document", "vulnerabilities"),
    [
        ({"id": "CVE-2021-44228"}, ("CVE-2021-44228",)),
        ({"id": "GHSA-a", "aliases": ["CVE-2021-1234"]}, ("CVE-2021-1234",)),
        (
            {"id": "GHSA-a", "aliases": ["CVE-2021-1234", "CVE-2021-1235"]},
            ("CVE-2021-1234", "CVE-2021-1235"),
        ),
        ({"id": "DEBIAN-CVE-2024-0001"}, ("CVE-2024-0001",)),
        ({"id": "UBUNTU-CVE-2024-0001", "upstream": ["CVE-2024-0001"]}, ("CVE-2024-0001",)),
        ({"id": "ALPINE-CVE-2024-0001"}, ("CVE-2024-0001",)),
        (
            {"id": "DSA-1-1", "upstream": ["CVE-2024-0001", "CVE-2024-0002"]},
            ("CVE-2024-0001", "CVE-2024-0002"),
        ),
        ({"id": "ALSA-2024:1", "related": ["CVE-2024-0001"]}, ("CVE-2024-0001",)),
        ({"id": "GHSA-a", "related": ["CVE-2024-0001"]}, ("GHSA-a",)),
        ({"id": "RUSTSEC-2020-1", "aliases": ["GHSA-b"]}, ("RUSTSEC-2020-1",)),
        ({"id": "x-1", "aliases": ["CVE-2024-0001 and more", ""]}, ("x-1",)),
    ],
)
def test_identities(document: dict, vulnerabilities: tuple[str, ...]) -> None:
    assert identify(decode(json.dumps(document).encode())).vulnerabilities == vulnerabilities


@pytest.mark.parametrize(
    ("ecosystem", "name", "normal"),
    [
        ("PyPI", "Foo_Bar.baz", "foo-bar-baz"),
        ("PyPI", "requests[socks]", "requests"),
        ("npm", "@Babel/Core", "@Babel/Core"),
        ("NuGet", "Newtonsoft.Json", "newtonsoft.json"),
        ("Packagist", "Symfony/Http-Kernel", "symfony/http-kernel"),
        ("Maven", "org.a:B", "org.a:B"),
        ("Go", "std", "stdlib"),
        ("Go", "toolchain", "toolchain"),
        ("Go", "github.com/A/b", "github.com/A/b"),
        ("crates.io", "time_core", "time_core"),
        ("SwiftURL", "https://github.com/Apple/swift-nio.git", "github.com/apple/swift-nio"),
        ("Debian:12", "libX11", "libX11"),
    ],
)
def test_package_names(ecosystem: str, name: str, normal: str) -> None:
    assert names.package(ecosystem, name) == normal
    assert names.package(ecosystem, normal) == normal, "normal form stays as it is"


@pytest.mark.parametrize(
    ("published", "ecosystem"),
    [
        ("Red Hat:enterprise_linux:9::appstream", "Red Hat:9"),
        ("Red Hat:enterprise_linux:8::baseos", "Red Hat:8"),
        ("Red Hat:enterprise_linux:10.0", "Red Hat:10"),
        ("Red Hat:rhel_eus:9.2::baseos", "Red Hat:rhel_eus:9.2::baseos"),
        (
            "SUSE:Linux Enterprise Module for Basesystem 15 SP5",
            "SUSE:Linux Enterprise Server 15 SP5",
        ),
        ("SUSE:Linux Enterprise Server 15 SP2-LTSS", "SUSE:Linux Enterprise Server 15 SP2"),
        (
            "SUSE:Linux Enterprise Live Patching 15 SP5",
            "SUSE:Linux Enterprise Live Patching 15 SP5",
        ),
        ("Ubuntu:22.04", "Ubuntu:22.04:LTS"),
        ("Ubuntu:23.04", "Ubuntu:23.04"),
        ("Ubuntu:Pro:16.04:LTS", "Ubuntu:Pro:16.04:LTS"),
        ("Alpine:v3.18", "Alpine:v3.18"),
        ("Maven:https://repo.example/maven", "Maven"),
        ("Debian", "Debian"),
    ],
)
def test_ecosystem_names(published: str, ecosystem: str) -> None:
    assert names.ecosystem(published) == ecosystem
    assert names.ecosystem(ecosystem) == ecosystem


def test_states() -> None:
    record = _record(
        advisory(
            "CVE-2024-1000",
            fixed_in("npm", "a", "1.0.0"),
            affected("npm", "b", ("introduced", "0")),
            affected("npm", "c", ("introduced", "0"), ("last_affected", "2.0.0")),
            affected("npm", "d", versions=["1.0.0"]),
            affected("npm", "e"),
            affected(
                "Debian:11", "f", ("introduced", "0"), ecosystem_specific={"urgency": "unimportant"}
            ),
            affected(
                "Debian:9", "f", ("introduced", "0"), ecosystem_specific={"urgency": "end-of-life"}
            ),
        )
    )
    states = {(each.ecosystem, each.name): each.state for each in record.affected}
    assert states == {
        ("npm", "a"): "fixed",
        ("npm", "b"): "unfixed",
        ("npm", "c"): "fixed",
        ("npm", "d"): "unfixed",
        ("Debian:11", "f"): "unfixed",
        ("Debian:9", "f"): "will-not-fix",
    }
    assert [e.vendor_severity for e in record.affected if e.ecosystem == "Debian:11"] == [
        "unimportant"
    ]


def test_enumerated_versions_inside_a_range_are_not_kept_twice() -> None:
    record = _record(
        advisory("CVE-2024-1000", fixed_in("PyPI", "a", "2.0", versions=["0.5", "1.0", "2.1"]))
    )
    (package,) = record.affected
    assert len(package.versions) == 1, "only 2.1 lies outside the range"


def test_what_is_no_vulnerability() -> None:
    informational = affected(
        "crates.io", "a", ("introduced", "0"), database_specific={"informational": "unmaintained"}
    )
    with pytest.raises(NotSecurity, match="informational"):
        _record(advisory("RUSTSEC-2024-0001", informational))
    unsound = affected(
        "crates.io", "a", ("introduced", "0"), database_specific={"informational": "unsound"}
    )
    assert _record(advisory("RUSTSEC-2024-0002", unsound)).affected
    with pytest.raises(NotSecurity):
        _record(advisory("ALBA-2024:1", fixed_in("AlmaLinux:9", "a", "1-1")))
    assert _record(
        advisory("ALBA-2024:2", fixed_in("AlmaLinux:9", "a", "1-1"), related=["CVE-2024-0001"])
    ).affected


def test_facts() -> None:
    record = _record(
        advisory(
            "GHSA-aaaa-bbbb-cccc",
            fixed_in("npm", "a", "1.0.0"),
            aliases=["CVE-2024-1000"],
            summary="Title",
            details="x" * 5000,
            severity=[
                {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
                {"type": "CVSS_V4", "score": "nonsense"},
            ],
            references=[
                {"type": "WEB", "url": "https://www.exploit-db.com/exploits/50592"},
                {"type": "WEB", "url": "https://www.exploit-db.com/exploits/50592"},
            ],
            database_specific={"severity": "CRITICAL", "cwe_ids": ["CWE-79", 5, "nonsense"]},
        )
    )
    assert len(record.description) == 1024
    assert [(e.source, e.version, e.score) for e in record.facts.cvss] == [("GITHUB", "3.1", 9.8)]
    assert record.facts.cwes == ("CWE-79",)
    assert record.facts.references == ("https://www.exploit-db.com/exploits/50592",)
    assert record.facts.exploit
    assert record.word == "CRITICAL"


def test_the_score_of_a_bulletin_is_nobodys() -> None:
    record = _record(
        advisory(
            "RHSA-2024:1",
            fixed_in("Red Hat:enterprise_linux:9::baseos", "a", "1-1"),
            upstream=["CVE-2024-0001", "CVE-2024-0002"],
            summary="Important: a security update",
            severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        )
    )
    assert record.facts.cvss == ()
    assert record.word == "Important"
    assert record.affected[0].ecosystem == "Red Hat:9"


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        ("AV:L/AC:L/Au:N/C:N/I:N/A:C", ("2.0", 4.9)),
        ("(AV:N/AC:L/Au:N/C:C/I:C/A:C)", ("2.0", 10.0)),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:L/I:L/A:N", ("3.0", 7.2)),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H", ("3.1", 8.1)),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", ("4.0", 9.3)),
        ("", None),
        ("CVSS:3.1/AV:Z", None),
        ("CVSS:3.1/" + "A" * 100_000, None),
    ],
)
def test_vectors(vector: str, expected: tuple[str, float] | None) -> None:
    """Scores by FIRST's calculators."""
    found = score(vector)
    assert (None if found is None else (found[0], found[2])) == expected


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"{",
        b'{"id": 5}',
        b'{"modified": "2024"}',
        b'{"id": "A-1", "affected": {}}',
        b'{"id": "\xff\xfe"}',
        b'{"id": "A-1", "database_specific": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        b'{"id": ""}',
        b'{"id": "two words"}',
        b'{"id": "' + b"A" * 100_000 + b'"}',
    ],
    ids=range(11),
)
def test_malformed_records_say_why(document: bytes) -> None:
    with pytest.raises(Malformed) as told:
        normalise(decode(document))
    assert 5 < len(str(told.value)) < 500


def test_absent_and_null_members_are_the_same() -> None:
    members = ["aliases", "affected", "severity", "references", "related", "upstream", "summary"]
    assert _record({"id": "A-1", **dict.fromkeys(members)}).id == "A-1"


@pytest.mark.parametrize(
    "identifier",
    [
        *("ALAS2023-2024-1", "ALPINE-CVE-1", "ALSA-2024:1", "AZL-1", "BELL-CVE-1", "BIT-a-1"),
        *("CGA-1", "CLEANSTART-2026-AB", "CLSA-2024:1", "CURL-CVE-1", "DEBIAN-CVE-1", "DLA-1-1"),
        *("DRUPAL-CONTRIB-1", "DSA-1-1", "ECHO-1", "EEF-CVE-1", "GHSA-1", "GO-1", "HSEC-1"),
        *("JLSEC-1", "LSN-1-1", "MAL-1", "MGASA-1", "MINI-1", "OESA-1", "OSEC-1", "PSF-1"),
        *("PYSEC-1", "RHSA-2024:1", "RLSA-2024:1", "ROOT-OS-1", "RSEC-1", "RUSTSEC-1"),
        *("SUSE-SU-1", "UBUNTU-CVE-1", "USN-1-1", "openSUSE-SU-1"),
    ],
)
def test_every_publisher_of_osv_dev_is_known(identifier: str) -> None:
    assert publisher(identifier) is not publisher("NOBODY-1")
