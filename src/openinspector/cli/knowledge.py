"""Open the advisory database that a command is to judge by."""

from pathlib import Path

import click

from openinspector.advisories import AdvisoryDatabase
from openinspector.model import DatabaseError, Gap

STARTER = "starter"
"""`--db starter`: the embedded starter set, compiled on first use."""

DATABASE = click.option(
    "--db",
    "database",
    metavar="FILE",
    envvar="OPENINSPECTOR_DB",
    show_envvar=True,
    help="The advisory database; `starter` is the small embedded set. Default: the one that "
    "`openinspector db update` keeps in your data folder.",
)


def database_path(chosen: str | None) -> Path:
    """The file that `--db` means, or the default one. Raises `DatabaseError` when it is missing."""
    if chosen == STARTER:
        from openinspector.advisories.starter import starter_path

        return starter_path()
    path = Path(chosen) if chosen else _default_path()
    if path.exists():
        return path
    if chosen:
        raise DatabaseError(f"{path}: there is no advisory database; see `openinspector db build`")
    raise DatabaseError(
        f"no advisory database yet at {path}: run `openinspector db update` (internet), "
        "`openinspector db import FILE` (a copy from elsewhere), or add `--db starter` to use the "
        "small embedded set"
    )


def _default_path() -> Path:
    from openinspector.advisories.paths import default_path

    return default_path()


def open_database(chosen: str | None) -> AdvisoryDatabase:
    """Open it read-only. Raises `DatabaseError` when it is missing or unusable."""
    return AdvisoryDatabase.open(database_path(chosen))


def reservations(database: AdvisoryDatabase) -> tuple[Gap, ...]:
    """What the database itself lacks, for coverage: a starter set leaves most unjudged."""
    if not database.starter:
        return ()
    reason = (
        "only the embedded starter set of well-known vulnerabilities was used, so most are not "
        "looked for; `openinspector db update` fetches all advisories"
    )
    return (Gap("advisories", reason),)


def describe(database: AdvisoryDatabase) -> str:
    """Which advisories a report rests on, in words."""
    kind = "the embedded starter set" if database.starter else str(database.path)
    return f"{kind}, newest change {database.newest or 'unknown'}"
