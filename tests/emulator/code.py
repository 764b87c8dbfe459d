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
            told = moto()
            if told.status != 200:
                return told
            document = json.loads(told.body)
            if "Location" in document["Code"]:
                arn = document["Configuration"]["FunctionArn"]
                document["Code"]["Location"] = self._place(arn)
            return json_answer(document)
        if request.path.rstrip("/") == _LAYER and "find=LayerVersion" in request.query:
            (arn,) = parse_qs(request.query)["Arn"]
            return json_answer({"LayerVersionArn": arn, "Content": {"Location": self._place(arn)}})
        return None

    def _place(self, arn: str) -> str:
        return f"{self.url}{_DOWNLOADS}{quote(arn, safe='')}"


def _download(place: str) -> Answer:
    from moto.awslambda.models import lambda_backends

    arn = unquote(place)
    _, _, _, region, account, kind, name = arn.split(":", 6)
    backend = lambda_backends[account][region]
    if kind == "layer":
        stem, _, version = name.rpartition(":")
        code = backend.get_layer_version(stem, version).code_bytes
    else:
        code = backend.get_function(arn).code_bytes
    return Answer(200, code, {"Content-Type": "application/zip"})


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
