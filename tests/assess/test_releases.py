"""Which of OSV's ecosystems speaks of a system, told by its os-release."""

import pytest

from openinspector.advisories.names import ecosystem
from openinspector.assess.ecosystems import distribution_ecosystems
from openinspector.inventory.distribution import identify

LEAP = "opensuse-leap"


@pytest.mark.parametrize(
    ("identifier", "version", "published"),
    [
        ("almalinux", "9.4", "AlmaLinux:9"),
        ("alpaquita", "stream", "Alpaquita:stream"),
        ("alpine", "3.18.2", "Alpine:v3.18"),
        ("alpine", "3.23.0_alpha20250612", "Alpine:edge"),
        ("amzn", "2", "Amazon Linux:2"),
        ("amzn", "2023", "Amazon Linux:2023"),
        ("azurelinux", "3.0", "Azure Linux:3"),
        ("bellsoft-hardened-containers", "25", "BellSoft Hardened Containers:25"),
        ("chainguard", "20230214", "Chainguard"),
        ("clnstrt", "1", "CleanStart"),
        ("debian", "12", "Debian:12"),
        ("echo", "1", "Echo"),
        ("mageia", "9", "Mageia:9"),
        ("mariner", "2.0.20240123", "Azure Linux:2"),
        ("minimos", "20241031", "MinimOS"),
        ("openEuler", "24.03", "openEuler:24.03-LTS"),
        (LEAP, "15.5", "openSUSE:Leap 15.5"),
        ("opensuse-leap-micro", "5.4", "openSUSE:Leap Micro 5.4"),
        ("opensuse-tumbleweed", "20240101", "openSUSE:Tumbleweed"),
        ("photon", "4.0", "Photon OS:4.0"),
        ("rhel", "8.6", "Red Hat:enterprise_linux:8::appstream"),
        ("rhel", "10.0", "Red Hat:enterprise_linux:10.0"),
        ("rocky", "8.9", "Rocky Linux:8"),
        ("sle-micro", "5.5", "SUSE:Linux Enterprise Micro 5.5"),
        ("sles", "12.5", "SUSE:Linux Enterprise Server 12 SP5-LTSS"),
        ("sles", "15.5", "SUSE:Linux Enterprise Module for Basesystem 15 SP5"),
        ("sles", "16.0", "SUSE:Linux Enterprise Server 16.0"),
        ("sles_sap", "15.5", "SUSE:Linux Enterprise Server 15 SP5"),
        ("sles_sap", "15.5", "SUSE:Linux Enterprise Server for SAP Applications 15 SP5"),
        ("ubuntu", "22.04", "Ubuntu:22.04:LTS"),
        ("ubuntu", "22.04", "Ubuntu:Pro:22.04:LTS"),
        ("ubuntu", "23.10", "Ubuntu:23.10"),
        ("ubuntu", "26.04", "Ubuntu:26.04:LTS"),
        ("wolfi", "20230201", "Wolfi"),
    ],
)
def test_the_advisories_of_a_system_are_found(identifier, version, published):
    system = {"ID": identifier, "VERSION_ID": version}
    if identifier == "openEuler":
        system["VERSION"] = f"{version} (LTS)"
    assert ecosystem(published) in distribution_ecosystems(identify(system))


@pytest.mark.parametrize(
    ("fields", "published"),
    [
        ({"VERSION_CODENAME": "sid"}, "Debian:sid"),
        ({"VERSION_CODENAME": "trixie"}, "Debian:13"),
        ({"VERSION_CODENAME": "forky"}, "Debian:14"),
    ],
)
def test_unstable_and_testing_have_their_own(fields, published):
    system = {"ID": "debian", "PRETTY_NAME": "Debian GNU/Linux x/sid", **fields}
    assert distribution_ecosystems(identify(system)) == (ecosystem(published),)


@pytest.mark.parametrize(
    "other",
    ["Red Hat:rhel_eus:8.6::baseos", "Red Hat:enterprise_linux:9::baseos", "Rocky Linux:8"],
)
def test_extended_support_and_relatives_are_not_asked(other):
    system = identify({"ID": "rhel", "VERSION_ID": "8.6"})
    assert ecosystem(other) not in distribution_ecosystems(system)
