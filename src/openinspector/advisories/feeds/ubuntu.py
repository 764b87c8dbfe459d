"""Ubuntu: Canonical's statuses of every CVE in every release.

Canonical's OSV feed (https://github.com/canonical/ubuntu-security-notices) is read by `osv_dev`;
this reads the JSON of https://ubuntu.com/security/cves.json, which says why something has no fix:

    {"cves": [{"id": "CVE-2022-0778", "priority": "high", "published": "...",
      "description": "...", "cvss3": 7.5, "packages": [{"name": "openssl", "statuses": [
        {"release_codename": "jammy", "status": "released", "description": "3.0.2-0ubuntu1",
         "pocket": "security"},
        {"release_codename": "xenial", "status": "ignored", "description": "end of life"}]}]}]}

Statuses are those of https://ubuntu.com/security/cves/about: DNE (not in the release), needed,
needs-triage, pending, deferred, ignored, not-affected, released.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from openinspector.advisories.feeds.base import FeedError, load
from openinspector.advisories.items import Item, of_advisory
from openinspector.advisories.osv import (
    Advisory,
    Affected,
    Claim,
    Event,
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

_PRO = ("esm-infra", "esm-apps", "esm-infra-legacy", "soss", "fips", "fips-updates")
_TOLD = ("deferred", "ignored", "pending", "needs-triage")


class _Status(msgspec.Struct):
    release_codename: str = ""
    status: str = ""
    description: str | None = None
    pocket: str | None = None


class _Package(msgspec.Struct):
    name: str
    statuses: list[_Status] = []


class _Cve(msgspec.Struct):
    id: str
    priority: str | None = None
    published: str | None = None
    updated_at: str | None = None
    description: str | None = None
    packages: list[_Package] = []
    notices_ids: list[str] | None = None


class _Page(msgspec.Struct):
    cves: list[msgspec.Raw]


_cve = msgspec.json.Decoder(_Cve)


def read(path: Path) -> Iterator[Item]:
    """One item for each CVE of a page, or of a file that holds one CVE."""
    data = load(path)
    for raw in _pages(data):
        try:
            cve = _cve.decode(raw)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise FeedError(f"is not Ubuntu's list of CVEs: {error}") from None
        yield of_advisory(_advisory(cve))


def _pages(data: bytes) -> Iterable[bytes | msgspec.Raw]:
    try:
        return msgspec.json.decode(data, type=_Page).cves
    except (msgspec.MsgspecError, RecursionError):
        return (data,)


def _advisory(cve: _Cve) -> Advisory:
    return Advisory(
        id=f"UBUNTU-{cve.id}",
        upstream=[cve.id],
        related=cve.notices_ids,
        modified=cve.updated_at,
        published=cve.published,
        details=cve.description,
        severity=[Severity("Ubuntu", cve.priority)] if cve.priority else None,
        affected=[
            each
            for package in cve.packages
            for status in package.statuses
            for each in _affected(package.name, status)
        ],
        references=[Reference(f"https://ubuntu.com/security/{cve.id}", "ADVISORY")],
    )


def _affected(name: str, status: _Status) -> Iterator[Affected]:
    codename = status.release_codename.rpartition("/")[2]
    release = RELEASES.get(codename)
    state = _STATES.get(status.status)
    if release is None or state is None:
        return
    pro = status.pocket in _PRO or status.release_codename.startswith("esm")
    package = PackageName(f"Ubuntu:{'Pro:' if pro else ''}{release}", name)
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
