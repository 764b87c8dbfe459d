"""The tables of the pages that must agree with the code.

`<!-- table: NAME -->` stands on the line before such a table. Columns that the code knows are made
here; the others are written by hand and kept, found again by the cell of the first column.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from openinspector.advisories.feeds import FEEDS
from openinspector.assess.score import severity_of_score
from openinspector.cli import exits
from openinspector.inventory.cataloger import Cataloger
from openinspector.inventory.catalogers import table as catalogers
from openinspector.inventory.distribution_table import ROWS
from openinspector.inventory.limits import DEFAULT_LIMITS, MEBIBYTE, Limits
from openinspector.reports.explanation import REASONS
from openinspector.versions.ecosystems import SCHEMES

BY_HAND = None
"""A cell that the page's author writes."""
UNWRITTEN = "(to be described)"

Cells = tuple[str | None, ...]
_TABLE = re.compile(r"<!-- table: (?P<name>[\w-]+) -->\n(?P<table>(?:\|[^\n]*\n)+)")


@dataclass(frozen=True)
class Table:
    """A table's headings, and a function that makes its rows."""

    headings: tuple[str, ...]
    rows: Callable[[], Iterable[Cells]]


def _code(*words: str) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _files(row: Cataloger) -> str:
    shown = _code(*(glob.removeprefix("**/") for glob in row.globs))
    if row.fold_case:
        shown += " (in any case)"
    if not row.magics:
        return shown
    kinds = {b"\x7fELF": "ELF", b"MZ": "PE"}
    formats = ", ".join(dict.fromkeys(kinds.get(magic[:4], "Mach-O") for magic in row.magics))
    programs = f"programs and shared libraries ({formats})"
    return f"{shown}, {programs}" if shown else programs


_PARTS = ("os-packages", "language-packages", "configuration")


def _catalogers() -> Iterable[Cells]:
    rows = [row for row in catalogers() if row.part != "applications"]
    for row in sorted(rows, key=lambda row: _PARTS.index(row.part)):
        yield _code(row.name), BY_HAND, _files(row), row.part


def _applications() -> Iterable[Cells]:
    for row in catalogers():
        if row.part == "applications":
            yield _code(row.name), _files(row)


def _feeds() -> Iterable[Cells]:
    for feed in FEEDS:
        fetched = "yes" if feed.default and feed.urls else "when named" if feed.urls else "no"
        yield _code(feed.name), feed.format, fetched, BY_HAND


def _distributions() -> Iterable[Cells]:
    for identifier, row in sorted(ROWS.items()):
        yield _code(identifier), row.name, row.kind or "not read", row.ecosystem, BY_HAND


def _limits() -> Iterable[Cells]:
    for field in msgspec.structs.fields(Limits):
        value = getattr(DEFAULT_LIMITS, field.name)
        whole = field.name.endswith("_bytes") and value % MEBIBYTE == 0
        shown = f"{value // MEBIBYTE:,} MiB" if whole else f"{value:,}"
        yield _code(field.name), shown, BY_HAND


def _reasons() -> Iterable[Cells]:
    for name, words in REASONS.items():
        yield _code(name), words


def _exit_codes() -> Iterable[Cells]:
    names = ("DONE", "FAIL_ON_REACHED", "UNUSABLE_TARGET", "UNUSABLE_DATABASE", "SCANNED_IN_PART")
    for name in (*names, "DEFECT", "INTERRUPTED"):
        yield str(getattr(exits, name)), BY_HAND


def _orders() -> Iterable[Cells]:
    schemes: dict[str, list[str]] = {}
    for ecosystem, scheme in SCHEMES.items():
        schemes.setdefault(scheme, []).append(ecosystem)
    for scheme, ecosystems in sorted(schemes.items()):
        yield _code(scheme), ", ".join(sorted(ecosystems)), BY_HAND


def _severities() -> Iterable[Cells]:
    tenths = [number / 10 for number in range(101)]
    for word in dict.fromkeys(severity_of_score(each) for each in reversed(tenths)):
        scores = [each for each in tenths if severity_of_score(each) == word]
        span = f"{scores[0]} to {scores[-1]}" if len(scores) > 1 else f"{scores[0]}"
        yield word, span


TABLES: dict[str, Table] = {
    "catalogers": Table(("Cataloger", "What it reads", "Files", "Part"), _catalogers),
    "applications": Table(("Cataloger", "Files"), _applications),
    "feeds": Table(("Feed", "Form", "Fetched by `db update`", "What it brings"), _feeds),
    "distributions": Table(
        ("ID", "Distribution", "Packages", "Judged as", "Advisories"), _distributions
    ),
    "limits": Table(("Limit", "Default", "What it bounds"), _limits),
    "reasons": Table(("Reason", "In words"), _reasons),
    "exit-codes": Table(("Code", "Meaning"), _exit_codes),
    "orders": Table(("Order", "Ecosystems", "After"), _orders),
    "severities": Table(("Severity", "CVSS v3 score"), _severities),
}


def found(text: str) -> dict[str, str]:
    """The marked tables of a page, by name."""
    return {match["name"]: match["table"] for match in _TABLE.finditer(text)}


def render(name: str, present: str) -> str:
    """The table as it should be; cells written by hand are taken from the present one."""
    table = TABLES[name]
    written: dict[str, list[list[str]]] = {}
    for line in present.splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        written.setdefault(cells[0], []).append(cells)
    lines = [_line(table.headings), "|" + "---|" * len(table.headings)]
    for row in table.rows():
        before = written.get(row[0] or "", [])
        known = before.pop(0) if before else []
        lines.append(
            _line(
                (known[place] if len(known) == len(row) else UNWRITTEN) if cell is BY_HAND else cell
                for place, cell in enumerate(row)
            )
        )
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def refreshed(text: str) -> str:
    """A page with its tables brought up to date."""
    return _TABLE.sub(
        lambda match: f"<!-- table: {match['name']} -->\n{render(match['name'], match['table'])}",
        text,
    )
