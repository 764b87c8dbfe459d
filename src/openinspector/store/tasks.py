"""Work that is to be done, kept until it is: a queue that survives whoever works on it.

A task is known by its kind, account, region and subject, and is there at most once. Who takes one
holds it for a while (its lease) and renews that; when the holder dies the lease runs out, and
another takes it over. What a task changes and that it is done commit together.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    Table,
    and_,
    case,
    delete,
    func,
    or_,
    select,
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
Index("ix_task_due", task.c.due_at)
Index("ix_task_worker", task.c.worker, task.c.account)

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
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(task)
    held = task.c.worker.is_not(None)
    sooner = case((task.c.due_at > due_at, due_at), else_=task.c.due_at)
    statement = statement.on_conflict_do_update(
        index_elements=["kind", "account", "region", "subject"],
        set_={
            "again_at": case(
                (held & (func.coalesce(task.c.again_at, due_at) >= due_at), due_at),
                else_=task.c.again_at,
            ),
            "due_at": case((held, task.c.due_at), else_=sooner),
        },
    )
    for batch in in_batches(dict.fromkeys(keys), _BATCH):
        connection.execute(
            statement,
            [
                {**msgspec.structs.asdict(key), "due_at": due_at, "attempts": 0, "changed_at": now}
                for key in batch
            ],
        )


def enqueue_new(connection: Connection, keys: Iterable[TaskKey], now: int) -> None:
    """Ask for tasks now, those apart that are there already, whenever they are due."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    rows = [
        {**msgspec.structs.asdict(key), "due_at": now, "attempts": 0, "changed_at": now}
        for key in dict.fromkeys(keys)
    ]
    for batch in in_batches(rows, _BATCH):
        connection.execute(dialect.insert(task).on_conflict_do_nothing(), batch)


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
) -> list[Task]:
    """Take tasks that are due, those that wait longest first; also those of the dead.

    No more than `most_per_account` of one account run at once, on all workers together. Call it
    within `Store.write`: there takers take turns.
    """
    t = task.c
    free = or_(t.worker.is_(None), t.lease_until < now)
    held = connection.execute(
        select(t.account, func.count())
        .where(t.worker.is_not(None), t.lease_until >= now)
        .group_by(t.account)
    )
    running: dict[str, int] = dict(iter(held))
    full = [account for account, count in running.items() if account and count >= most_per_account]
    query = select(t.row_id, *_KEY, t.attempts).where(t.due_at <= now, free)
    if full:
        query = query.where(t.account.not_in(full))
    taken: list[Task] = []
    for row in connection.execute(query.order_by(t.due_at, t.row_id).limit(limit * 4)):
        key = TaskKey(*row[1:5])
        if key.account and running.get(key.account, 0) >= most_per_account:
            continue
        running[key.account] = running.get(key.account, 0) + 1
        taken.append(Task(row[0], key, row[5]))
        if len(taken) == limit:
            break
    _hold(connection, [each.row_id for each in taken], worker, now, lease)
    return taken


def _hold(connection: Connection, rows: Sequence[int], worker: str, now: int, lease: int) -> None:
    if rows:
        connection.execute(
            update(task)
            .where(task.c.row_id.in_(rows))
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
    query = select(task.c.worker).where(task.c.row_id == each.row_id)
    return connection.execute(query).scalar() == worker


def finish(connection: Connection, each: Task, now: int, repeat_at: int | None = None) -> None:
    """A task is done: it goes, unless it was asked for again or is to be repeated."""
    t = task.c
    again = connection.execute(select(t.again_at).where(t.row_id == each.row_id)).scalar()
    due = min((at for at in (again, repeat_at) if at is not None), default=None)
    if due is None:
        connection.execute(delete(task).where(t.row_id == each.row_id))
        return
    connection.execute(
        update(task)
        .where(t.row_id == each.row_id)
        .values(due_at=due, attempts=0, trouble=None, **_RELEASED, changed_at=now)
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


def forget_tasks(connection: Connection, account: str, region: str, subject: str) -> None:
    """What was to be done with a resource is not, for it is gone; a task that runs ends itself."""
    t = task.c
    connection.execute(
        delete(task).where(
            t.account == account, t.region == region, t.subject == subject, t.worker.is_(None)
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
