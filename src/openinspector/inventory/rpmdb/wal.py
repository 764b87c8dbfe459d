"""SQLite's write-ahead log: pages that are committed, but not yet in the database file.

Format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log. A frame counts when its salts
are the log's, its running checksum holds, and a commit frame stands at or after it.
"""

import struct

from openinspector.inventory.rpmdb.damage import Damage

_HEAD, _FRAME = 32, 24
_MOST = 64 * 1024 * 1024
"""Largest log that is read: checking one costs about a second for 20 MB."""


def committed(log: memoryview, page_size: int, damage: Damage) -> dict[int, memoryview]:
    """Page number to content, of every page that the log has committed; the last one counts."""
    if len(log) < _HEAD:
        return {}
    if len(log) > _MOST:
        damage(f"write-ahead log of {len(log)} bytes was not applied")
        return {}
    magic, _, size, _, salts, first, second = struct.unpack_from(">IIII8sII", log)
    if magic & 0xFFFFFFFE != 0x377F0682 or size != page_size:
        damage("write-ahead log is damaged and was not applied")
        return {}
    order = ">" if magic & 1 else "<"
    sums = _checksum(log[: _HEAD - 8], order, (0, 0))
    if sums != (first, second):
        damage("write-ahead log is damaged and was not applied")
        return {}
    pages: dict[int, memoryview] = {}
    pending: dict[int, memoryview] = {}
    for at in range(_HEAD, len(log) - _FRAME - size + 1, _FRAME + size):
        number, commit, salt, first, second = struct.unpack_from(">II8sII", log, at)
        if salt != salts:
            break
        body = at + _FRAME
        sums = _checksum(log[at : at + 8], order, sums)
        sums = _checksum(log[body : body + size], order, sums)
        if sums != (first, second):
            break
        pending[number] = log[body : body + size]
        if commit:
            pages.update(pending)
            pending.clear()
    return pages


def _checksum(data: memoryview, order: str, sums: tuple[int, int]) -> tuple[int, int]:
    """SQLite's running checksum over pairs of 32-bit words."""
    first, second = sums
    for even, odd in struct.iter_unpack(f"{order}II", data):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
