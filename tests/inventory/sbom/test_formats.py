"""What each format says, in small documents; and what is said of those that we cannot read."""

import base64
import gzip
import json

import pytest

from openinspector.inventory.sbom.read import read_sbom
from openinspector.model import Inventory, Location, TargetError


def cyclonedx(*components: dict, version: str = "1.5", **more: object) -> bytes:
    document = {"bomFormat": "CycloneDX", "specVersion": version, "components": list(components)}
    return json.dumps({**document, **more}).encode()


def library(purl: str, **more: object) -> dict:
    return {"type": "library", "name": "x", "purl": purl, **more}


def properties(**values: str) -> list[dict]:
    return [{"name": name, "value": value} for name, value in values.items()]


def only(inventory: Inventory):
    (package,) = inventory.packages
    return package


@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"])
def test_versions_of_cyclonedx(version: str) -> None:
    inventory = read_sbom(cyclonedx(library("pkg:npm/a@1.0.0"), version=version), "x")
    assert only(inventory).name == "a"


@pytest.mark.parametrize("version", ["1.3", "1.4", "1.5", "1.6"])
def test_xml_says_the_same_as_json(version: str) -> None:
    xml = f"""<?xml version="1.0"?>
    <bom xmlns="http://cyclonedx.org/schema/bom/{version}" version="1">
      <metadata><component type="container" bom-ref="r"><name>image:1</name>
        <properties><property name="amazon:inspector:sbom_generator:image_id">sha256:1</property>
        </properties></component>
        <properties><property name="openinspector:note">noted</property></properties></metadata>
      <components>
        <component type="operating-system" bom-ref="o"><name>Debian GNU/Linux</name>
          <version>12</version></component>
        <component type="application" bom-ref="a">
          <supplier><name>not the name</name></supplier>
          <name>glibc</name><version>2.36-9</version>
          <licenses><license><id>MIT</id></license><expression>A OR B</expression></licenses>
          <purl>pkg:deb/debian/glibc@2.36-9?arch=amd64&amp;distro=bookworm</purl>
          <pedigree><ancestors><component type="library"><name>ancestor</name>
            <purl>pkg:npm/ancestor@1</purl></component></ancestors></pedigree>
          <components><component type="application" bom-ref="b"><name>libc6</name>
            <version>2.36-9</version>
            <purl>pkg:deb/debian/libc6@2.36-9?arch=amd64&amp;distro=bookworm</purl>
            <properties><property name="amazon:inspector:sbom_generator:source_path">/s</property>
            </properties></component></components>
        </component>
      </components>
    </bom>"""
    same = cyclonedx(
        {"type": "operating-system", "bom-ref": "o", "name": "Debian GNU/Linux", "version": "12"},
        {
            "type": "application",
            "bom-ref": "a",
            "supplier": {"name": "not the name"},
            "name": "glibc",
            "version": "2.36-9",
            "licenses": [{"license": {"id": "MIT"}}, {"expression": "A OR B"}],
            "purl": "pkg:deb/debian/glibc@2.36-9?arch=amd64&distro=bookworm",
            "components": [
                {
                    "type": "application",
                    "bom-ref": "b",
                    "name": "libc6",
                    "version": "2.36-9",
                    "purl": "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=bookworm",
                    "properties": [
                        {"name": "amazon:inspector:sbom_generator:source_path", "value": "/s"}
                    ],
                }
            ],
        },
        version=version,
        metadata={
            "component": {
                "type": "container",
                "bom-ref": "r",
                "name": "image:1",
                "properties": [
                    {"name": "amazon:inspector:sbom_generator:image_id", "value": "sha256:1"}
                ],
            },
            "properties": [{"name": "openinspector:note", "value": "noted"}],
        },
    )
    inventory = read_sbom(same, "x")
    assert read_sbom(xml.encode(), "x") == inventory
    assert [x.name for x in inventory.packages] == ["glibc", "libc6"]
    assert inventory.packages[0].licenses == ("MIT", "A OR B")
    assert inventory.packages[1].source_name == "glibc"
    assert inventory.notes == ("noted",)


@pytest.mark.parametrize(
    ("purl", "ecosystem", "name", "version", "manager"),
    [
        ("pkg:pypi/Foo_Bar.baz@1.0", "PyPI", "foo-bar-baz", "1.0", "PYTHONPKG"),
        ("pkg:npm/%40babel/core@7.0.0", "npm", "@babel/core", "7.0.0", "NODEPKG"),
        ("pkg:npm/babel/core@7.0.0", "npm", "@babel/core", "7.0.0", "NODEPKG"),
        ("pkg:maven/org.a/b@1.0", "Maven", "org.a:b", "1.0", "JAR"),
        ("pkg:golang/golang.org/x/net@v0.1.0", "Go", "golang.org/x/net", "0.1.0", "GOMOD"),
        ("pkg:golang/stdlib@go1.22.1", "Go", "stdlib", "1.22.1", "GOMOD"),
        ("pkg:golang/example.com/vote@vote-1", "Go", "example.com/vote", "vote-1", "GOMOD"),
        ("pkg:cargo/serde@1.0.0", "crates.io", "serde", "1.0.0", "CARGO"),
        ("pkg:gem/rails@7.0", "RubyGems", "rails", "7.0", "GEMSPEC"),
        ("pkg:composer/Symfony/Yaml@6", "Packagist", "symfony/yaml", "6", "COMPOSER"),
        ("pkg:nuget/Newtonsoft.Json@13.0.1", "NuGet", "Newtonsoft.Json", "13.0.1", "NUGET"),
        ("pkg:hex/phoenix@1.7", "Hex", "phoenix", "1.7", None),
        ("pkg:pub/http@1.0", "Pub", "http", "1.0", None),
        ("pkg:swift/github.com/a/b@1.0", "SwiftURL", "github.com/a/b", "1.0", None),
        ("pkg:conan/zlib@1.3", "ConanCenter", "zlib", "1.3", None),
        ("pkg:cran/ggplot2@3", "CRAN", "ggplot2", "3", None),
        ("pkg:hackage/aeson@2", "Hackage", "aeson", "2", None),
        ("pkg:github/actions/checkout@v4", "GitHub Actions", "actions/checkout", "v4", None),
        ("pkg:bitnami/redis@7", "Bitnami", "redis", "7", None),
        ("pkg:unheard-of/a/b@1", "unheard-of", "b", "1", None),
    ],
)
def test_ecosystems(
    purl: str, ecosystem: str, name: str, version: str, manager: str | None
) -> None:
    package = only(read_sbom(cyclonedx(library(purl)), "x"))
    assert (package.ecosystem, package.name, package.version, package.manager) == (
        ecosystem,
        name,
        version,
        manager,
    )
    assert package.purl == purl


@pytest.mark.parametrize(
    ("purl", "ecosystem", "release", "version"),
    [
        ("pkg:deb/debian/a@1-1?distro=bookworm&epoch=2", "Debian", "12", "2:1-1"),
        ("pkg:deb/debian/a@2:1-1?distro=debian-12.5", "Debian", "12", "2:1-1"),
        ("pkg:deb/debian/a@0:1-1?distro=debian-11", "Debian", "11", "1-1"),
        ("pkg:deb/ubuntu/a@1?distro=22.04&epoch=0", "Ubuntu", "22.04:LTS", "1"),
        ("pkg:deb/ubuntu/a@1?distro=ubuntu-23.10", "Ubuntu", "23.10", "1"),
        ("pkg:apk/alpine/a@1-r0?distro=3.18.2", "Alpine", "v3.18", "1-r0"),
        ("pkg:apk/alpine/a@1-r0?distro=alpine-3.12.12", "Alpine", "v3.12", "1-r0"),
        ("pkg:apk/wolfi/a@1-r0?distro=wolfi-20230201", "Wolfi", None, "1-r0"),
        ("pkg:apk/wolfi/a@1-r0", "Wolfi", None, "1-r0"),
        ("pkg:rpm/amazon/a@1-1?distro=2023&epoch=0", "Amazon Linux", "2023", "1-1"),
        ("pkg:rpm/amzn/a@1-1?distro=amzn-2&epoch=1", "Amazon Linux", "2", "1:1-1"),
        ("pkg:rpm/amazon/a@1-1?distro=amazon-2%20%28Karoo%29", "Amazon Linux", "2", "1-1"),
        ("pkg:rpm/redhat/a@1-1?distro=rhel-9.6", "Red Hat", "9", "1-1"),
        ("pkg:rpm/redhat/a@1-1?distro=redhat-8.4", "Red Hat", "8", "1-1"),
        ("pkg:rpm/rocky/a@1-1?distro=rocky-9.2", "Rocky Linux", "9", "1-1"),
        ("pkg:rpm/almalinux/a@1-1?distro=almalinux-8.9", "AlmaLinux", "8", "1-1"),
        ("pkg:rpm/fedora/a@1-1?distro=fedora-39", "Fedora", "39", "1-1"),
    ],
)
def test_distributions_by_package_url(
    purl: str, ecosystem: str, release: str | None, version: str
) -> None:
    inventory = read_sbom(cyclonedx(library(purl)), "x")
    assert inventory.distribution is not None
    assert (inventory.distribution.ecosystem, inventory.distribution.release) == (
        ecosystem,
        release,
    )
    assert (only(inventory).ecosystem, only(inventory).version) == (ecosystem, version)
    assert inventory.gaps == ()


@pytest.mark.parametrize(
    ("name", "version", "facts", "ecosystem", "release"),
    [
        ("Debian GNU/Linux", "12", {}, "Debian", "12"),
        ("debian", "bookworm", {}, "Debian", "12"),
        ("debian", "10.2", {"aquasecurity:trivy:Type": "debian"}, "Debian", "10"),
        ("Amazon Linux", "2023", {}, "Amazon Linux", "2023"),
        ("amazon", "2 (Karoo)", {"aquasecurity:trivy:Type": "amazon"}, "Amazon Linux", "2"),
        ("redhat", "8.4", {"aquasecurity:trivy:Type": "redhat"}, "Red Hat", "8"),
        ("Red Hat Enterprise Linux", "9.3", {"syft:distro:id": "rhel"}, "Red Hat", "9"),
        ("Oracle Linux Server", "8.9", {}, "Oracle Linux", "8"),
        ("opensuse.leap", "15.5", {"aquasecurity:trivy:Type": "opensuse.leap"}, "openSUSE", None),
    ],
)
def test_distributions_by_component(
    name: str, version: str, facts: dict, ecosystem: str, release: str | None
) -> None:
    system = {"type": "operating-system", "name": name, "version": version}
    inventory = read_sbom(cyclonedx({**system, "properties": properties(**facts)}), "x")
    assert inventory.distribution is not None
    assert inventory.distribution.ecosystem == ecosystem
    if release is not None:
        assert inventory.distribution.release == release


@pytest.mark.parametrize(
    ("purl", "facts", "source"),
    [
        ("pkg:deb/debian/libc6@2-1?source=glibc", {}, ("glibc", None)),
        (
            "pkg:deb/debian/g%2B%2B@4?source=gcc-defaults&source_version=1.2",
            {},
            ("gcc-defaults", "1.2"),
        ),
        ("pkg:deb/debian/libc6@2-1?upstream=glibc", {}, ("glibc", None)),
        ("pkg:deb/debian/bash@5-1%2Bb1?upstream=bash%405-1", {}, (None, "5-1")),
        ("pkg:rpm/redhat/a-libs@1-2.el9?upstream=a-1-2.el9.src.rpm", {}, ("a", None)),
        ("pkg:rpm/redhat/a-libs@1-2.el9?epoch=1&upstream=a-1-2.el9.src.rpm", {}, ("a", None)),
        ("pkg:rpm/redhat/a-libs@1-2.el9?upstream=a-b-3-4.el9.src.rpm", {}, ("a-b", "3-4.el9")),
        ("pkg:apk/alpine/libssl3@3-r0?origin=openssl", {}, ("openssl", None)),
        (
            "pkg:deb/debian/libc6@2-1",
            {
                "aquasecurity:trivy:SrcName": "glibc",
                "aquasecurity:trivy:SrcVersion": "2",
                "aquasecurity:trivy:SrcRelease": "1",
            },
            ("glibc", None),
        ),
        (
            "pkg:deb/debian/libx@2-1",
            {
                "aquasecurity:trivy:SrcName": "x",
                "aquasecurity:trivy:SrcVersion": "3",
                "aquasecurity:trivy:SrcEpoch": "1",
            },
            ("x", "1:3"),
        ),
        ("pkg:deb/debian/libc6@2-1", {"syft:metadata:source": "glibc"}, ("glibc", None)),
        (
            "pkg:apk/alpine/libssl3@3-r0",
            {"syft:metadata:originPackage": "openssl"},
            ("openssl", None),
        ),
        ("pkg:pypi/a@1?source=b", {}, (None, None)),
    ],
)
def test_source_packages(purl: str, facts: dict, source: tuple) -> None:
    package = only(read_sbom(cyclonedx(library(purl, properties=properties(**facts))), "x"))
    assert (package.source_name, package.source_version) == source


def test_module_labels() -> None:
    label = "nodejs:18:8080020230718:63b34585"
    for purl, facts in (
        (f"pkg:rpm/redhat/nodejs@18-1?modularitylabel={label}", {}),
        (f"pkg:rpm/redhat/nodejs@18-1?rpmmod={label}", {}),
        ("pkg:rpm/redhat/nodejs@18-1", {"aquasecurity:trivy:Modularitylabel": label}),
        ("pkg:rpm/redhat/nodejs@18-1", {"syft:metadata:modularityLabel": label}),
    ):
        package = only(read_sbom(cyclonedx(library(purl, properties=properties(**facts))), "x"))
        assert package.module == label


def test_places_of_other_tools() -> None:
    trivy = properties(
        **{"aquasecurity:trivy:FilePath": "a/b.json", "aquasecurity:trivy:LayerDiffID": "sha256:1"}
    )
    syft = properties(
        **{
            "syft:location:1:path": "/c",
            "syft:location:0:path": "/d",
            "syft:location:0:layerID": "sha256:2",
        }
    )
    occurrences = {"occurrences": [{"location": "/e"}]}
    document = cyclonedx(
        library("pkg:npm/a@1", properties=trivy),
        library("pkg:npm/b@1", properties=syft),
        library("pkg:npm/c@1", evidence=occurrences),
        library("pkg:npm/d@1", properties=properties(SrcFile="f")),
    )
    assert [x.locations for x in read_sbom(document, "x").packages] == [
        (Location("a/b.json", "sha256:1"),),
        (Location("d", "sha256:2"), Location("c")),
        (Location("e"),),
        (Location("f"),),
    ]


def test_a_development_dependency() -> None:
    document = cyclonedx(
        library("pkg:npm/a@1", scope="excluded"),
        library("pkg:npm/b@1", properties=properties(**{"cdx:npm:package:development": "true"})),
        library("pkg:npm/c@1", scope="optional"),
    )
    assert [x.development for x in read_sbom(document, "x").packages] == [True, True, False]


def test_exact_repetitions_are_one_package_and_places_are_kept_apart() -> None:
    place = properties(**{"amazon:inspector:sbom_generator:source_path": "/a/go.mod"})
    document = cyclonedx(
        library("pkg:golang/a@v1", properties=place),
        library("pkg:golang/a@v1", properties=place, **{"bom-ref": "again"}),
        library("pkg:golang/a@v1"),
    )
    assert len(read_sbom(document, "x").packages) == 2


SPDX_TAGS = """SPDXVersion: SPDX-2.2
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: x
##### Packages
PackageName: os
SPDXID: SPDXRef-OS
PackageVersion: 3.18.2
PrimaryPackagePurpose: OPERATING-SYSTEM
PackageName: busybox
SPDXID: SPDXRef-1
PackageVersion: 1.36.1-r0
PackageLicenseDeclared: GPL-2.0-only
PackageSourceInfo: <text>acquired package info from APK DB:
/lib/apk/db/installed</text>
ExternalRef: SECURITY cpe23Type cpe:2.3:a:b:c:1:*:*:*:*:*:*:*
ExternalRef: PACKAGE-MANAGER purl pkg:apk/alpine/busybox@1.36.1-r0?distro=3.18.2
FileName: ./a
SPDXID: SPDXRef-File
PackageVersion: 9.9.9
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-OS
"""


def test_spdx_tag_value() -> None:
    inventory = read_sbom(SPDX_TAGS.encode(), "x")
    package = only(inventory)
    assert (package.name, package.version, package.licenses) == (
        "busybox",
        "1.36.1-r0",
        ("GPL-2.0-only",),
    )
    assert inventory.distribution is not None
    assert inventory.distribution.release == "v3.18"


def test_trivys_spdx() -> None:
    document = {
        "spdxVersion": "SPDX-2.3",
        "packages": [
            {
                "SPDXID": "SPDXRef-OS",
                "name": "debian",
                "versionInfo": "12.1",
                "primaryPackagePurpose": "OPERATING-SYSTEM",
            },
            {
                "SPDXID": "SPDXRef-1",
                "name": "libc6",
                "versionInfo": "2.36-9",
                "sourceInfo": "built package from: glibc 2.36-9",
                "attributionTexts": ["PkgType: debian"],
                "externalRefs": [
                    {
                        "referenceCategory": "PACKAGE-MANAGER",
                        "referenceType": "purl",
                        "referenceLocator": "pkg:deb/debian/libc6@2.36-9?distro=debian-12.1",
                    }
                ],
            },
            {
                "SPDXID": "SPDXRef-2",
                "name": "lodash",
                "versionInfo": "4.17.20",
                "annotations": [
                    {"annotator": "Tool: trivy-0.57", "comment": "PkgType: yarn"},
                    {"annotator": "Tool: trivy-0.57", "comment": "FilePath: app/yarn.lock"},
                ],
                "externalRefs": [
                    {"referenceType": "purl", "referenceLocator": "pkg:npm/lodash@4.17.20"}
                ],
            },
        ],
    }
    inventory = read_sbom(json.dumps(document).encode(), "x")
    libc, lodash = inventory.packages
    assert (libc.ecosystem, libc.source_name) == ("Debian", "glibc")
    assert (lodash.manager, lodash.locations) == ("YARN", (Location("app/yarn.lock"),))
    assert inventory.gaps == ()


def test_gzip_of_several_members_is_read() -> None:
    data = cyclonedx(library("pkg:npm/a@1"))
    assert only(read_sbom(gzip.compress(data[:20]) + gzip.compress(data[20:]), "x")).name == "a"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(encoding: str) -> None:
    data = cyclonedx(library("pkg:npm/a@1")).decode().encode(encoding)
    assert only(read_sbom(data, "x")).name == "a"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "this is not an SBOM"),
        (b"hello\n", "this is not an SBOM"),
        (b"{", "not valid JSON"),
        (b"[]", "this JSON is not an SBOM"),
        (b'{"name": "package"}', "this JSON is not an SBOM"),
        (b'{"bomFormat": "CycloneDX"}', "CycloneDX without specVersion is not supported"),
        (cyclonedx(version="2.0"), "CycloneDX 2.0 is not supported"),
        (b'{"@context": "https://spdx.org/rdf/3.0.1", "@graph": []}', "SPDX 3 is not supported"),
        (b'{"spdxVersion": "SPDX-2.1", "packages": []}', "SPDX-2.1 is not supported"),
        (b"SPDXVersion: SPDX-1.2\n", "SPDX-1.2 is not supported"),
        (b"spdxVersion: SPDX-2.3\npackages: []\n", "SBOMs in YAML are not supported"),
        (b"<?xml version='1.0'?><project/>", "this XML is not CycloneDX"),
        (b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>", "not CycloneDX"),
        (b"<bom xmlns='http://cyclonedx.org/schema/bom/1.1'/>", "CycloneDX 1.1 is not supported"),
        (b"<bom", "not valid XML"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_is_expected(data: bytes, words: str) -> None:
    with pytest.raises(TargetError, match=words) as caught:
        read_sbom(data, "my.sbom")
    assert str(caught.value).startswith("my.sbom: ")


XML_OF_OTHERS = """<?xml version="1.0"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.5" version="1">
  <metadata>
    <tools><components>
      <component type="library">
        <name>log4j-core</name><version>2.14.1</version>
        <purl>pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1</purl>
        <properties><property name="syft:distro:id">alpine</property></properties>
      </component>
    </components></tools>
    <component type="application"><name>shop</name></component>
  </metadata>
  <components>
    <component type="library">
      <name>lodash</name><version>4.17.20</version><purl>pkg:npm/lodash@4.17.20</purl>
      <pedigree><ancestors><component type="library">
        <name>lodash</name><version>4.17.4</version><purl>pkg:npm/lodash@4.17.4</purl>
      </component></ancestors></pedigree>
    </component>
  </components>
  <formulation><formula><components>
    <component type="platform"><name>node</name><purl>pkg:generic/node@18</purl></component>
  </components></formula></formulation>
</bom>
"""


def test_xml_components_that_made_the_document_are_not_in_what_it_describes() -> None:
    """CycloneDX 1.5 has tools as components; cyclonedx-npm and cyclonedx-py write them so."""
    inventory = read_sbom(XML_OF_OTHERS.encode(), "x")
    assert [package.purl for package in inventory.packages] == ["pkg:npm/lodash@4.17.20"]
    assert (inventory.gaps, inventory.distribution, inventory.target.name) == ((), None, "x")


def test_the_lock_file_in_trivys_tag_value_is_no_software() -> None:
    """As Trivy 0.74 writes it: without the annotations that its JSON has."""
    head = "SPDXVersion: SPDX-2.3\nSPDXID: SPDXRef-DOCUMENT\nDocumentName: a\nCreator: Tool: {}\n\n"
    rest = (
        "PackageName: package-lock.json\nSPDXID: SPDXRef-Application-6401eeaf7b6ee158\n"
        "PrimaryPackagePurpose: APPLICATION\n\nPackageName: bytes\nSPDXID: SPDXRef-Package-148e\n"
        "PackageVersion: 3.1.0\nExternalRef: PACKAGE-MANAGER purl pkg:npm/bytes@3.1.0\n"
    )
    for tool, gaps in (("trivy-dev", 0), ("other", 1)):
        inventory = read_sbom((head.format(tool) + rest).encode(), "x")
        assert [package.purl for package in inventory.packages] == ["pkg:npm/bytes@3.1.0"]
        assert len(inventory.gaps) == gaps


def _statement(predicate: object, kind: str = "https://cyclonedx.org/bom") -> bytes:
    return json.dumps({"_type": "s", "predicateType": kind, "predicate": predicate}).encode()


def _envelope(statement: bytes) -> bytes:
    payload = base64.b64encode(statement).decode()
    kind = "application/vnd.in-toto+json"
    return json.dumps({"payloadType": kind, "payload": payload, "signatures": []}).encode()


def test_attestations_of_an_sbom() -> None:
    """As `cosign attest` and BuildKit make them: plain, enveloped, below `Data`, among others."""
    bom = json.loads(cyclonedx(library("pkg:npm/a@1")))
    provenance = _envelope(_statement({"builder": {}}, "https://slsa.dev/provenance/v1"))
    for data in (
        _statement(bom),
        _envelope(_statement(bom)),
        _envelope(_statement({"Data": bom, "Timestamp": ""})),
        _envelope(_statement({"Data": json.dumps(bom)})),
        provenance + b"\n" + _envelope(_statement(bom)) + b"\n",
    ):
        assert only(read_sbom(data, "x")).name == "a"
        assert not read_sbom(data, "x").gaps
    other = _envelope(_statement(json.loads(cyclonedx(library("pkg:npm/b@1")))))
    several = read_sbom(_envelope(_statement(bom)) + b"\n" + other, "x")
    assert only(several).name == "a"
    assert {gap.part for gap in several.gaps} == {
        *("os-packages", "language-packages", "applications"),
    }
    assert all("1 more" in gap.reason for gap in several.gaps)
    for data in (
        provenance,
        _envelope(b"nothing"),
        b'{"payloadType": 1, "payload": "%%%"}',
        b'{"payloadType": "x", "payload": "AA"}',
        _statement([1]),
        _statement({"Data": 7}),
    ):
        with pytest.raises(TargetError):
            read_sbom(data, "x")


def test_trivy_s_operating_system_of_old_is_no_component() -> None:
    """Trivy's SPDX once said so in the element's name alone."""
    packages = [{"SPDXID": "SPDXRef-OperatingSystem-1", "name": "centos", "versionInfo": "7.6"}]
    data = json.dumps({"spdxVersion": "SPDX-2.2", "packages": packages}).encode()

    assert not any("without a package URL" in gap.reason for gap in read_sbom(data, "x").gaps)
