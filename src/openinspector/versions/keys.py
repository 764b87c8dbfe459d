"""From an ecosystem and a version to the bytes by which versions are compared."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from openinspector.versions.ecosystems import (
    REBUILDERS,
    REBUILT_SCHEMES,
    SCHEMES,
    Encoder,
    encoder,
)
from openinspector.versions.encoding import UNREADABLE, Unreadable

LOWEST = b""
"""Before every version: what a range compiler writes for OSV's `introduced: "0"`.

`key` gives the version "0" its ordinary place, above its own pre-releases.
"""

_UNREADABLE = UNREADABLE.encode("latin-1")
_REMEMBERED_LENGTH = 64
_SHOWN_LENGTH = 60


class Key(NamedTuple):
    """Where a version stands in its ecosystem's order, and whether that place is a makeshift."""

    bytes: bytes
    warning: str | None = None


def scheme(ecosystem: str) -> str:
    """Name of the order that an ecosystem follows; "generic" for one that is not known.

    A release after a colon (`Debian:12`, `Ubuntu:Pro:16.04:LTS`) makes no difference; after the
    name of who rebuilds packages of others, the ecosystem that follows decides (`TuxCare:npm`).
    """
    base, _, rest = ecosystem.partition(":")
    inner = rest.partition(":")[0]
    if base in REBUILDERS and inner in SCHEMES:
        return REBUILT_SCHEMES.get(SCHEMES[inner], SCHEMES[inner])
    return SCHEMES.get(base, "generic")


def parse(ecosystem: str, version: str) -> Key:
    """Key of a version, with a warning in plain words where its scheme cannot read it.

    Never raises. What cannot be read orders below all that can, and by `generic` among its like.
    """
    try:
        return Key(_encoder(ecosystem)(version))
    except Unreadable as objection:
        return Key(_unreadable(version), _warning(ecosystem, version, objection))


def key(ecosystem: str, version: str) -> bytes:
    """Encode a version: the bytes of `a` are below those of `b` exactly when a is before b.

    Equal bytes mean that the ecosystem takes the versions for the same. Never raises.
    """
    return (
        _remembered(ecosystem, version)
        if len(version) <= _REMEMBERED_LENGTH
        else _key(ecosystem, version)
    )


def compare(ecosystem: str, a: str, b: str) -> int:
    """-1, 0 or 1: whether `a` is before, the same as, or after `b`."""
    left, right = key(ecosystem, a), key(ecosystem, b)
    return (left > right) - (left < right)


def _key(ecosystem: str, version: str) -> bytes:
    try:
        return _encoder(ecosystem)(version)
    except Unreadable:
        return _unreadable(version)


_remembered = lru_cache(maxsize=1 << 15)(_key)


@lru_cache(maxsize=256)
def _encoder(ecosystem: str) -> Encoder:
    return encoder(scheme(ecosystem))


def _unreadable(version: str) -> bytes:
    from openinspector.versions.schemes import generic

    return _UNREADABLE + generic.encode_unreadable(version)


def _warning(ecosystem: str, version: str, objection: Unreadable) -> str:
    shown = version if len(version) <= _SHOWN_LENGTH else version[:_SHOWN_LENGTH] + "..."
    return (
        f"{shown!r} is not a version of {ecosystem}, for {objection};"
        " it is placed below every version that is"
    )
