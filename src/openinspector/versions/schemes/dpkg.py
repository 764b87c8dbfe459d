"""Debian's order, from deb-version(7) and dpkg's `verrevcmp`: epoch, upstream version, revision.

Each part is a run of non-digits, a run of digits, and so on in turn. Non-digits compare character
by character: `~` before the end of the run, the end before letters, letters before all else.
Digits compare as numbers, and none is zero. dpkg warns of odd characters and still orders them.
"""

from __future__ import annotations

from openinspector.patterns import regex
from openinspector.versions.encoding import NUMBERS, Memo, Unreadable, narrow, number

_RUNS = regex(r"[^0-9]*+[0-9]*+").findall
_DIGITS = "0123456789"
_ABOVE_LETTERS = 0x80
_ABOVE_ALL = "\xff"


def encode(version: str) -> bytes:
    """Key of a Debian version: epoch (none is 0), upstream version, revision (none is 0)."""
    version = version.strip()
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "", version
    elif not (epoch.isascii() and epoch.isdigit()):
        raise Unreadable("its epoch is not a number")
    if not rest:
        raise Unreadable("it is empty")
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, ""
    return (NUMBERS[epoch] + _part(upstream) + _part(revision or "0")).encode("latin-1")


def _part(part: str) -> str:
    # The expression always finds a last, empty run. Its zero is the end: above "~", below letters.
    return "".join([_RUN[run] for run in _RUNS(part)])


def _run(run: str) -> str:
    characters = run.rstrip(_DIGITS)
    return narrow(characters).translate(_PLACES) + number(run[len(characters) :])


def _place(character: int) -> str:
    if character == ord("~"):
        return "\x01"
    if character >= 0x7F:
        return _ABOVE_ALL + chr(character)
    return chr(character if chr(character).isalpha() else _ABOVE_LETTERS + character)


_PLACES = {character: _place(character) for character in range(0x100)}
_RUN = Memo(_run)
