"""Coverage: nothing unscanned looks clean."""

import msgspec

from openinspector.assess import Options, assess
from openinspector.model import Distribution, Gap

from .memory import (
    AMAZON_2023,
    DEBIAN_12,
    NOW,
    UBUNTU_16,
    Memory,
    advisory,
    inventory,
    package,
)

PHOTON = Distribution(
    "photon", "VMware Photon OS", "3.0", "Photon OS", "3.0", platform="PHOTON_OS_3_0"
)


def covered(made, *known, **options):
    result = assess(made, Memory(known=known), Options(**options), NOW)
    return {each.part: each for each in result.coverage}


def test_scanned():
    made = inventory(package("Debian", "x", "1"), distribution=DEBIAN_12)
    parts = covered(made, "Debian:12")
    assert {part: each.state for part, each in parts.items()} == {
        "os-packages": "scanned",
        "language-packages": "scanned",
    }
    assert parts["os-packages"].notes == ("Debian:12: 1 package judged",)


def test_a_distribution_that_the_database_does_not_know():
    made = inventory(package("Photon OS", "x", "1"), distribution=PHOTON)
    found = covered(made, "Debian:12")["os-packages"]
    assert found.state == "not-scanned"
    assert [gap.reason for gap in found.gaps] == [
        "the database holds no advisories for Photon OS:3.0 (1 package)"
    ]


def test_an_unknown_distribution():
    found = covered(inventory(package("", "x", "1")), "Debian:12")["os-packages"]
    assert found.state == "not-scanned"
    gap = Gap("os-packages", "distribution unknown: 1 deb packages were not judged", total=True)
    again = covered(inventory(package("", "x", "1"), gaps=(gap,)), "Debian:12")["os-packages"]
    assert again.gaps == (gap,)


def test_ecosystems_that_the_database_does_not_know():
    made = inventory(
        package("npm", "x", "1.0.0", manager="NPM"), package("Hex", "y", "1.0.0", manager=None)
    )
    found = covered(made, "npm")["language-packages"]
    assert found.state == "partial"
    assert [gap.reason for gap in found.gaps] == [
        "the database holds no advisories for Hex (1 package)"
    ]
    assert covered(made)["language-packages"].state == "not-scanned"


def test_applications_are_a_part_of_their_own():
    made = inventory(package("generic", "nginx/nginx", "1.25.0", manager=None))
    assert covered(made)["applications"].state == "not-scanned"
    assert covered(made, "generic")["applications"].state == "scanned"


def test_pro_alone_is_enough_for_an_old_ubuntu():
    made = inventory(package("Ubuntu", "x", "1"), distribution=UBUNTU_16)
    assert covered(made, "Ubuntu:Pro:16.04:LTS")["os-packages"].state == "scanned"


def test_packages_without_version_are_a_gap():
    made = inventory(package("Go", "x.org/y", "(devel)", manager="GOBINARY"))
    found = covered(made, "Go")["language-packages"]
    assert found.state == "partial"
    assert [gap.reason for gap in found.gaps] == [
        "1 packages name no version and could not be judged"
    ]


def test_an_unreadable_version_is_a_gap():
    made = inventory(package("PyPI", "x", "not!a!version", manager="PIP"))
    result = assess(made, Memory([advisory("CVE-1", "PyPI", "x", "0,")]), Options(), NOW)
    (found,) = [each for each in result.coverage if each.part == "language-packages"]
    assert found.state == "partial"


def test_gaps_of_the_inventory_and_of_the_database():
    gap = Gap("language-packages", "is truncated", "a/package-lock.json")
    made = inventory(gaps=(gap,))
    starter = Gap("advisories", "the starter database holds a few hundred advisories")
    parts = covered(made, gaps=(starter,), notes=("built 2024-05-01",))
    assert parts["language-packages"].state == "partial"
    assert parts["advisories"].state == "partial"
    assert parts["advisories"].notes == ("built 2024-05-01",)


def test_kernel_packages_left_out_are_told_and_cost_nothing():
    made = inventory(
        package("Debian", "linux-libc-dev", "6.1", source_name="linux"), distribution=DEBIAN_12
    )
    found = covered(made, "Debian:12")["os-packages"]
    assert found.state == "scanned"
    assert "1 packages of kernel headers and tools hold no kernel: not judged" in found.notes


def test_likeness_and_end_of_life_are_told():
    old = msgspec.structs.replace(AMAZON_2023, like="Fedora Linux", end_of_life="2024-01-01")
    notes = covered(inventory(distribution=old), "Amazon Linux:2023")["os-packages"].notes
    assert any("judged by the advisories of Fedora Linux" in note for note in notes)
    assert any("end of life on 2024-01-01" in note for note in notes)


def test_a_source_tree_without_a_distribution_has_no_part_for_it():
    made = inventory(
        package("npm", "x", "1.0.0", manager="NPM"),
        kind="directory",
        examined=("language-packages",),
    )
    assert set(covered(made, "npm")) == {"language-packages"}


def test_tallies():
    made = inventory(
        package("npm", "x", "1.0.0", manager="NPM"),
        package("Debian", "y", "1"),
        distribution=DEBIAN_12,
    )
    summary = assess(made, Memory(known=["npm"]), Options(), NOW).summary
    assert [(each.ecosystem, each.packages, each.judged) for each in summary.ecosystems] == [
        ("Debian:12", 1, False),
        ("npm", 1, True),
    ]
