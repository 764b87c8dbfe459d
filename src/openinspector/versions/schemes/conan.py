"""Conan's order, from the `Version` of Conan 2: items between dots, `-` pre-release, `+` build.

Zeros at the end of each part do not count. A part without an item orders before one with it, a
pre-release before its release, no build before a build. Conan compares an item that is a number
with one that is not as text, which is no total order (9 < 10 < 1a < 9). Here such an item begins
with the number that it begins with (1k of OpenSSL lies between 1 and 2), and words order above all
numbers, which agrees wherever the numbers have one digit. Names that are no version (`system`) are
words.
"""

from __future__ import annotations

import re

from openinspector.versions.encoding import Memo, Unreadable, number, text

_ITEM = re.compile(r"([0-9]*+)(.*+)", re.DOTALL).fullmatch

_PRE_RELEASE, _RELEASE = "\x01", "\x03"
_NO_BUILD, _BUILD = "\x01", "\x02"
_END, _WORD, _MORE = "\x02", "\x40", "\x41"


def encode(version: str) -> bytes:
    """Key of a Conan recipe's version."""
    if not version.strip():
        raise Unreadable("it is empty")
    return _part(version.strip()).encode("latin-1")


def _part(version: str) -> str:
    value, plus, build = version.rpartition("+")
    if not plus:
        value, build = version, ""
    main, hyphen, pre_release = value.partition("-")
    encoded = _items(main)
    encoded += _PRE_RELEASE + _items(pre_release) if hyphen else _RELEASE
    return encoded + (_BUILD + _items(build) if plus else _NO_BUILD)


def _items(dotted: str) -> str:
    items = dotted.split(".")
    while items and items[-1].isdigit() and not items[-1].strip("0"):
        items.pop()
    return "".join([_ITEMS[item] for item in items]) + _END


def _item(item: str) -> str:
    found = _ITEM(item)
    digits, rest = found.groups() if found else ("", item)
    if not digits:
        return _WORD + text(rest)
    return number(digits) + (_MORE + text(rest) if rest else "")


_ITEMS = Memo(_item)
