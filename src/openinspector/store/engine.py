"""Opening the database: SQLite in WAL mode in a folder, or PostgreSQL by its address."""

import hashlib
import time
import uuid
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, FromClause, create_engine, event, make_url, text
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool
from sqlalchemy.sql.elements import TextClause

from openinspector.model import DatabaseError
from openinspector.store.file_locks import file_lock
from openinspector.store.upgrade import upgrade

FILE_NAME = "openinspector.sqlite"
BUSY_MILLISECONDS = 30_000
TURN = 0x5455_524E
"""Number of PostgreSQL's lock under which writers take turns."""
_CLAIM = 0x434C_4149
"""Number of the lock under which those who take tasks do."""
_OF_ACCOUNT = 0x4143_4354
"""First number of the locks of accounts; the second is one of so many, by the account's digest."""
_STRIPES = 256
_PROCESS = f"openinspector {uuid.uuid4()}"
"""What this process is called among the clients of PostgreSQL."""
_CONNECTIONS = 8
"""How many stay open."""
_CACHE_KIBIBYTES = 32_768
_ANALYSED = 400
"""Rows of each index that SQLite looks at for its statistics; its documentation advises so many."""
_LOG_PAGES = 8_000
"""How long SQLite's log grows before it is written back: indexes are written all over the file."""

_Lock = tuple[TextClause, dict[str, Any]]
_EXCLUDE = text("SELECT pg_advisory_xact_lock(:turn)")
_SHARE = text("SELECT pg_advisory_xact_lock_shared(:turn)")
_EXCLUDE_ACCOUNTS = text(
    "SELECT pg_advisory_xact_lock(:kind, stripe) FROM unnest(CAST(:stripes AS integer[])) stripe"
)

_OLDEST_OF_OTHERS = text(
    "SELECT extract(epoch FROM clock_timestamp() - min(a.xact_start)) * 1000"
    " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = 0"
    " AND l.objid = :turn AND l.database = (SELECT oid FROM pg_database"
    " WHERE datname = current_database()) AND a.application_name <> :own"
)
"""Milliseconds since the oldest transaction began that another process writes in just now."""


class _Compiler(SQLiteCompiler):
    """Writes hints into statements, which SQLAlchemy's own compiler leaves out for SQLite."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:
        """A hint as it is: `INDEXED BY name`."""
        return text


class Store:
    """A database that is open: `read` and `write` give a connection inside a transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._turns: list[int] = []
        # SQLite writes the whole log back when its last connection closes: one stays open.
        self._kept = engine.raw_connection() if self.is_sqlite else None

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @property
    def _locks(self) -> Path:
        """Where the files lie that processes of an embedded database lock."""
        return Path(str(self.engine.url.database)).with_name("locks")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading: one consistent view for as long as it is held."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, accounts: Iterable[str] | None = None) -> Iterator[Connection]:
        """A connection for one transaction: all of it commits, or nothing.

        Writers take turns on both databases, so what one reads stays true until it commits, and
        none fails because another came between. Who writes to nothing but the findings, coverage,
        resources and tasks of some `accounts` takes turns with writers to those accounts and with
        writers to everything; on PostgreSQL others may write to other accounts meanwhile.
        """
        if accounts is None:
            locks: list[_Lock] = [(_EXCLUDE, {"turn": TURN})]
        else:
            # All take them in one order, so that no two wait for each other.
            stripes = sorted({zlib.crc32(each.encode()) % _STRIPES for each in accounts})
            locks = [
                (_SHARE, {"turn": TURN}),
                (_EXCLUDE_ACCOUNTS, {"kind": _OF_ACCOUNT, "stripes": stripes}),
            ]
        with self._writing(locks) as connection:
            yield connection

    @contextmanager
    def claim(self) -> Iterator[Connection]:
        """A transaction for taking tasks: takers take turns, others write meanwhile."""
        with self._writing([(_SHARE, {"turn": TURN}), (_EXCLUDE, {"turn": _CLAIM})]) as connection:
            yield connection

    @contextmanager
    def _writing(self, locks: list[_Lock]) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection.execution_options(immediate=True)
            else:
                # The turn may be long in coming: what is read after it must be of then.
                connection.execution_options(isolation_level="READ COMMITTED")
            since = None
            try:
                with connection.begin():
                    if not self.is_sqlite:
                        for lock, numbers in locks:
                            connection.execute(lock, numbers)
                    since = time.time_ns() // 1_000_000
                    self._turns.append(since)
                    yield connection
            finally:
                if since is not None:
                    self._turns.remove(since)

    def settled(self, now: int) -> int:
        """The latest moment up to `now` that nobody is writing about.

        A writer dates what it writes after its turn came; until it commits, a list that showed the
        present would see it appear between two of its pages. Epoch milliseconds. On PostgreSQL
        other processes are asked for too, by the server's clock alone; SQLite's are not.
        """
        moments = [now, *(since - 1 for since in self._turns)]
        if not self.is_sqlite:
            with self.read() as connection:
                age = connection.execute(
                    _OLDEST_OF_OTHERS, {"turn": TURN, "own": _PROCESS}
                ).scalar()
            if age is not None:
                moments.append(now - int(age) - 1)
        return min(moments)

    @contextmanager
    def append(self) -> Iterator[Connection]:
        """A connection for writing new rows of a log, which waits for no turn on PostgreSQL."""
        if self.is_sqlite:
            with self.write() as connection:
                yield connection
        else:
            with self.engine.connect() as connection, connection.begin():
                yield connection

    @contextmanager
    def alone(self, what: str) -> Iterator[bool]:
        """Whether no other process does something just now; nobody else will while this is held.

        On PostgreSQL the lock goes with its connection, and that of a file with its process: the
        dead hold none.
        """
        if self.is_sqlite:
            with file_lock(self._locks, what, wait=False) as taken:
                yield taken
            return
        number = _number(what)
        with self.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            taken = connection.execute(
                text("SELECT pg_try_advisory_lock(:number)"), {"number": number}
            ).scalar_one()
            try:
                yield bool(taken)
            finally:
                if taken:
                    connection.execute(
                        text("SELECT pg_advisory_unlock(:number)"), {"number": number}
                    )

    @contextmanager
    def turns(self, names: Collection[str]) -> Iterator[None]:
        """Hold several things at once, waiting for all that another process holds of them.

        They are taken in one order, so that two who want the same never wait for each other. The
        dead hold nothing (`alone`).
        """
        if self.is_sqlite or not names:
            with ExitStack() as held:
                for name in sorted(names):
                    held.enter_context(file_lock(self._locks, name))
                yield
            return
        numbers = sorted({_number(name) for name in names})
        with self.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            try:
                for number in numbers:
                    connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": number})
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock_all()"))

    def optimize(self) -> None:
        """Let SQLite renew the statistics of its planner; PostgreSQL does so by itself."""
        if self.is_sqlite:
            with self.write() as connection:
                # Not `PRAGMA optimize`, which before SQLite 3.46 renews nothing here. Limited, it
                # takes a quarter of a second for a million findings.
                connection.exec_driver_sql(f"PRAGMA analysis_limit={_ANALYSED}")
                connection.exec_driver_sql("ANALYZE")

    def close(self) -> None:
        """Give back all connections."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        self.engine.dispose()


def _number(name: str) -> int:
    """The number of PostgreSQL's lock for a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def open_store(location: str | Path) -> Store:
    """Open a folder (SQLite) or a `postgresql://` address, with its tables up to date.

    Raises `DatabaseError` when it cannot be reached or used.
    """
    place = str(location)
    engine = _postgresql(place) if place.startswith("postgresql") else _sqlite(Path(place))
    try:
        upgrade(engine)
    except OperationalError as error:
        shown = engine.url.render_as_string(hide_password=True)
        raise DatabaseError(f"{shown}: {' '.join(str(error.orig).split())}") from error
    return Store(engine)


def _postgresql(address: str) -> Engine:
    url = make_url(address).set(drivername="postgresql+psycopg")
    engine = create_engine(
        url,
        pool_size=_CONNECTIONS,
        max_overflow=24,
        isolation_level="REPEATABLE READ",
        connect_args={"application_name": _PROCESS},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        from psycopg.types.string import StrDumper

        class WithoutNul(StrDumper):
            """PostgreSQL's text holds no NUL, which hostile names may have."""

            def dump(self, obj: str) -> Any:
                return super().dump(obj.replace("\0", "\ufffd"))

        connection.adapters.register_dumper(str, WithoutNul)

    return engine


def _sqlite(folder: Path) -> Engine:
    folder.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        f"sqlite:///{folder / FILE_NAME}",
        # Opening one costs a millisecond, and it forgets what it has read.
        poolclass=QueuePool,
        pool_size=_CONNECTIONS,
        max_overflow=-1,
        connect_args={"timeout": BUSY_MILLISECONDS / 1000, "check_same_thread": False},
    )

    engine.dialect.statement_compiler = _Compiler

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: `begin` below says which kind.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
            f"cache_size=-{_CACHE_KIBIBYTES}",
            f"wal_autocheckpoint={_LOG_PAGES}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer that starts as a reader can fail when it turns into a writer.
        immediate = connection.get_execution_options().get("immediate")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine
