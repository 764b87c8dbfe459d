"""Opening the database, and doing a thing alone."""

import threading

import pytest

from openinspector.store import Store, open_store


def test_one_does_it_alone(store: Store) -> None:
    if store.is_sqlite:
        with store.alone("x") as first:
            assert first
        return
    other = open_store(store.engine.url.render_as_string(hide_password=False))
    with store.alone("x") as first, other.alone("x") as second, other.alone("y") as third:
        assert (first, second, third) == (True, False, True)
    with other.alone("x") as again:
        assert again
    other.close()


def test_who_wants_what_another_process_holds_waits_for_it(store: Store) -> None:
    if store.is_sqlite:
        with store.turns(["a"]), store.turns(["a"]):
            return  # It has one service, whose threads see to it themselves.
    began, done, order = threading.Event(), threading.Event(), []

    def second() -> None:
        began.set()
        with store.turns(["c", "b"]):
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


def test_turns_are_given_back_when_something_breaks(store: Store) -> None:
    with pytest.raises(ValueError, match="broken"), store.turns(["a"]):
        raise ValueError("broken")
    with store.turns(["a"]):
        pass
