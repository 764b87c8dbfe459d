"""Every real SBOM at hand, its components counted independently of our readers."""

import gzip
import json
import xml.etree.ElementTree as ElementTree
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from openinspector.inventory.sbom.read import read_sbom
from openinspector.model import Inventory, Package

SCANSBOM = {
    "alpine-3.18.2": 10,
    "amazonlinux-latest": 137,
    "debian-stable-20240130": 125,
    "dockerfile-checks": 284,
    "golang-latest": 300,
    "python-latest": 184,
    "ruby-latest": 355,
}
"""Components with a package URL, counted by hand with a recursive search."""


def member(shared: Path, archive: str) -> bytes:
    """The only file of an archive of real inventories."""
    with zipfile.ZipFile(shared / "data/inventories" / f"{archive}.zip") as opened:
        (name,) = opened.namelist()
        return opened.read(name)


def nodes(document: dict) -> list[dict]:
    """All components of a CycloneDX document, however deep."""
    found, pending = [], list(document["components"])
    while pending:
        node = pending.pop()
        pending += node.get("components", ())
        found.append(node)
    return found


def named(inventory: Inventory, name: str) -> Package:
    return next(package for package in inventory.packages if package.name == name)


@pytest.mark.parametrize("name", SCANSBOM)
def test_every_component_with_a_package_url_becomes_a_package(shared: Path, name: str) -> None:
    data = (shared / "data/scansbom" / f"{name}.sbom.json.gz").read_bytes()
    components = nodes(json.loads(gzip.decompress(data)))
    with_purl = [node for node in components if "purl" in node]
    without = [x["name"] for x in components if "purl" not in x and x["type"] == "application"]
    inventory = read_sbom(data, name)
    packages = (*inventory.packages, *inventory.subsumed)
    assert len(packages) == len(with_purl) == SCANSBOM[name]
    assert Counter(x.purl for x in packages) == Counter(x["purl"] for x in with_purl)
    owned = [x for x in components if "is_duplicate_package" in str(x.get("properties"))]
    assert len(inventory.subsumed) == len(owned)
    assert inventory.target.image is not None
    assert len(inventory.target.image.id) == 71
    assert bool(inventory.gaps) is bool(without)
    if without:
        assert inventory.gaps[0].reason.startswith(
            f"{len(without)} components without a package URL not assessed"
        )


def test_source_packages_of_debian_are_told_from_binary_ones(shared: Path) -> None:
    data = (shared / "data/scansbom/debian-stable-20240130.sbom.json.gz").read_bytes()
    inventory = read_sbom(data, "debian")
    assert inventory.distribution is not None
    assert (inventory.distribution.ecosystem, inventory.distribution.release) == ("Debian", "12")
    libc, glibc = named(inventory, "libc6"), named(inventory, "glibc")
    assert (libc.source_name, libc.source_version, libc.properties) == ("glibc", None, ())
    assert (glibc.source_name, glibc.properties) == (None, (("source_package", "true"),))
    assert named(inventory, "zlib1g").version == "1:1.2.13.dfsg-1"
    assert named(inventory, "zlib1g").source_name == "zlib"
    assert named(inventory, "bash").properties == ()
    assert libc.locations[0].path == "var/lib/dpkg/status"


def test_ubuntu_with_source_qualifiers_checks_and_owned_packages(shared: Path) -> None:
    data = (shared / "data/scansbom/dockerfile-checks.sbom.json.gz").read_bytes()
    inventory = read_sbom(data, "docker")
    assert inventory.distribution is not None
    assert inventory.distribution.release == "14.04:LTS"
    assert named(inventory, "python3-yaml").source_name == "pyyaml"
    assert [(x.id, x.path, x.begin_line, x.end_line) for x in inventory.checks][:2] == [
        ("IN-DOCKER-006-001", "comp-1.Dockerfile", 2, 2),
        ("IN-DOCKER-004", "comp-1.Dockerfile", 8, 8),
    ]
    owned = next(x for x in inventory.subsumed if x.purl == "pkg:pypi/PyYAML@3.10")
    assert owned.name == "pyyaml"
    assert ("is_duplicate_package", "true") in owned.properties
    assert "configuration" in inventory.examined


def test_trivy_cyclonedx(shared: Path) -> None:
    data = member(shared, "fluentd-sbom")
    components = nodes(json.loads(data))
    inventory = read_sbom(data, "fluentd")
    assert len(inventory.packages) == sum("purl" in node for node in components) == 160
    assert inventory.gaps == ()
    login = named(inventory, "login")
    assert (login.version, login.source_name, login.source_version) == ("1:4.5-1.1", "shadow", None)
    gem = named(inventory, "fluent-plugin-systemd")
    assert (gem.ecosystem, gem.manager) == ("RubyGems", "GEMSPEC")
    assert gem.locations[0].path.endswith("fluent-plugin-systemd-1.0.2.gemspec")
    assert gem.locations[0].layer is not None
    assert inventory.target.image is not None
    assert len(inventory.target.image.layers) == 6


def test_maven_cyclonedx(shared: Path) -> None:
    data = member(shared, "dtrack-apiserver-sbom")
    inventory = read_sbom(data, "dtrack")
    assert len(inventory.packages) == len(json.loads(data)["components"]) == 132
    assert named(inventory, "com.fasterxml.jackson.core:jackson-annotations").version == "2.13.2"
    assert {x.ecosystem for x in inventory.packages} == {"Maven"}
    assert inventory.distribution is None


def test_syft_cyclonedx_xml(shared: Path) -> None:
    data = member(shared, "postgres-stretch-sbom")
    root = ElementTree.fromstring(data)
    space = "{http://cyclonedx.org/schema/bom/1.4}"
    listed = root.findall(f"{space}components//{space}component")
    purls = [x.findtext(f"{space}purl") for x in listed if x.find(f"{space}purl") is not None]
    inventory = read_sbom(data, "postgres")
    assert len(listed) == 137
    assert sorted(x.purl for x in inventory.packages) == sorted(purls)
    assert len(purls) == 136
    assert inventory.distribution is not None
    assert inventory.distribution.release == "9"
    libc = named(inventory, "libc-bin")
    assert libc.source_name == "glibc"
    assert [x.path for x in libc.locations] == ["var/lib/dpkg/status"]
    assert libc.locations[0].layer is not None
    assert libc.licenses == ("GPL-2.0-only", "LGPL-2.1-only")


def test_red_hats_spdx(shared: Path) -> None:
    data = member(shared, "ubi-sbom")
    packages = json.loads(data)["packages"]
    purls = [
        reference["referenceLocator"]
        for package in packages
        for reference in package["externalRefs"]
        if reference["referenceType"] == "purl"
    ]
    software = [purl for purl in purls if not purl.startswith("pkg:oci/")]
    inventory = read_sbom(data, "ubi")
    assert (len(packages), len(software)) == (1527, 1525)
    assert sorted(x.purl for x in inventory.packages) == sorted(software)
    assert inventory.distribution is not None
    assert (inventory.distribution.id, inventory.distribution.release) == ("rhel", "9")
    installed = [x for x in inventory.packages if x.locations and x.ecosystem == "Red Hat"]
    alternatives = next(x for x in installed if x.name == "alternatives")
    assert (alternatives.source_name, alternatives.source_version) == ("chkconfig", None)
    assert alternatives.locations[0].path == "var/lib/rpm/rpmdb.sqlite"
    sources = [x for x in inventory.packages if x.arch == "src"]
    assert sources
    assert all(x.properties == (("source_package", "true"),) for x in sources)
    assert [gap.reason for gap in inventory.gaps] == [
        "1 component that is a container image: only its listed contents assessed: ubi"
    ]


@pytest.mark.parametrize(
    ("archive", "count", "release"),
    [("alpine-syft", 14, "v3.12"), ("wolfi-jruby-syft", 121, None)],
)
def test_syft_json(shared: Path, archive: str, count: int, release: str | None) -> None:
    data = member(shared, archive)
    inventory = read_sbom(data, archive)
    assert len(inventory.packages) == len(json.loads(data)["artifacts"]) == count
    assert inventory.distribution is not None
    assert inventory.distribution.release == release
    assert inventory.gaps == ()


def test_syft_json_knows_the_source_package(shared: Path) -> None:
    inventory = read_sbom(member(shared, "alpine-syft"), "alpine")
    assert named(inventory, "libssl1.1").source_name == "openssl"
    assert named(inventory, "musl").source_name is None
