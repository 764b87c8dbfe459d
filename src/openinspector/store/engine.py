"""Opening the database: SQLite in WAL mode in a folder, or PostgreSQL by its address."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import NullPool

from openinspector.store.upgrade import upgrade

FILE_NAME = "openinspector.sqlite"
BUSY_MILLISECONDS = 30_000


class Store:
    """A database that is open: `read` and `write` give a connection inside a transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading: one consistent view for as long as it is held."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection for one transaction: all of it commits, or nothing."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection.execution_options(immediate=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()


def open_store(location: str | Path) -> Store:
    """Open a folder (SQLite) or a `postgresql://` address, with its tables up to date."""
    text = str(location)
    engine = _postgresql(text) if text.startswith("postgresql") else _sqlite(Path(text))
    upgrade(engine)
    return Store(engine)


def _postgresql(address: str) -> Engine:
    url = make_url(address).set(drivername="postgresql+psycopg")
    return create_engine(url, pool_size=8, max_overflow=24, isolation_level="REPEATABLE READ")


def _sqlite(folder: Path) -> Engine:
    folder.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        f"sqlite:///{folder / FILE_NAME}",
        poolclass=NullPool,
        connect_args={"timeout": BUSY_MILLISECONDS / 1000, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: `begin` below says which kind.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer that starts as a reader can fail when it turns into a writer.
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine
