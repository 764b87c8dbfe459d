"""CISA's catalogue of vulnerabilities that are known to be exploited.

https://www.cisa.gov/known-exploited-vulnerabilities-catalog (JSON form):

    {"catalogVersion": "2025.08.25", "dateReleased": "2025-08-25T17:04:19.9796Z",
     "vulnerabilities": [{"cveID": "CVE-2021-44228", "dateAdded": "2021-12-10",
       "dueDate": "2021-12-24", "requiredAction": "...", "knownRansomwareCampaignUse": "Known"}]}
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from openinspector.advisories.feeds.base import FeedError, load
from openinspector.advisories.identities import CVE
from openinspector.advisories.items import Kev, KevEntry

_LARGEST = 256 << 20
_LONGEST_ACTION = 2000


class _Entry(msgspec.Struct, rename={"cve": "cveID"}):
    cve: str
    dateAdded: str = ""
    dueDate: str = ""
    requiredAction: str = ""
    knownRansomwareCampaignUse: str = ""


class _Catalogue(msgspec.Struct):
    vulnerabilities: list[_Entry]
    dateReleased: str = ""
    catalogVersion: str = ""


def read(path: Path) -> Kev:
    """The catalogue."""
    try:
        catalogue = msgspec.json.decode(load(path, _LARGEST), type=_Catalogue)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise FeedError(f"is not CISA's catalogue: {error}") from None
    date = catalogue.dateReleased[:10] or catalogue.catalogVersion.replace(".", "-")
    return Kev(date, _entries(catalogue))


def _entries(catalogue: _Catalogue) -> Iterator[KevEntry]:
    for entry in catalogue.vulnerabilities:
        if CVE.fullmatch(entry.cve):
            yield KevEntry(
                entry.cve,
                entry.dateAdded[:10],
                entry.dueDate[:10],
                entry.requiredAction[:_LONGEST_ACTION],
                entry.knownRansomwareCampaignUse == "Known",
            )
