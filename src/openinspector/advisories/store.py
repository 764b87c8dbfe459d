"""Databases as files: brought up to date over the network, copied, moved to other machines."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from openinspector.advisories.build import Report, Source, build, replacing, update
from openinspector.advisories.database import AdvisoryDatabase
from openinspector.advisories.feeds import BY_NAME, FEEDS, Feed
from openinspector.advisories.feeds.recognise import Unrecognised, recognise, survey
from openinspector.advisories.fetch import Fetched, Fetcher, FetchError
from openinspector.advisories.locations import locations
from openinspector.model import DatabaseError

_ZSTD = b"\x28\xb5\x2f\xfd"
_CHUNK = 1 << 20
_LARGEST = 16 << 30


class Refresh(msgspec.Struct):
    """What an update over the network did. `failures` are in plain words, one a file."""

    report: Report | None
    failures: list[str]
    unchanged: int = 0


def sources_of(
    places: Iterable[Path],
) -> tuple[list[Source], list[Unrecognised]]:
    """The sources in files and folders, told apart by content, and what was not recognised.

    Names are relative to the folder given, so that a later update finds them again. Raises
    `DatabaseError` for a place that does not exist.
    """
    sources: list[Source] = []
    strange: list[Unrecognised] = []
    for place in places:
        if place.is_dir():
            known, unknown = survey(place)
            sources.extend(
                Source(each.feed, each.path.relative_to(place).as_posix(), each.path)
                for each in known
            )
            strange.extend(unknown)
        elif place.is_file():
            feed = recognise(place)
            if feed is None:
                strange.append(Unrecognised(place, "is no feed that is known"))
            else:
                sources.append(Source(feed, place.name, place))
        else:
            raise DatabaseError(f"{place} does not exist")
    return _with_unique_names(sources), strange


def _with_unique_names(sources: list[Source]) -> list[Source]:
    """Two folders may hold files of one name: the later gets its whole path."""
    seen: set[str] = set()
    unique = []
    for source in sources:
        if source.name in seen:
            source = Source(source.feed, source.path.resolve().as_posix(), source.path)
        seen.add(source.name)
        unique.append(source)
    return unique


def choose(names: Sequence[str] = ()) -> tuple[Feed, ...]:
    """The feeds to fetch: those named, else the usual ones. Raises `DatabaseError`."""
    if not names:
        return tuple(feed for feed in FEEDS if feed.default and feed.urls)
    unknown = [name for name in names if name not in BY_NAME or not BY_NAME[name].urls]
    if unknown:
        can = ", ".join(feed.name for feed in FEEDS if feed.urls)
        raise DatabaseError(f"no feed can be fetched by the name {unknown[0]!r}: there are {can}")
    return tuple(BY_NAME[name] for name in names)


def refresh(
    database: Path,
    fetcher: Fetcher,
    feeds: Sequence[Feed],
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> Refresh:
    """Fetch what changed and bring a database up to date, or make it if there is none.

    A feed that cannot be fetched or read keeps its last good state and is told in the result.
    Raises `FetchError` when nothing at all could be reached.
    """
    held = _held(database)
    brought, unchanged, failures = _bring(fetcher, feeds, held)
    if not brought and not unchanged:
        raise FetchError(failures[0] if failures else "no feed was chosen")
    report = None
    if brought:
        sources = [source for source, _ in brought]
        compile_ = update if held else build
        report = compile_(sources, database, progress=progress)
        failures.extend(tally.failure for tally in report.sources if tally.failure)
        for _, fetched in brought:
            fetcher.forget(fetched)
    return Refresh(report, list(dict.fromkeys(failures)), unchanged)


def _bring(
    fetcher: Fetcher, feeds: Sequence[Feed], held: frozenset[str]
) -> tuple[list[tuple[Source, Fetched]], int, list[str]]:
    """Fetch every file of some feeds: what came, how many did not change, what failed and why."""
    failures: list[str] = []
    brought: list[tuple[Source, Fetched]] = []
    unchanged = 0
    for feed in feeds:
        for url in feed.urls:
            try:
                found = list(locations(fetcher, url))
            except FetchError as error:
                failures.append(str(error))
                continue
            for location in found:
                name = f"{feed.name}:{location.name}"
                try:
                    fetched = fetcher.fetch(
                        location.place, held=name in held, sha256=location.sha256
                    )
                except FetchError as error:
                    failures.append(str(error))
                    continue
                if fetched.path is None:
                    unchanged += 1
                else:
                    brought.append((Source(feed.name, name, fetched.path), fetched))
    return brought, unchanged, failures


def _held(database: Path) -> frozenset[str]:
    """The sources that a database was made of; none for a starter set, which is no basis."""
    try:
        with AdvisoryDatabase.open(database) as opened:
            info = opened.info()
    except DatabaseError:
        return frozenset()
    return frozenset() if info.starter else frozenset(each.name for each in info.sources)


def export(database: Path, target: Path) -> str:
    """Copy a database, packed with zstd, for another machine; gives the copy's SHA-256.

    The checksum is also written beside it (`<target>.sha256`). Raises `DatabaseError`.
    """
    import zstandard

    AdvisoryDatabase.open(database).close()
    digest = hashlib.sha256()
    with replacing(target) as draft:
        compressor = zstandard.ZstdCompressor(level=6, write_checksum=True)
        size = database.stat().st_size
        with database.open("rb") as source, draft.open("wb") as file:
            writer = compressor.chunker(size=size)
            while data := source.read(_CHUNK):
                for part in writer.compress(data):
                    digest.update(part)
                    file.write(part)
            for part in writer.finish():  # type: ignore[no-untyped-call]  # has no types
                digest.update(part)
                file.write(part)
    checksum = digest.hexdigest()
    beside = target.with_name(target.name + ".sha256")
    beside.write_text(f"{checksum}  {target.name}\n", encoding="ascii")
    return checksum


def import_(file: Path, database: Path) -> None:
    """Put a database made elsewhere in place, packed or plain, after checking it whole.

    Raises `DatabaseError` when the checksum beside it, its own checksum, or its content is wrong;
    the database that was there then stays.
    """
    if not file.is_file():
        raise DatabaseError(f"there is no file {file}")
    _check_sidecar(file)
    with replacing(database) as draft:
        _unpack(file, draft)
        with closing(AdvisoryDatabase.open(draft)) as opened:
            opened.verify()


def _check_sidecar(file: Path) -> None:
    beside = file.with_name(file.name + ".sha256")
    if not beside.is_file():
        return
    wanted = beside.read_text(encoding="ascii", errors="replace").split()[:1]
    digest = hashlib.sha256()
    with file.open("rb") as source:
        while data := source.read(_CHUNK):
            digest.update(data)
    if wanted != [digest.hexdigest()]:
        raise DatabaseError(f"{file} does not have the checksum that {beside.name} gives")


def _unpack(file: Path, draft: Path) -> None:
    import zstandard

    with file.open("rb") as source, draft.open("wb") as target:
        packed = source.read(4) == _ZSTD
        source.seek(0)
        reader = zstandard.ZstdDecompressor().stream_reader(source) if packed else source
        total = 0
        try:
            while data := reader.read(_CHUNK):
                total += len(data)
                if total > _LARGEST:
                    raise DatabaseError(f"{file} unpacks to more than {_LARGEST >> 30} GB")
                target.write(data)
        except zstandard.ZstdError as error:
            raise DatabaseError(f"{file} is damaged: {error}") from None
        os.fsync(target.fileno())
