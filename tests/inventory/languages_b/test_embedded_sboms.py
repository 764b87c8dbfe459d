"""SBOMs that wheels and Bitnami's images bring along."""

import json

import pytest

from openinspector.inventory.cataloger import ReadError, run
from openinspector.inventory.catalogers.embedded_sboms import CATALOGERS
from openinspector.inventory.matching import Matcher
from openinspector.model import Gap, Package

BITNAMI, WHEEL = CATALOGERS
PLACE = "app/lib/python3.12/site-packages/cryptography-50.0.2.dist-info/sboms/rust.cyclonedx.json"


def component(purl: str, scope: str = "required") -> dict[str, str]:
    name, _, version = purl.partition("?")[0].rpartition("/")[2].partition("@")
    return {"type": "library", "name": name, "version": version, "purl": purl, "scope": scope}


def document(*components: dict[str, str]) -> bytes:
    """As cargo-cyclonedx, run by maturin, and auditwheel write them."""
    subject = component("pkg:cargo/cryptography-rust@0.50.2?download_url=file://.")
    return json.dumps(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "metadata": {"component": subject},
            "components": components,
        }
    ).encode()


def test_what_was_compiled_into_a_wheel() -> None:
    found = run(
        WHEEL,
        PLACE,
        document(
            component("pkg:cargo/time@0.1.43"),
            component("pkg:cargo/cc@1.6.0", "excluded"),
            component("pkg:cargo/cryptography-openssl@0.50.2?download_url=file://openssl"),
            component("pkg:generic/openssl@4.0.3"),
            component("pkg:rpm/almalinux/libgfortran@8.5.0-26.el8"),
        ),
    )

    packages = {(each.ecosystem, each.name, each.version) for each in found_packages(found)}
    assert packages == {("crates.io", "time", "0.1.43"), ("generic", "openssl", "4.0.3")}
    assert {each.locations[0].path for each in found_packages(found)} == {PLACE}
    assert [each for each in found if isinstance(each, Gap)] == [
        Gap(
            "language-packages",
            "1 package of an operating system, bundled in it, not judged",
            PLACE,
        )
    ]


def found_packages(found: list[object]) -> list[Package]:
    return [each for each in found if isinstance(each, Package)]


def test_a_component_of_bitnami() -> None:
    path = "opt/bitnami/nginx/.spdx-nginx.spdx"
    purl = "pkg:bitnami/nginx@1.25.2-1?arch=amd64&distro=debian-11"
    reference = {
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": purl,
    }
    nginx = {
        "SPDXID": "SPDXRef-Package-nginx",
        "name": "nginx",
        "versionInfo": "1.25.2-1",
        "downloadLocation": "NOASSERTION",
        "externalRefs": [reference],
    }
    data = json.dumps(
        {"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "packages": [nginx]}
    ).encode()

    [package] = found_packages(run(BITNAMI, path, data))

    assert (package.ecosystem, package.name, package.version) == ("Bitnami", "nginx", "1.25.2-1")
    matcher = Matcher(CATALOGERS, True)
    assert [each.name for each in matcher.takers(matcher.by_path(path)).all] == ["bitnami-sbom"]
    assert [each.name for each in matcher.takers(matcher.by_path(PLACE)).all] == ["python-sbom"]


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"SPDXVersion: 9", b"\x1f\x8b"])
def test_what_is_no_sbom_is_refused(data: bytes) -> None:
    with pytest.raises(ReadError):
        run(WHEEL, PLACE, data)
