"""A writer that dies in the middle of its transaction leaves nothing, and blocks nobody."""

import os

import pytest

from openinspector.store import open_store
from openinspector.store.records import get_record, put_record
from tests.store.killing import kill_when_half_done

_WRITE = """
import sys, time
from openinspector.model import Inventory, Package, Target
from openinspector.store import open_store
from openinspector.store.packages import bind_inventory, put_inventory
from openinspector.store.records import put_record
store = open_store(sys.argv[1])
with store.write() as connection:
    put_record(connection, "k", "o", "whole", {"n": 1}, 1)
with store.write() as connection:
    put_record(connection, "k", "o", "whole", {"n": 2}, 2)
    put_record(connection, "k", "o", "half", {"n": 2}, 2)
    package = Package("npm", "a", "1", "pkg:npm/a@1", None, "c", "c")
    digest = put_inventory(connection, Inventory(Target("image", "x"), (package,)))
    bind_inventory(connection, "111122223333", "r", digest, 2)
    print("half", flush=True)
    time.sleep(60)
"""


_HOLD = """
import sys, time
from openinspector.store import open_store
store = open_store(sys.argv[1])
with store.turns(["layer a", "layer b"]), store.alone("c"):
    print("half", flush=True)
    time.sleep(60)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: os.PathLike[str]) -> str:
    if request.param == "sqlite":
        return str(tmp_path)
    return str(request.getfixturevalue("postgresql_database"))


def test_what_a_killed_one_had_turns_of_is_others(place: str) -> None:
    kill_when_half_done(_HOLD, place)
    store = open_store(place)
    with store.turns(["layer b", "layer c"]), store.alone("c") as alone:
        assert alone
    store.close()


def test_a_killed_writer_leaves_what_was_committed(place: str) -> None:
    kill_when_half_done(_WRITE, place)
    store = open_store(place)
    with store.write() as connection:
        put_record(connection, "k", "o", "after", {"n": 3}, 3)
    with store.read() as connection:
        assert get_record(connection, "k", "o", "whole") == {"n": 1}
        assert get_record(connection, "k", "o", "half") is None
        assert get_record(connection, "k", "o", "after") == {"n": 3}
        for table in ("inventory", "package_version", "inventory_package", "resource_inventory"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0
    store.close()
