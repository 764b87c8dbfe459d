"""What is serialised is read back, equal, by botocore's own parser."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from botocore.awsrequest import HeadersDict
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.parsers import create_parser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openinspector.api.answers import refuse
from openinspector.api.operations import handlers
from openinspector.api.wire.model import SERVICES, service_model
from openinspector.api.wire.serialise import serialise
from openinspector.model.refusal import Refusal

OPERATIONS = [
    service_model(service).operation_model(name)
    for service in SERVICES
    for name in service_model(service).operation_names
]
ERRORS = sorted(
    {(service, each.name) for service in SERVICES for each in service_model(service).error_shapes}
)
ANY_JSON = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
MOMENTS = st.integers(0, 1_988_150_399_999).map(lambda milliseconds: milliseconds / 1000)
ABSENT = st.none()


def answers(shape: Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values as handlers return them: None for what is absent, epoch seconds, any lengths."""
    if shape.metadata.get("document"):
        return st.dictionaries(st.text(max_size=5), ANY_JSON, max_size=3)
    if isinstance(shape, StructureShape):
        members = {
            name: ABSENT | answers(member, depth + 1) if depth < 5 else ABSENT
            for name, member in shape.members.items()
        }
        if shape.is_tagged_union and members:
            one = [st.fixed_dictionaries({n: answers(m, depth + 1)}) for n, m in
                   shape.members.items()]  # fmt: skip
            return st.one_of(one)
        return st.fixed_dictionaries(members)
    if isinstance(shape, ListShape):
        return st.lists(answers(shape.member, depth + 1), max_size=2)
    if isinstance(shape, MapShape):
        return st.dictionaries(st.text(max_size=5), answers(shape.value, depth + 1), max_size=2)
    return {
        "string": st.text(max_size=8),
        "boolean": st.booleans(),
        "timestamp": MOMENTS,
        "integer": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**63), 2**63 - 1),
        "float": st.floats(allow_nan=False, allow_infinity=False, width=32),
        "double": st.floats(allow_nan=False, allow_infinity=False),
    }[shape.type_name]


def read(shape: Shape, value: Any) -> Any:
    """What a client should see of an answer."""
    if shape.metadata.get("document"):
        return value
    if isinstance(shape, StructureShape):
        present = {name: each for name, each in value.items() if each is not None}
        return {name: read(shape.members[name], each) for name, each in present.items()}
    if isinstance(shape, ListShape):
        return [read(shape.member, each) for each in value]
    if isinstance(shape, MapShape):
        return {key: read(shape.value, each) for key, each in value.items()}
    if shape.type_name == "timestamp":
        return round(value * 1000)
    return value


def in_milliseconds(value: Any) -> Any:
    """A parsed answer with its times as whole milliseconds."""
    if isinstance(value, datetime):
        return round(value.astimezone(UTC).timestamp() * 1000)
    if isinstance(value, dict):
        return {key: in_milliseconds(each) for key, each in value.items()}
    if isinstance(value, list):
        return [in_milliseconds(each) for each in value]
    return value


def parsed(shape: Shape | None, status: int, headers: dict[str, str], body: bytes) -> Any:
    answer = {"status_code": status, "headers": HeadersDict(headers), "body": body}
    return create_parser("rest-json").parse(answer, shape)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_botocore_reads_what_is_serialised(operation: Any, data: st.DataObject) -> None:
    shape = operation.output_shape
    answer = data.draw(answers(shape)) if shape is not None else {}
    status, body = serialise(operation, answer)
    got = parsed(shape, status, {}, body)
    got.pop("ResponseMetadata")
    assert in_milliseconds(got) == (read(shape, answer) if shape is not None else {})


def moments(shape: Shape, value: Any) -> Iterator[tuple[Shape, Any]]:
    """Every timestamp of an answer as it is on the wire, with its shape."""
    if shape.metadata.get("document"):
        return
    if isinstance(shape, StructureShape):
        for name, each in value.items():
            yield from moments(shape.members[name], each)
    elif isinstance(shape, ListShape):
        for each in value:
            yield from moments(shape.member, each)
    elif isinstance(shape, MapShape):
        for each in value.values():
            yield from moments(shape.value, each)
    elif shape.type_name == "timestamp":
        yield shape, value


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_times_are_written_as_the_model_says(data: st.DataObject) -> None:
    # botocore reads either form; other SDKs do not.
    names = ("ListConnectors", "ListOnDemandScans", "GetOnDemandScanStatus", "ListFilters")
    operation = service_model("inspector2").operation_model(data.draw(st.sampled_from(names)))
    _, body = serialise(operation, data.draw(answers(operation.output_shape)))
    for shape, moment in moments(operation.output_shape, json.loads(body)):
        if shape.serialization.get("timestampFormat") == "iso8601":
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)
        else:
            assert isinstance(moment, (int, float))


def test_raw_json_passes_untouched_and_unknown_members_stay() -> None:
    operation = service_model("inspector2").operation_model("ListFindings")
    raw = b'{"firstObservedAt":1.50,"newer":{"a":null}}'
    _, body = serialise(operation, {"findings": [msgspec.Raw(raw)], "newer": 1, "nextToken": None})
    assert body == b'{"findings":[' + raw + b'],"newer":1}'


@pytest.mark.parametrize(("service", "name"), ERRORS)
def test_botocore_reads_every_error(service: str, name: str) -> None:
    shape = service_model(service).shape_for(name)
    members: dict[str, Any] = {
        member: {"string": "text", "integer": 7}.get(inner.type_name)
        for member, inner in shape.members.items()
        if member not in ("message", "reason", "fields")
    }
    if "fields" in shape.members:
        members |= {"reason": "OTHER", "fields": [{"name": "a", "message": "b"}]}
    refusal = Refusal("what happened", **members)
    refusal.code = name
    response = refuse(refusal, "the-id")
    assert response.status_code == shape.metadata["error"]["httpStatusCode"]
    body, headers = bytes(response.body), dict(response.headers)
    error = parsed(None, response.status_code, headers, body)
    assert error["Error"] == {"Code": name, "Message": "what happened"}
    assert error["ResponseMetadata"]["RequestId"] == "the-id"
    if response.status_code in (429, 500):
        assert int(headers["retry-after"]) >= 1
    got = parsed(shape, 200, headers, body)
    assert {each: got[each] for each in members} == members
    assert "retryAfterSeconds" not in json.loads(body)


def test_every_operation_has_a_handler() -> None:
    missing = {operation.name for operation in OPERATIONS} - set(handlers())
    assert not missing, sorted(missing)
    assert not set(handlers()) - {operation.name for operation in OPERATIONS}
