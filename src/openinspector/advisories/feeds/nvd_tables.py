"""CVSS vectors and weaknesses by CVE as plain tables.

    cve,version,vector,base_score,source        cve,cwe,source
    CVE-2021-44228,3.1,CVSS:3.1/AV:N/...,10.0,nvd    CVE-2021-44228,CWE-20,CNA apache

`source` is `nvd`, `GHSA`, `CISA-ADP`, `Red Hat CSAF` or `CNA <name>`; `<publisher> via <list>`
names the publisher and where its word was found. Rows of one CVE follow each other.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from openinspector.advisories.feeds.base import FeedError
from openinspector.advisories.feeds.tables import lines
from openinspector.advisories.items import Item, of_advisory
from openinspector.advisories.osv import Advisory, Severity

SCORES = "cve,version,vector,base_score,source"
WEAKNESSES = "cve,cwe,source"

_SOURCES = {
    "nvd": "NVD",
    "ghsa": "GITHUB",
    "cisa-adp": "CISA-ADP",
    "red hat csaf": "REDHAT_CVE",
}
_OTHER = "CNA"
_FIRST = ("NVD", "GITHUB")


def read(path: Path) -> Iterator[Item]:
    """One record for each CVE of the table."""
    rows = lines(path)
    header = next(rows, "").replace(" ", "")
    if header not in (SCORES, WEAKNESSES):
        raise FeedError("is no table of scores or weaknesses")
    convert = _scores if header == SCORES else _weaknesses
    for cve, group in groupby(csv.reader(rows), itemgetter(0)):
        yield of_advisory(convert(cve, group))


def source_word(text: str) -> str:
    """Inspector's word for a publisher: `nvd via ubuntu-cve-tracker` is NVD."""
    return _SOURCES.get(text.partition(" via ")[0].strip().lower(), _OTHER)


def _scores(cve: str, rows: Iterable[list[str]]) -> Advisory:
    found = {
        (source_word(row[4]), row[2]): Severity(f"CVSS_V{row[1][:1]}", row[2], source_word(row[4]))
        for row in rows
        if len(row) == 5
    }
    severity = sorted(found.values(), key=lambda each: (each.source not in _FIRST, each.type))
    return Advisory(id=cve, severity=severity)


def _weaknesses(cve: str, rows: Iterable[list[str]]) -> Advisory:
    cwes = list(dict.fromkeys(row[1] for row in rows if len(row) == 3))
    return Advisory(id=cve, database_specific={"cwe_ids": cwes})
