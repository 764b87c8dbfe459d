"""Ubuntu: Canonical's statuses of every CVE in every release.

Canonical's OSV feed (https://github.com/canonical/ubuntu-security-notices) is read by `osv_dev`;
this reads the JSON of https://ubuntu.com/security/cves.json, which says why something has no fix:

    {"cves": [{"id": "CVE-2022-0778", "status": "active", "priority": "high", "published": "...",
      "description": "...", "cvss3": 7.5,
      "impact": {"baseMetricV3": {"cvssV3": {"vectorString": "CVSS:3.1/..."}}},
      "notices_ids": ["USN-5328-1"], "packages": [{"name": "openssl", "statuses": [
        {"release_codename": "jammy", "status": "released", "description": "3.0.2-0ubuntu1",
         "pocket": "security"},
        {"release_codename": "xenial", "status": "ignored", "description": "end of life"}]}]}]}

Statuses are those of https://ubuntu.com/security/cves/about: DNE (not in the release), needed,
needs-triage, pending, deferred, ignored, not-affected, released. Pockets and columns are those of
https://github.com/canonical/ubuntu-com-security-api.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from openinspector.advisories.feeds.base import FeedError, load
from openinspector.advisories.items import Item, digest
from openinspector.advisories.osv import (
    Advisory,
    Affected,
    Claim,
    Event,
    Malformed,
    PackageName,
    Range,
    Reference,
    Severity,
)
from openinspector.model import FixState

RELEASES = {
    "trusty": "14.04:LTS",
    "xenial": "16.04:LTS",
    "bionic": "18.04:LTS",
    "focal": "20.04:LTS",
    "groovy": "20.10",
    "hirsute": "21.04",
    "impish": "21.10",
    "jammy": "22.04:LTS",
    "kinetic": "22.10",
    "lunar": "23.04",
    "mantic": "23.10",
    "noble": "24.04:LTS",
    "oracular": "24.10",
    "plucky": "25.04",
    "questing": "25.10",
    "resolute": "26.04:LTS",
}
"""Code names to releases as OSV writes them."""

_STATES: dict[str, FixState] = {
    "active": "unfixed",
    "deferred": "unfixed",
    "ignored": "will-not-fix",
    "in-progress": "unfixed",
    "needed": "unfixed",
    "needs-triage": "under-investigation",
    "not-affected": "not-affected",
    "pending": "unfixed",
    "released": "fixed",
}
"""What each status means; DNE and unknown ones say nothing of an installed package."""

_ARCHIVES = {
    "": "",
    "security": "",
    "updates": "",
    "esm-apps": "Pro:",
    "esm-apps-legacy": "Pro:",
    "esm-infra": "Pro:",
    "esm-infra-legacy": "Pro:",
    "fips": "Pro:FIPS:",
    "fips-updates": "Pro:FIPS-updates:",
    "realtime": "Pro:Realtime:",
}
"""Pockets as OSV names their archives. Others (`ros-esm`, `soss`) hold no packages of a release."""

_TOLD = ("deferred", "ignored", "pending", "needs-triage")


class _Status(msgspec.Struct):
    release_codename: str = ""
    status: str = ""
    description: str | None = None
    pocket: str | None = None


class _Package(msgspec.Struct):
    name: str
    statuses: list[_Status] = []


class _Cvss(msgspec.Struct):
    vectorString: str = ""


class _BaseMetric(msgspec.Struct):
    cvssV3: _Cvss | None = None


class _Impact(msgspec.Struct):
    baseMetricV3: _BaseMetric | None = None


class _Cve(msgspec.Struct):
    id: str
    status: str | None = None
    priority: str | None = None
    published: str | None = None
    updated_at: str | None = None
    description: str | None = None
    impact: _Impact | None = None
    packages: list[_Package] | None = None
    notices_ids: list[str] | None = None


class _Named(msgspec.Struct):
    id: str


class _Page(msgspec.Struct):
    cves: list[msgspec.Raw]


_cve = msgspec.json.Decoder(_Cve)
_named = msgspec.json.Decoder(_Named)
_page = msgspec.json.Decoder(_Page | list[msgspec.Raw])


def read(path: Path) -> Iterator[Item]:
    """One item for each CVE of a page, of a list, or of a file that holds one CVE."""
    for raw in _pages(load(path)):
        try:
            identifier = _named.decode(raw).id
        except (msgspec.MsgspecError, RecursionError) as error:
            raise FeedError(f"is not Ubuntu's list of CVEs: {error}") from None
        yield Item(identifier, digest(raw), _Loader(raw))


class _Loader:
    """Reads one CVE when it is asked for."""

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes | msgspec.Raw) -> None:
        self._raw = raw

    def __call__(self) -> Advisory:
        """Raises `Malformed`."""
        try:
            return _advisory(_cve.decode(self._raw))
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Malformed(f"is no CVE of Ubuntu's: {error}") from None


def _pages(data: bytes) -> Iterable[bytes | msgspec.Raw]:
    try:
        found = _page.decode(data)
    except (msgspec.MsgspecError, RecursionError):
        return (data,)
    return found if isinstance(found, list) else found.cves


def _advisory(cve: _Cve) -> Advisory:
    return Advisory(
        id=f"UBUNTU-{cve.id}",
        upstream=[cve.id],
        related=cve.notices_ids,
        modified=cve.updated_at,
        published=cve.published,
        withdrawn=cve.updated_at or "rejected" if cve.status == "rejected" else None,
        details=cve.description,
        severity=list(_severity(cve)),
        affected=[
            each
            for package in cve.packages or ()
            for status in package.statuses
            for each in _affected(package.name, status)
        ],
        references=[Reference(f"https://ubuntu.com/security/{cve.id}", "ADVISORY")],
    )


def _severity(cve: _Cve) -> Iterator[Severity]:
    """Ubuntu's own word, and the vector that it shows, which is NVD's."""
    if cve.priority:
        yield Severity("Ubuntu", cve.priority)
    metric = cve.impact.baseMetricV3 if cve.impact else None
    if metric and metric.cvssV3 and metric.cvssV3.vectorString:
        yield Severity("CVSS_V3", metric.cvssV3.vectorString, "NVD")


def _affected(name: str, status: _Status) -> Iterator[Affected]:
    ecosystem = _ecosystem(status)
    state = _STATES.get(status.status)
    if ecosystem is None or state is None:
        return
    package = PackageName(ecosystem, name)
    if state == "not-affected":
        yield Affected(package, claim=Claim(state=state))
        return
    events = [Event(introduced="0")]
    if state == "fixed":
        if not status.description:
            return
        events.append(Event(fixed=status.description))
    note = None
    if status.status in _TOLD:
        note = f"{status.status}: {status.description or ''}".removesuffix(": ")[:200]
    yield Affected(package, [Range("ECOSYSTEM", events)], claim=Claim(state=state, note=note))


def _ecosystem(status: _Status) -> str | None:
    """Release and archive as OSV writes them; older data has both in one (`esm-infra/xenial`)."""
    parts = status.release_codename.split("/")
    codename = next((part for part in parts if part in RELEASES), None)
    pocket = next((part for part in parts if part != codename), status.pocket or "")
    archive = _ARCHIVES.get("esm-infra" if pocket == "esm" else pocket)
    if codename is None or archive is None:
        return None
    return f"Ubuntu:{archive}{RELEASES[codename]}"
