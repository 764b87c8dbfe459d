"""Debian's security tracker: what it knows of every CVE in every release.

https://security-tracker.debian.org/tracker/data/json, by source package:

    {"openssl": {"CVE-2022-0778": {"description": "...", "scope": "local", "releases": {
      "bookworm": {"status": "resolved", "fixed_version": "1.1.1n-1", "urgency": "medium"},
      "buster": {"status": "open", "urgency": "unimportant", "nodsa": "Minor issue",
                 "nodsa_reason": "ignored"}}}}}

`resolved` in version 0 means never affected. The states are explained in
https://security-team.debian.org/security_tracker.html.
"""

from __future__ import annotations

from collections.abc import Iterator
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
)
from openinspector.model import FixState

RELEASES = {
    "sid": "Debian",
    "forky": "Debian:14",
    "trixie": "Debian:13",
    "bookworm": "Debian:12",
    "bullseye": "Debian:11",
    "buster": "Debian:10",
    "stretch": "Debian:9",
    "jessie": "Debian:8",
    "wheezy": "Debian:7",
    "duke": "Debian:15",
}
"""Code names to ecosystems as inventories name them; unstable has no release."""

_RANGE = "ECOSYSTEM"


class _Release(msgspec.Struct):
    status: str = ""
    fixed_version: str | None = None
    urgency: str | None = None
    nodsa: str | None = None
    nodsa_reason: str | None = None


class _Entry(msgspec.Struct):
    releases: dict[str, _Release] = {}
    description: str | None = None


_packages = msgspec.json.Decoder(dict[str, dict[str, msgspec.Raw]])
_entry = msgspec.json.Decoder(_Entry)


def read(path: Path) -> Iterator[Item]:
    """One item for each package and vulnerability."""
    data = load(path)
    try:
        packages = _packages.decode(data)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise FeedError(f"is not the tracker's JSON: {error}") from None
    for package, entries in packages.items():
        for identifier, raw in entries.items():
            yield Item(f"{identifier}/{package}", digest(raw), _Loader(identifier, package, raw))


class _Loader:
    """Reads one entry when it is asked for."""

    __slots__ = ("_identifier", "_package", "_raw")

    def __init__(self, identifier: str, package: str, raw: msgspec.Raw) -> None:
        self._identifier, self._package, self._raw = identifier, package, raw

    def __call__(self) -> Advisory:
        """Raises `Malformed`."""
        try:
            entry = _entry.decode(self._raw)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Malformed(f"is no entry of the tracker: {error}") from None
        return _advisory(self._identifier, self._package, entry)


def _advisory(identifier: str, package: str, entry: _Entry) -> Advisory:
    cve = identifier.startswith("CVE-")
    page = f"https://security-tracker.debian.org/tracker/{identifier}"
    return Advisory(
        id=f"DEBIAN-{identifier}" if cve else identifier,
        upstream=[identifier] if cve else None,
        details=entry.description,
        affected=[
            _affected(package, RELEASES[codename], release)
            for codename, release in entry.releases.items()
            if codename in RELEASES
        ],
        references=[Reference(url=page, type="ADVISORY")],
    )


def _affected(package: str, ecosystem: str, release: _Release) -> Affected:
    name = PackageName(ecosystem, package)
    fixed = release.fixed_version
    if release.status == "resolved" and fixed == "0":
        return Affected(name, claim=Claim(state="not-affected", severity=release.urgency))
    events = [Event(introduced="0")]
    if release.status == "resolved" and fixed:
        events.append(Event(fixed=fixed))
    return Affected(name, [Range(_RANGE, events)], claim=_claim(release))


def _claim(release: _Release) -> Claim:
    """The security team's decision on an open issue."""
    note = None
    if release.nodsa is not None:
        note = f"{release.nodsa_reason or 'no-dsa'}: {release.nodsa}".removesuffix(": ")
    if release.status == "undetermined":
        return Claim("under-investigation", note or "undetermined", release.urgency)
    if release.status != "open":
        return Claim(severity=release.urgency)
    if release.urgency == "end-of-life":
        return Claim("will-not-fix", note or "end-of-life", release.urgency)
    state: FixState = "will-not-fix" if release.nodsa_reason == "ignored" else "unfixed"
    if note is None and release.urgency == "unimportant":
        note = "unimportant"
    return Claim(state, note, release.urgency)
