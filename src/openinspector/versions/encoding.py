"""How numbers, texts and ends are written so that bytes order as the versions do.

A key is built as a `str` whose characters are all below U+0100 and becomes bytes once, at the
end, by `encode("latin-1")`: joining short strings is cheaper than the same work on bytes.

Every scheme shares this map of leading bytes, so that what is missing, what is text and what is a
number never collide:

    0x00         the end of a text; as first byte of a key: no version that the scheme can read
    0x01 - 0x1f  tags that a scheme defines for itself: ends, pre-releases, kinds of item
    0x20 - 0x3f  a number: 0x20 plus how many significant digits it has
    0x40 - 0xff  letters, and tags that order above numbers
"""

from __future__ import annotations

from collections.abc import Callable

UNREADABLE = "\x00"
END_OF_TEXT = "\x00"

_FIRST_NUMBER = 0x20
_LONG_NUMBER = 0x3F
_MEMO_SIZE = 1 << 16
_MEMO_LENGTH = 16


class Unreadable(ValueError):
    """The version does not follow its scheme's grammar; the message says why, in plain words."""


class Memo(dict[str, str]):
    """A dictionary that computes what it lacks and remembers what is short, while there is room.

    Versions are made of few distinct pieces, so most pieces are found; the bounds keep hostile
    input from filling memory.
    """

    def __init__(self, compute: Callable[[str], str]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, piece: str) -> str:
        encoded = self._compute(piece)
        if len(piece) <= _MEMO_LENGTH and len(self) < _MEMO_SIZE:
            self[piece] = encoded
        return encoded


def number(digits: str) -> str:
    """Encode a non-negative number, given as ASCII digits ("" is zero), of any size.

    The count of significant digits comes first, so a longer number orders higher and equal counts
    order digit by digit. Never goes through `int`, which is quadratic and refuses 4301 digits.
    """
    significant = digits.lstrip("0")
    count = len(significant)
    if _FIRST_NUMBER + count < _LONG_NUMBER:
        return chr(_FIRST_NUMBER + count) + significant
    return chr(_LONG_NUMBER) + count.to_bytes(8, "big").decode("latin-1") + significant


def text(characters: str) -> str:
    """Encode a text: by code point, a prefix first, and followed by anything."""
    if "\x00" in characters or "\x01" in characters:
        characters = characters.replace("\x01", "\x01\x02").replace("\x00", "\x01\x01")
    return narrow(characters) + END_OF_TEXT


def narrow(characters: str) -> str:
    """Give non-ASCII characters as their UTF-8 bytes; lone surrogates keep their place."""
    if characters.isascii():
        return characters
    return characters.encode("utf-8", "surrogatepass").decode("latin-1")


NUMBERS = Memo(number)
