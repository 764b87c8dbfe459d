"""Build a database from sources, or bring one up to date, always by replacing the file whole.

Readers keep the file they opened; a new one appears under the same name in one step. A source that
cannot be read leaves what it gave before.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import msgspec

from openinspector.advisories import schema
from openinspector.advisories.codec import Codec, train
from openinspector.advisories.compile import Compiler, Tally
from openinspector.advisories.feeds import READERS, FeedError
from openinspector.advisories.items import Content, Epss, Item, Kev
from openinspector.advisories.normalise import NotSecurity, normalise
from openinspector.advisories.osv import Malformed
from openinspector.advisories.settle import settle
from openinspector.model import DatabaseError

Progress = Callable[[str, int, int], None]
"""Called with a source's name, how many sources are done and how many there are."""

_SAMPLES = 300
_STRIDE = 23
_CACHE_KIB = 128 << 10


class Source(msgspec.Struct, frozen=True, order=True):
    """One file of one feed. `name` stays the same from one update to the next."""

    feed: str
    name: str
    path: Path


class Report(msgspec.Struct):
    """What a build or an update did."""

    sources: list[Tally]
    bytes: int = 0

    @property
    def advisories(self) -> int:
        """How many advisories the sources gave."""
        return sum(tally.kept for tally in self.sources)


def build(
    sources: Sequence[Source],
    output: Path,
    *,
    progress: Progress | None = None,
    meta: dict[str, object] | None = None,
) -> Report:
    """Compile sources into a new database at `output`; the same sources give the same bytes.

    Sources that cannot be read are told in the report and leave nothing. Raises `DatabaseError`
    when `output` cannot be written or no source could be read.
    """
    ordered = sorted(sources)
    with replacing(output) as draft:
        connection = sqlite3.connect(draft, isolation_level=None)
        try:
            _tune(connection)
            schema.create(connection)
            codec = Codec(train(_samples(ordered)))
            _put(connection, "dictionary", codec.dictionary)
            for name, value in sorted((meta or {}).items()):
                _put(connection, name, value)
            tallies = _apply_all(connection, codec, ordered, progress)
            if tallies and all(tally.failure for tally in tallies):
                raise DatabaseError(f"no source could be read; the first: {tallies[0].failure}")
            connection.executescript(schema.INDEXES)
            connection.commit()
            _compact(connection, draft)
        except sqlite3.Error as error:
            raise DatabaseError(f"cannot write {output}: {error}") from error
        finally:
            connection.close()
    return Report(tallies, output.stat().st_size)


def update(
    sources: Sequence[Source],
    database: Path,
    *,
    drop: Sequence[str] = (),
    progress: Progress | None = None,
) -> Report:
    """Apply what changed in `sources` to a database, which keeps all other sources.

    `drop` names sources to remove. Without a change the file is not touched. Raises
    `DatabaseError` when there is no usable database.
    """
    if not database.exists():
        raise DatabaseError(f"{database} does not exist")
    with replacing(database) as draft:
        shutil.copyfile(database, draft)
        connection = sqlite3.connect(draft, isolation_level=None)
        try:
            schema.check(connection, database)
            _tune(connection)
            codec = Codec(_get(connection, "dictionary") or b"")
            tallies = _apply_all(connection, codec, sorted(sources), progress, drop)
            changed = bool(connection.total_changes)
            if changed:
                connection.commit()
                _compact_if_holed(connection, draft)
        except sqlite3.DatabaseError as error:
            raise DatabaseError(f"{database} is damaged ({error}): build it again") from error
        finally:
            connection.close()
        if not changed:
            draft.unlink()
    return Report(tallies, database.stat().st_size)


def _apply_all(
    connection: sqlite3.Connection,
    codec: Codec,
    sources: Sequence[Source],
    progress: Progress | None,
    drop: Sequence[str] = (),
) -> list[Tally]:
    compiler = Compiler(connection, codec)
    for name in drop:
        row = connection.execute("SELECT id FROM source WHERE name = ?", (name,)).fetchone()
        if row:
            compiler.drop_source(row[0])
    tallies = []
    for number, source in enumerate(sources):
        if progress:
            progress(source.name, number, len(sources))
        tallies.append(_apply(connection, compiler, source))
    if compiler.touched:
        settle(connection)
        connection.commit()
    if progress:
        progress("", len(sources), len(sources))
    return tallies


def _apply(connection: sqlite3.Connection, compiler: Compiler, source: Source) -> Tally:
    """Apply one source; on failure everything is as if it had not been tried."""
    tally = Tally(source.name, source.feed)
    try:
        fingerprint = fingerprint_of(source.path)
    except OSError as error:
        tally.failure = f"{source.name}: {error.strerror or error}"
        return tally
    row = connection.execute(
        "SELECT id, fingerprint, kept, withdrawn, ignored, unusable FROM source WHERE name = ?",
        (source.name,),
    ).fetchone()
    if row and row[1] == fingerprint:
        tally.unchanged = True
        tally.kept, tally.withdrawn, tally.ignored, tally.unusable = row[2:]
        return tally
    connection.execute("SAVEPOINT source")
    try:
        number = row[0] if row else _new_source(connection, source)
        content = READERS[source.feed](source.path)
        date = _apply_content(compiler, number, source.feed, content, tally)
        _finish_source(connection, number, fingerprint, date, tally)
    except (FeedError, OSError, EOFError) as error:
        compiler.forget()
        connection.execute("ROLLBACK TO source")
        tally = Tally(source.name, source.feed, failure=f"{source.name}: {error}")
    connection.execute("RELEASE source")
    return tally


def _apply_content(
    compiler: Compiler, number: int, feed: str, content: Content, tally: Tally
) -> str | None:
    """Hand content to the compiler by its kind; says the date that it bears."""
    if isinstance(content, Epss):
        compiler.apply_epss(content, tally)
        return content.date
    if isinstance(content, Kev):
        compiler.apply_kev(content, tally)
        return content.date
    compiler.apply(number, feed, content, tally)
    return None


def _new_source(connection: sqlite3.Connection, source: Source) -> int:
    cursor = connection.execute(
        "INSERT INTO source (feed, name) VALUES (?, ?)", (source.feed, source.name)
    )
    return cursor.lastrowid or 0


def _finish_source(
    connection: sqlite3.Connection,
    number: int,
    fingerprint: bytes,
    date: str | None,
    tally: Tally,
) -> None:
    connection.execute(
        "UPDATE source SET fingerprint = ?, kept = ?, withdrawn = ?, ignored = ?, unusable = ?,"
        " date = ? WHERE id = ?",
        (
            fingerprint,
            tally.kept,
            tally.withdrawn,
            tally.ignored,
            tally.unusable,
            date,
            number,
        ),
    )
    connection.execute("DELETE FROM problem WHERE source = ?", (number,))
    connection.executemany(
        "INSERT OR IGNORE INTO problem VALUES (?, ?, ?)",
        [(number, key, reason) for key, reason in tally.problems],
    )


def fingerprint_of(path: Path) -> bytes:
    """Digest of a file's content, or of all files below a folder with their names."""
    digest = hashlib.blake2b(digest_size=16)
    if path.is_dir():
        for each in sorted(path.rglob("*")):
            if each.is_file():
                digest.update(os.fsencode(each.relative_to(path)) + b"\0")
                digest.update(fingerprint_of(each))
        return digest.digest()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.digest()


def _samples(sources: Sequence[Source]) -> list[bytes]:
    """Texts from all sources, evenly, for the dictionary."""
    samples: list[bytes] = []
    encode = msgspec.msgpack.Encoder().encode
    for source in sources:
        try:
            content = READERS[source.feed](source.path)
            if isinstance(content, Epss | Kev):
                continue
            for item in islice(content, 0, _SAMPLES * _STRIDE, _STRIDE):
                samples.extend(_texts(item, source.feed, encode))
        except (FeedError, OSError, EOFError):
            continue  # told when the source itself is applied
    return samples


def _texts(item: Item, feed: str, encode: Callable[[object], bytes]) -> Iterator[bytes]:
    try:
        record = normalise(item.load(), feed)
    except (Malformed, NotSecurity):
        return
    yield encode(record.facts)
    if record.description:
        yield record.description.encode("utf-8", "replace")


@contextmanager
def replacing(output: Path) -> Iterator[Path]:
    """A temporary file beside `output` that takes its place when the block ends well."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{output.name}.", suffix=".new", dir=output.parent)
    except OSError as error:
        raise DatabaseError(f"cannot write {output}: {error.strerror or error}") from error
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        if draft.exists():
            replace(draft, output)
    finally:
        draft.unlink(missing_ok=True)


def replace(draft: Path, output: Path) -> None:
    """Put a finished file in another's place, durably and in one step."""
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    draft.chmod(0o644)
    draft.replace(output)
    folder = os.open(output.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _tune(connection: sqlite3.Connection) -> None:
    """Write fast and without a journal on disk: a draft that breaks off is thrown away."""
    connection.execute("PRAGMA journal_mode = MEMORY")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")


def _put(connection: sqlite3.Connection, name: str, value: object) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))


def _get(connection: sqlite3.Connection, name: str) -> bytes | None:
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def _compact(connection: sqlite3.Connection, draft: Path) -> None:
    """Write the file anew, every table in its order, without holes."""
    compacted = draft.with_suffix(".compact")
    compacted.unlink(missing_ok=True)
    try:
        connection.execute("VACUUM INTO ?", (str(compacted),))
        compacted.replace(draft)
    finally:
        compacted.unlink(missing_ok=True)


def _compact_if_holed(connection: sqlite3.Connection, draft: Path) -> None:
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    if free * 5 > pages:
        _compact(connection, draft)
