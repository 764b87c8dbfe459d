"""Alpine's order, from apk-version(8) and apk-tools' version.c.

A version is number{.number}{letter}{_suffix{number}}{~hash}{-r#}. After the first number, one that
begins with 0 is a fraction: it orders as text, before every other number. The suffixes alpha,
beta, pre and rc order before the release; cvs, svn, git, hg and p after it.

Where a version stops being readable, apk orders it just before its readable beginning and says no
more. Here, as in OSV, the unread text decides between two such versions, unless it is no more than
a revision that cannot be read; digits in it order by value.
"""

from __future__ import annotations

from openinspector.patterns import regex
from openinspector.versions.encoding import NUMBERS, Unreadable, narrow, text

_VERSION = regex(
    r"([0-9]++)((?:\.[0-9]++)*+)([a-z]?+)"
    r"((?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)(?![a-z])[0-9]*+)*+)"
    r"(?:~([0-9a-f]++))?+(?:-r([0-9]*+)\Z)?+"
).match
_DIGITS = regex(r"[0-9]++").sub
_SUFFIXES = regex(r"_([a-z]++)([0-9]*+)").findall

# What may come next, in order: apk's enum PARTS backwards, with its pre-release suffixes lowest.
_SUFFIX = {"alpha": "\x01", "beta": "\x02", "pre": "\x03", "rc": "\x04"}
_UNREAD, _END, _REVISION, _HASH, _SUFFIX_NUMBER = "\x05", "\x06", "\x07", "\x08", "\x09"
_SUFFIX |= {"cvs": "\x0a", "svn": "\x0b", "git": "\x0c", "hg": "\x0d", "p": "\x0e"}
_LETTER, _FRACTION = "\x0f", "\x10"
_ABOVE_ALL = "\xff"


def encode(version: str) -> bytes:
    """Key of an apk version."""
    found = _VERSION(version)
    if found is None:
        raise Unreadable("it does not begin with a number")
    first, numbers, letter, suffixes, digest, revision = found.groups()
    encoded = NUMBERS[first]
    if numbers:
        encoded += "".join([_number(digits) for digits in numbers[1:].split(".")])
    if letter:
        encoded += _LETTER + letter
    if suffixes:
        encoded += "".join([_suffix(*suffix) for suffix in _SUFFIXES(suffixes)])
    if digest:
        encoded += _HASH + text(digest)
    if revision is not None:
        encoded += _REVISION + NUMBERS[revision]
    return (encoded + _rest(version[found.end() :])).encode("latin-1")


def _number(digits: str) -> str:
    return _FRACTION + text(digits) if digits[0] == "0" else NUMBERS[digits]


def _suffix(name: str, digits: str) -> str:
    return _SUFFIX[name] + _SUFFIX_NUMBER + NUMBERS[digits] if digits else _SUFFIX[name]


def _rest(unread: str) -> str:
    if not unread:
        return _END
    if unread[0] == "-":
        return _UNREAD
    return _UNREAD + _DIGITS(lambda digits: _ABOVE_ALL + NUMBERS[digits[0]], narrow(unread))
