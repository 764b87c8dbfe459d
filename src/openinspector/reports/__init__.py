"""Reports: findings and inventories as documents for people and machines.

One module a format, each with `render(report)`; `FORMATS` is the table of them. A format is
imported when it is asked for.
"""

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
    "html": "openinspector.reports.html",
}
"""Name of a format and the module that renders it."""


def render(name: str, report: "Report", **options: Any) -> bytes:
    """A report in one of `FORMATS`, in UTF-8. `options` are those of the module's own.

    Raises `KeyError` for a name that is not in the table.
    """
    rendered: str | bytes = import_module(FORMATS[name]).render(report, **options)
    return rendered.encode() if isinstance(rendered, str) else rendered
