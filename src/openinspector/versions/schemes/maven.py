"""Maven's order, from the `ComparableVersion` of Maven 3.9.

A version is a list of numbers and qualifiers. A hyphen, and a change between digits and letters,
opens a list inside the list, always as its last item. Zeros and release qualifiers at the end of a
list do not count. At one place a qualifier orders before a list and a list before a number. What
is missing orders as zero: above alpha, beta, milestone, rc and snapshot, below all else.

Those two rules contradict each other: 1.0.x.1 > 1.0 > 1.0-alpha, yet qualifier before list makes
1.0.x.1 < 1.0-alpha. No order can repeat Maven's three answers. Here what comes next is first told
apart as below or above the end, so that no version changes sides of its release; within a side
Maven's order holds exactly.
"""

from __future__ import annotations

from openinspector.patterns import regex
from openinspector.versions.encoding import NUMBERS, Memo, text

_TOKENS = regex(r"[0-9]++|[.-]|[^0-9.-]++").findall

_QUALIFIERS = ("alpha", "beta", "milestone", "rc", "snapshot", "", "sp")
_ALIASES = {"ga": "", "final": "", "release": "", "cr": "rc"}
_BEFORE_DIGITS = {"a": "alpha", "b": "beta", "m": "milestone"}
_BELOW_RELEASE = frozenset(_QUALIFIERS[: _QUALIFIERS.index("")])

# What comes next, in order: qualifier, list, zero below the end; the end; the same above it.
_LOW_QUALIFIER, _LOW_LIST, _LOW_ZERO, _END = "\x01", "\x02", "\x03", "\x04"
_HIGH_QUALIFIER, _HIGH_LIST = "\x05", "\x06"
_UNKNOWN_QUALIFIER = "\x08"
_OPEN = "-"


def encode(version: str) -> bytes:
    """Key of a Maven artifact's version."""
    return _encode(_lists(version.lower())).encode("latin-1")


def _lists(version: str) -> list[list[str]]:
    """Cut into lists, each inside the one before it, and strip what does not count."""
    lists: list[list[str]] = [[]]
    pending = ""
    for token in _TOKENS(version):
        if token in ".-":
            lists[-1].append(_ALIASES.get(pending, pending) if pending else "0")
            if token == _OPEN:
                lists.append([])
            pending = ""
            continue
        if pending:
            _add(lists, _BEFORE_DIGITS.get(pending, pending))
            lists.append([])
        pending = token
    if pending:
        _add(lists, pending)
    stripped = [_stripped(items) for items in lists]
    while stripped and not stripped[-1]:
        stripped.pop()
    return stripped


def _add(lists: list[list[str]], item: str) -> None:
    """Add an item that no separator ends; a qualifier among others gets a list of its own."""
    if not _is_number(item) and lists[-1]:
        lists.append([])
    lists[-1].append(_ALIASES.get(item, item))


def _stripped(items: list[str]) -> list[str]:
    end = len(items)
    while end and not items[end - 1].strip("0"):
        end -= 1
    return items[:end]


def _is_number(item: str) -> bool:
    return item[:1].isascii() and item[:1].isdigit()


def _encode(lists: list[list[str]]) -> str:
    """Encode from the end, so that each item knows on which side of the end it and the rest lie."""
    encoded = [_END]
    below = False
    for depth, items in reversed(list(enumerate(lists))):
        for item in reversed(items):
            if not _is_number(item):
                below = item in _BELOW_RELEASE or (below and item == "")
                encoded.append((_LOW_QUALIFIER if below else _HIGH_QUALIFIER) + _QUALIFIER[item])
            elif below and not item.strip("0"):
                encoded.append(_LOW_ZERO)
            else:
                below = False
                encoded.append(NUMBERS[item])
        if depth:
            encoded.append(_LOW_LIST if below else _HIGH_LIST)
    return "".join(reversed(encoded))


def _qualifier(item: str) -> str:
    if item in _QUALIFIERS:
        return chr(1 + _QUALIFIERS.index(item))
    return _UNKNOWN_QUALIFIER + text(item)


_QUALIFIER = Memo(_qualifier)
