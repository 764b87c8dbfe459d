"""The queue: nothing is done twice at once, nothing is lost, whoever dies."""

from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from openinspector.store import Store, open_store
from openinspector.store.tasks import (
    Task,
    TaskKey,
    claim,
    counts,
    enqueue,
    fail,
    finish,
    forget_tasks,
    holds,
    in_trouble,
    next_due,
    release,
    renew,
    workers,
)

LEASE = 100
SCAN = TaskKey("scan", "1" * 12, "us-east-1", "i-1")


def take(store: Store, worker: str, now: int, limit: int = 10, each: int = 10) -> list[Task]:
    with store.write() as connection:
        return claim(connection, worker, limit, each, now, LEASE, ("scan", "k"))


def test_a_task_is_taken_once_and_goes_when_it_is_done(store: Store) -> None:
    with store.write() as connection:
        enqueue(connection, [SCAN, SCAN], 10, 1)
    assert take(store, "a", 9) == []
    (mine,) = take(store, "a", 10)
    assert mine.key == SCAN
    assert take(store, "b", 11) == []
    with store.write() as connection:
        finish(connection, mine, 12)
        assert next_due(connection) is None
        assert counts(connection, 12) == []


def test_asked_for_again_while_it_runs_it_runs_again(store: Store) -> None:
    with store.write() as connection:
        enqueue(connection, [SCAN], 10, 1)
    (mine,) = take(store, "a", 10)
    with store.write() as connection:
        enqueue(connection, [SCAN], 20, 15)
        finish(connection, mine, 16)
    assert take(store, "a", 19) == []
    (again,) = take(store, "a", 20)
    with store.write() as connection:
        finish(connection, again, 21, repeat_at=50)
        assert next_due(connection) == 50


def test_the_tasks_of_the_dead_are_taken_over(store: Store) -> None:
    with store.write() as connection:
        enqueue(connection, [SCAN], 0, 0)
    (theirs,) = take(store, "dead", 0)
    with store.write() as connection:
        renew(connection, "dead", 50, LEASE)
    assert take(store, "alive", 149) == []
    (mine,) = take(store, "alive", 151)
    assert mine.key == theirs.key
    with store.read() as connection:
        assert holds(connection, "alive", mine)
        assert not holds(connection, "dead", theirs)


def test_what_the_dead_are_known_to_hold_is_free_at_once(store: Store) -> None:
    with store.write() as connection:
        enqueue(connection, [SCAN], 0, 0)
    take(store, "dead", 0)
    with store.write() as connection:
        assert workers(connection) == ["dead"]
        release(connection, ["dead"], 1)
    assert len(take(store, "alive", 1)) == 1


def test_what_fails_says_why_and_is_tried_again(store: Store) -> None:
    with store.write() as connection:
        enqueue(connection, [SCAN], 0, 0)
    (mine,) = take(store, "a", 0)
    with store.write() as connection:
        fail(connection, mine, "throttled", 40, 1)
        (told,) = in_trouble(connection, 5, 1)
        assert (told.key, told.trouble, told.attempts, told.state) == (
            *(SCAN, "throttled", 1, "failing"),
        )
    assert take(store, "a", 39) == []
    assert take(store, "a", 40)[0].attempts == 1


def test_one_account_does_not_take_all_hands(store: Store) -> None:
    with store.write() as connection:
        enqueue(connection, [TaskKey("scan", "1" * 12, "", str(n)) for n in range(5)], 0, 0)
        enqueue(connection, [TaskKey("scan", "2" * 12, "", str(n)) for n in range(5)], 1, 0)
    taken = take(store, "a", 5, limit=10, each=2)
    assert sorted(each.key.account for each in taken) == ["1" * 12] * 2 + ["2" * 12] * 2
    assert take(store, "b", 5, limit=10, each=2) == []


def test_what_is_gone_is_not_scanned(store: Store) -> None:
    with store.write() as connection:
        enqueue(connection, [SCAN], 0, 0)
        forget_tasks(connection, SCAN.account, SCAN.region, [SCAN.subject])
    assert take(store, "a", 5) == []


class Queue(RuleBasedStateMachine):
    """Against a dictionary: who asks is served afterwards, by one worker at a time."""

    store: Store

    def __init__(self) -> None:
        super().__init__()
        with self.store.write() as connection:
            connection.exec_driver_sql("DELETE FROM task")
        self.now = 0
        self.asked: dict[str, int] = {}
        self.held: dict[str, tuple[str, Task, int, int]] = {}

    @rule(name=st.sampled_from("abc"), later=st.integers(0, 50))
    def ask(self, name: str, later: int) -> None:
        with self.store.write() as connection:
            enqueue(connection, [TaskKey("k", subject=name)], self.now + later, self.now)
        self.asked[name] = min(self.asked.get(name, 1 << 60), self.now + later)

    @rule(by=st.integers(1, 150))
    def wait(self, by: int) -> None:
        self.now += by

    @rule(worker=st.sampled_from("xy"))
    def work(self, worker: str) -> None:
        for each in take(self.store, worker, self.now):
            name = each.key.subject
            held = self.held.get(name)
            assert held is None or held[2] < self.now, "taken while another holds it"
            due = min([self.asked.get(name, 1 << 60)] + ([held[3]] if held else []))
            assert due <= self.now, "taken before it was due"
            self.held[name] = (worker, each, self.now + LEASE, due)
            if held is None or self.asked.get(name, 0) <= self.now:
                self.asked.pop(name, None)

    @rule(name=st.sampled_from("abc"))
    def done(self, name: str) -> None:
        held = self.held.get(name)
        if held is not None and held[2] >= self.now:
            with self.store.write() as connection:
                assert holds(connection, held[0], held[1])
                finish(connection, held[1], self.now)
            del self.held[name]

    @invariant()
    def nothing_is_lost(self) -> None:
        with self.store.read() as connection:
            rows = connection.exec_driver_sql("SELECT subject FROM task").scalars().all()
        assert set(rows) == set(self.asked) | set(self.held)


def test_nothing_is_lost_or_done_twice(store: Store) -> None:
    machine = type("Machine", (Queue,), {"store": store})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60 if store.is_sqlite else 15,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_a_queue_outlives_its_process(tmp_path: Path) -> None:
    for first in (True, False):
        store = open_store(tmp_path)
        if first:
            with store.write() as connection:
                enqueue(connection, [SCAN], 0, 0)
        else:
            assert [each.key for each in take(store, "next", 0)] == [SCAN]
        store.close()
