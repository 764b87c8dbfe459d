"""Which vulnerabilities an advisory speaks of, and by which other names it is known.

A vulnerability is known by its CVE where it has one. An advisory that has none of its own is folded
into a CVE when other advisories lead from its names to exactly one (`database settles that`).
"""

from __future__ import annotations

import re
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
    *("DSA-", "DLA-", "DTSA-", "ELA-", "FEDORA-", "PHSA-", "LSN-"),
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
    embedded = _EMBEDDED.fullmatch(own)
    if embedded:
        names.append(embedded[1])
    bulletin = is_bulletin(own)
    cves = [name for name in names if CVE.fullmatch(name)]
    if bulletin and not cves:
        cves = [name for name in advisory.related or () if CVE.fullmatch(name)]
    vulnerabilities = tuple(dict.fromkeys(cves[:MOST_VULNERABILITIES])) or (own,)
    aliases = dict.fromkeys(name for name in names if name not in vulnerabilities)
    aliases.pop(own, None)
    return Identity(vulnerabilities, tuple(aliases)[:MOST_VULNERABILITIES])


def is_name(text: str) -> bool:
    """Whether a text can be an identifier: printable, without spaces, not endless."""
    return _NAME.fullmatch(text) is not None


def is_bulletin(identifier: str) -> bool:
    """Whether an identifier is a distribution's bulletin, which may fix many CVEs at once."""
    return identifier.startswith(_BULLETINS)
