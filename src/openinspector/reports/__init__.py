"""Reports: findings and inventories as documents for people and machines.

One module a format, each with `render(report)`; `FORMATS` is the table of them. A format is
imported when it is asked for.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openinspector.reports.report import Report

FORMATS: dict[str, str] = {
    "table": "openinspector.reports.table",
    "json": "openinspector.reports.json_format",
    "cyclonedx": "openinspector.reports.cyclonedx",
    "sarif": "openinspector.reports.sarif",
    "csv": "openinspector.reports.csv_format",
    "html": "openinspector.reports.html_page",
}
"""Name of a format and the module that renders it."""


def render(name: str, report: "Report", **options: Any) -> Iterator[bytes]:
    """A report in one of `FORMATS`, as pieces of UTF-8. `options` are those of the module's own.

    Raises `KeyError` for a name that is not in the table.
    """
    rendered = import_module(FORMATS[name]).render(report, **options)
    if isinstance(rendered, bytes):
        yield rendered
        return
    pieces = (rendered,) if isinstance(rendered, str) else rendered
    for piece in pieces:
        yield piece.encode("utf-8", "replace")
