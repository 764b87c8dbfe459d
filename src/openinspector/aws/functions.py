"""Lambda functions: which there are, whether they are in use, their code and layers."""

import base64
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from openinspector.aws.sessions import Sessions
from openinspector.aws.trouble import AwsTrouble, Unfit, aws_calls
from openinspector.inventory.collect import collect
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.model import Inventory, Location, Package, TargetError
from openinspector.model.finding import (
    AwsLambdaFunctionDetails,
    LambdaVpcConfig,
    Resource,
    ResourceDetails,
)

if TYPE_CHECKING:
    from openinspector.inventory.trees.registry import LayerRecords

EXCLUSION = ("InspectorExclusion", "LambdaStandardScanning")
"""Tag key and value that must both be there (spec/lambda-scanning.md 1)."""

IN_USE_DAYS = 90
_MOST_CODE = 300 * 1024 * 1024
"""Bytes of a zip; Lambda takes 250 MiB, unpacked."""
_CHUNK = 1 << 20
_SECONDS = 60
_QUERIES = 100

_RUNTIMES = ("dotnet", "go1.", "java", "nodejs", "provided", "python", "ruby")
_UNSUPPORTED = frozenset(
    {
        *("dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "nodejs", "nodejs4.3"),
        *("nodejs4.3-edge", "nodejs6.10", "nodejs8.10", "nodejs10.x", "provided", "python2.7"),
        *("python3.6", "ruby2.5"),
    }
)
"""Runtimes of these families that were over before scanning began (spec/lambda-scanning.md 3)."""


def list_functions(sessions: Sessions, account: str, region: str) -> Iterator[dict[str, Any]]:
    """The `$LATEST` of every function; other versions are never scanned."""
    with aws_calls(f"ListFunctions in {account}, {region}"):
        client = sessions.client(account, region, "lambda")
        for page in client.get_paginator("list_functions").paginate():
            yield from page["Functions"]


def list_tags(sessions: Sessions, account: str, region: str) -> dict[str, dict[str, str]]:
    """The tags of every function that has some, by its ARN, in one listing."""
    with aws_calls(f"GetResources (functions) in {account}, {region}"):
        client = sessions.client(account, region, "resourcegroupstaggingapi")
        pages = client.get_paginator("get_resources").paginate(
            ResourceTypeFilters=["lambda:function"]
        )
        return {
            each["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in each["Tags"]}
            for page in pages
            for each in page["ResourceTagMappingList"]
        }


def invoked_lately(
    sessions: Sessions, account: str, region: str, names: Sequence[str], now: datetime
) -> set[str]:
    """Which of some functions were invoked within the window, by CloudWatch."""
    found: set[str] = set()
    with aws_calls(f"GetMetricData (invocations) in {account}, {region}"):
        client = sessions.client(account, region, "cloudwatch")
        for start in range(0, len(names), _QUERIES):
            batch = names[start : start + _QUERIES]
            pages = client.get_paginator("get_metric_data").paginate(
                MetricDataQueries=[_invocations(at, name) for at, name in enumerate(batch)],
                StartTime=now - timedelta(days=IN_USE_DAYS),
                EndTime=now,
            )
            for result in [each for page in pages for each in page["MetricDataResults"]]:
                if sum(result.get("Values", ())) > 0:
                    found.add(batch[int(result["Id"].removeprefix("f"))])
    return found


def _invocations(number: int, name: str) -> dict[str, Any]:
    metric = {
        "Namespace": "AWS/Lambda",
        "MetricName": "Invocations",
        "Dimensions": [{"Name": "FunctionName", "Value": name}],
    }
    return {
        "Id": f"f{number}",
        "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": "Sum"},
    }


def supported(runtime: str) -> bool:
    """Whether functions of a runtime are scanned."""
    return runtime.startswith(_RUNTIMES) and runtime not in _UNSUPPORTED


def runtime_word(runtime: str) -> str:
    """A runtime as the API spells it: `python3.12` is PYTHON_3_12, `java8.al2` JAVA_8_AL2."""
    if runtime.startswith("provided"):
        return "UNSUPPORTED"
    version = runtime.lstrip("abcdefghijklmnopqrstuvwxyz")
    name = runtime.removesuffix(version)
    return f"{name}_{version.replace('.', '_')}".upper().rstrip("_")


def resource_of(
    function: Mapping[str, Any], tags: Mapping[str, str], region: str, partition: str
) -> Resource:
    """A function as findings show it (spec/lambda-scanning.md 5)."""
    image = function.get("PackageType") == "Image"
    modified = datetime.fromisoformat(_colon(function["LastModified"])).timestamp()
    return Resource(
        type="AWS_LAMBDA_FUNCTION",
        id=f"{function['FunctionArn']}:$LATEST",
        partition=partition,
        region=region,
        tags=dict(tags),
        details=ResourceDetails(
            aws_lambda_function=AwsLambdaFunctionDetails(
                function_name=function["FunctionName"],
                runtime=runtime_word(function.get("Runtime", "")) if not image else "UNSUPPORTED",
                code_sha256=function.get("CodeSha256", ""),
                version=function.get("Version", "$LATEST"),
                execution_role_arn=function.get("Role", ""),
                layers=layers_of(function) or None,
                vpc_config=_network(function),
                package_type="IMAGE" if image else "ZIP",
                architectures=[each.upper() for each in function.get("Architectures", ["x86_64"])],
                last_modified_at=modified,
            )
        ),
    )


def _network(function: Mapping[str, Any]) -> LambdaVpcConfig | None:
    told = function.get("VpcConfig") or {}
    if not told.get("VpcId"):
        return None
    return LambdaVpcConfig(told.get("SubnetIds"), told.get("SecurityGroupIds"), told["VpcId"])


def _colon(moment: str) -> str:
    """Lambda writes offsets as +0000."""
    return moment[:-2] + ":" + moment[-2:] if moment[-5:-4] in "+-" else moment


def layers_of(function: Mapping[str, Any]) -> list[str]:
    """The ARNs of a function's layer versions."""
    return [each["Arn"] for each in function.get("Layers", ())]


def download(
    sessions: Sessions,
    account: str,
    region: str,
    name: str,
    records: "LayerRecords | None" = None,
) -> Inventory:
    """The inventory of a function's code and layers. Raises `AwsTrouble`.

    `records`: of the layers of images, for a function that is one.
    """
    from openinspector.inventory.trees.function import function_tree

    with aws_calls(f"GetFunction of {name} in {account}, {region}"):
        client = sessions.client(account, region, "lambda")
        told = client.get_function(FunctionName=name)
        arns = layers_of(told["Configuration"])
        contents = [client.get_layer_version_by_arn(Arn=arn)["Content"] for arn in arns]
    if told["Code"].get("RepositoryType") == "ECR":
        return _of_image(sessions, told["Code"], records)
    with tempfile.TemporaryDirectory(prefix="openinspector-") as folder:
        zips = [(told["Code"]["Location"], told["Configuration"]["CodeSha256"])]
        zips += [(each["Location"], each["CodeSha256"]) for each in contents]
        code, *layers = [
            _fetch(*each, Path(folder, f"{number}.zip"), whose)
            for number, (each, whose) in enumerate(zip(zips, [name, *arns], strict=True))
        ]
        try:
            with function_tree(code, layers, DEFAULT_LIMITS) as tree:
                inventory = collect(tree)
        except TargetError as error:
            raise Unfit("UNSUPPORTED_CODE_ARTIFACTS", f"{name}: {error}") from error
        return _told(inventory, _digests(layers, arns))


def _of_image(
    sessions: Sessions, code: Mapping[str, Any], records: "LayerRecords | None"
) -> Inventory:
    """The inventory of a function that is an image, in whichever account's registry it lies."""
    from openinspector.aws.ecr import pull

    place, _, digest = code["ResolvedImageUri"].partition("@")
    host, _, repository = place.partition("/")
    account, _, _, region, *_ = host.split(".")
    return pull(sessions, account, region, repository, digest, records)


def _digests(layers: Sequence[str], arns: Sequence[str]) -> dict[str, str]:
    found = {}
    for path, arn in zip(layers, arns, strict=True):
        with open(path, "rb") as file:
            found[f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"] = arn
    return found


def _told(inventory: Inventory, layers: Mapping[str, str]) -> Inventory:
    """Layers by their ARN rather than by digest, and nothing of our temporary files."""

    def placed(package: Package) -> Package:
        locations = tuple(
            Location(each.path, layers.get(each.layer or "", each.layer))
            for each in package.locations
        )
        return msgspec.structs.replace(package, locations=locations)

    return msgspec.structs.replace(
        inventory,
        target=msgspec.structs.replace(
            inventory.target, name="", function_layers=tuple(layers.values())
        ),
        packages=tuple(placed(each) for each in inventory.packages),
    )


def _fetch(url: str, expected: str, path: Path, name: str) -> str:
    """Download the zip of a digest (CodeSha256); a presigned address needs no credentials.

    Half a zip may look like a small one, whose packages would then be missed.
    """
    import urllib3

    seen = hashlib.sha256()
    try:
        answer = urllib3.PoolManager().request(
            "GET", url, preload_content=False, timeout=_SECONDS, retries=3
        )
        if answer.status != 200:
            raise AwsTrouble(f"{name}: its code cannot be downloaded (status {answer.status})")
        with path.open("wb") as file:
            while data := answer.read(_CHUNK):
                file.write(data)
                seen.update(data)
                if file.tell() > _MOST_CODE:
                    raise Unfit("UNSUPPORTED_CODE_ARTIFACTS", f"{name}: over {_MOST_CODE} bytes")
    except urllib3.exceptions.HTTPError as error:
        raise AwsTrouble(f"{name}: its code cannot be downloaded: {error}") from error
    if base64.b64encode(seen.digest()).decode() != expected:
        raise AwsTrouble(f"{name}: its code did not arrive as its digest says")
    return os.fspath(path)
