"""Alpine's security database, and those of Wolfi and Chainguard in the same form.

https://secdb.alpinelinux.org (`v3.18/main.json`), https://packages.wolfi.dev/os/security.json,
https://packages.cgr.dev/chainguard/security.json, https://packages.mini.dev/advisories/secdb/security.json:
for each source package, the versions in which flaws were fixed. Version 0 means that the package
never had them.

    {"distroversion": "v3.18", "reponame": "main", "urlprefix": "https://dl-cdn.alpinelinux.org/...",
     "packages": [{"pkg": {"name": "curl", "secfixes": {"8.4.0-r0": ["CVE-2023-38545"],
                                                          "0": ["CVE-2021-22897"]}}}]}

What is empty is written `{}` where a list is meant (v3.11's `community.json`, some fixes).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from openinspector.advisories.feeds.base import FeedError, load
from openinspector.advisories.items import Item, of_advisory
from openinspector.advisories.osv import Advisory, Affected, Claim, Event, PackageName, Range
from openinspector.versions import key

_LARGEST = 256 << 20
_IDENTIFIER = re.compile(r"(?:CVE|GHSA|XSA|ZBX|CGA|GO|ALPINE)-[0-9A-Za-z][0-9A-Za-z-]*", re.A)
_NEVER = "0"

_HOSTS = (("wolfi.dev", "Wolfi"), ("cgr.dev", "Chainguard"), ("mini.dev", "MinimOS"))
"""Distributions without releases, by where their packages are."""

_RELEASE = re.compile(r"(edge|v\d+\.\d+)(?:-(?:main|community))?", re.A)
"""How Alpine calls its releases; mirrors change the address."""

_Listed = list[str] | dict[str, Any] | None
"""A list, or the `{}` or null of an empty one."""


class _Package(msgspec.Struct):
    name: str
    secfixes: dict[str, _Listed] | list[Any] | None = None


class _Row(msgspec.Struct):
    pkg: _Package


class _Database(msgspec.Struct):
    packages: list[_Row] | dict[str, Any] | None = None
    distroversion: str | None = None
    urlprefix: str = ""
    reponame: str = ""


def read(path: Path) -> Iterator[Item]:
    """One item for each vulnerability, over all packages of the repository."""
    try:
        database = msgspec.json.decode(load(path, _LARGEST), type=_Database)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise FeedError(f"is not a security database: {error}") from None
    ecosystem = _ecosystem(database)
    source = ecosystem.partition(":")[0].upper()
    for identifier, fixes in sorted(_fixes(database, ecosystem).items()):
        yield of_advisory(
            Advisory(
                id=f"{source}-{identifier}",
                upstream=[identifier],
                affected=[_affected(ecosystem, name, fix) for name, fix in sorted(fixes.items())],
            )
        )


def _ecosystem(database: _Database) -> str:
    for host, ecosystem in _HOSTS:
        if host in database.urlprefix:
            return ecosystem
    if database.reponame.startswith("chainguard"):
        return "Chainguard"
    release = _RELEASE.fullmatch(database.distroversion or "")
    if release is None:
        raise FeedError("does not say which distribution it is about")
    return f"Alpine:{release[1]}"


def _fixes(database: _Database, ecosystem: str) -> dict[str, dict[str, str]]:
    """The fix of each vulnerability in each package.

    One that is listed twice was not fixed the first time: the later version counts.
    """
    found: dict[str, dict[str, str]] = {}
    for name, version, listed in _rows(database):
        for identifier in _IDENTIFIER.findall(" ".join(listed)):
            held = found.setdefault(identifier, {})
            before = held.get(name)
            if before is None or key(ecosystem, before) < key(ecosystem, version):
                held[name] = version
    return found


def _rows(database: _Database) -> Iterator[tuple[str, str, list[str]]]:
    """Package, version and what it fixed, where anything is listed."""
    for row in database.packages if isinstance(database.packages, list) else ():
        fixes = row.pkg.secfixes
        for version, listed in fixes.items() if isinstance(fixes, dict) else ():
            if isinstance(listed, list):
                yield row.pkg.name, version, listed


def _affected(ecosystem: str, name: str, fixed: str) -> Affected:
    package = PackageName(ecosystem, name)
    if fixed == _NEVER:
        return Affected(package, claim=Claim(state="not-affected"))
    return Affected(package, [Range("ECOSYSTEM", [Event(introduced="0"), Event(fixed=fixed)])])
