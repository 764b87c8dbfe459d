"""rpm's own ndb database: `Packages.db` of SUSE (layout: rpm's lib/backend/ndb/rpmpkg.c).

All numbers are little-endian. Pages of slots come first; a slot points at a run of 16-byte blocks
that holds a head, the header blob, padding, and a tail with an Adler-32 checksum.
"""

import struct
import zlib
from collections.abc import Iterator

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.rpmdb.damage import Damage

_PAGE, _SLOT, _BLOCK = 4096, 16, 16
_HEAD, _TAIL = 16, 12
_FIRST_SLOT = 32
"""The database's own head takes the place of the first two slots."""


def recognises(data: memoryview) -> bool:
    """Whether this is an ndb package database."""
    return bytes(data[:4]) == b"RpmP"


def blobs(data: memoryview, damage: Damage) -> Iterator[bytes]:
    """Yield the header blobs of an ndb database; complain of damaged slots and blobs."""
    if len(data) < _FIRST_SLOT:
        raise ReadError("ndb database is cut short")
    pages: int = struct.unpack_from("<I", data, 12)[0]
    end = min(pages * _PAGE, len(data))
    if end < pages * _PAGE or not pages:
        damage(f"ndb database is damaged or cut short: {pages} pages of slots promised")
    left = len(data)
    for at in range(_FIRST_SLOT, end - _SLOT + 1, _SLOT):
        magic, package, block, blocks = struct.unpack_from("<4sIII", data, at)
        if magic != b"Slot":
            damage("ndb slot is damaged")
        elif package and blocks:
            left -= blocks * _BLOCK
            if left < 0:
                raise ReadError("ndb slots promise more than the database holds")
            try:
                yield _blob(data, package, block * _BLOCK, blocks * _BLOCK)
            except ReadError as error:
                damage(str(error))


def _blob(data: memoryview, package: int, start: int, size: int) -> bytes:
    if size < _HEAD + _TAIL or start + size > len(data):
        raise ReadError(f"ndb blob of package {package} is cut short")
    magic, owner, _, length = struct.unpack_from("<4sIII", data, start)
    tail = start + size - _TAIL
    checksum, again, end = struct.unpack_from("<II4s", data, tail)
    if (magic, end) != (b"BlbS", b"BlbE") or owner != package or length != again:
        raise ReadError(f"ndb blob of package {package} is damaged")
    if length > size - _HEAD - _TAIL or zlib.adler32(data[start:tail]) != checksum:
        raise ReadError(f"ndb blob of package {package} is damaged")
    return bytes(data[start + _HEAD : start + _HEAD + length])
