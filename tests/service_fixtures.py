"""A store on each database: SQLite in a folder, and a real PostgreSQL server of our own."""

import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from openinspector.store import Store, open_store

_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/local/bin", "/usr/bin")


def postgresql_programs() -> Path | None:
    """The folder of PostgreSQL's server programs; the newest version that there is."""
    for place in _PLACES:
        root = Path("/")
        for folder in sorted(root.glob(place.lstrip("/")), reverse=True):
            if (folder / "initdb").exists() and (folder / "postgres").exists():
                return folder
    return None


def _as_user() -> list[str]:
    """PostgreSQL does not run as root: then it runs as its own user."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


@contextmanager
def postgresql_server(programs: Path) -> Iterator[str]:
    """A server of our own for as long as it is needed: its address, without a database's name."""
    folder = Path("/tmp") / f"openinspector-postgresql-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    subprocess.run(
        [*_as_user(), programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust",
         "-E", "UTF8", "--no-sync"],
        check=True, capture_output=True,
    )  # fmt: skip
    options = f"-p {port} -k {folder} -h 127.0.0.1 -F -c max_connections=200"
    control = [*_as_user(), programs / "pg_ctl", "-D", data, "-w", "-o", options]
    subprocess.run([*control, "-l", folder / "log", "start"], check=True, capture_output=True)
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a running server, without a database's name."""
    programs = postgresql_programs()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed, and CI must have it")
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with postgresql_server(programs) as address:
        yield address


@contextmanager
def new_database(postgresql: str) -> Iterator[str]:
    """The address of an empty database of a server, dropped afterwards."""
    import psycopg

    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(f"{postgresql}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield f"{postgresql}/{name}"
    with psycopg.connect(f"{postgresql}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def postgresql_database(postgresql: str) -> Iterator[str]:
    """The address of an empty database, dropped afterwards."""
    with new_database(postgresql) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store; every test that uses it runs on both databases."""
    if request.param == "sqlite":
        opened = open_store(tmp_path / "store")
    else:
        opened = open_store(request.getfixturevalue("postgresql_database"))
    yield opened
    opened.close()
