"""What all tables share: their metadata, and how a versioned row says when it was true."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import TEXT

_T = TypeVar("_T")

FOREVER = 2**62
"""`valid_to` of a row that is true now."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Identity = BigInteger().with_variant(Integer(), "sqlite")
"""A generated row number: SQLite numbers rows by itself only in a column of type INTEGER."""


Words = Text().with_variant(TEXT(collation="C"), "postgresql")
"""Text that both databases compare and sort by its bytes."""


def versioned() -> tuple[Column[int], Column[int]]:
    """The two columns of a row that changes over time, in epoch milliseconds."""
    return (
        Column("valid_from", BigInteger, nullable=False),
        Column("valid_to", BigInteger, nullable=False, default=FOREVER),
    )


def true_at(table: Table, at: int | None) -> ColumnElement[bool]:
    """The condition for rows that were true at a moment; None is now."""
    if at is None:
        return table.c.valid_to == FOREVER
    return (table.c.valid_from <= at) & (table.c.valid_to > at)


def in_batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Cut a stream into lists of at most `size`."""
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch


def milliseconds(seconds: float | None) -> int | None:
    """Epoch milliseconds of the API's epoch seconds."""
    return None if seconds is None else round(seconds * 1000)


def row_numbers(connection: Connection, table: Table, count: int) -> list[int]:
    """Row numbers that nobody else gets: whoever knows them beforehand inserts many rows at once.

    Call it within `Store.write`.
    """
    number = table.c.row_id
    if connection.dialect.name == "sqlite":
        last = connection.execute(select(func.coalesce(func.max(number), 0))).scalar_one()
        return list(range(last + 1, last + count + 1))
    drawn = func.nextval(func.pg_get_serial_sequence(table.name, number.name))
    series = func.generate_series(1, count).table_valued("each")
    return list(connection.execute(select(drawn).select_from(series)).scalars())
