"""A second reader of the advisories: straight from their files, by OSV's evaluation algorithm.

It shares nothing with the product but the order of versions (which has oracles of its own). It
knows no feeds, no database, no folding, no weighing: only which record names a package, and whether
its events or its list hold a version. https://ossf.github.io/osv-schema/#evaluation
"""

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from openinspector.versions import key

CVE = re.compile(r"CVE-\d{4}-\d{4,}")
BULLETIN = re.compile(r"(ALSA|ALBA|ALEA|DSA|DLA|USN)-")


class Record(NamedTuple):
    """What one advisory says of one package. `names`: itself and all its aliases."""

    advisory: str
    names: frozenset[str]
    cves: frozenset[str]
    ranges: tuple[tuple[tuple[str, str], ...], ...]
    versions: frozenset[str]

    @property
    def speaks_of(self) -> frozenset[str]:
        """The vulnerabilities: CVEs where it names some, else itself."""
        return self.cves or frozenset([self.advisory])

    @property
    def is_open(self) -> bool:
        """Whether it calls every version affected, naming no end."""
        return not self.versions and all(e == (("introduced", "0"),) for e in self.ranges)

    @property
    def bounds(self) -> set[str]:
        """Every version at which its word changes."""
        return {text for events in self.ranges for _, text in events if text != "0"}

    def holds(self, ecosystem: str, version: str) -> bool:
        """Whether it calls a version affected."""
        at = key(ecosystem, version)
        return version in self.versions or any(_holds(e, ecosystem, at) for e in self.ranges)


def _holds(events: tuple[tuple[str, str], ...], ecosystem: str, at: bytes) -> bool:
    order = {"fixed": 0, "limit": 0, "introduced": 1, "last_affected": 2}
    sorted_events = sorted(
        (b"" if (kind, text) == ("introduced", "0") else key(ecosystem, text), order[kind], kind)
        for kind, text in events
    )
    vulnerable = False
    for place, _, kind in sorted_events:
        if kind == "introduced" and at >= place:
            vulnerable = True
        elif (kind in ("fixed", "limit") and at >= place) or (
            kind == "last_affected" and at > place
        ):
            vulnerable = False
    return vulnerable


Index = dict[tuple[str, str], list[Record]]


def read(folder: Path) -> Index:
    """Every record of the zips of a folder, by ecosystem (with release) and name as published."""
    found: Index = defaultdict(list)
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    for place, record in _records(msgspec.json.decode(archive.read(name))):
                        found[place].append(record)
    return found


def _records(advisory: dict[str, Any]) -> Iterator[tuple[tuple[str, str], Record]]:
    if advisory.get("withdrawn"):
        return
    own = advisory["id"]
    names = [own, *(advisory.get("aliases") or ()), *(advisory.get("upstream") or ())]
    cves = {each for name in names for each in CVE.findall(name)}
    if not cves and BULLETIN.match(own):
        cves = {name for name in advisory.get("related") or () if CVE.fullmatch(name)}
    for part in advisory.get("affected") or ():
        package = part.get("package")
        specific = part.get("database_specific") or {}
        if not package or specific.get("informational") in ("unmaintained", "notice"):
            continue
        ranges = tuple(
            tuple((kind, text) for event in each["events"] for kind, text in event.items())
            for each in part.get("ranges") or ()
            if each["type"] != "GIT"
        )
        record = Record(
            own,
            frozenset(names) | cves,
            frozenset(cves),
            ranges,
            frozenset(part.get("versions") or ()),
        )
        yield (package["ecosystem"], package["name"]), record
