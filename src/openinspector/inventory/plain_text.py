"""Texts of an inventory that every store, format and protocol can hold.

File names may be any bytes, and metadata may hold what it likes; JSON and databases take Unicode,
and PostgreSQL no NUL (https://www.postgresql.org/docs/current/datatype-character.html).
"""

from typing import Any

import msgspec

from openinspector.model import Inventory
from openinspector.patterns import regex

_NUL = b"\\u0000"
_UNPLAIN = regex("[\0\ud800-\udfff]")


def plain(inventory: Inventory) -> Inventory:
    r"""The inventory itself where it is plain; else bytes that are no UTF-8 stand as `\xff`.

    NUL and surrogates that stand for no byte become U+FFFD.
    """
    try:
        if _NUL not in msgspec.json.encode(inventory):
            return inventory
    except UnicodeEncodeError:
        pass
    return msgspec.convert(_plain(msgspec.to_builtins(inventory)), Inventory)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() and "\0" not in value else _plain_text(value)
    if isinstance(value, dict):
        return {_plain(key): _plain(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    return value


def _plain_text(text: str) -> str:
    return _UNPLAIN.sub(lambda found: _spelt(found[0]), text)


def _spelt(character: str) -> str:
    byte = ord(character) - 0xDC00
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else "\ufffd"
