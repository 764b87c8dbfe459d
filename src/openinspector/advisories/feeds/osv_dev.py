"""osv.dev: one zip an ecosystem, one JSON document an advisory.

https://google.github.io/osv.dev/data/: `<Ecosystem>/all.zip` with `<identifier>.json` inside.
GitHub's advisory database and Canonical's feed are of the same form in folders and tar files, and
are read the same way: their own additions to the schema are known to `normalise`.

    {"id": "GHSA-...", "modified": "...", "aliases": ["CVE-..."], "affected": [{"package":
     {"ecosystem": "npm", "name": "lodash"}, "ranges": [{"type": "SEMVER", "events":
     [{"introduced": "0"}, {"fixed": "4.17.21"}]}]}]}
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from openinspector.advisories.feeds.base import FeedError
from openinspector.advisories.feeds.documents import Document, documents
from openinspector.advisories.items import Item, digest, of_bytes
from openinspector.advisories.osv import Advisory, decode


def read(path: Path) -> Iterator[Item]:
    """The advisories of a zip, tar, folder or file.

    A single file may hold one advisory, a list of them, or one a line.
    """
    for document in documents(path):
        if path.is_file() and document.path == path.name:
            yield from _of_file(document)
        else:
            yield Item(document.name, document.fingerprint, Loader(document))


class Loader:
    """Reads one document when it is asked for."""

    __slots__ = ("_document",)

    def __init__(self, document: Document) -> None:
        self._document = document

    def __call__(self) -> Advisory:
        """Raises `Malformed`."""
        return decode(self._document.read())


def _of_file(document: Document) -> Iterator[Item]:
    data = document.read()
    start = data.lstrip()[:1]
    if start == b"[":
        for raw in _listed(data):
            yield of_bytes(_identifier(raw), raw)
    elif start == b"{" and _is_one(data):
        yield of_bytes(document.name, data)
    elif start == b"{":
        for line in data.splitlines():
            if line.strip():
                yield of_bytes(_identifier(line), line)
    else:
        raise FeedError("is not JSON")


def _listed(data: bytes) -> list[bytes]:
    try:
        return [bytes(raw) for raw in msgspec.json.decode(data, type=list[msgspec.Raw])]
    except (msgspec.MsgspecError, RecursionError) as error:
        raise FeedError(f"is not a list of advisories: {error}") from None


def _is_one(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except RecursionError:
        return True  # the record is refused when it is read
    except msgspec.MsgspecError:
        return False
    return True


class _Named(msgspec.Struct):
    id: str = ""


def _identifier(raw: bytes) -> str:
    """The identifier in a document, or a digest of what has none; the reader will say why."""
    try:
        return msgspec.json.decode(raw, type=_Named).id or _digest(raw)
    except (msgspec.MsgspecError, RecursionError):
        return _digest(raw)


def _digest(raw: bytes) -> str:
    return digest(raw).hex()
