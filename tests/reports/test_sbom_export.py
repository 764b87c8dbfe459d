"""SBOMs of exports: valid by others' validators, and saying what findings say."""

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from openinspector.assess.resources import resource_of
from openinspector.inventory.sbom.read import read_sbom
from openinspector.model import ImageMetadata, Inventory, Location, Package, Target
from openinspector.reports.sbom_export import Subject, cyclonedx_1_4, spdx_2_3
from tests.reports.world import DEBIAN_12, NOW, Memory, record, report_of

SUBJECT = Subject(
    account="111122223333",
    type="AWS_ECR_CONTAINER_IMAGE",
    id="arn:aws:ecr:us-east-1:111122223333:repository/shop/sha256:" + "a" * 64,
    timestamp="2024-05-22T15:04:01Z",
    serial="3e671687-395b-41f5-a30f-a58921a69b79",
    version="0.1.0",
)
CURL = Package(
    "Debian", "libcurl4", "1:7.88.1-10",
    "pkg:deb/debian/libcurl4@1%3A7.88.1-10?arch=amd64&distro=debian-12",
    "OS", "dpkg", "dpkg", (Location("var/lib/dpkg/status"),), "amd64", "curl", "1:7.88.1-10",
)  # fmt: skip
FLASK = Package(
    "PyPI", "flask", "2.2.2", "pkg:pypi/flask@2.2.2", "PYTHONPKG", "python", "python-pkg",
    (Location("app/a b/flask.dist-info/METADATA"),),
)  # fmt: skip
OTHER_FLASK = Package(
    "PyPI", "flask", "2.2.2", "pkg:pypi/flask@2.2.2", "PYTHONPKG", "python", "python-pkg",
    (Location("venv/flask.dist-info/METADATA"),),
)  # fmt: skip
STRANGE = Package(
    "npm", "<b>\udcff/../x", "", "not a purl", None, "x", "x", (Location("\udcff\n"),)
)
IMAGE = Inventory(
    Target("image", "shop:1", True, ImageMetadata(id="sha256:" + "a" * 64, architecture="amd64")),
    (CURL, FLASK, OTHER_FLASK, STRANGE, STRANGE),
    DEBIAN_12,
)


def found(inventory: Inventory) -> Any:
    records = [
        record("CVE-2024-1", "Debian:12", "curl", "1:8.0-1"),
        record("CVE-2024-2", "PyPI", "flask", "3.0"),
    ]
    return report_of(inventory, Memory(records, [])).assessment.findings


def written(write: Any, inventory: Inventory = IMAGE) -> Any:
    return json.loads(write(SUBJECT, inventory, found(inventory)))


def assert_spdx(document: Any) -> None:
    assert validate_full_spdx_document(JsonLikeDictParser().parse(document)) == []


def test_cyclonedx() -> None:
    document = written(cyclonedx_1_4)
    assert JsonStrictValidator(SchemaVersion.V1_4).validate_str(json.dumps(document)) is None
    assert {x["name"]: x["value"] for x in document["metadata"]["properties"]} == {
        "imageId": "sha256:" + "a" * 64,
        "architecture": "amd64",
        "accountId": "111122223333",
        "resourceType": "AWS_ECR_CONTAINER_IMAGE",
    }
    curl, flask, other, strange = document["components"]
    assert curl["purl"] == (
        "pkg:dpkg/libcurl4@7.88.1-10?arch=AMD64&epoch=1&upstream=curl-7.88.1-10.src.dpkg"
    )
    assert flask["purl"] == "pkg:pypi/flask@2.2.2?path=app/a%20b/flask.dist-info/METADATA"
    assert (curl["type"], flask["type"]) == ("application", "library")
    assert strange["name"] == "<b>?/../x"
    assert len(flask["bom-ref"]) == 32
    assert document["vulnerabilities"] == [
        {"id": "CVE-2024-1", "affects": [{"ref": curl["bom-ref"]}]},
        {"id": "CVE-2024-2", "affects": [{"ref": flask["bom-ref"]}, {"ref": other["bom-ref"]}]},
    ]


def test_spdx() -> None:
    document = written(spdx_2_3)
    assert_spdx(document)
    assert document["documentNamespace"].endswith("/DEBIAN_12/null/amd64")
    curl = document["packages"][0]
    assert curl["SPDXID"].startswith("SPDXRef-Package-dpkg-libcurl4-")
    assert [x["referenceCategory"] for x in curl["externalRefs"]] == ["PACKAGE-MANAGER", "SECURITY"]
    assert len(document["relationships"]) == 4


def test_an_instance_is_named_as_observed() -> None:
    host = Inventory(Target("host", "web", True), (CURL,), DEBIAN_12)
    subject = Subject("111122223333", "AWS_EC2_INSTANCE", "i-0abc", *list(_stamp()))
    document = json.loads(spdx_2_3(subject, host, []))
    assert_spdx(document)
    assert document["name"] == "111122223333/EC2/i-0abc"
    assert document["documentNamespace"] == "EC2://i-0abc/DEBIAN_12/null/amd64"


def _stamp() -> tuple[str, str, str]:
    return SUBJECT.timestamp, SUBJECT.serial, SUBJECT.version


def test_an_empty_inventory() -> None:
    empty = Inventory(Target("directory", "nothing"))
    text = cyclonedx_1_4(SUBJECT, empty, []).decode()
    assert JsonStrictValidator(SchemaVersion.V1_4).validate_str(text) is None
    assert json.loads(text)["components"] == []


def real(shared: Path) -> list[Path]:
    return sorted((shared / "data/scansbom").glob("*.sbom.json.gz"))


@pytest.mark.slow
def test_real_inventories(shared: Path) -> None:
    assert real(shared)
    for path in real(shared):
        inventory = read_sbom(path.read_bytes(), path.name)
        text = cyclonedx_1_4(SUBJECT, inventory, []).decode()
        assert JsonStrictValidator(SchemaVersion.V1_4).validate_str(text) is None, path
        assert_spdx(json.loads(spdx_2_3(SUBJECT, inventory, [])))
        assert resource_of(inventory).type
    assert NOW
