"""osv.dev: one zip an ecosystem, one JSON document an advisory.

https://google.github.io/osv.dev/data/: `<Ecosystem>/all.zip` with `<identifier>.json` inside.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from openinspector.advisories.feeds.base import FeedError
from openinspector.advisories.items import Item
from openinspector.advisories.osv import LONGEST, Advisory, Malformed, decode


def read(path: Path) -> Iterator[Item]:
    """The advisories of one zip."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise FeedError(f"is no readable zip: {error}") from None
    with archive:
        for entry in archive.infolist():
            if entry.filename.endswith(".json"):
                yield _item(archive, entry)


def _item(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Item:
    fingerprint = struct.pack(
        "<II", entry.CRC, (entry.file_size ^ entry.compress_size << 16) & 0xFFFFFFFF
    )

    def load() -> Advisory:
        if entry.file_size > LONGEST:
            raise Malformed(f"is larger than {LONGEST >> 20} MB")
        try:
            return decode(archive.read(entry))
        except zipfile.BadZipFile as error:
            raise Malformed(f"cannot be unpacked: {error}") from None

    name = entry.filename.rpartition("/")[2].removesuffix(".json")
    return Item(name, fingerprint, load)
