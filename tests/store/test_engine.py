"""Opening the database, and doing a thing alone."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from openinspector.store import Store, open_store
from openinspector.store.records import put_record, record
from openinspector.store.schema import row_numbers


@pytest.fixture
def other(store: Store) -> Iterator[Store]:
    """The same database, opened once more, as another process does."""
    url = store.engine.url
    folder = None if url.database is None else Path(url.database).parent
    opened = open_store(
        str(folder) if store.is_sqlite else url.render_as_string(hide_password=False)
    )
    yield opened
    opened.close()


def test_one_does_it_alone(store: Store, other: Store) -> None:
    with store.alone("x") as first, other.alone("x") as second, other.alone("y") as third:
        assert (first, second, third) == (True, False, True)
    with other.alone("x") as again:
        assert again


def test_who_wants_what_another_process_holds_waits_for_it(store: Store, other: Store) -> None:
    began, done, order = threading.Event(), threading.Event(), []

    def second() -> None:
        began.set()
        with other.turns(["c", "b"]):
            order.append("second")
        done.set()

    with store.turns(["a", "b"]):
        thread = threading.Thread(target=second)
        thread.start()
        began.wait()
        assert not done.wait(0.5)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    with store.turns(["a", "b", "c"]):
        pass


def test_of_many_one_at_a_time_has_its_turn(store: Store) -> None:
    holders, most = 0, 0
    counting = threading.Lock()

    def take() -> None:
        nonlocal holders, most
        for _ in range(30):
            with store.turns(["a", "b"]):
                with counting:
                    holders += 1
                    most = max(most, holders)
                with counting:
                    holders -= 1

    threads = [threading.Thread(target=take) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (holders, most) == (0, 1)


def test_turns_are_given_back_when_something_breaks(store: Store) -> None:
    with pytest.raises(ValueError, match="broken"), store.turns(["a"]):
        raise ValueError("broken")
    with store.turns(["a"]):
        pass


@pytest.mark.parametrize(
    ("second", "waits"), [(["2" * 12], False), (["1" * 12], True), (None, True)]
)
def test_writers_wait_for_those_of_their_accounts(
    store: Store, second: list[str] | None, waits: bool
) -> None:
    if store.is_sqlite:
        return  # One writer at a time is all that it has.
    came = threading.Event()

    def write() -> None:
        with store.write(second):
            came.set()

    writer = threading.Thread(target=write)
    with store.write(["1" * 12]):
        writer.start()
        assert came.wait(0.5 if waits else 30) is not waits
    writer.join()
    assert came.is_set()


def test_row_numbers_are_drawn_once(store: Store) -> None:
    drawn: list[int] = []
    for _ in range(2):
        with store.write() as connection:
            numbers = row_numbers(connection, record, 3)
            connection.execute(
                record.insert(),
                [
                    {
                        "row_id": number,
                        "kind": "k",
                        "owner": "o",
                        "key": str(number),
                        "body": b"{}",
                        "valid_from": 1,
                    }
                    for number in numbers
                ],
            )
            put_record(connection, "k", "o", f"after {numbers[-1]}", {}, 1)
            drawn += numbers
    assert len(set(drawn)) == 6


def test_sqlite_knows_how_much_there_is_after_upkeep(store: Store) -> None:
    with store.write() as connection:
        for number in range(7):
            put_record(connection, "k", "o", str(number), {}, 1)
    store.optimize()
    if store.is_sqlite:
        with store.read() as connection:
            told = connection.execute(
                text("SELECT stat FROM sqlite_stat1 WHERE idx = 'ix_record_identity'")
            ).scalar_one()
        assert told.split()[0] == "7"


_WRITER = """
import sys
from openinspector.store import open_store
with open_store(sys.argv[1]).write(["111122223333"]):
    print("writing", flush=True)
    sys.stdin.readline()
"""


def test_what_another_process_writes_about_is_not_settled(postgresql_database: str) -> None:
    store = open_store(postgresql_database)
    now = time.time_ns() // 1_000_000
    assert store.settled(now) == now
    command = [sys.executable, "-c", _WRITER, postgresql_database]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdin
        assert writer.stdout
        assert writer.stdout.readline() == b"writing\n"
        began = time.time_ns() // 1_000_000
        time.sleep(0.2)
        now = time.time_ns() // 1_000_000
        assert store.settled(now) < began
        writer.communicate(b"\n")
    assert store.settled(now) == now
    with store.write():
        assert store.settled(now) <= now
    store.close()
