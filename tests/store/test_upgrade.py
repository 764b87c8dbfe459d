"""Migrations: they make what the code expects, on both databases, whole or not at all."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from openinspector.model import DatabaseError
from openinspector.store import Store, open_store
from openinspector.store.tables import metadata
from openinspector.store.upgrade import HEAD, revision, upgrade
from tests.store.killing import kill_when_half_done


def test_migrated_tables_are_those_of_the_code(store: Store) -> None:
    def expected(thing: object, name: str, kind: str, *_: object) -> bool:
        return not name.startswith(("staged_", "alembic_"))

    with store.engine.connect() as connection:
        assert revision(connection) == HEAD
        context = MigrationContext.configure(connection, opts={"include_object": expected})
        assert compare_metadata(context, metadata) == []


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        open_store(tmp_path).close()


def test_a_database_of_a_later_version_is_refused(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="later version"):
        upgrade(store.engine)


_UPGRADE = """
import sys
from alembic import op
from openinspector.store import open_store
real, count = op.create_table, 0
def slow(*arguments, **options):
    global count
    count += 1
    if count == 4:
        print("half", flush=True)
        import time; time.sleep(60)
    return real(*arguments, **options)
op.create_table = slow
open_store(sys.argv[1])
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_in_the_middle_it_leaves_nothing_half_done(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = str(tmp_path)
    if kind == "postgresql":
        place = request.getfixturevalue("postgresql_database")
    kill_when_half_done(_UPGRADE, place)
    time.sleep(0.2)
    store = open_store(place)
    with store.engine.connect() as connection:
        assert revision(connection) == HEAD
    store.close()


_OPEN = """
import sys
from alembic import command
from openinspector.store import open_store
real = command.upgrade
def slow(*arguments):
    # The others are waiting by then.
    import time; time.sleep(1)
    return real(*arguments)
command.upgrade = slow
open_store(sys.argv[1]).close()
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_processes_that_start_together_take_turns(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = tmp_path / "store" if kind == "sqlite" else None
    place = place or request.getfixturevalue("postgresql_database")
    command = [sys.executable, "-c", _OPEN, str(place)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    assert [each.communicate()[1].decode() for each in running] == ["", "", ""]
    assert [each.returncode for each in running] == [0, 0, 0]
