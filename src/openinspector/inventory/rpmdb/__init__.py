"""rpm package databases as bytes: which format it is, and the header blobs that it holds.

Three formats (https://rpm.org/docs/latest/manual/): Berkeley DB hash (`Packages`, to RHEL 8),
SQLite (`rpmdb.sqlite`, Fedora 33 and RHEL 9 on) and ndb (`Packages.db`, SUSE). All readers are
pure Python over one buffer, look only at pages that hold headers, and visit each page once, so
that no database, however damaged, costs more than its own size.
"""

from collections.abc import Iterator

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.rpmdb import berkeley, ndb, sqlite
from openinspector.inventory.rpmdb.damage import Damage


def blobs(data: memoryview, journal: memoryview | None, damage: Damage) -> Iterator[bytes]:
    """Yield the header blob of every package, in no particular order.

    `journal` is SQLite's write-ahead log beside the database, if there is one. Parts that cannot
    be read go to `damage`; ReadError when it is no rpm database at all.
    """
    if sqlite.recognises(data):
        return sqlite.blobs(data, journal, damage)
    if ndb.recognises(data):
        return ndb.blobs(data, damage)
    if berkeley.recognises(data):
        return berkeley.blobs(data, damage)
    raise ReadError("not an rpm database: neither SQLite, ndb nor Berkeley DB hash")
