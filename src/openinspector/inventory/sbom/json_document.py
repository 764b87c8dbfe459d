"""Typed JSON decoding for SBOMs: fast when a document is as specified, lenient when it is not."""

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class Envelope(msgspec.Struct, gc=False):
    """The members that tell one JSON format from another; everything else is skipped."""

    bom_format: Any = msgspec.field(default=None, name="bomFormat")
    spdx_version: Any = msgspec.field(default=None, name="spdxVersion")
    context: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="@context")
    graph: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="@graph")
    artifacts: msgspec.Raw = msgspec.Raw()


class Mismatch(ValueError):
    """The JSON is well formed, but a member is not of the type that the format demands."""


def decode(data: bytes, type_: type[T]) -> T:
    """Decode JSON into `type_`, skipping members that it does not name.

    Invalid UTF-8 is replaced. Raises `Mismatch` where the JSON is not of that type, `ValueError`
    with a sentence for people where it is no JSON.
    """
    try:
        return msgspec.json.decode(data, type=type_)
    except UnicodeDecodeError:
        return decode(data.decode("utf-8", "replace").encode(), type_)
    except msgspec.ValidationError as error:
        raise Mismatch(str(error)) from None
    except msgspec.DecodeError as error:
        raise ValueError(f"this is not valid JSON: {error}") from None
    except RecursionError:
        raise ValueError("its JSON is nested too deeply") from None


def salvage(items: list[Any], type_: type[T]) -> tuple[list[T], list[str]]:
    """Convert items one by one: those of the type, and why each of the others is not."""
    good: list[T] = []
    bad: list[str] = []
    for item in items:
        try:
            good.append(msgspec.convert(item, type_))
        except msgspec.ValidationError as error:
            name = item.get("name") if isinstance(item, dict) else None
            bad.append(f"{name if isinstance(name, str) else 'unnamed'} ({error})")
    return good, bad


def encode(value: Any) -> bytes:
    """Encode as JSON; lone surrogates (names that were not UTF-8) become U+FFFD."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_without_surrogates(msgspec.to_builtins(value)))


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_without_surrogates(k): _without_surrogates(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value
