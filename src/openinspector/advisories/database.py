"""The advisory database: opened read-only, asked by package or by vulnerability."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from openinspector.advisories import dates, schema
from openinspector.advisories.affected import Packages
from openinspector.advisories.describe import AdvisoryDetails, Describer, Found, Info
from openinspector.advisories.folded import Vulnerabilities
from openinspector.model import AffectedPackage, DatabaseError, Vulnerability

_MAPPED = 1 << 30


class AdvisoryDatabase:
    """A compiled database; implements `model.Knowledge`. Use from one thread at a time.

    Every method raises `DatabaseError` when the file turns out to be damaged.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.path = path
        self._connection = connection
        self._packages = Packages(connection)
        self._vulnerabilities = Vulnerabilities(connection)
        self._describer = Describer(connection, self._vulnerabilities)

    @classmethod
    def open(cls, path: Path) -> AdvisoryDatabase:
        """Open a database, shared and read-only.

        Raises `DatabaseError`, saying what to do, when it is missing, foreign, of another version
        or damaged.
        """
        if not path.is_file():
            raise DatabaseError(
                f"there is no advisory database at {path}: run `openinspector db update`,"
                " or `openinspector db import FILE` where there is no internet"
            )
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1",
                uri=True,
                check_same_thread=False,
                isolation_level=None,
            )
        except sqlite3.Error as error:
            raise DatabaseError(f"cannot open {path}: {error}") from error
        database = cls(connection, path)
        try:
            with database._reading():
                schema.check(connection, path)
                connection.execute(f"PRAGMA mmap_size = {_MAPPED}")
                connection.execute("SELECT 1 FROM meta LIMIT 1").fetchone()
        except DatabaseError:
            connection.close()
            raise
        return database

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def __enter__(self) -> AdvisoryDatabase:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def affected(self, ecosystem: str, name: str) -> Sequence[AffectedPackage]:
        """All that is published of one package.

        `ecosystem` is with release (`Debian:12`); `name` may be written in any of the ecosystem's
        ways. Of one advisory that came through several feeds, the publisher's own counts, then
        the latest.
        """
        with self._reading():
            return self._packages.affected(ecosystem, name)

    def vulnerability(self, identity: str) -> Vulnerability | None:
        """The folded record of a vulnerability, by any identifier that leads to exactly one."""
        with self._reading():
            return self._vulnerabilities.vulnerability(identity)

    def knows(self, ecosystem: str) -> bool:
        """Whether any advisory of this ecosystem (with release) is held."""
        with self._reading():
            return ecosystem in self._packages.ecosystems

    @property
    def starter(self) -> bool:
        """Whether this is the small set that comes with the program."""
        with self._reading():
            return bool(self._describer.figure("starter"))

    @property
    def newest(self) -> str | None:
        """When any of its advisories was last changed (RFC 3339)."""
        with self._reading():
            return dates.text(self._describer.figure("newest"))

    def info(self) -> Info:
        """What the database holds; `starter` tells the small set that comes with the program."""
        with self._reading():
            return self._describer.info(str(self.path), self.path.stat().st_size)

    def search(self, text: str) -> Found:
        """Vulnerabilities by any identifier, in any letter case, else packages by name."""
        with self._reading():
            return self._describer.search(text)

    def advisory(self, identifier: str) -> list[AdvisoryDetails]:
        """An advisory whole, once for each source that brought it; empty where it is unknown."""
        with self._reading():
            return self._describer.advisories(identifier)

    def ecosystems(self) -> tuple[str, ...]:
        """Every ecosystem (with release) that advisories are held for, by name."""
        with self._reading():
            return tuple(sorted(self._packages.ecosystems))

    def verify(self) -> None:
        """Read the whole file and check that it is sound; raises `DatabaseError`."""
        with self._reading():
            (answer,) = self._connection.execute("PRAGMA quick_check").fetchone()
        if answer != "ok":
            raise DatabaseError(f"the advisory database {self.path} is damaged: {answer}")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Turn SQLite's complaints about the file into one that a user can act on."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise DatabaseError(
                f"the advisory database {self.path} is damaged ({error}): build it again with"
                " `openinspector db update` or import a good copy"
            ) from error
