"""Writers of rpm headers and of databases in the three formats, for tests."""

import sqlite3
import struct
import zlib
from pathlib import Path

STRING, INT32, STRINGS, I18N = 6, 4, 8, 9
TAGS = {
    "name": (1000, STRING),
    "version": (1001, STRING),
    "release": (1002, STRING),
    "epoch": (1003, INT32),
    "summary": (1004, I18N),
    "vendor": (1011, STRING),
    "license": (1014, STRING),
    "arch": (1022, STRING),
    "old_names": (1027, STRINGS),
    "source": (1044, STRING),
    "indexes": (1116, INT32),
    "names": (1117, STRINGS),
    "folders": (1118, STRINGS),
    "module": (5096, STRING),
}


def header(**tags: object) -> bytes:
    """A header blob; texts are str, bytes or lists of them, numbers are int or lists of them."""
    index, data = b"", b""
    for name, value in tags.items():
        tag, kind = TAGS[name]
        values = value if isinstance(value, list) else [value]
        if kind == INT32:
            data += b"\0" * (-len(data) % 4)
            raw = struct.pack(f">{len(values)}I", *values)
        else:
            texts = [v if isinstance(v, bytes) else str(v).encode() for v in values]
            raw = b"".join(text + b"\0" for text in texts)
        index += struct.pack(">IIII", tag, kind, len(data), len(values))
        data += raw
    return struct.pack(">II", len(index) // 16, len(data)) + index + data


def with_files(name: str, paths: list[str], **tags: object) -> bytes:
    """A header that owns absolute paths."""
    folders = sorted({path.rpartition("/")[0] + "/" for path in paths})
    return header(
        name=name,
        version="1",
        release="1",
        **tags,
        names=[path.rpartition("/")[2] for path in paths],
        indexes=[folders.index(path.rpartition("/")[0] + "/") for path in paths],
        folders=folders,
    )


def ndb(blobs: list[bytes]) -> bytes:
    """An ndb database: one page of slots, then the blobs."""
    slots = struct.pack("<4sIIII", b"RpmP", 0, 1, 1, len(blobs) + 1).ljust(32, b"\0")
    body = b""
    for number, blob in enumerate(blobs, 1):
        size = (16 + len(blob) + 12 + 15) // 16 * 16
        head = struct.pack("<4sIII", b"BlbS", number, 1, len(blob)) + blob
        head = head.ljust(size - 12, b"\0")
        at = (4096 + len(body)) // 16
        slots += struct.pack("<4sIII", b"Slot", number, at, size // 16)
        body += head + struct.pack("<II4s", zlib.adler32(head), len(blob), b"BlbE")
    while len(slots) < 4096:
        slots += struct.pack("<4sIII", b"Slot", 0, 0, 0)
    return slots + body


def berkeley(blobs: list[bytes], order: str = "<", size: int = 512) -> bytes:
    """A Berkeley DB hash file with a bucket page for each package and the instance counter."""
    pages = [b""]
    entries = [(0, struct.pack(f"{order}I", len(blobs)))]
    entries += list(enumerate(blobs, 1))
    for key, blob in entries:
        item = b"\1" + blob
        bucket = len(pages)
        pages.append(b"")
        if len(item) > size - 26 - 4 - 5:
            item = struct.pack(f"{order}B3xII", 3, len(pages), len(blob))
            room = size - 26
            for start in range(0, len(blob), room):
                part = blob[start : start + room]
                following = len(pages) + 1 if start + room < len(blob) else 0
                pages.append(
                    struct.pack(f"{order}QIIIHHBB", 0, len(pages), 0, following, 1, len(part), 0, 7)
                    + part
                )
        key_item = b"\1" + struct.pack(f"{order}I", key)
        offsets = (size - len(key_item), size - len(key_item) - len(item))
        page = struct.pack(f"{order}QIIIHHBB", 0, bucket, 0, 0, 2, offsets[1], 0, 13)
        page += struct.pack(f"{order}HH", *offsets)
        pages[bucket] = page.ljust(offsets[1], b"\0") + item + key_item
    meta = struct.pack(f"{order}QIIII", 0, 0, 0x061561, 9, size) + bytes([0, 8, 0, 0])
    pages[0] = meta + struct.pack(f"{order}II", 0, len(pages) - 1)
    return b"".join(page.ljust(size, b"\0") for page in pages)


SCHEMA = "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)"


def sqlite(folder: Path, blobs: list[bytes], page_size: int = 4096, wal: bool = True) -> Path:
    """An SQLite database as rpm lays it out, with one of its indexes as a neighbour."""
    path = folder / "rpmdb.sqlite"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA page_size={page_size}")
    if wal:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE 'Name' (key TEXT, hnum INTEGER, idx INTEGER)")
    connection.execute(SCHEMA)
    connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(b,) for b in blobs])
    connection.executemany(
        "INSERT INTO Name VALUES (?, ?, 0)", [(f"n{i}", i) for i in range(len(blobs))]
    )
    connection.commit()
    connection.close()
    return path
