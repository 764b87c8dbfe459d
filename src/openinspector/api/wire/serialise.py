"""Answers and errors as bytes: REST-JSON, timestamps as the model's members say."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

_DEFAULT_STATUS = 200


def serialise(operation: OperationModel, answer: dict[str, Any]) -> tuple[int, bytes]:
    """Status and body. Absent (None) members are left out; members that the model lacks are kept.

    `msgspec.Raw` values are JSON already and pass as they are.
    """
    shape = operation.output_shape
    status = int(operation.http.get("responseCode", _DEFAULT_STATUS))
    document = _value(shape, answer) if shape is not None else {}
    return status, msgspec.json.encode(document)


def _value(shape: Shape | None, value: Any) -> Any:
    if shape is None or isinstance(value, msgspec.Raw) or shape.metadata.get("document"):
        return value
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            str(shape.members[name].serialization.get("name", name))
            if name in shape.members
            else name: _value(shape.members.get(name), each)
            for name, each in value.items()
            if each is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, (list, tuple)):
        return [_value(shape.member, each) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _value(shape.value, each) for key, each in value.items()}
    if shape.type_name == "timestamp":
        return _timestamp(shape, value)
    return value


def _timestamp(shape: Shape, value: Any) -> Any:
    if shape.serialization.get("timestampFormat") != "iso8601":
        return value
    moment = datetime.fromtimestamp(float(value), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
