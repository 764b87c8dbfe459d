"""Distributions by os-release and the files before it; package URLs there and back."""

import pytest

from openinspector.inventory.cataloger import run
from openinspector.inventory.catalogers import os_release
from openinspector.inventory.distribution import (
    PRECEDENCE,
    choose,
    from_purl,
    identify,
    kind_of,
    stamp,
    unjudged,
)
from openinspector.inventory.distribution_table import LIKE, ROWS
from openinspector.model import Distribution, Location, Package

(CATALOGER,) = os_release.CATALOGERS


def read(path: str, text: str) -> Distribution | None:
    found = run(CATALOGER, path, text.encode())
    return found[0] if found else None


def os_release_text(**fields: str) -> str:
    return "".join(f'{key}="{value}"\n' for key, value in fields.items())


# ID, VERSION_ID, more fields -> ecosystem, release, platform
KNOWN = [
    ("debian", "12", {"VERSION_CODENAME": "bookworm"}, "Debian", "12", "DEBIAN_12"),
    ("debian", "8", {"VERSION": "8 (jessie)"}, "Debian", "8", "DEBIAN_8"),
    ("debian", "", {"VERSION_CODENAME": "trixie"}, "Debian", "13", "DEBIAN_13"),
    ("debian", "", {"VERSION_CODENAME": "sid"}, "Debian", None, "DEBIAN"),
    ("ubuntu", "22.04", {}, "Ubuntu", "22.04:LTS", "UBUNTU_22_04"),
    ("ubuntu", "14.04", {}, "Ubuntu", "14.04:LTS", "UBUNTU_14_04"),
    ("ubuntu", "23.10", {}, "Ubuntu", "23.10", "UBUNTU_23_10"),
    ("ubuntu", "23.04", {}, "Ubuntu", "23.04", "UBUNTU_23_04"),
    ("ubuntu", "24.10", {}, "Ubuntu", "24.10", "UBUNTU_24_10"),
    ("alpine", "3.18.2", {}, "Alpine", "v3.18", "ALPINE_LINUX_3_18"),
    ("alpine", "3.18.0_rc1", {}, "Alpine", "v3.18", "ALPINE_LINUX_3_18"),
    ("alpine", "3.21.0_alpha20240807", {}, "Alpine", "edge", "ALPINE_LINUX_EDGE"),
    ("amzn", "2023", {}, "Amazon Linux", "2023", "AMAZON_LINUX_2023"),
    ("amzn", "2022", {}, "Amazon Linux", "2022", "AMAZON_LINUX_2022"),
    ("amzn", "2", {}, "Amazon Linux", "2", "AMAZON_LINUX_2"),
    ("amzn", "2018.03", {}, "Amazon Linux", "1", "AMAZON_LINUX"),
    ("rhel", "9.3", {}, "Red Hat", "9", "RHEL_9"),
    ("rhel", "10.0", {}, "Red Hat", "10", "RHEL_10"),
    ("rhcos", "4.12", {"RHEL_VERSION": "8.6"}, "Red Hat", "8", "RHEL_8"),
    ("centos", "7", {"NAME": "CentOS Linux"}, "Red Hat", "7", "CENTOS_7"),
    ("centos", "9", {"NAME": "CentOS Stream"}, "Red Hat", "9", "CENTOS_STREAM_9"),
    ("rocky", "9.2", {"ID_LIKE": "rhel centos fedora"}, "Rocky Linux", "9", "ROCKY_LINUX_9"),
    ("almalinux", "8.10", {}, "AlmaLinux", "8", "ALMALINUX_8"),
    ("ol", "7.9", {}, "Oracle Linux", "7", "ORACLE_LINUX_7"),
    ("fedora", "39", {}, "Fedora", "39", "FEDORA_39"),
    ("sles", "15.3", {}, "SUSE", "Linux Enterprise Server 15 SP3", "SLES_15_3"),
    ("sles", "15", {}, "SUSE", "Linux Enterprise Server 15", "SLES_15"),
    ("sles", "12.5", {}, "SUSE", "Linux Enterprise Server 12 SP5", "SLES_12_5"),
    ("sles", "16.0", {}, "SUSE", "Linux Enterprise Server 16.0", "SLES_16_0"),
    ("sled", "15.5", {}, "SUSE", "Linux Enterprise Desktop 15 SP5", "SLED_15_5"),
    (
        "sles_sap",
        "15.4",
        {},
        "SUSE",
        "Linux Enterprise Server for SAP Applications 15 SP4",
        "SLES_SAP_15_4",
    ),
    ("sle-micro", "5.3", {}, "SUSE", "Linux Enterprise Micro 5.3", "SLE_MICRO_5_3"),
    ("opensuse-leap", "15.5", {}, "openSUSE", "Leap 15.5", "OPENSUSE_LEAP_15_5"),
    ("opensuse-tumbleweed", "20240101", {}, "openSUSE", "Tumbleweed", "OPENSUSE_TUMBLEWEED"),
    ("photon", "3.0", {}, "Photon OS", "3.0", "PHOTON_OS_3_0"),
    ("azurelinux", "3.0", {}, "Azure Linux", "3", "AZURE_LINUX_3"),
    ("mariner", "2.0.20230107", {}, "Azure Linux", "2", "CBL_MARINER_2"),
    ("wolfi", "20230201", {}, "Wolfi", None, "WOLFI"),
    ("chainguard", "20230214", {}, "Chainguard", None, "CHAINGUARD"),
    ("minimos", "20250101", {}, "MinimOS", None, "MINIMOS"),
    (
        "bottlerocket",
        "1.20.0",
        {"VARIANT_ID": "aws-k8s-1.29"},
        "Bottlerocket",
        None,
        "BOTTLEROCKET",
    ),
    ("mageia", "9", {}, "Mageia", "9", "MAGEIA_9"),
    ("openeuler", "24.03", {"VERSION": "24.03 (LTS)"}, "openEuler", "24.03-LTS", "OPENEULER_24_03"),
    (
        "openEuler",
        "22.03",
        {"VERSION": "22.03 (LTS-SP1)"},
        "openEuler",
        "22.03-LTS-SP1",
        "OPENEULER_22_03",
    ),
]


@pytest.mark.parametrize("identifier, version, more, ecosystem, release, platform", KNOWN)
def test_known(identifier, version, more, ecosystem, release, platform):
    found = read("etc/os-release", os_release_text(ID=identifier, VERSION_ID=version, **more))
    assert (found.ecosystem, found.release, found.platform) == (ecosystem, release, platform)
    assert found.id == identifier.lower()
    assert kind_of(found) in ("deb", "rpm", "apk")


# fields -> ecosystem, release, like
RELATIVES = [
    (
        {"ID": "linuxmint", "ID_LIKE": "ubuntu debian", "VERSION_ID": "21.2"}
        | {"UBUNTU_CODENAME": "jammy", "VERSION_CODENAME": "victoria"},
        ("Ubuntu", "22.04:LTS", "Ubuntu"),
    ),
    (
        {
            "ID": "pop",
            "ID_LIKE": "ubuntu debian",
            "VERSION_ID": "22.04",
            "UBUNTU_CODENAME": "jammy",
        },
        ("Ubuntu", "22.04:LTS", "Ubuntu"),
    ),
    (
        {"ID": "linuxmint", "ID_LIKE": "debian", "VERSION_ID": "6", "VERSION_CODENAME": "faye"}
        | {"DEBIAN_CODENAME": "bookworm"},
        ("Debian", "12", "Debian GNU/Linux"),
    ),
    (
        {"ID": "kali", "ID_LIKE": "debian", "VERSION_ID": "2023.4"}
        | {"VERSION_CODENAME": "kali-rolling"},
        ("Debian", None, "Debian GNU/Linux"),
    ),
    (
        {"ID": "raspbian", "ID_LIKE": "debian", "VERSION_ID": "11", "VERSION_CODENAME": "bullseye"},
        ("Debian", "11", "Debian"),
    ),
    (
        {"ID": "devuan", "ID_LIKE": "debian", "VERSION_ID": "4", "VERSION_CODENAME": "chimaera"},
        ("Debian", "11", "Debian"),
    ),
    (
        {"ID": "eurolinux", "ID_LIKE": "rhel fedora centos", "VERSION_ID": "9.2"}
        | {"PLATFORM_ID": "platform:el9"},
        ("Red Hat", "9", "Red Hat Enterprise Linux"),
    ),
    ({"ID": "dhi", "ID_LIKE": "debian", "VERSION_CODENAME": "trixie"}, ("Debian", "13", None)),
    (
        {"ID": "postmarketos", "ID_LIKE": "alpine", "VERSION_ID": "v23.06"},
        ("Alpine", None, "Alpine Linux"),
    ),
]


@pytest.mark.parametrize("fields, expected", RELATIVES)
def test_relatives_say_by_whom_they_are_judged(fields, expected):
    found = identify(fields)
    ecosystem, release, like = expected
    assert (found.ecosystem, found.release) == (ecosystem, release)
    assert found.like == (like or found.like)
    assert found.like


def test_unknown_distribution_is_never_taken_for_another():
    found = read("etc/os-release", 'ID=plan9\nNAME="Plan 9"\nVERSION_ID=4\n')
    assert (found.ecosystem, found.release, found.like) == ("Plan 9", None, None)
    assert kind_of(found) == ""
    assert "Plan 9" in unjudged([], found)[0].reason
    assert unjudged([], found)[0].total


def test_arch_is_recognised_and_reported_as_not_judged():
    found = read("etc/os-release", 'NAME="Arch Linux"\nID=arch\nBUILD_ID=rolling\n')
    assert found.ecosystem == "Arch Linux"
    assert unjudged([], found)[0].total
    derived = read("etc/os-release", "NAME=Manjaro\nID=manjaro\nID_LIKE=arch\n")
    assert unjudged([], derived)[0].total


# path, text -> ecosystem, release, version
FALLBACKS = [
    ("etc/debian_version", "12.4\n", "Debian", "12", "12.4"),
    ("etc/debian_version", "6.0.10\n", "Debian", "6.0", "6.0.10"),
    ("etc/debian_version", "trixie/sid\n", "Debian", "13", "trixie"),
    ("etc/alpine-release", "3.10.2\n", "Alpine", "v3.10", "3.10.2"),
    ("etc/centos-release", "CentOS release 6.10 (Final)\n", "Red Hat", "6", "6.10"),
    ("etc/redhat-release", "CentOS release 6.10 (Final)\n", "Red Hat", "6", "6.10"),
    ("etc/centos-release", "CentOS Linux release 7.9.2009 (Core)\n", "Red Hat", "7", "7.9.2009"),
    ("etc/centos-release", "CentOS Stream release 8\n", "Red Hat", "8", "8"),
    (
        "etc/redhat-release",
        "Red Hat Enterprise Linux Server release 6.10 (Santiago)\n",
        "Red Hat",
        "6",
        "6.10",
    ),
    ("etc/redhat-release", "Scientific Linux release 6.4 (Carbon)\n", "Red Hat", "6", "6.4"),
    ("etc/redhat-release", "Rocky Linux release 8.5 (Green Obsidian)\n", "Rocky Linux", "8", "8.5"),
    ("etc/redhat-release", "AlmaLinux release 8.4 (Electric Cheetah)\n", "AlmaLinux", "8", "8.4"),
    ("etc/fedora-release", "Fedora release 18 (Spherical Cow)\n", "Fedora", "18", "18"),
    ("etc/oracle-release", "Oracle Linux Server release 6.8\n", "Oracle Linux", "6", "6.8"),
    ("etc/system-release", "Amazon Linux AMI release 2018.03\n", "Amazon Linux", "1", "2018.03"),
    ("etc/system-release", "Amazon Linux release 2 (Karoo)\n", "Amazon Linux", "2", "2"),
    ("etc/photon-release", "VMware Photon Linux 3.0\nPHOTON_BUILD=1\n", "Photon OS", "3.0", "3.0"),
    (
        "etc/SuSE-release",
        "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n",
        "SUSE",
        "Linux Enterprise Server 11 SP4",
        "11.4",
    ),
    (
        "etc/SuSE-release",
        "openSUSE 13.2 (x86_64)\nVERSION = 13.2\nCODENAME = Harlequin\n",
        "openSUSE",
        "Leap 13.2",
        "13.2",
    ),
    (
        "etc/lsb-release",
        "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=12.04\nDISTRIB_CODENAME=precise\n",
        "Ubuntu",
        "12.04:LTS",
        "12.04",
    ),
]


@pytest.mark.parametrize("path, text, ecosystem, release, version", FALLBACKS)
def test_fallback_files(path, text, ecosystem, release, version):
    found = read(path, text)
    assert (found.ecosystem, found.release, found.version) == (ecosystem, release, version)


def test_the_most_telling_file_decides():
    oracle = read("etc/os-release", 'ID="ol"\nNAME="Oracle Linux Server"\nVERSION_ID="8.9"\n')
    redhat = read("etc/redhat-release", "Red Hat Enterprise Linux release 8.9 (Ootpa)\n")
    assert choose([("etc/redhat-release", redhat), ("etc/os-release", oracle)]) == oracle
    assert choose([]) is None


def test_a_relative_takes_its_release_from_the_file_it_inherits():
    kali = identify({"ID": "kali", "ID_LIKE": "debian", "NAME": "Kali GNU/Linux"})
    inherited = read("etc/debian_version", "12.1\n")
    found = choose([("etc/os-release", kali), ("etc/debian_version", inherited)])
    assert (found.id, found.release, found.codename) == ("kali", "12", "bookworm")
    mint = identify({"ID": "linuxmint", "ID_LIKE": "ubuntu", "VERSION_ID": "99"})
    assert choose([("etc/os-release", mint), ("etc/debian_version", inherited)]) == mint


@pytest.mark.parametrize("path", PRECEDENCE)
def test_nothing_in_a_file_names_nothing(path):
    for text in ("", "\n\n", "# nothing\n", "\x00"):
        found = read(path, text)
        assert found is None or found.release is None


def test_quoting():
    found = os_release.read_fields('A=\'x y\'\nB="q\\"\\$"\n#C=1\n D=d\nE=\nF=a\\ b\nnonsense\n')
    assert found == {"A": "x y", "B": 'q"$', "D": "d", "E": "", "F": "a b"}


def test_end_of_life():
    assert identify({"ID": "debian", "VERSION_ID": "9"}).end_of_life == "2022-06-30"
    assert identify({"ID": "ubuntu", "VERSION_ID": "14.04"}).end_of_life == "2024-04-01"
    assert identify({"ID": "amzn", "VERSION_ID": "2018.03"}).end_of_life == "2021-12-31"
    assert identify({"ID": "sles", "VERSION_ID": "15.3"}).end_of_life == "2022-12-31"
    assert identify({"ID": "alpine", "VERSION_ID": "3.18.2"}).end_of_life == "2025-05-09"
    assert identify({"ID": "wolfi"}).end_of_life is None
    mint = {"ID": "linuxmint", "ID_LIKE": "ubuntu", "UBUNTU_CODENAME": "xenial", "VERSION_ID": "18"}
    assert identify(mint).end_of_life is None


def package(cataloger: str, name: str, version: str, **more: object) -> Package:
    return Package(
        ecosystem="",
        name=name,
        version=version,
        purl="",
        manager="OS",
        cataloger=cataloger,
        collector={"dpkg": "debian-dpkg"}.get(cataloger, cataloger),
        locations=(Location("db"),),
        **more,
    )


# cataloger, package, distribution fields -> purl; the first four as the SBOM generator writes them
PURLS = [
    (
        package("dpkg", "diffutils", "1:3.8-4", arch="amd64"),
        {"ID": "debian", "VERSION_ID": "12"},
        "pkg:deb/debian/diffutils@3.8-4?arch=amd64&distro=bookworm&epoch=1",
    ),
    (
        package("dpkg", "hostname", "3.23+nmu1", arch="amd64"),
        {"ID": "debian", "VERSION_ID": "12"},
        "pkg:deb/debian/hostname@3.23%2Bnmu1?arch=amd64&distro=bookworm&epoch=0",
    ),
    (
        package("rhel-rpm", "openssl-libs", "1:3.0.8-1.amzn2023.0.11", arch="x86_64"),
        {"ID": "amzn", "VERSION_ID": "2023"},
        "pkg:rpm/amazon/openssl-libs@3.0.8-1.amzn2023.0.11?arch=x86_64&distro=2023&epoch=1",
    ),
    (
        package("alpine-apk", "zlib", "1.2.13-r1", arch="x86_64"),
        {"ID": "alpine", "VERSION_ID": "3.18.2"},
        "pkg:apk/alpine/zlib@1.2.13-r1?arch=x86_64&distro=3.18.2",
    ),
    (
        package("dpkg", "libc6", "2.35-0ubuntu3", arch="amd64", source_name="glibc"),
        {"ID": "ubuntu", "VERSION_ID": "22.04"},
        "pkg:deb/ubuntu/libc6@2.35-0ubuntu3?arch=amd64&distro=22.04&epoch=0&source=glibc",
    ),
    (
        package("dpkg", "x", "1-1+b1", arch="amd64", source_name="y", source_version="1-1"),
        {"ID": "linuxmint", "ID_LIKE": "ubuntu", "UBUNTU_CODENAME": "jammy", "VERSION_ID": "21"},
        "pkg:deb/ubuntu/x@1-1%2Bb1?arch=amd64&distro=22.04&epoch=0&source=y&source_version=1-1",
    ),
    (
        package("rhel-rpm", "npm", "1:8-1", arch="x86_64", module="nodejs:18:1:a"),
        {"ID": "rhel", "VERSION_ID": "9.3"},
        "pkg:rpm/redhat/npm@8-1?arch=x86_64&distro=9.3&epoch=1&modularitylabel=nodejs:18:1:a",
    ),
    (
        package("alpine-apk", "so", "1-r0", source_name="openssl"),
        {"ID": "wolfi", "VERSION_ID": "20230201"},
        "pkg:apk/wolfi/so@1-r0?distro=20230201&origin=openssl",
    ),
    (
        package("dpkg", "a", "1"),
        {"ID": "dhi", "ID_LIKE": "debian", "VERSION_CODENAME": "trixie"},
        "pkg:deb/dhi/a@1?distro=trixie&epoch=0",
    ),
]


@pytest.mark.parametrize("unstamped, fields, purl", PURLS)
def test_stamp(unstamped, fields, purl):
    distribution = identify(fields)
    (stamped,) = stamp([unstamped], distribution)
    assert stamped.purl == purl
    assert stamped.ecosystem == distribution.ecosystem
    assert unjudged([stamped], distribution) == []


def test_stamp_names_the_collector_of_ubuntu():
    (stamped,) = stamp(
        [package("dpkg", "a", "1")], identify({"ID": "ubuntu", "VERSION_ID": "22.04"})
    )
    assert stamped.collector == "ubuntu-dpkg"


def test_without_a_distribution_nothing_is_guessed():
    (stamped,) = stamp([package("dpkg", "libc6", "2.36-9", arch="amd64")], None)
    assert stamped.purl == "pkg:deb/libc6@2.36-9?arch=amd64&epoch=0"
    assert stamped.ecosystem == ""
    (gap,) = unjudged([stamped], None)
    assert "unknown" in gap.reason
    assert gap.total


def test_packages_of_a_foreign_manager_are_not_judged_as_the_distributions_own():
    debian = identify({"ID": "debian", "VERSION_ID": "12"})
    packages = stamp([package("dpkg", "rpm", "4"), package("rhel-rpm", "bash", "5-1")], debian)
    assert [one.ecosystem for one in packages] == ["Debian", ""]
    (gap,) = unjudged(packages, debian)
    assert "1 rpm package" in gap.reason
    assert not gap.total


@pytest.mark.parametrize("identifier, version, more, ecosystem, release, platform", KNOWN)
def test_a_package_url_leads_back_to_the_same_advisories(
    identifier, version, more, ecosystem, release, platform
):
    distribution = identify({"ID": identifier, "VERSION_ID": version, **more})
    cataloger = {"deb": "dpkg", "rpm": "rhel-rpm", "apk": "alpine-apk"}[kind_of(distribution)]
    (stamped,) = stamp([package(cataloger, "a", "1-1")], distribution)
    head, _, tail = stamped.purl.partition("?")
    kind, namespace = head.removeprefix("pkg:").split("/")[:2]
    qualifiers = dict(pair.split("=") for pair in tail.split("&"))
    again = from_purl(kind, namespace, qualifiers.get("distro", ""))
    assert (again.ecosystem, again.release) == (ecosystem, release)


def test_from_purl_knows_no_strangers():
    assert from_purl("deb", "plan9", "4") is None
    assert from_purl("rpm", "debian", "12") is None
    assert from_purl("deb", "debian", "debian-12").release == "12"
    assert from_purl("rpm", "opensuse", "opensuse-tumbleweed").release == "Tumbleweed"
    assert from_purl("rpm", "redhat", "rhel-9.3").release == "9"
    assert from_purl("rpm", "amzn", "amzn-2023").release == "2023"
    assert from_purl("apk", "alpine", "alpine-3.18.2").release == "v3.18"
    assert from_purl("deb", "ubuntu", "ubuntu-22.04").release == "22.04:LTS"
    assert from_purl("deb", "ubuntu", "jammy").release == "22.04:LTS"
    assert from_purl("deb", "debian", "sid").release is None


def test_the_table_is_consistent():
    prefixes = {}
    for identifier, row in ROWS.items():
        assert row.name
        assert row.ecosystem
        assert identifier == identifier.lower()
        prefixes.setdefault((row.kind, row.namespace), set()).add(row.ecosystem)
    assert all(len(ecosystems) == 1 for ecosystems in prefixes.values())
    assert {row.ecosystem for row in LIKE.values()} <= {row.ecosystem for row in ROWS.values()}
