"""Work that is to be done, kept until it is: a queue that survives whoever works on it.

A task is known by its kind, account, region and subject, and is there at most once. Who takes one
holds it for a while (its lease) and renews that; when the holder dies the lease runs out, and
another takes it over. What a task changes and that it is done commit together.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from openinspector.store.schema import Identity, Words, in_batches, metadata

task = Table(
    "task",
    metadata,
    Column("row_id", Identity, primary_key=True, autoincrement=True),
    Column("kind", Words, nullable=False),
    Column("account", Words, nullable=False),
    Column("region", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("worker", Words),
    Column("lease_until", BigInteger),
    Column("again_at", BigInteger),
    Column("trouble", Words),
    Column("changed_at", BigInteger, nullable=False),
)
_KEY = (task.c.kind, task.c.account, task.c.region, task.c.subject)
Index("uq_task", *_KEY, unique=True)
Index("ix_task_due", task.c.kind, task.c.due_at, task.c.row_id)
Index("ix_task_worker", task.c.worker, task.c.account)
Index("ix_task_subject", task.c.account, task.c.subject)

_BATCH = 500
_LONGEST_TROUBLE = 1000

State = Literal["running", "waiting", "queued", "failing"]


class TaskKey(msgspec.Struct, frozen=True):
    """What is to be done, to what; parts that do not apply are empty."""

    kind: str
    account: str = ""
    region: str = ""
    subject: str = ""


class Task(msgspec.Struct, frozen=True):
    """A task that somebody holds; `attempts` is how often it failed before."""

    row_id: int
    key: TaskKey
    attempts: int


class TaskState(msgspec.Struct, frozen=True):
    """One line of `status`: a task, how it stands, and what went wrong last."""

    key: TaskKey
    state: State
    due_at: int
    attempts: int
    worker: str | None
    trouble: str | None


def enqueue(connection: Connection, keys: Iterable[TaskKey], due_at: int, now: int) -> None:
    """Ask for tasks at a moment (epoch milliseconds), or earlier where they are due earlier.

    One that somebody works on right now is done once more afterwards: what it was asked for may
    have happened after it looked.
    """
    statement = _asking(_insert(connection), due_at)
    for batch in in_batches(dict.fromkeys(keys), _BATCH):
        connection.execute(
            statement,
            [
                {**msgspec.structs.asdict(key), "due_at": due_at, "attempts": 0, "changed_at": now}
                for key in batch
            ],
        )


def enqueue_selected(
    connection: Connection, kind: str, subjects: Select[tuple[str, str, str]], now: int
) -> int:
    """Ask now for tasks of one kind; the database tells account, region and subject of each.

    How many there are.
    """
    places = subjects.subquery()
    rows = select(
        literal(kind), *places.c, literal(now), literal(0), literal(now)
    ).where(true())  # fmt: skip  # without a condition SQLite takes ON CONFLICT for a join's
    names = ("kind", "account", "region", "subject", "due_at", "attempts", "changed_at")
    statement = _insert(connection).from_select(names, rows)
    return connection.execute(_asking(statement, now)).rowcount


def _insert(connection: Connection) -> Any:
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(task)


def _asking(statement: Any, due_at: int) -> Any:
    """What happens to a task that is there already."""
    held = task.c.worker.is_not(None)
    sooner = case((task.c.due_at > due_at, due_at), else_=task.c.due_at)
    return statement.on_conflict_do_update(
        index_elements=["kind", "account", "region", "subject"],
        set_={
            "again_at": case(
                (held & (func.coalesce(task.c.again_at, due_at) >= due_at), due_at),
                else_=task.c.again_at,
            ),
            "due_at": case((held, task.c.due_at), else_=sooner),
        },
    )


def enqueue_new(connection: Connection, keys: Iterable[TaskKey], now: int) -> None:
    """Ask for tasks now, those apart that are there already, whenever they are due."""
    rows = [
        {**msgspec.structs.asdict(key), "due_at": now, "attempts": 0, "changed_at": now}
        for key in dict.fromkeys(keys)
    ]
    for batch in in_batches(rows, _BATCH):
        connection.execute(_insert(connection).on_conflict_do_nothing(), batch)


def is_there(connection: Connection, key: TaskKey) -> bool:
    """Whether a task exists, whenever it is due."""
    t = task.c
    asked = select(t.row_id).where(
        t.kind == key.kind,
        t.account == key.account,
        t.region == key.region,
        t.subject == key.subject,
    )
    return connection.execute(asked).first() is not None


def claim(
    connection: Connection,
    worker: str,
    limit: int,
    most_per_account: int,
    now: int,
    lease: int,
    kinds: Sequence[str],
    resting: Collection[Task] = (),
) -> list[Task]:
    """Take tasks of some kinds that are due, those that wait longest first; also of the dead.

    No more than `most_per_account` of one account run at once, on all workers together; those
    apart that are `resting`, for they only wait to be written down. Call it within `Store.claim`:
    there takers take turns.
    """
    t = task.c
    held = connection.execute(
        select(t.account, func.count())
        .where(
            t.worker.is_not(None),
            t.lease_until >= now,
            t.kind.in_(kinds),
            t.row_id.not_in([each.row_id for each in resting]),
        )
        .group_by(t.account)
    )
    running: dict[str, int] = dict(iter(held))
    full = [account for account, count in running.items() if account and count >= most_per_account]
    waiting: list[tuple[int, Task]] = []
    for kind in kinds:
        waiting += _due(connection, kind, now, limit * 4, full)
    taken: list[Task] = []
    for _, each in sorted(waiting, key=lambda due: (due[0], due[1].row_id)):
        account = each.key.account
        if account and running.get(account, 0) >= most_per_account:
            continue
        running[account] = running.get(account, 0) + 1
        taken.append(each)
        if len(taken) == limit:
            break
    _hold(connection, [each.row_id for each in taken], worker, now, lease)
    return taken


def claim_batch(
    connection: Connection, worker: str, kind: str, limit: int, now: int, lease: int
) -> list[Task]:
    """Take many tasks of one kind that ask nothing of AWS, whatever accounts they are of."""
    taken = [each for _, each in _due(connection, kind, now, limit)]
    _hold(connection, [each.row_id for each in taken], worker, now, lease)
    return taken


_OLDEST_DUE = (
    select(task.c.due_at, task.c.row_id, *_KEY, task.c.attempts)
    .where(
        task.c.kind == bindparam("of"),
        task.c.due_at <= bindparam("now"),
        or_(task.c.worker.is_(None), task.c.lease_until < bindparam("now")),
        task.c.account.not_in(bindparam("full", expanding=True)),
    )
    .order_by(task.c.due_at, task.c.row_id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
"""Made once: it is asked for every kind, each time that a hand is free."""


def _due(
    connection: Connection, kind: str, now: int, limit: int, full: Sequence[str] = ()
) -> list[tuple[int, Task]]:
    """Tasks that anybody may take, each with the moment at which it is due."""
    rows = connection.execute(
        _OLDEST_DUE, {"of": kind, "now": now, "most": limit, "full": list(full)}
    )
    return [(row[0], Task(row[1], TaskKey(*row[2:6]), row[6])) for row in rows]


def _hold(connection: Connection, rows: Sequence[int], worker: str, now: int, lease: int) -> None:
    for batch in in_batches(rows, _BATCH):
        connection.execute(
            update(task)
            .where(task.c.row_id.in_(batch))
            .values(
                worker=worker,
                lease_until=now + lease,
                # Asked for while a dead one held it: this run is what was asked for.
                again_at=case((task.c.again_at > now, task.c.again_at)),
                changed_at=now,
            )
        )


def renew(connection: Connection, worker: str, now: int, lease: int) -> None:
    """Hold on to everything that a worker has."""
    connection.execute(update(task).where(task.c.worker == worker).values(lease_until=now + lease))


def workers(connection: Connection) -> list[str]:
    """Who holds tasks, living or dead."""
    held = task.c.worker
    return [
        str(name)
        for (name,) in connection.execute(select(held).where(held.is_not(None)).distinct())
    ]


def release(connection: Connection, names: Sequence[str], now: int) -> None:
    """Take the tasks of workers that are known to be dead from them, to be done by others."""
    connection.execute(
        update(task)
        .where(task.c.worker.in_(list(names)))
        .values(worker=None, lease_until=None, again_at=None, changed_at=now)
    )


def holds(connection: Connection, worker: str, each: Task) -> bool:
    """Whether a worker still has a task: another may have taken it for dead."""
    return each in still_held(connection, worker, [each])


def still_held(connection: Connection, worker: str, tasks: Iterable[Task]) -> set[Task]:
    """Those of some tasks that a worker still has."""
    t = task.c
    kept: set[Task] = set()
    for batch in in_batches(tasks, _BATCH):
        numbers = [each.row_id for each in batch]
        held = set(
            connection.execute(
                select(t.row_id).where(t.row_id.in_(numbers), t.worker == worker)
            ).scalars()
        )
        kept.update(each for each in batch if each.row_id in held)
    return kept


def finish(connection: Connection, each: Task, now: int, repeat_at: int | None = None) -> None:
    """A task is done: it goes, unless it was asked for again or is to be repeated."""
    finish_all(connection, {each: repeat_at}, now)


def finish_all(connection: Connection, done: Mapping[Task, int | None], now: int) -> None:
    """Tasks are done: each goes, unless it was asked for again or is to be repeated (then)."""
    t = task.c
    for batch in in_batches(done, _BATCH):
        numbers = [each.row_id for each in batch]
        asked = connection.execute(
            select(t.row_id, t.again_at).where(t.row_id.in_(numbers), t.again_at.is_not(None))
        )
        again: dict[int, int] = dict(iter(asked))
        due = {
            each.row_id: min(
                (at for at in (again.get(each.row_id), done[each]) if at is not None), default=None
            )
            for each in batch
        }
        over = [number for number, at in due.items() if at is None]
        if over:
            connection.execute(delete(task).where(t.row_id.in_(over)))
        repeated = [{"number": number, "at": at} for number, at in due.items() if at is not None]
        if repeated:
            connection.execute(
                update(task)
                .where(t.row_id == bindparam("number"))
                .values(
                    due_at=bindparam("at"), attempts=0, trouble=None, **_RELEASED, changed_at=now
                ),
                repeated,
            )


def fail(connection: Connection, each: Task, trouble: str, retry_at: int, now: int) -> None:
    """A task did not work: it is tried again at a moment, and says why meanwhile."""
    connection.execute(
        update(task)
        .where(task.c.row_id == each.row_id)
        .values(
            due_at=retry_at,
            attempts=each.attempts + 1,
            trouble=trouble[:_LONGEST_TROUBLE],
            **_RELEASED,
            changed_at=now,
        )
    )


_RELEASED = {"worker": None, "lease_until": None, "again_at": None}


def forget_tasks(
    connection: Connection, account: str, region: str, subjects: Iterable[str]
) -> None:
    """What was to be done with resources that are gone is not; a task that runs ends itself."""
    t = task.c
    for batch in in_batches(subjects, _BATCH):
        connection.execute(
            delete(task).where(
                t.account == account,
                t.region == region,
                t.subject.in_(batch),
                t.worker.is_(None),
            )
        )


def counts(connection: Connection, now: int) -> list[tuple[str, State, int]]:
    """How many tasks of each kind stand how."""
    state = _state(now)
    rows = connection.execute(
        select(task.c.kind, state, func.count()).group_by(task.c.kind, state).order_by(task.c.kind)
    )
    return [(kind, word, number) for kind, word, number in rows]


def in_trouble(connection: Connection, limit: int, now: int) -> list[TaskState]:
    """Tasks that failed and are tried again, the worst first."""
    t = task.c
    rows = connection.execute(
        select(*_KEY, _state(now), t.due_at, t.attempts, t.worker, t.trouble)
        .where(t.trouble.is_not(None))
        .order_by(t.attempts.desc(), t.row_id)
        .limit(limit)
    )
    return [TaskState(TaskKey(*row[:4]), *row[4:]) for row in rows]


def next_due(connection: Connection) -> int | None:
    """When the next task that nobody holds is due (epoch milliseconds)."""
    return connection.execute(
        select(func.min(task.c.due_at)).where(task.c.worker.is_(None))
    ).scalar()


def _state(now: int) -> ColumnElement[str]:
    t = task.c
    return case(
        (and_(t.worker.is_not(None), t.lease_until >= now), "running"),
        (t.trouble.is_not(None), "failing"),
        (t.due_at > now, "waiting"),
        else_="queued",
    )
