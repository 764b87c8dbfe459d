"""SBOM exports through their handlers: which resources, whose, in which files."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from openinspector.api import exports
from openinspector.api.call import Service
from openinspector.api.sboms import _TAGS, _VALUES, passes
from openinspector.assess.resources import Place
from openinspector.ledger.record import close_resource, record_scan
from openinspector.model import ImageMetadata, Inventory, Package, Target
from openinspector.organization.scope import MEMBERSHIP
from openinspector.store.monitored import Monitored
from openinspector.store.records import put_record
from tests.api.test_exports import (
    ACCOUNT,
    KEY,
    MEMBER,
    STRANGER,
    ask,
    folder,
    service,
    settled,
)
from tests.reports.world import DEBIAN_12, Memory, record, report_of
from tests.signals.exporting import REGION, clock

__all__ = ["folder", "service"]

OPENSSL = Package(
    "Debian", "openssl", "3.0.11-1", "pkg:deb/debian/openssl@3.0.11-1?arch=amd64&distro=debian-12",
    "OS", "dpkg", "dpkg", arch="amd64",
)  # fmt: skip
KNOWN = Memory([record("CVE-2024-1", "Debian:12", "openssl", "3.0.13-1")], [])


def scan(service: Service, name: str, account: str = ACCOUNT, *, image: bool = True) -> str:
    """Record a scan of an image or a host; the resource's identifier."""
    about = ImageMetadata(id="sha256:" + "a" * 64, tags=(f"{name}:1",)) if image else None
    target = Target("image" if image else "host", name, True, about)
    inventory = Inventory(target, (OPENSSL,), DEBIAN_12, examined=("os-packages",))
    place = Place(account, REGION)
    assessment = report_of(inventory, KNOWN, place=place).assessment
    with service.store.write() as connection:
        made = record_scan(connection, account, assessment, inventory, [], clock())
    return made.resource_id


def export(service: Service, account: str = ACCOUNT, **given: Any) -> dict[str, Any]:
    given.setdefault("reportFormat", "CYCLONEDX_1_4")
    destination = {"bucketName": "sboms", "keyPrefix": "x", "kmsKeyArn": KEY}
    answer = ask(service, "CreateSbomExport", account, s3Destination=destination, **given)
    return settled(service, "GetSbomExport", answer["reportId"], account)


def files(folder: Path) -> list[str]:
    return sorted(str(x.relative_to(folder)) for x in folder.rglob("*") if x.is_file())


def test_one_file_for_each_resource(service: Service, folder: Path) -> None:
    shop = scan(service, "team/shop")
    host = scan(service, "web", image=False)
    gone = scan(service, "gone")
    with service.store.write() as connection:
        close_resource(connection, ACCOUNT, gone, clock())
    status = export(service)
    assert (status["status"], status["format"]) == ("SUCCEEDED", "CYCLONEDX_1_4")
    root = f"sboms/x/CYCLONEDX_1_4_outputs_{status['reportId']}/account={ACCOUNT}"
    image = f"{root}/resource=AWS_ECR_CONTAINER_IMAGE/{shop.replace('/', '_')}_CYCLONEDX_1_4.json"
    assert files(folder) == sorted(
        [image, f"{root}/resource=AWS_EC2_INSTANCE/{host}_CYCLONEDX_1_4.json"]
    )
    text = (folder / image).read_text()
    assert JsonStrictValidator(SchemaVersion.V1_4).validate_str(text) is None
    assert [each["id"] for each in json.loads(text)["vulnerabilities"]] == ["CVE-2024-1"]


def test_spdx(service: Service, folder: Path) -> None:
    scan(service, "shop")
    assert export(service, reportFormat="SPDX_2_3")["status"] == "SUCCEEDED"
    (path,) = folder.rglob("*_SPDX_2_3.json")
    assert json.loads(path.read_bytes())["spdxVersion"] == "SPDX-2.3"


def test_identifiers_that_would_share_a_file(service: Service, folder: Path) -> None:
    scan(service, "a/b")
    scan(service, "a_b")
    export(service)
    assert len(files(folder)) == 2


def test_who_exports_whose(service: Service, folder: Path) -> None:
    for account in (ACCOUNT, MEMBER, STRANGER):
        scan(service, "shop", account)
    with service.store.write() as connection:
        body = {"relationshipStatus": "ENABLED"}
        put_record(connection, MEMBERSHIP, ACCOUNT, MEMBER, body, clock())
    for account, seen in ((ACCOUNT, {ACCOUNT, MEMBER}), (MEMBER, {MEMBER})):
        report_id = export(service, account)["reportId"]
        written = [path for path in files(folder) if report_id in path]
        assert {path.partition("account=")[2][:12] for path in written} == seen


def test_the_filter(service: Service, folder: Path) -> None:
    scan(service, "shop")
    scan(service, "till")
    criteria = {"ecrRepositoryName": [{"comparison": "NOT_EQUALS", "value": "shop"}]}
    status = export(service, resourceFilterCriteria=criteria)
    assert status["filterCriteria"] == criteria
    (path,) = files(folder)
    assert "repository_till_sha256" in path
    criteria = {"resourceType": [{"comparison": "EQUALS", "value": "AWS_LAMBDA_FUNCTION"}]}
    status = export(service, resourceFilterCriteria=criteria)
    assert (status["status"], status["errorCode"]) == ("FAILED", "NO_FINDINGS_FOUND")


def test_an_export_shows_its_moment(service: Service, folder: Path) -> None:
    shop = scan(service, "shop")
    produce = exports._sboms

    def later(service: Service, job: Any) -> Any:
        time.sleep(0.01)
        scan(service, "new")
        with service.store.write() as connection:
            close_resource(connection, ACCOUNT, shop, clock())
        yield from produce(service, job)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(exports._PRODUCERS, "sbom-export", later)
        assert export(service)["status"] == "SUCCEEDED"
    (path,) = files(folder)
    assert "repository_shop_sha256" in path
    assert json.loads((folder / path).read_bytes())["vulnerabilities"]


def test_every_field_of_the_model_has_a_value() -> None:
    shapes = Loader().load_service_model("inspector2", "service-2")["shapes"]
    members = shapes["ResourceFilterCriteria"]["members"]
    tags = {name for name, shape in members.items() if shape["shape"] == "ResourceMapFilterList"}
    assert set(_TAGS) == tags
    assert set(_VALUES) == set(members) - tags


FUNCTION = Monitored(
    ACCOUNT,
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:pay:$LATEST",
    {
        "resourceType": "AWS_LAMBDA_FUNCTION",
        "providerRegion": REGION,
        "resourceMetadata": {
            "lambdaFunction": {"runtime": "python3.12", "functionTags": {"a": "1"}}
        },
    },
    "",
)  # fmt: skip


@pytest.mark.parametrize(
    ("field", "tests", "expected"),
    [
        ("lambdaFunctionName", [("EQUALS", "pay")], True),
        ("lambdaFunctionName", [("EQUALS", "buy"), ("EQUALS", "pay")], True),
        ("lambdaFunctionName", [("NOT_EQUALS", "buy"), ("NOT_EQUALS", "pay")], False),
        ("ecrRepositoryName", [("EQUALS", "pay")], False),
        ("ecrRepositoryName", [("NOT_EQUALS", "pay")], True),
        ("cloudProvider", [("EQUALS", "AWS")], True),
        ("cloudProvider", [("EQUALS", "GCP")], False),
        ("cloudProviderOrgId", [("EQUALS", "o-1")], False),
        ("cloudServerlessFunctionRuntime", [("EQUALS", "python3.12")], True),
    ],
)
def test_text_fields(field: str, tests: list[tuple[str, str]], expected: bool) -> None:
    given = [{"comparison": comparison, "value": value} for comparison, value in tests]
    assert passes({field: given}, FUNCTION) is expected


@pytest.mark.parametrize(
    ("test", "expected"),
    [({"key": "a"}, True), ({"key": "a", "value": "1"}, True), ({"key": "a", "value": "2"}, False),
     ({"key": "b"}, False)],
)  # fmt: skip
def test_tags(test: dict[str, str], expected: bool) -> None:
    given = [{"comparison": "EQUALS", **test}]
    assert passes({"lambdaFunctionTags": given}, FUNCTION) is expected
    assert passes({"ec2InstanceTags": given}, FUNCTION) is False
