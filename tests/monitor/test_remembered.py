"""What several threads want at once is made once; a maker that fails keeps nobody from it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from openinspector.monitor.monitor import Remembered


def test_it_is_made_once_for_all_who_want_it() -> None:
    remembered: Remembered[str, int] = Remembered()
    made, all_there = [], threading.Barrier(8)

    def make() -> int:
        made.append(threading.get_ident())
        threading.Event().wait(0.2)
        return 5

    def want(_: int) -> int:
        all_there.wait()
        return remembered.get("key", make)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(want, range(8))) == {5}
    assert len(made) == 1


def test_another_one_makes_what_could_not_be_made() -> None:
    remembered: Remembered[str, int] = Remembered()
    began, let_go = threading.Event(), threading.Event()

    def fail() -> int:
        began.set()
        let_go.wait()
        raise ValueError("broken")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(remembered.get, "key", fail)
        began.wait()
        second = pool.submit(remembered.get, "key", lambda: 7)
        let_go.set()
        assert second.result() == 7
        with pytest.raises(ValueError, match="broken"):
            first.result()
    assert remembered.get("key", lambda: 8) == 7


def test_the_oldest_are_forgotten() -> None:
    remembered: Remembered[int, int] = Remembered()
    for number in range(300):
        assert remembered.get(number, lambda number=number: number) == number
    assert remembered.get(299, lambda: -1) == 299
    assert remembered.get(0, lambda: -1) == -1
