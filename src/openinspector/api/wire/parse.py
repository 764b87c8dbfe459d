"""A request's members, taken from path, query, headers and body as the model says.

Timestamps become epoch seconds, blobs bytes; everything else stays as JSON gives it.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from openinspector.model.refusal import Invalid

_MOST_DEPTH = 64
_CHECKED_BYTES = 1 << 20
"""Up to this size a body is searched for members named twice; only documents are larger."""

_INTEGER = re.compile(r"-?[0-9]{1,19}")


def parse_request(
    operation: OperationModel,
    labels: Mapping[str, str],
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
) -> dict[str, Any]:
    """The members of the operation's input. Raises `Invalid` with reason CANNOT_PARSE."""
    shape = operation.input_shape
    if not isinstance(shape, StructureShape):
        return {}
    document = _document(body)
    members: dict[str, Any] = {}
    for name, member in shape.members.items():
        where = member.serialization.get("location")
        sent = str(member.serialization.get("name", name))
        if where == "uri":
            value: Any = labels.get(sent)
        elif where == "querystring":
            value = _from_query(member, [text for key, text in query if key == sent])
        elif where in ("header", "headers"):
            value = headers.get(sent.lower())
        else:
            value = document.get(sent)
        if value is not None:
            members[name] = _value(member, value, name)
    return members


def _document(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        document = msgspec.json.decode(body)
        if len(body) <= _CHECKED_BYTES:
            json.loads(body, object_pairs_hook=_members_once)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Invalid(f"The body is not JSON: {error}", reason="CANNOT_PARSE") from error
    if not isinstance(document, dict):
        raise Invalid("The body is not a JSON object.", reason="CANNOT_PARSE")
    return document


def _members_once(pairs: list[tuple[str, Any]]) -> None:
    """Refuse a member named twice: readers differ on which of the two counts."""
    names = set()
    for name, _ in pairs:
        if name in names:
            raise Invalid(f"The body names {name[:64]} twice.", reason="CANNOT_PARSE")
        names.add(name)


def _from_query(shape: Shape, texts: list[str]) -> Any:
    if not texts:
        return None
    if isinstance(shape, ListShape):
        return texts
    text = texts[-1]
    if shape.type_name in ("integer", "long"):
        return int(text) if _INTEGER.fullmatch(text) else text
    return {"true": True, "false": False}.get(text, text) if shape.type_name == "boolean" else text


def _value(shape: Shape, value: Any, path: str, depth: int = 0) -> Any:
    """The value with its timestamps read; what has another type is left for validation to name."""
    if depth > _MOST_DEPTH:
        raise Invalid(f"{path} is nested too deeply.", [(path, "nested too deeply")])
    if shape.type_name == "timestamp":
        return _timestamp(value)
    if shape.metadata.get("document"):
        return value
    if shape.type_name in ("float", "double"):
        return _floating(value)
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            name: _value(member, value[sent], f"{path}.{name}", depth + 1)
            for name, member in shape.members.items()
            if value.get(sent := str(member.serialization.get("name", name))) is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [
            _value(shape.member, each, f"{path}[{index}]", depth + 1)
            for index, each in enumerate(value)
        ]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {
            key: _value(shape.value, each, f"{path}.{key}", depth + 1)
            for key, each in value.items()
        }
    return value


def _floating(value: Any) -> Any:
    """A whole number as float, since databases hold no whole number as large as a float can be."""
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    try:
        return float(value)
    except OverflowError:
        return value


def _timestamp(value: Any) -> Any:
    """Epoch seconds of a number or of ISO 8601 text; anything else stays what it is."""
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
