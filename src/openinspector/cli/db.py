"""`openinspector db`: build, update, describe, search and move the advisory database."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from openinspector.cli.exits import SCANNED_IN_PART
from openinspector.cli.knowledge import DATABASE, STARTER, database_path, open_database
from openinspector.cli.progress import Report as ProgressReport
from openinspector.cli.progress import progress
from openinspector.model import DatabaseError, OpenInspectorError

if TYPE_CHECKING:
    from openinspector.advisories.build import Report

MOST_SHOWN = 10
"""Lines of what was left out that are shown before the rest is only counted."""

MIRROR = click.option(
    "--mirror",
    metavar="URL",
    help="Fetch from here instead of the publishers' hosts; the paths stay theirs.",
)


@click.group(help="Build, update and search the advisory database.")
def command() -> None:
    """Group of the database's commands."""


@command.command()
@click.option(
    "--from",
    "places",
    multiple=True,
    required=True,
    metavar="DIR|FILE|URL|starter",
    help="Feeds to compile, told apart by their content; may be repeated.",
)
@click.option("-o", "--output", required=True, metavar="FILE", help="The database to write.")
@MIRROR
def build(places: Sequence[str], output: str, mirror: str | None) -> None:
    """Compile feeds into one database; the same feeds give the same bytes."""
    if STARTER in places:
        if len(places) > 1:
            raise click.UsageError("`--from starter` cannot be put together with other feeds")
        from openinspector.advisories.starter import build_starter

        build_starter(Path(output))
        click.echo(f"{output}: the embedded starter set, not all that is known")
        return
    from openinspector.advisories.build import build as compile_database
    from openinspector.advisories.store import sources_of

    with progress(quiet=False) as report:
        local = [_bring(place, mirror, report) for place in places]
        sources, strange = sources_of(local)
        if not sources:
            raise DatabaseError(
                f"nothing in {', '.join(places)} is a feed that is known; see docs/feeds.md"
            )
        result = compile_database(sources, Path(output), progress=report)
    for each in strange[:MOST_SHOWN]:
        click.echo(f"not used: {each.path} {each.reason}", err=True)
    if len(strange) > MOST_SHOWN:
        click.echo(f"not used: {len(strange) - MOST_SHOWN} more files", err=True)
    _tell(result)
    noun = "record" if result.advisories == 1 else "records"
    click.echo(f"{output}: {result.advisories:,} {noun}, {_size(result.bytes)}")


@command.command()
@MIRROR
@click.option(
    "--feed",
    "feeds",
    multiple=True,
    metavar="NAME",
    help="Only this feed, by its name in docs/feeds.md; may be repeated.",
)
@click.option("--db", "database", metavar="FILE", help="Update this database, not the default one.")
def update(mirror: str | None, feeds: Sequence[str], database: str | None) -> None:
    """Fetch what changed at the publishers and bring the database up to date."""
    from openinspector.advisories import fetch, paths, store

    path = Path(database) if database else paths.default_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with progress(quiet=False) as report:
        options = fetch.Options(mirror=mirror)
        fetcher = fetch.Fetcher(paths.cache_folder(), options, report)
        result = store.refresh(path, fetcher, store.choose(feeds), progress=report)
    for failure in result.failures:
        click.echo(f"kept as it was: {failure}", err=True)
    if result.report is not None:
        _tell(result.report)
    changed = 0 if result.report is None else len(result.report.sources)
    click.echo(f"{path}: {changed} files of feeds changed, {result.unchanged} did not")
    if result.failures:
        sys.exit(SCANNED_IN_PART)


@command.command()
@DATABASE
def info(database: str | None) -> None:
    """What the database holds, by feed and ecosystem."""
    with open_database(database) as opened:
        found = opened.info()
    click.echo(f"{found.path} ({_size(found.bytes)})")
    if found.starter:
        click.echo("  the embedded starter set: some of the best-known vulnerabilities, not all")
    click.echo(f"  advisories            {found.advisories:,}")
    click.echo(f"  vulnerabilities       {found.vulnerabilities:,}")
    click.echo(f"  known to be exploited {found.known_exploited:,}")
    click.echo(f"  EPSS scores           {found.epss:,}")
    click.echo(f"  newest change         {found.newest or 'unknown'}")
    click.echo("\nfeeds")
    for source in found.sources:
        left_out = source.withdrawn + source.ignored + source.unusable
        told = f" ({left_out:,} left out)" if left_out else ""
        click.echo(f"  {source.feed:12} {source.name:44} {source.kept:>9,} records{told}")
    click.echo("\necosystems")
    for name, number in found.ecosystems:
        click.echo(f"  {name:44} {number:>9,} advisories")


@command.command()
@click.argument("text", metavar="CVE-ID|PACKAGE")
@DATABASE
def search(text: str, database: str | None) -> None:
    """What is known of a vulnerability, or which advisories speak of a package."""
    with open_database(database) as opened:
        found = opened.search(text)
        if not found.vulnerabilities and not found.packages:
            raise OpenInspectorError(f"the database knows no vulnerability and no package {text!r}")
        for identity in found.vulnerabilities:
            record = opened.vulnerability(identity)
            if record is None:
                continue
            from openinspector.reports.vulnerability import vulnerability_lines

            others = (*record.aliases, *record.advisories, record.id)
            details = [each for name in dict.fromkeys(others) for each in opened.advisory(name)]
            for line in vulnerability_lines(record, details):
                click.echo(line)
        for hit in found.packages:
            click.echo(f"{hit.ecosystem:28} {hit.name:44} {hit.advisories:>6,} advisories")


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False))
@DATABASE
def export_(file: str, database: str | None) -> None:
    """Write a packed copy with its checksum, for a machine without internet."""
    from openinspector.advisories.store import export

    checksum = export(database_path(database), Path(file))
    click.echo(f"{file}: SHA-256 {checksum}")


@command.command("import")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option("--db", "database", metavar="FILE", help="Put it here, not in the default place.")
def import_(file: str, database: str | None) -> None:
    """Check a copy that `db export` made elsewhere, and put it in place."""
    from openinspector.advisories.paths import default_path
    from openinspector.advisories.store import import_ as put

    path = Path(database) if database else default_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    put(Path(file), path)
    click.echo(f"{path}: imported from {file}")


def _bring(place: str, mirror: str | None, report: ProgressReport | None) -> Path:
    if not place.startswith(("http://", "https://")):
        return Path(place)
    from openinspector.advisories import fetch, paths

    fetcher = fetch.Fetcher(paths.cache_folder(), fetch.Options(mirror=mirror), report)
    fetched = fetcher.fetch(place)
    if fetched.path is None:
        raise DatabaseError(f"{place}: the server says that nothing changed, but nothing is held")
    return fetched.path


def _tell(report: "Report") -> None:
    for source in report.sources:
        if source.failure:
            click.echo(f"not readable: {source.source}: {source.failure}", err=True)
        elif source.unusable:
            click.echo(
                f"{source.source}: {source.unusable:,} malformed records were left out", err=True
            )


def _size(number: int) -> str:
    return f"{number / 1_000_000:.1f} MB" if number >= 100_000 else f"{number / 1000:.1f} kB"
