"""Dates of advisories: RFC 3339 text outside, whole seconds since 1970 (UTC) in the database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache

_EPOCH = date(1970, 1, 1).toordinal()

_EARLIEST = 315532800
"""1980: publishers write year 1 or 1970 for "unknown"."""


def seconds(text: str | None) -> int | None:
    """Read a date; None where it is absent, unreadable or not meant."""
    if not text or len(text) > 40:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        value = int(moment.timestamp())
    except (OverflowError, ValueError):
        return None
    return value if value >= _EARLIEST else None


def text(value: int | None) -> str | None:
    """Write a date as RFC 3339 in UTC (`2021-12-10T00:00:00Z`)."""
    if value is None:
        return None
    days, rest = divmod(value, 86400)
    minutes, second = divmod(rest, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_day(days)}T{hour:02}:{minute:02}:{second:02}Z"


@lru_cache(maxsize=1 << 14)
def _day(days: int) -> str:
    return date.fromordinal(_EPOCH + days).isoformat()
