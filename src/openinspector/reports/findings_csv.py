"""A findings report as CSV: the 55 columns of a real export (spec/exports.md 3), as a stream."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime

from openinspector.model.finding import Finding
from openinspector.reports.csv_format import COLUMNS, rows, safe

CHUNK = 64 * 1024
"""Characters, about."""


def findings_csv(findings: Iterable[Finding], now: datetime) -> Iterator[bytes]:
    """The header, then one line for each finding, in UTF-8; lines end with CRLF (RFC 4180).

    `now` (aware) is the moment that ages are counted to. Cells that a spreadsheet would run begin
    with an apostrophe, as in `csv_format`. No more than a chunk is held.
    """
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows(findings, now):
        writer.writerow(safe(row))
        if target.tell() >= CHUNK:
            yield target.getvalue().encode()
            target.seek(0)
            target.truncate()
    yield target.getvalue().encode()
