"""NVD: scores, weaknesses and affected applications of every CVE.

https://nvd.nist.gov/developers/vulnerabilities (API 2.0; the yearly files have the same form):

    {"format": "NVD_CVE", "version": "2.0", "vulnerabilities": [{"cve": {"id": "CVE-2021-23017",
      "published": "2021-06-01T13:15:07.853", "vulnStatus": "Analyzed",
      "descriptions": [{"lang": "en", "value": "..."}],
      "metrics": {"cvssMetricV31": [{"source": "nvd@nist.gov",
        "cvssData": {"vectorString": "CVSS:3.1/..."}}]},
      "weaknesses": [{"description": [{"lang": "en", "value": "CWE-193"}]}],
      "configurations": [{"nodes": [{"operator": "OR", "cpeMatch": [{"vulnerable": true,
        "criteria": "cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*",
        "versionStartIncluding": "0.6.18", "versionEndExcluding": "1.20.1"}]}]}],
      "references": [{"url": "...", "tags": ["Exploit"]}]}}]}

Applications become packages of the ecosystem `generic`, named `vendor/product`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from openinspector.advisories.feeds.base import FeedError, load
from openinspector.advisories.feeds.cpe import Configuration, affected
from openinspector.advisories.items import Item, digest
from openinspector.advisories.osv import Advisory, Malformed, Reference, Severity

_SOURCES = {
    "nvd@nist.gov": "NVD",
    "134c704f-9b21-4f2e-91b3-4a467353bcc0": "CISA-ADP",
    "security-advisories@github.com": "GITHUB",
}
_OTHER = "CNA"


class _Text(msgspec.Struct):
    lang: str = ""
    value: str = ""


class _CvssData(msgspec.Struct, rename="camel"):
    vector_string: str = ""


class _Metric(msgspec.Struct, rename="camel"):
    cvss_data: _CvssData
    source: str = ""


class _Weakness(msgspec.Struct):
    description: list[_Text] = []


class _Reference(msgspec.Struct):
    url: str = ""
    tags: list[str] | None = None


class _Cve(msgspec.Struct, rename="camel"):
    id: str
    published: str | None = None
    last_modified: str | None = None
    vuln_status: str = ""
    descriptions: list[_Text] = []
    metrics: dict[str, list[msgspec.Raw]] = {}
    weaknesses: list[_Weakness] | None = None
    configurations: list[Configuration] | None = None
    references: list[_Reference] | None = None


class _Entry(msgspec.Struct):
    cve: _Cve


class _Named(msgspec.Struct):
    id: str = ""


class _Keyed(msgspec.Struct):
    cve: _Named


class _Page(msgspec.Struct):
    vulnerabilities: list[msgspec.Raw]


_page = msgspec.json.Decoder(_Page)
_keyed = msgspec.json.Decoder(_Keyed)
_entry = msgspec.json.Decoder(_Entry)
_metric = msgspec.json.Decoder(_Metric)


def read(path: Path) -> Iterator[Item]:
    """The records of one page of the API, or of one file."""
    try:
        page = _page.decode(load(path))
        for raw in page.vulnerabilities:
            yield Item(_keyed.decode(raw).cve.id, digest(raw), _Loader(raw))
    except (msgspec.MsgspecError, RecursionError) as error:
        raise FeedError(f"is not of NVD's API 2.0: {error}") from None


class _Loader:
    """Reads one record when it is asked for."""

    __slots__ = ("_raw",)

    def __init__(self, raw: msgspec.Raw) -> None:
        self._raw = raw

    def __call__(self) -> Advisory:
        """Raises `Malformed`."""
        try:
            return _advisory(_entry.decode(self._raw).cve)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Malformed(f"is no record of NVD: {error}") from None


def _advisory(cve: _Cve) -> Advisory:
    return Advisory(
        id=cve.id,
        modified=cve.last_modified,
        published=cve.published,
        withdrawn=cve.last_modified or "rejected" if cve.vuln_status == "Rejected" else None,
        details=next((text.value for text in cve.descriptions if text.lang == "en"), None),
        severity=[_severity(each) for metrics in cve.metrics.values() for each in metrics],
        affected=affected(cve.configurations or []),
        references=[
            Reference(each.url, "EVIDENCE" if "Exploit" in (each.tags or ()) else "WEB")
            for each in cve.references or ()
        ],
        database_specific={
            "cwe_ids": [text.value for weak in cve.weaknesses or () for text in weak.description]
        },
    )


def _severity(raw: msgspec.Raw) -> Severity:
    """A CVSS vector with its publisher; metrics of other kinds (SSVC) have no vector."""
    try:
        metric = _metric.decode(raw)
    except msgspec.ValidationError:
        return Severity()
    return Severity("CVSS", metric.cvss_data.vector_string, _SOURCES.get(metric.source, _OTHER))
