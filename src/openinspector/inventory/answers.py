"""What catalogers said of a file, as bytes: kept with the layer that the file lies in."""

from collections.abc import Mapping
from typing import Any

import msgspec

from openinspector.inventory.cataloger import Cataloger, Owned, ReadError, Yield
from openinspector.inventory.conclude import Outcome
from openinspector.model import ConfigurationCheck, Distribution, Gap, Package

_TYPES: tuple[type[Yield], ...] = (Package, Owned, ConfigurationCheck, Distribution, Gap)
_NUMBERS = {kind: number for number, kind in enumerate(_TYPES)}


class _Packed(msgspec.Struct, array_like=True):
    """Outcomes by cataloger, each yield with its type; content, or why it cannot be read."""

    path: str
    outcomes: list[tuple[str, list[tuple[int, msgspec.Raw]]]]
    content: bytes | None
    trouble: str | None


_decoder: "msgspec.msgpack.Decoder[_Packed]" = msgspec.msgpack.Decoder(_Packed)
_decoders: tuple[Any, ...] = tuple(msgspec.msgpack.Decoder(kind) for kind in _TYPES)


def pack(path: str, outcomes: list[Outcome], content: bytes | ReadError | None) -> bytes:
    """Outcomes of a file, and its content where that is asked for later, as bytes."""
    told = [
        (
            outcome.cataloger.name,
            [
                (_NUMBERS[type(item)], msgspec.Raw(msgspec.msgpack.encode(item)))
                for item in outcome.items
            ],
        )
        for outcome in outcomes
    ]
    if isinstance(content, ReadError):
        return msgspec.msgpack.encode(_Packed(path, told, None, str(content)))
    return msgspec.msgpack.encode(_Packed(path, told, content, None))


def unpack(
    packed: bytes, catalogers: Mapping[str, Cataloger], layer: str | None
) -> tuple[list[Outcome], bytes | ReadError | None]:
    """What was packed, with the catalogers of this table and the layer's name in this image."""
    told = _decoder.decode(packed)
    outcomes = [
        Outcome(
            catalogers[name],
            told.path,
            layer,
            [_decoders[number].decode(item) for number, item in items],
        )
        for name, items in told.outcomes
    ]
    return outcomes, told.content if told.trouble is None else ReadError(told.trouble)
