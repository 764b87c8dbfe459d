"""Lambda functions: their code and layers, when they are scanned, and when not."""

import io
import json
import zipfile
from typing import Any

import pytest

from openinspector.aws.functions import runtime_word, supported
from openinspector.monitor.monitor import Monitor
from tests.emulator import Emulator
from tests.emulator.server import MANAGEMENT, REGION
from tests.monitor.conftest import Clock
from tests.monitor.driving import coverage, findings, switch_on, work

DAY = 86_400_000


def zipped(**packages: str) -> bytes:
    """A zip with the named npm packages installed."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, version in packages.items():
            document = {"name": name, "version": version}
            archive.writestr(f"node_modules/{name}/package.json", json.dumps(document))
    return made.getvalue()


def deploy(cloud: Emulator, name: str, code: bytes, account: str = MANAGEMENT, **more: Any) -> str:
    iam = cloud.client("iam", account)
    try:
        role = iam.create_role(RoleName="lambda", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        role = iam.get_role(RoleName="lambda")["Role"]["Arn"]
    arguments = {"Runtime": "nodejs20.x", "Handler": "index.handler", **more}
    made = cloud.client("lambda", account).create_function(
        FunctionName=name, Role=role, Code={"ZipFile": code}, **arguments
    )
    return f"{made['FunctionArn']}:$LATEST"


def test_a_function_is_scanned_updated_and_closed(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    client = cloud.client("lambda")
    layer = client.publish_layer_version(
        LayerName="shared", Content={"ZipFile": zipped(minimist="1.2.0")}
    )["LayerVersionArn"]
    name = deploy(cloud, "shop", zipped(lodash="4.17.15"), Layers=[layer], Tags={"team": "a"})
    switch_on(monitor, MANAGEMENT, "LAMBDA")
    assert not [each for each in work(monitor) if each.endswith("failed")]
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", "SUCCESSFUL")
    found = {
        package["name"]: (package.get("sourceLambdaLayerArn"), each)
        for each in findings(monitor, MANAGEMENT)
        for package in each["packageVulnerabilityDetails"]["vulnerablePackages"]
    }
    assert {package: layer for package, (layer, _) in found.items()} == {
        "lodash": None,
        "minimist": layer,
    }
    (resource,) = found["lodash"][1]["resources"]
    details = resource["details"]["awsLambdaFunction"]
    assert (resource["id"], resource["tags"]) == (name, {"team": "a"})
    assert (details["functionName"], details["runtime"]) == ("shop", "NODEJS_20_X")
    assert (details["layers"], details["packageType"]) == ([layer], "ZIP")

    client.update_function_code(FunctionName="shop", ZipFile=zipped(lodash="4.17.21"))
    clock.pass_by(monitor.intervals.listing)
    assert "scan" in work(monitor)
    for each in findings(monitor, MANAGEMENT):
        (package,) = each["packageVulnerabilityDetails"]["vulnerablePackages"]
        assert (each["status"] == "ACTIVE") is (package["name"] == "minimist")

    client.delete_function(FunctionName="shop")
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    assert coverage(monitor, MANAGEMENT) == {}
    assert {each["status"] for each in findings(monitor, MANAGEMENT)} == {"CLOSED"}


def test_why_a_function_is_not_scanned(monitor: Monitor, cloud: Emulator, clock: Clock) -> None:
    code = zipped(lodash="4.17.15")
    excluded = {"InspectorExclusion": "LambdaStandardScanning"}
    other = {"InspectorExclusion": "true"}
    names = {
        "SUCCESSFUL": deploy(cloud, "fine", code, Tags=other),
        "EXCLUDED_BY_TAG": deploy(cloud, "excluded", code, Tags=excluded),
        "UNSUPPORTED_RUNTIME": deploy(cloud, "old", code, Runtime="python2.7"),
    }
    switch_on(monitor, MANAGEMENT, "LAMBDA")
    work(monitor)
    told = coverage(monitor, MANAGEMENT)
    assert {told[name][1]: name for name in names.values()} == names


def test_a_function_that_nobody_calls_expires_and_resumes(
    monitor: Monitor, cloud: Emulator, clock: Clock
) -> None:
    name = deploy(cloud, "idle", zipped(lodash="4.17.15"))
    switch_on(monitor, MANAGEMENT, "LAMBDA")
    work(monitor)
    clock.pass_by(91 * DAY)
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("INACTIVE", "SCAN_ELIGIBILITY_EXPIRED")
    assert {each["status"] for each in findings(monitor, MANAGEMENT)} == {"CLOSED"}
    cloud.client("cloudwatch").put_metric_data(
        Namespace="AWS/Lambda",
        MetricData=[
            {
                "MetricName": "Invocations",
                "Dimensions": [{"Name": "FunctionName", "Value": "idle"}],
                "Timestamp": clock() / 1000,
                "Value": 1,
            }
        ],
    )
    clock.pass_by(monitor.intervals.listing)
    work(monitor)
    assert coverage(monitor, MANAGEMENT)[name] == ("ACTIVE", "SUCCESSFUL")
    assert REGION in name


def test_details_name_the_network_of_a_function(monitor: Monitor, cloud: Emulator) -> None:
    client = cloud.client("ec2")
    subnet = client.describe_subnets()["Subnets"][0]
    group = client.create_security_group(GroupName="f", Description="f", VpcId=subnet["VpcId"])[
        "GroupId"
    ]
    network = {"SubnetIds": [subnet["SubnetId"]], "SecurityGroupIds": [group]}
    deploy(cloud, "inside", zipped(lodash="4.17.15"), VpcConfig=network)
    deploy(cloud, "outside", zipped(lodash="4.17.15"))
    switch_on(monitor, MANAGEMENT, "LAMBDA")
    work(monitor)
    told = {
        details["functionName"]: details.get("vpcConfig")
        for each in findings(monitor, MANAGEMENT)
        for details in [each["resources"][0]["details"]["awsLambdaFunction"]]
    }
    assert told == {
        "inside": {
            "subnetIds": [subnet["SubnetId"]],
            "securityGroupIds": [group],
            "vpcId": "vpc-123abc",  # moto says so of every function
        },
        "outside": None,
    }


@pytest.mark.parametrize(
    ("runtime", "word", "scanned"),
    [
        ("go1.x", "GO_1_X", True),
        ("java8", "JAVA_8", True),
        ("java8.al2", "JAVA_8_AL2", True),
        ("java25", "JAVA_25", True),
        ("dotnet6", "DOTNET_6", True),
        ("dotnet10", "DOTNET_10", True),
        ("nodejs12.x", "NODEJS_12_X", True),
        ("nodejs24.x", "NODEJS_24_X", True),
        ("python3.7", "PYTHON_3_7", True),
        ("python3.14", "PYTHON_3_14", True),
        ("ruby2.7", "RUBY_2_7", True),
        ("ruby3.3", "RUBY_3_3", True),
        ("provided.al2", "UNSUPPORTED", True),
        ("provided.al2023", "UNSUPPORTED", True),
        ("provided", "UNSUPPORTED", False),
        ("python2.7", "PYTHON_2_7", False),
        ("nodejs10.x", "NODEJS_10_X", False),
    ],
)
def test_runtimes(runtime: str, word: str, scanned: bool) -> None:
    assert (runtime_word(runtime), supported(runtime)) == (word, scanned)
