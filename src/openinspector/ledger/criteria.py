"""Criteria over findings, in SQL and in memory, with one meaning.

Between fields: all must hold. Within one: any of EQUALS and PREFIX, none of NOT_EQUALS, any of
several ranges. Of what a finding has several of, one element suffices for a positive comparison and
none may match for a negated one. What a finding lacks fails positive comparisons and passes negated
ones (spec/filters-and-suppression.md 2.1).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, not_, or_, select, true

from openinspector.ledger.fields import (
    FIELDS,
    PACKAGE_FIELDS,
    Absent,
    Constant,
    Field,
    Packages,
    Ports,
    Scalar,
    Several,
)
from openinspector.model.finding import Finding
from openinspector.store.findings import (
    SEVERITY_RANK,
    finding,
    finding_package,
    finding_value,
    package_rows,
    scalar_columns,
    value_rows,
)

Criteria = Mapping[str, Sequence[Mapping[str, Any]]]
"""The API's `FilterCriteria` (or another structure of the same kind), as parsed."""

_NEGATED = "NOT_EQUALS"
_BOUNDS = {
    "number": ("lowerInclusive", "upperInclusive", 1),
    "date": ("startInclusive", "endInclusive", 1000),
    "ports": ("beginInclusive", "endInclusive", 1),
}
"""Names of a range's sides, and what the API's unit is in ours (dates: milliseconds)."""


_SURROGATES, _AFTER_SURROGATES, _LAST = 0xD800, 0xE000, 0x10FFFF
"""Code points: the first surrogate, the first after them, the last of all."""


# --- in SQL --------------------------------------------------------------------------------------


def condition(criteria: Criteria, *, one_by_one: bool = False) -> ColumnElement[bool]:
    """The condition on `finding` for findings that meet all criteria.

    `one_by_one`: it will be asked of findings in turn until there are enough of them, not of all.
    """
    return and_(
        true(), *(_field_sql(FIELDS[name], tests, one_by_one) for name, tests in criteria.items())
    )


def _field_sql(
    field: Field, tests: Sequence[Mapping[str, Any]], one_by_one: bool
) -> ColumnElement[bool]:
    def some(name: str, test: ColumnElement[bool]) -> ColumnElement[bool]:
        return _value_exists(name, test, one_by_one)

    match field:
        case Scalar("string", "severity"):
            return severity_sql(tests)
        case Scalar(kind, column):
            return value_sql(kind, finding.c[column], tests)
        case Several("map", name):
            key, value = finding_value.c.key, finding_value.c.value
            return or_(*(some(name, tag_sql(key, value, test)) for test in tests))
        case Several(_, name):
            return combine(tests, lambda test: some(name, text_sql(finding_value.c.value, test)))
        case Constant(_, value):
            return true() if strings_hold(value, tests) else false()
        case Absent(kind):
            negated = kind == "string" and strings_hold(None, tests)
            return true() if negated else false()
        case Ports():
            return or_(*map(ports_sql, tests))
        case Packages():
            return or_(*map(package_sql, tests))


def severity_sql(tests: Sequence[Mapping[str, Any]]) -> ColumnElement[bool]:
    """By rank, which lists are sorted by: mild ones are then found without passing the worse."""
    ranks = [rank for word, rank in SEVERITY_RANK.items() if strings_hold(word, tests)]
    if len(ranks) == 1:
        return finding.c.severity_rank == ranks[0]
    return finding.c.severity_rank.in_(ranks)


def value_sql(
    kind: str, column: ColumnElement[Any], tests: Sequence[Mapping[str, Any]]
) -> ColumnElement[bool]:
    """The condition on one column for the tests of one field."""
    if kind == "string":
        return combine(tests, lambda test: and_(column.is_not(None), text_sql(column, test)))
    return or_(*(range_sql(kind, column, test) for test in tests))


def combine(
    tests: Sequence[Mapping[str, Any]],
    one: Callable[[Mapping[str, Any]], ColumnElement[bool]],
) -> ColumnElement[bool]:
    """Any of the positive tests, and none of the negated ones."""
    positive = [one(test) for test in positive_tests(tests)]
    negative = [not_(one(test)) for test in tests if test["comparison"] == _NEGATED]
    return and_(true(), *([or_(*positive)] if positive else []), *negative)


def positive_tests(tests: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of the tests of a text that say what it is, not what it is not."""
    return [test for test in tests if test["comparison"] != _NEGATED]


def text_sql(column: ColumnElement[Any], test: Mapping[str, Any]) -> ColumnElement[bool]:
    """Whether a column that is not NULL is, or begins with, the value of a test."""
    value: str = test["value"]
    if test["comparison"] == "PREFIX":
        # Not LIKE: its wildcards would have to be escaped, and SQLite's ignores case. The range is
        # for indexes; both databases compare by bytes, in whose order UTF-8 keeps code points.
        start: ColumnElement[str] = func.substr(column, 1, len(value))
        end = beyond_prefix(value)
        within = [column >= value] if end is None else [column >= value, column < end]
        return and_(*within, start == value)
    same: ColumnElement[bool] = column == value
    return same


def beyond_prefix(prefix: str) -> str | None:
    """The least text after all that begin with a prefix; None where there is none."""
    for length in range(len(prefix), 0, -1):
        last = ord(prefix[length - 1])
        if last < _LAST:
            # Between the two lie surrogates, which no text has.
            following = _AFTER_SURROGATES if last + 1 == _SURROGATES else last + 1
            return prefix[: length - 1] + chr(following)
    return None


def range_sql(
    kind: str, column: ColumnElement[Any], test: Mapping[str, Any]
) -> ColumnElement[bool]:
    """Whether a column lies in a closed range; a missing side is open."""
    low, high = bounds(kind, test)
    sides = [column.is_not(None)]
    if low is not None:
        sides.append(column >= low)
    if high is not None:
        sides.append(column <= high)
    return and_(*sides)


def bounds(kind: str, test: Mapping[str, Any]) -> tuple[Any, Any]:
    """The two sides of a range, in the unit of the store."""
    low_name, high_name, unit = _BOUNDS[kind]
    low, high = test.get(low_name), test.get(high_name)
    if unit == 1:
        return low, high
    return (
        None if low is None else round(low * unit),
        None if high is None else round(high * unit),
    )


def _value_exists(field: str, test: ColumnElement[bool], one_by_one: bool) -> ColumnElement[bool]:
    value = finding_value
    query = select(value.c.row_id).where(value.c.field == field, test)
    query = query.where(value.c.row_id == finding.c.row_id).correlate(finding)
    # The offset changes nothing but that PostgreSQL asks it of each finding: it would rather
    # collect all findings that have the value.
    return exists(query.offset(0) if one_by_one else query)


def tag_sql(
    key: ColumnElement[Any], value: ColumnElement[Any], test: Mapping[str, Any]
) -> ColumnElement[bool]:
    """Whether a tag has the key of a test and, where the test names one, its value."""
    named: ColumnElement[bool] = key == test["key"]
    return named if test.get("value") is None else and_(named, value == test["value"])


def ports_sql(test: Mapping[str, Any]) -> ColumnElement[bool]:
    """Whether the open ports of a finding overlap a range."""
    low, high = bounds("ports", test)
    sides = [finding.c.port_begin.is_not(None)]
    if low is not None:
        sides.append(finding.c.port_end >= low)
    if high is not None:
        sides.append(finding.c.port_begin <= high)
    return and_(*sides)


def package_sql(test: Mapping[str, Any]) -> ColumnElement[bool]:
    """Whether one package of a finding is as a test wants it."""
    columns = finding_package.c
    parts = [
        value_sql("number" if name == "epoch" else "string", columns[PACKAGE_FIELDS[name]], [part])
        for name, part in test.items()
    ]
    # Not EXISTS: the database should begin with the packages of a name, which are few.
    return finding.c.row_id.in_(select(columns.row_id).where(and_(true(), *parts)))


# --- in memory -----------------------------------------------------------------------------------


def matches(criteria: Criteria, each: Finding) -> bool:
    """Whether a finding meets all criteria."""
    if not criteria:
        return True
    scalars = scalar_columns(each)
    values = list(value_rows(each))
    packages = list(package_rows(each))
    return all(
        _field_holds(FIELDS[name], tests, scalars, values, packages)
        for name, tests in criteria.items()
    )


def _field_holds(
    field: Field,
    tests: Sequence[Mapping[str, Any]],
    scalars: Mapping[str, Any],
    values: Sequence[tuple[str, str, str]],
    packages: Sequence[Mapping[str, Any]],
) -> bool:
    match field:
        case Scalar(kind, column):
            return value_holds(kind, scalars[column], tests)
        case Several("map", name):
            tags = {key: value for each, key, value in values if each == name}
            return any(_tag_holds(tags, test) for test in tests)
        case Several(_, name):
            return any_string_holds([value for each, _, value in values if each == name], tests)
        case Constant(_, value):
            return strings_hold(value, tests)
        case Absent(kind):
            return kind == "string" and strings_hold(None, tests)
        case Ports():
            return any(_ports_hold(scalars, test) for test in tests)
        case Packages():
            return any(_package_holds(package, test) for package in packages for test in tests)


def value_holds(kind: str, value: Any, tests: Sequence[Mapping[str, Any]]) -> bool:
    """What `value_sql` says, of a value."""
    if kind == "string":
        return strings_hold(value, tests)
    return value is not None and any(_in_range(kind, value, test) for test in tests)


def strings_hold(value: str | None, tests: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a text, which may be missing, passes the tests of a field."""
    return any_string_holds([] if value is None else [value], tests)


def any_string_holds(values: Iterable[str], tests: Sequence[Mapping[str, Any]]) -> bool:
    """The same, of several texts: one suffices to pass, none may match a negated test."""
    values = list(values)
    positive = positive_tests(tests)
    negative = [test for test in tests if test["comparison"] == _NEGATED]
    if any(value == test["value"] for test in negative for value in values):
        return False
    return not positive or any(_is(value, test) for test in positive for value in values)


def _is(value: str, test: Mapping[str, Any]) -> bool:
    if test["comparison"] == "PREFIX":
        return value.startswith(test["value"])
    return bool(value == test["value"])


def _in_range(kind: str, value: Any, test: Mapping[str, Any]) -> bool:
    low, high = bounds(kind, test)
    return (low is None or value >= low) and (high is None or value <= high)


def _tag_holds(tags: Mapping[str, str], test: Mapping[str, Any]) -> bool:
    if test["key"] not in tags:
        return False
    return test.get("value") is None or tags[test["key"]] == test["value"]


def _ports_hold(scalars: Mapping[str, Any], test: Mapping[str, Any]) -> bool:
    begin, end = scalars["port_begin"], scalars["port_end"]
    if begin is None:
        return False
    low, high = bounds("ports", test)
    return (low is None or end >= low) and (high is None or begin <= high)


def _package_holds(package: Mapping[str, Any], test: Mapping[str, Any]) -> bool:
    return all(
        value_holds(
            "number" if name == "epoch" else "string", package[PACKAGE_FIELDS[name]], [part]
        )
        for name, part in test.items()
    )
