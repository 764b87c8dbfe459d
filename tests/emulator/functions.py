"""Lambda: code and layers that can be downloaded, and tags of functions in one listing.

Moto keeps the code but tells of addresses that are not there, and its tagging API knows no
functions. Source: Lambda API reference (GetFunction, GetLayerVersionByArn); Resource Groups Tagging
API reference (GetResources).
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


@answers("resourcegroupstaggingapi", "GetResources")
def get_resources(call: Call) -> Output:
    """Moto's answer, or the tags of functions where only they are asked for."""
    if call.parameters.get("ResourceTypeFilters") not in (["lambda"], ["lambda:function"]):
        return call.moto()
    wanted = call.parameters.get("TagFilters", ())
    listed = [
        {
            "ResourceARN": function.function_arn,
            "Tags": [{"Key": key, "Value": value} for key, value in function.tags.items()],
        }
        for function in lambda_backends[call.account][call.region].list_functions()
        if function.tags and all(_has(function.tags, each) for each in wanted)
    ]
    limit = call.parameters.get("ResourcesPerPage", 50)
    token = call.parameters.get("PaginationToken")
    shown = call.page(listed, limit, token, "PaginationTokenExpiredException")
    return {"PaginationToken": shown.token or "", "ResourceTagMappingList": shown.items}


def _has(tags: dict[str, str], wanted: dict[str, Any]) -> bool:
    values = wanted.get("Values")
    return wanted["Key"] in tags and (not values or tags[wanted["Key"]] in values)
