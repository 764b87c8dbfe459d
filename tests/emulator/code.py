"""Lambda: code and layers that can be downloaded, and the tags of functions in one listing."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote

from tests.emulator.http import Answer, Request, json_answer

_FUNCTION = re.compile(r"/2015-03-31/functions/([^/]+)/?")
_LAYER = "/2018-10-31/layers"
_DOWNLOADS = "/_emulator/code/"


@dataclass
class Code:
    """Rewrites where moto says that code lies, and serves it there."""

    url: str

    def answer(self, request: Request, moto: Callable[[], Answer]) -> Answer | None:
        """The answer to an operation of ours; None for moto's."""
        if request.path.startswith(_DOWNLOADS):
            return _download(request.path.removeprefix(_DOWNLOADS))
        if request.operation == "GetResources" and b"lambda:function" in request.body:
            return _tagged(request)
        if request.method != "GET":
            return None
        if _FUNCTION.fullmatch(request.path):
            return self._located(request, moto(), "Code", "FunctionArn")
        if request.path.rstrip("/") == _LAYER and "find=LayerVersion" in request.query:
            return self._located(request, moto(), "Content", "LayerVersionArn")
        return None

    def _located(self, request: Request, told: Answer, member: str, arn: str) -> Answer:
        if told.status != 200:
            return told
        document = json.loads(told.body)
        name = document.get("Configuration", document)[arn]
        if "Location" in document[member]:
            place = f"{request.account}/{request.scope[1]}/{quote(name, safe='')}"
            document[member]["Location"] = f"{self.url}{_DOWNLOADS}{place}"
        return json_answer(document)


def _download(place: str) -> Answer:
    from moto.awslambda.models import lambda_backends

    account, region, name = place.split("/", 2)
    name = unquote(name)
    backend = lambda_backends[account][region]
    if ":layer:" in name:
        stem, version = name.rsplit(":", 1)
        layer = backend.get_layer_version(stem, version)
        return Answer(200, layer.code_bytes, {"Content-Type": "application/zip"})
    function = backend.get_function(name)
    return Answer(200, function.code_bytes, {"Content-Type": "application/zip"})


def _tagged(request: Request) -> Answer:
    from moto.awslambda.models import lambda_backends

    backend = lambda_backends[request.account][request.scope[1]]
    listed = [
        {
            "ResourceARN": function.function_arn,
            "Tags": [{"Key": key, "Value": value} for key, value in function.tags.items()],
        }
        for function in backend.list_functions()
        if function.tags
    ]
    assert parse_qs(request.query) == {}
    return json_answer({"PaginationToken": "", "ResourceTagMappingList": listed})
