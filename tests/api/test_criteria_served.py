"""Every criterion of the model, asked by boto3 of a real service: what it finds, what it does not.

Four findings, one of each kind of resource, know a value for everything that a finding can know.
What each criterion finds is written down by hand.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from openinspector.model.finding import (
    AwsEc2InstanceDetails,
    AwsEcrContainerImageDetails,
    AwsLambdaFunctionDetails,
    CodeFilePath,
    CodeRepositoryDetails,
    CodeVulnerabilityDetails,
    EpssDetails,
    Finding,
    NetworkPath,
    NetworkReachabilityDetails,
    PackageVulnerabilityDetails,
    PathStep,
    PortRange,
    Remediation,
    Resource,
    ResourceDetails,
    VulnerablePackage,
)
from openinspector.store import open_store
from openinspector.store.findings import put_findings
from tests.api.conftest import new_key, start
from tests.service_fixtures import new_database

ACCOUNT = "111122223333"
EARLY, LATE = 1_700_000_000.0, 1_750_000_000.0
HASH = "sha256:" + "a" * 64
ROLE = f"arn:aws:iam::{ACCOUNT}:role/shop"
LAYER = f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:base:1"
PORT, IMAGE, FUNCTION, PROJECT = (
    f"arn:aws:inspector2:us-east-1:{ACCOUNT}:finding/{digit * 32}" for digit in "1234"
)
ALL = {PORT, IMAGE, FUNCTION, PROJECT}


def _finding(arn: str, resource: Resource, observed: float, **more: Any) -> Finding:
    return Finding(
        finding_arn=arn,
        aws_account_id=ACCOUNT,
        description="d",
        first_observed_at=observed,
        last_observed_at=observed + 10,
        updated_at=observed + 20,
        remediation=Remediation(),
        resources=[resource],
        **more,
    )


FINDINGS = [
    _finding(
        PORT,
        Resource(
            "AWS_EC2_INSTANCE",
            "i-0123456789abcdef0",
            "aws",
            "eu-west-1",
            {"team": "shop"},
            ResourceDetails(
                aws_ec2_instance=AwsEc2InstanceDetails(
                    image_id="ami-01234567", vpc_id="vpc-1", subnet_id="subnet-1"
                )
            ),
        ),
        EARLY,
        type="NETWORK_REACHABILITY",
        severity="MEDIUM",
        status="SUPPRESSED",
        title="Port 22 is reachable",
        network_reachability_details=NetworkReachabilityDetails(
            PortRange(20, 30),
            "TCP",
            NetworkPath(
                [
                    PathStep("igw-1", "AWS::EC2::InternetGateway"),
                    PathStep("eni-1", "AWS::EC2::NetworkInterface"),
                ]
            ),
        ),
    ),
    _finding(
        IMAGE,
        Resource(
            "AWS_ECR_CONTAINER_IMAGE",
            f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/shop/{HASH}",
            "aws",
            "us-east-1",
            {},
            ResourceDetails(
                aws_ecr_container_image=AwsEcrContainerImageDetails(
                    repository_name="shop",
                    image_hash=HASH,
                    registry=ACCOUNT,
                    image_tags=["v1", "latest"],
                    pushed_at=EARLY,
                    architecture="amd64",
                    last_in_use_at=LATE,
                    in_use_count=3,
                )
            ),
        ),
        LATE,
        type="PACKAGE_VULNERABILITY",
        severity="CRITICAL",
        status="ACTIVE",
        title="CVE-2020-8203 - lodash",
        inspector_score=9.8,
        epss=EpssDetails(0.5),
        exploit_available="YES",
        fix_available="PARTIAL",
        package_vulnerability_details=PackageVulnerabilityDetails(
            "CVE-2020-8203",
            "NVD",
            [
                VulnerablePackage("lodash", "4.17.15", HASH, 1, "2.el9", "X86_64", file_path="a/b"),
                VulnerablePackage("minimist", "1.2.0"),
            ],
            related_vulnerabilities=["GHSA-1", "GHSA-2"],
            vendor_severity="Important",
        ),
    ),
    _finding(
        FUNCTION,
        Resource(
            "AWS_LAMBDA_FUNCTION",
            f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:pay:$LATEST",
            "aws",
            "us-east-1",
            {},
            ResourceDetails(
                aws_lambda_function=AwsLambdaFunctionDetails(
                    "pay", "PYTHON_3_11", "x", "$LATEST", ROLE, [LAYER], last_modified_at=EARLY
                )
            ),
        ),
        EARLY,
        type="CODE_VULNERABILITY",
        severity="HIGH",
        status="CLOSED",
        title="CWE-798 - Hardcoded credentials",
        code_vulnerability_details=CodeVulnerabilityDetails(
            CodeFilePath("pay.py", "src/pay.py", 1, 2),
            "python/x@v1.0",
            "Hardcoded credentials",
            ["CWE-798"],
            ["secrets", "python"],
        ),
    ),
    _finding(
        PROJECT,
        Resource(
            "CODE_REPOSITORY",
            "project-1",
            "aws",
            "us-east-1",
            {},
            ResourceDetails(code_repository=CodeRepositoryDetails("web", None, "GITHUB")),
        ),
        EARLY,
        type="PACKAGE_VULNERABILITY",
        severity="LOW",
        status="ACTIVE",
        package_vulnerability_details=PackageVulnerabilityDetails(
            "CVE-2021-44906",
            "DEBIAN_CVE",
            [VulnerablePackage("minimist", "1.2.0", source_lambda_layer_arn=LAYER)],
        ),
    ),
]

Case = tuple[Mapping[str, Any], set[str], Mapping[str, Any]]
"""A filter, the findings that it finds, and a filter of the same field that finds none."""


def _is(value: str, *found: str, other: str = "none-such") -> Case:
    miss = {"comparison": "EQUALS", "value": other}
    return {"comparison": "EQUALS", "value": value}, set(found), miss


def _begins(value: str, *found: str) -> Case:
    miss = {"comparison": "PREFIX", "value": f"{value}~"}
    return {"comparison": "PREFIX", "value": value}, set(found), miss


def _is_not(value: str, *found: str, hidden: str = "none-such") -> Case:
    """For fields of which nothing here has a value: nothing equals, everything differs."""
    miss = {"comparison": "EQUALS", "value": hidden}
    return {"comparison": "NOT_EQUALS", "value": value}, set(found), miss


def _from(moment: float, *found: str) -> Case:
    return {"startInclusive": moment}, set(found), {"startInclusive": LATE + 1000}


def _until(moment: float, *found: str) -> Case:
    return {"endInclusive": moment}, set(found), {"endInclusive": EARLY - 1}


def _between(low: float, high: float, *found: str) -> Case:
    hit = {"lowerInclusive": low, "upperInclusive": high}
    return hit, set(found), {"lowerInclusive": high + 1}


PACKAGE: Mapping[str, Any] = {
    "name": {"comparison": "EQUALS", "value": "lodash"},
    "version": {"comparison": "PREFIX", "value": "4.17"},
    "epoch": {"lowerInclusive": 1, "upperInclusive": 1},
    "release": {"comparison": "EQUALS", "value": "2.el9"},
    "architecture": {"comparison": "NOT_EQUALS", "value": "ARM64"},
    "sourceLayerHash": {"comparison": "EQUALS", "value": HASH},
    "filePath": {"comparison": "PREFIX", "value": "a/"},
}
CASES: Mapping[str, Case] = {
    "findingArn": _is(IMAGE, IMAGE),
    "awsAccountId": _is(ACCOUNT, *ALL),
    "findingType": _begins("PACKAGE", IMAGE, PROJECT),
    "severity": _is_not("LOW", PORT, IMAGE, FUNCTION),
    "findingStatus": _is("ACTIVE", IMAGE, PROJECT),
    "title": _begins("CVE-2020", IMAGE),
    "firstObservedAt": _from(LATE, IMAGE),
    "lastObservedAt": _until(EARLY + 10, PORT, FUNCTION, PROJECT),
    "updatedAt": _from(LATE + 20, IMAGE),
    "inspectorScore": _between(9.8, 10, IMAGE),
    "epssScore": _between(0.5, 0.5, IMAGE),
    "exploitAvailable": _is("YES", IMAGE, other="NO"),
    "fixAvailable": _is("PARTIAL", IMAGE, other="YES"),
    "resourceType": _is("AWS_LAMBDA_FUNCTION", FUNCTION),
    "resourceId": _begins("i-", PORT),
    "resourceTags": (
        {"comparison": "EQUALS", "key": "team", "value": "shop"},
        {PORT},
        {"comparison": "EQUALS", "key": "team", "value": "web"},
    ),
    "ec2InstanceImageId": _is("ami-01234567", PORT),
    "ec2InstanceVpcId": _is("vpc-1", PORT),
    "ec2InstanceSubnetId": _is_not("subnet-1", IMAGE, FUNCTION, PROJECT),
    "ecrImagePushedAt": _until(EARLY, IMAGE),
    "ecrImageLastInUseAt": _from(LATE, IMAGE),
    "ecrImageInUseCount": _between(3, 3, IMAGE),
    "ecrImageArchitecture": _is("amd64", IMAGE, other="AMD64"),
    "ecrImageRegistry": _is(ACCOUNT, IMAGE),
    "ecrImageRepositoryName": _begins("sh", IMAGE),
    "ecrImageHash": _is(HASH, IMAGE),
    "ecrImageTags": _is("latest", IMAGE),
    "lambdaFunctionName": _is("pay", FUNCTION),
    "lambdaFunctionRuntime": _is("PYTHON_3_11", FUNCTION),
    "lambdaFunctionExecutionRoleArn": _is(ROLE, FUNCTION),
    "lambdaFunctionLayers": _begins("arn:aws:lambda:", FUNCTION),
    "lambdaFunctionLastModifiedAt": _until(EARLY, FUNCTION),
    "codeRepositoryProjectName": _is("web", PROJECT),
    "codeRepositoryProviderType": _is("GITHUB", PROJECT, other="GITLAB_SELF_MANAGED"),
    "portRange": (
        {"beginInclusive": 30, "endInclusive": 40},
        {PORT},
        {"beginInclusive": 31, "endInclusive": 40},
    ),
    "networkProtocol": _is("TCP", PORT, other="UDP"),
    "componentId": _is("eni-1", PORT),
    "componentType": _begins("AWS::EC2::Network", PORT),
    "vulnerabilityId": _is("CVE-2021-44906", PROJECT),
    "vulnerabilitySource": _is("NVD", IMAGE, other="nvd"),
    "vendorSeverity": _is("Important", IMAGE),
    "relatedVulnerabilities": _is_not("GHSA-2", PORT, FUNCTION, PROJECT),
    # Two packages of the finding meet it only between them: that is no match.
    "vulnerablePackages": (
        PACKAGE,
        {IMAGE},
        {**PACKAGE, "name": {"comparison": "EQUALS", "value": "minimist"}},
    ),
    "codeVulnerabilityDetectorName": _begins("Hardcoded", FUNCTION),
    "codeVulnerabilityDetectorTags": _is("python", FUNCTION),
    "codeVulnerabilityFilePath": _is("src/pay.py", FUNCTION, other="pay.py"),
    "machineImageId": _is("ami-01234567", PORT),
    "machineImageName": _is_not("golden", *ALL),
    "machineImageOwnerAccountId": _is_not(ACCOUNT, *ALL, hidden=ACCOUNT),
    "machineImagePlatform": _is_not("LINUX", *ALL),
    "cloudProvider": _is("AWS", *ALL, other="AZURE"),
    "cloudProviderRegion": _is("eu-west-1", PORT),
    "cloudProviderAccountId": _is(ACCOUNT, *ALL),
    "cloudProviderOrgId": _is_not("o-exampleorg1", *ALL),
    "cloudVmImageReference": _begins("ami-", PORT),
    "cloudVmNetworkId": _is("vpc-1", PORT),
    "cloudVmSubnetIds": _is("subnet-1", PORT),
    "cloudImageRepositoryName": _is("shop", IMAGE),
    "cloudImageRegistry": _is(ACCOUNT, IMAGE),
    "cloudImageDigest": _begins("sha256:", IMAGE),
    "cloudImageTags": _is("v1", IMAGE),
    "cloudImagePushedAt": _until(EARLY, IMAGE),
    "cloudImageArchitecture": _is("amd64", IMAGE),
    "cloudImageLastInUseAt": _from(LATE, IMAGE),
    "cloudImageInUseCount": _between(1, 3, IMAGE),
    "cloudServerlessFunctionName": _is("pay", FUNCTION),
    "cloudServerlessFunctionRuntime": _begins("PYTHON", FUNCTION),
    "cloudServerlessFunctionLastModifiedAt": _until(EARLY, FUNCTION),
    "cloudServerlessFunctionExecutionRole": _is(ROLE, FUNCTION),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def client(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """A client of a service that holds the four findings."""
    folder: Path = tmp_path_factory.mktemp("criteria") / "data"
    if request.param == "sqlite":
        yield from serve(folder)
        return
    with new_database(request.getfixturevalue("postgresql")) as address:
        yield from serve(folder, "--database", address)


def serve(folder: Path, *options: str) -> Iterator[Any]:
    """A client of a service of its own, as long as it is needed."""
    key = new_key(folder, ACCOUNT, *options)
    store = open_store(options[1] if options else folder)
    with store.write() as connection:
        put_findings(connection, [(each, None) for each in FINDINGS], 1)
    store.close()
    server = start(folder, {ACCOUNT: key}, *options)
    yield server.client(ACCOUNT)
    server.process.terminate()
    server.process.wait(30)


def found(client: Any, name: str, *tests: Mapping[str, Any]) -> set[str]:
    """The findings that some tests of one field find."""
    answer = client.list_findings(filterCriteria={name: list(tests)})
    return {each["findingArn"] for each in answer["findings"]}


def test_every_criterion_of_the_model_is_asked() -> None:
    model = botocore.session.get_session().get_service_model("inspector2")
    assert set(CASES) == set(model.shape_for("FilterCriteria").members)


@pytest.mark.parametrize("name", CASES)
def test_it_finds_what_it_should(client: Any, name: str) -> None:
    hit, expected, miss = CASES[name]
    assert expected, "a criterion that finds nothing proves nothing"
    assert found(client, name, hit) == expected
    assert found(client, name, miss) == set()
    if hit.get("comparison") != "NOT_EQUALS":
        assert found(client, name, miss, hit) == expected, "either of two suffices"
