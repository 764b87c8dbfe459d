"""Code and layers of functions can be downloaded from where Lambda says."""

import hashlib
import io
import zipfile
from base64 import b64encode

import pytest
import urllib3

from tests.emulator.server import MANAGEMENT, Emulator


def zipped(**files: str) -> bytes:
    """A zip that is the same whenever it is made."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.py"), text)
    return made.getvalue()


def _role(cloud: Emulator, account: str = MANAGEMENT) -> str:
    iam = cloud.client("iam", account)
    made = iam.create_role(RoleName="lambda", AssumeRolePolicyDocument="{}")
    return str(made["Role"]["Arn"])


def _create(cloud: Emulator, role: str, name: str, **more: object) -> str:
    made = cloud.client("lambda").create_function(
        **{
            "FunctionName": name,
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Role": role,
            "Code": {"ZipFile": zipped(index=name)},
            **more,
        }
    )
    return str(made["FunctionArn"])


def test_code_is_downloaded_as_it_was_uploaded(cloud: Emulator) -> None:
    client, code = cloud.client("lambda"), zipped(index="pass")
    layer = client.publish_layer_version(
        LayerName="shared",
        Content={"ZipFile": zipped(shared="1")},
        CompatibleRuntimes=["python3.12"],
    )
    arn = layer["LayerVersionArn"]
    _create(cloud, _role(cloud), "shop", Code={"ZipFile": code}, Layers=[arn], Tags={"a": "b"})
    told = client.get_function(FunctionName="shop")
    assert told["Code"]["RepositoryType"] == "S3"
    assert told["Tags"] == {"a": "b"}
    answer = urllib3.request("GET", told["Code"]["Location"])
    assert answer.data == code
    sha = b64encode(hashlib.sha256(code).digest()).decode()
    assert told["Configuration"]["CodeSha256"] == sha

    client.update_function_code(FunctionName="shop", ZipFile=zipped(index="other"))
    again = client.get_function(FunctionName="shop")["Code"]["Location"]
    assert urllib3.request("GET", again).data == zipped(index="other")
    assert urllib3.request("GET", told["Code"]["Location"]).data == code

    by_arn = client.get_layer_version_by_arn(Arn=arn)
    by_name = client.get_layer_version(LayerName="shared", VersionNumber=1)
    for found in (by_arn, by_name):
        assert found["LayerVersionArn"] == arn
        assert found["CompatibleRuntimes"] == ["python3.12"]
        data = urllib3.request("GET", found["Content"]["Location"]).data
        assert data == zipped(shared="1")
        assert found["Content"]["CodeSha256"] == b64encode(hashlib.sha256(data).digest()).decode()


def test_listings_of_functions(cloud: Emulator) -> None:
    role = _role(cloud)
    arns = [_create(cloud, role, f"f{number}", Tags={"n": str(number)}) for number in range(5)]
    _create(cloud, role, "bare")
    client = cloud.client("lambda")
    pages = client.get_paginator("list_functions").paginate()
    found = [each["FunctionName"] for page in pages for each in page["Functions"]]
    assert sorted(found) == ["bare", "f0", "f1", "f2", "f3", "f4"]
    client.publish_version(FunctionName="f0")
    versions = client.list_versions_by_function(FunctionName="f0")["Versions"]
    assert [each["Version"] for each in versions] == ["$LATEST", "1"]
    assert client.list_tags(Resource=arns[1])["Tags"] == {"n": "1"}

    tagging = cloud.client("resourcegroupstaggingapi").get_paginator("get_resources")
    asked = {"ResourceTypeFilters": ["lambda:function"]}
    pages = list(tagging.paginate(**asked, ResourcesPerPage=2))
    assert [len(page["ResourceTagMappingList"]) for page in pages] == [2, 2, 1]
    (page,) = tagging.paginate(**asked, TagFilters=[{"Key": "n", "Values": ["3"]}])
    assert [each["ResourceARN"] for each in page["ResourceTagMappingList"]] == [arns[3]]


def test_errors_are_those_of_lambda(cloud: Emulator) -> None:
    client = cloud.client("lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function(FunctionName="nobody")
    arn = f"arn:aws:lambda:us-east-1:{MANAGEMENT}:layer:nobody:1"
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_layer_version_by_arn(Arn=arn)
