"""FIRST's EPSS: how likely each CVE is to be exploited within 30 days.

https://www.first.org/epss/data_stats, one gzipped CSV a day:

    #model_version:v2025.03.14,score_date:2025-06-01T12:55:00Z
    cve,epss,percentile
    CVE-2021-44228,0.94358,0.99957
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from openinspector.advisories.feeds.base import FeedError
from openinspector.advisories.feeds.tables import lines
from openinspector.advisories.items import Epss

_DATE = re.compile(r"score_date:(\d{4}-\d\d-\d\d)", re.A)


def read(path: Path) -> Epss:
    """The day of the model and its rows, which are read as they are asked for."""
    rows = lines(path)
    first = next(rows, "")
    found = _DATE.search(first)
    header = next(rows, "") if first.startswith("#") else first
    if header.replace(" ", "") != "cve,epss,percentile":
        raise FeedError("is not a table of EPSS scores")
    return Epss(found[1] if found else "", _rows(rows))


def _rows(rows: Iterator[str]) -> Iterator[tuple[str, float, float]]:
    for row in csv.reader(rows):
        if len(row) == 3:
            yield row[0], _number(row[1]), _number(row[2])


def _number(text: str) -> float:
    """A number; what is none is out of range, and the compiler counts it."""
    try:
        return float(text)
    except ValueError:
        return -1.0
