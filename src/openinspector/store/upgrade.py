"""Bringing a database up to date when it is opened.

The whole upgrade is one transaction under a lock (both databases can undo changes of tables), so a
process that dies in the middle leaves the former state, and two that start at once take turns.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from openinspector.model import DatabaseError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0008"
"""The revision that this version works with."""

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 0x4F_50_45_4E
"""Number of the lock of PostgreSQL under which upgrades take turns."""


def upgrade(engine: Engine) -> None:
    """Create or upgrade the tables. Raises `DatabaseError` for a database of a later version."""
    with engine.connect() as connection:
        if revision(connection) == HEAD:
            return
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.execution_options(immediate=True)
        else:
            # What was made while we waited for the lock must be seen.
            connection.execution_options(isolation_level="READ COMMITTED")
        with connection.begin():
            if engine.dialect.name != "sqlite":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            _upgrade(connection)


def revision(connection: Connection) -> str | None:
    """The revision of a database; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection) -> None:
    from alembic import command

    present = revision(connection)
    if present is not None and present > HEAD:
        raise DatabaseError(
            f"The database is of a later version of OpenInspector ({present}; this one knows"
            f" {HEAD}): use that version, or restore a copy."
        )
    if present != HEAD:
        command.upgrade(configuration(connection), HEAD)


def configuration(connection: Connection) -> "Config":
    """Alembic's configuration for a connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config
