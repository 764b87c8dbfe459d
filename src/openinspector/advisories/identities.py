"""Which vulnerabilities an advisory speaks of, and by which other names it is known.

A vulnerability is known by its CVE where it has one. An advisory that has none of its own is folded
into a CVE when other advisories lead from its names to exactly one (`database settles that`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from openinspector.patterns import regex

if TYPE_CHECKING:
    from openinspector.advisories.osv import Advisory

CVE = regex(r"CVE-\d{4}-\d{4,19}", re.A)
_EMBEDDED = regex(r"[A-Za-z_]\w*(?:-\w+)*?-(CVE-\d{4}-\d{4,19}|GHSA(?:-[0-9a-z]{4}){3})", re.A)

_NAME = regex(r"[!-~]{1,200}", re.A)

_BULLETINS = (
    *("ALSA-", "ALBA-", "ALEA-", "ALAS", "ELSA-", "ELBA-", "RHSA-", "RHBA-", "RHEA-"),
    *("RLSA-", "RLBA-", "RXSA-", "SUSE-", "openSUSE-", "MGASA-", "OESA-", "OpenSUSE-", "USN-"),
    *("DSA-", "DLA-", "DTSA-", "ELA-", "FEDORA-", "PHSA-", "LSN-", "CLSA-"),
)
"""Beginnings of the identifiers of distributions' bulletins, which may list CVEs in `related`."""

MOST_VULNERABILITIES = 2000
"""A bulletin lists at most a few hundred CVEs; more is an attack or an accident."""


class Identity:
    """What an advisory is called and what it speaks of.

    `vulnerabilities` are CVEs where there are any, else the advisory's own identifier; `aliases`
    every other name of it or of them.
    """

    __slots__ = ("aliases", "vulnerabilities")

    def __init__(self, vulnerabilities: tuple[str, ...], aliases: tuple[str, ...]) -> None:
        self.vulnerabilities = vulnerabilities
        self.aliases = aliases


def identify(advisory: Advisory) -> Identity:
    """Find the vulnerabilities and the aliases of an advisory."""
    own = advisory.id
    others = (*(advisory.aliases or ()), *(advisory.upstream or ()))
    names = [own, *(name for name in others if _NAME.fullmatch(name))]
    cves = _cves(names)
    if is_bulletin(own) and not cves:
        cves = _cves(advisory.related or ())
    embedded = _EMBEDDED.fullmatch(own)
    if embedded and embedded[1] not in cves:
        names.append(embedded[1])
    vulnerabilities = tuple(dict.fromkeys(cves[:MOST_VULNERABILITIES])) or (own,)
    spoken = set(vulnerabilities)
    aliases = dict.fromkeys(name for name in names if spoken.isdisjoint((name, *_cves([name]))))
    aliases.pop(own, None)
    return Identity(vulnerabilities, tuple(aliases)[:MOST_VULNERABILITIES])


def _cves(names: Iterable[str]) -> list[str]:
    """The CVEs among some names, and those that trackers' records are named after.

    Canonical's notices lead to `UBUNTU-CVE-2021-3782`, not to the CVE itself.
    """
    found = []
    for name in names:
        embedded = _EMBEDDED.fullmatch(name)
        if embedded is not None:
            name = embedded[1]
        if CVE.fullmatch(name):
            found.append(name)
    return found


def is_name(text: str) -> bool:
    """Whether a text can be an identifier: printable, without spaces, not endless."""
    return _NAME.fullmatch(text) is not None


def is_bulletin(identifier: str) -> bool:
    """Whether an identifier is a distribution's bulletin, which may fix many CVEs at once."""
    return identifier.startswith(_BULLETINS)
