"""A request's members held against the model: types, required members, bounds, patterns, enums."""

import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

import regex
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from openinspector.model.refusal import Invalid

EARLIEST, LATEST = 0.0, 1_988_150_400.0
"""Dates outside 1970-2033 are refused, as the service does."""

_MOST_ERRORS = 20
_SHOWN_KEY = 64
_RANGES = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
_PATTERN_SECONDS = 1.0

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
    "blob": (str, bytes),
}

_ALSO = {"ResourceId": r"ami-([0-9a-f]{8}|[0-9a-f]{17})"}
"""Values that a pattern of the model forgets: on-demand scans take nothing but machine images."""

Problem = tuple[str, str]


def validate(operation: OperationModel, members: dict[str, Any]) -> None:
    """Raise `Invalid` naming every member that breaks a rule of the model (at most 20)."""
    shape = operation.input_shape
    if shape is None:
        return
    problems = []
    for problem in _problems(shape, members, ""):
        problems.append(problem)
        if len(problems) == _MOST_ERRORS:
            break
    if problems:
        count = len(problems)
        text = "; ".join(f"{name or 'request'} {message}" for name, message in problems)
        noun = "error" if count == 1 else "errors"
        raise Invalid(f"{count} validation {noun} detected: {text}", problems)


def _problems(shape: Shape, value: Any, path: str) -> Iterator[Problem]:
    if shape.metadata.get("document"):
        return
    allowed: Any = _TYPES[shape.type_name]
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        yield path, f"must be of type {shape.type_name}"
    elif isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _bounds(shape, len(value), path, "must have", "members")
        for index, each in enumerate(value):
            yield from _problems(shape.member, each, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        yield from _bounds(shape, len(value), path, "must have", "entries")
        for key, each in value.items():
            where = f"{path}.{key[:_SHOWN_KEY]}"
            yield from _problems(shape.key, key, f"{where}(key)")
            yield from _problems(shape.value, each, where)
    elif shape.type_name == "timestamp":
        if not EARLIEST <= value < LATEST:
            yield path, "must be a time from 1970 to 2032"
    elif isinstance(value, str):
        yield from _text(shape, value, path)
    elif not isinstance(value, bool):
        yield from _number(shape, value, path)


def _structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[Problem]:
    prefix = f"{path}." if path else ""
    if shape.is_tagged_union and len(value) != 1:
        yield path, "must have exactly one member"
    for name in shape.required_members:
        if name not in value:
            yield prefix + name, "is required"
    for name, each in value.items():
        yield from _problems(shape.members[name], each, prefix + name)


def _text(shape: Shape, value: str, path: str) -> Iterator[Problem]:
    wrong_size = list(_bounds(shape, len(value), path, "must have", "characters"))
    if wrong_size:
        # What is too long is not matched, which could take long.
        yield from wrong_size
        return
    enum = shape.metadata.get("enum")
    if enum and value not in enum:
        yield path, f"must be one of {', '.join(enum)}"
    pattern = shape.metadata.get("pattern")
    if pattern and not (_matches(pattern, value) or _matches(_ALSO.get(shape.name, "(?!)"), value)):
        yield path, f"must match {pattern}"


def _number(shape: Shape, value: float, path: str) -> Iterator[Problem]:
    least, most = _RANGES.get(shape.type_name, (-sys.float_info.max, sys.float_info.max))
    # Also true for NaN; `math.isfinite` would fail on whole numbers beyond a float.
    if not least <= value <= most:
        yield path, f"must be a number in the range of {shape.type_name}"
    else:
        yield from _bounds(shape, value, path, "must be", "")


def _bounds(shape: Shape, size: float, path: str, verb: str, noun: str) -> Iterator[Problem]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    unit = f" {noun}" if noun else ""
    if least is not None and size < least:
        yield path, f"{verb} at least {least}{unit}"
    if most is not None and size > most:
        yield path, f"{verb} at most {most}{unit}"


def _matches(pattern: str, value: str) -> bool:
    """Whether the whole value matches; one that takes too long to decide does not."""
    try:
        return _compiled(pattern).fullmatch(value, timeout=_PATTERN_SECONDS) is not None
    except TimeoutError:
        return False


@cache
def _compiled(pattern: str) -> Any:
    return regex.compile(pattern)
