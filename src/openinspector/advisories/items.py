"""What a feed yields: advisories that need not be read when they are known already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from openinspector.advisories.osv import Advisory, decode

FINGERPRINT_SIZE = 8


class Item(NamedTuple):
    """One advisory of a source.

    `key` names it within its source, for ever; equal `fingerprint`s mean equal content. `load`
    reads it, and raises `Malformed` where it cannot be.
    """

    key: str
    fingerprint: bytes
    load: Callable[[], Advisory]


class Epss(NamedTuple):
    """FIRST's file: rows of (CVE, score, percentile), and the day of the model."""

    date: str
    rows: Iterable[tuple[str, float, float]]


class KevEntry(NamedTuple):
    """One entry of CISA's catalogue."""

    cve: str
    added: str
    due: str
    action: str
    ransomware: bool


class Kev(NamedTuple):
    """CISA's catalogue, and the day of its release."""

    date: str
    entries: Iterable[KevEntry]


Content = Iterator[Item] | Epss | Kev
"""All that reading a source can give."""


def digest(data: bytes | memoryview) -> bytes:
    """Fingerprint of content."""
    return hashlib.blake2b(data, digest_size=FINGERPRINT_SIZE).digest()


_encoder = msgspec.msgpack.Encoder()


def of_advisory(advisory: Advisory) -> Item:
    """An item around an advisory that was converted from another format."""
    return Item(advisory.id, digest(_encoder.encode(advisory)), lambda: advisory)


def of_bytes(key: str, data: bytes) -> Item:
    """An item around one OSV document."""
    return Item(key, digest(data), lambda: decode(data))
