"""CPE applicability statements to affected packages (NISTIR 7696, as NVD's API 2.0 writes them).

Only applications count, and only where the statement gives versions: "every version of php" in a
record of 2007 is not a fact about today's php.
"""

from __future__ import annotations

import re

import msgspec

from openinspector.advisories.osv import Affected, Event, PackageName, Range

_ANY = ("*", "-", "")
_PRERELEASE = ("alpha", "beta", "rc", "pre", "dev", "milestone")
_FIELD = re.compile(r"(?:\\.|[^:\\])*")
_MOST_MATCHES = 20_000


class Match(msgspec.Struct, rename="camel"):
    """One product and an interval of its versions."""

    criteria: str
    vulnerable: bool = True
    version_start_including: str | None = None
    version_start_excluding: str | None = None
    version_end_including: str | None = None
    version_end_excluding: str | None = None


class Node(msgspec.Struct, rename="camel"):
    """Products, any of which is meant."""

    cpe_match: list[Match] = []
    negate: bool = False


class Configuration(msgspec.Struct):
    """Nodes; with `operator` AND all must be there (an application on an operating system)."""

    nodes: list[Node] = []
    operator: str | None = None


def affected(configurations: list[Configuration]) -> list[Affected]:
    """The applications that a record calls vulnerable, with their versions."""
    ranges: dict[str, list[Range]] = {}
    versions: dict[str, list[str]] = {}
    count = 0
    for configuration in configurations:
        if configuration.operator == "AND" and _elsewhere(configuration):
            continue
        for match in (each for node in configuration.nodes for each in node.cpe_match):
            count += 1
            if count > _MOST_MATCHES:
                break
            _add(match, ranges, versions)
    names = dict.fromkeys((*ranges, *versions))
    return [
        Affected(PackageName("generic", name), ranges.get(name), versions.get(name))
        for name in names
    ]


def _add(match: Match, ranges: dict[str, list[Range]], versions: dict[str, list[str]]) -> None:
    fields = split(match.criteria)
    if not match.vulnerable or len(fields) != 13 or fields[2] != "a":
        return
    if fields[10] not in _ANY:
        return  # a plug-in of another product, or its build for one platform
    name = f"{fields[3]}/{fields[4]}"
    bounds = _range(match)
    if bounds is not None:
        ranges.setdefault(name, []).append(bounds)
    elif fields[5] not in _ANY:
        versions.setdefault(name, []).append(_version(fields[5], fields[6]))


def _range(match: Match) -> Range | None:
    """The interval of a match; None where it has none."""
    start = match.version_start_including or match.version_start_excluding
    if match.version_end_excluding:
        end = Event(fixed=match.version_end_excluding)
    elif match.version_end_including:
        end = Event(last_affected=match.version_end_including)
    elif start:
        return Range("ECOSYSTEM", [Event(introduced=start)])
    else:
        return None
    return Range("ECOSYSTEM", [Event(introduced=start or "0"), end])


def _version(version: str, update: str) -> str:
    """Version and update as their project writes them: `8.7p1`, `2.4.1-rc1`."""
    if update in _ANY:
        return version
    return f"{version}-{update}" if update.startswith(_PRERELEASE) else f"{version}{update}"


def _elsewhere(configuration: Configuration) -> bool:
    """Whether the flaw needs a platform other than Linux."""
    needed = [
        split(match.criteria)
        for node in configuration.nodes
        for match in node.cpe_match
        if not match.vulnerable
    ]
    systems = [fields for fields in needed if len(fields) > 4 and fields[2] in ("o", "h")]
    return bool(systems) and not any("linux" in ":".join(fields[3:5]) for fields in systems)


def split(name: str) -> list[str]:
    """The fields of a CPE 2.3 name, unquoted (`cpe`, `2.3`, part, vendor, product ...)."""
    return [re.sub(r"\\(.)", r"\1", field) for field in _fields(name)]


def _fields(name: str) -> list[str]:
    fields = []
    place = 0
    while place <= len(name):
        found = _FIELD.match(name, place)
        end = found.end() if found else place
        fields.append(name[place:end])
        place = end + 1
    return fields
