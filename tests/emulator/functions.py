"""Lambda: code and layers that can be downloaded.

Moto keeps the code but tells of addresses that are not there. Source: Lambda API reference
(GetFunction, GetLayerVersion, GetLayerVersionByArn).
"""

from typing import Any

from moto.awslambda.models import lambda_backends

from tests.emulator.additions import answers
from tests.emulator.wire import Call, Output


@answers("lambda", "GetFunction")
def get_function(call: Call) -> Output:
    """Moto's answer, the code where it can be downloaded for ten minutes."""
    output = call.moto()
    if output["Code"].get("RepositoryType") != "ECR":
        arn = output["Configuration"]["FunctionArn"]
        code = lambda_backends[call.account][call.region].get_function(arn).code_bytes
        place = call.state.presign(code, call.host, output["Configuration"]["FunctionName"])
        output["Code"].update(Location=place, RepositoryType="S3")
    return output


@answers("lambda", "GetLayerVersion")
def get_layer_version(call: Call) -> Output:
    """Moto's answer, the content where it can be downloaded."""
    output = call.moto()
    return {**output, "Content": _content(call, output["LayerVersionArn"])}


@answers("lambda", "GetLayerVersionByArn")
def get_layer_version_by_arn(call: Call) -> Output:
    """A version of a layer of any account."""
    arn = call.parameters["Arn"]
    version: dict[str, Any] = _layer(arn).get_layer_version()
    return {**version, "Content": _content(call, arn)}


def _content(call: Call, arn: str) -> dict[str, Any]:
    layer = _layer(arn)
    place = call.state.presign(layer.code_bytes, call.host, arn.rpartition(":layer:")[2])
    return {"Location": place, "CodeSha256": layer.code_sha_256, "CodeSize": layer.code_size}


def _layer(arn: str) -> Any:
    stem, _, version = arn.rpartition(":")
    _, _, _, region, account, *_ = arn.split(":")
    return lambda_backends[account][region].get_layer_version(stem, version)
