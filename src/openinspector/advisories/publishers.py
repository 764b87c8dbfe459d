"""Whose advisory an identifier names: its source word, its page, how much its text counts.

Source words are Inspector's (spec/findings.md 4.2) where it has one: NVD, AMAZON_CVE, DEBIAN_CVE,
UBUNTU_CVE, REDHAT_CVE; others are formed alike.
"""

from __future__ import annotations

import re
from urllib.parse import quote

import msgspec

from openinspector.patterns import regex

TRACKER, DATABASE, OWN, BULLETIN = 0, 1, 2, 3
"""How near a text is to one vulnerability.

TRACKER: a record of one CVE; DATABASE: an advisory on one flaw in one project; OWN: a flaw without
a CVE; BULLETIN: an update that may fix several.
"""


class Publisher(msgspec.Struct, frozen=True):
    """What is known of all advisories whose identifiers begin alike.

    `page` is the pattern of an advisory's address, None where it has none of its own.
    """

    source: str
    rank: int
    page: str | None = None


_DEBIAN = "https://security-tracker.debian.org/tracker/{id}"

BY_PREFIX: dict[str, Publisher] = {
    "ALAS": Publisher("AMAZON_CVE", BULLETIN),
    "ALBA-": Publisher("ALMALINUX_CVE", BULLETIN),
    "ALEA-": Publisher("ALMALINUX_CVE", BULLETIN),
    "ALPINE-": Publisher("ALPINE_CVE", TRACKER, "https://security.alpinelinux.org/vuln/{cve}"),
    "ALSA-": Publisher("ALMALINUX_CVE", BULLETIN),
    "AZL-": Publisher("AZURE_CVE", TRACKER),
    "BELL-": Publisher("BELLSOFT_CVE", TRACKER),
    "BIT-": Publisher("BITNAMI_CVE", TRACKER),
    "CGA-": Publisher("CHAINGUARD_CVE", BULLETIN, "https://images.chainguard.dev/security/{id}"),
    "CLSA-": Publisher("TUXCARE_CVE", BULLETIN, "https://osv.dev/vulnerability/{id}"),
    "CURL-": Publisher("CURL", DATABASE, "https://osv.dev/vulnerability/{id}"),
    "CVE-": Publisher("OSV", TRACKER, "https://osv.dev/vulnerability/{id}"),
    "CLEANSTART-": Publisher("CLEANSTART_CVE", BULLETIN, "https://osv.dev/vulnerability/{id}"),
    "DEBIAN-": Publisher("DEBIAN_CVE", TRACKER, _DEBIAN.replace("{id}", "{cve}")),
    "DLA-": Publisher("DEBIAN_CVE", BULLETIN, _DEBIAN),
    "DSA-": Publisher("DEBIAN_CVE", BULLETIN, _DEBIAN),
    "DRUPAL-": Publisher("DRUPAL", DATABASE, "https://osv.dev/vulnerability/{id}"),
    "DTSA-": Publisher("DEBIAN_CVE", BULLETIN, _DEBIAN),
    "ECHO-": Publisher("ECHO_CVE", TRACKER),
    "EEF-": Publisher("EEF", DATABASE, "https://osv.dev/vulnerability/{id}"),
    "ELBA-": Publisher("ORACLE_CVE", BULLETIN, "https://linux.oracle.com/errata/{id}.html"),
    "ELSA-": Publisher("ORACLE_CVE", BULLETIN, "https://linux.oracle.com/errata/{id}.html"),
    "FEDORA-": Publisher("FEDORA_CVE", BULLETIN, "https://bodhi.fedoraproject.org/updates/{id}"),
    "GHSA-": Publisher("GITHUB", DATABASE, "https://github.com/advisories/{id}"),
    "GO-": Publisher("GO", DATABASE, "https://pkg.go.dev/vuln/{id}"),
    "HSEC-": Publisher("HASKELL", DATABASE, "https://osv.dev/vulnerability/{id}"),
    "JLSEC-": Publisher("JULIA", DATABASE, "https://osv.dev/vulnerability/{id}"),
    "LSN-": Publisher("UBUNTU_CVE", BULLETIN, "https://ubuntu.com/security/notices/{id}"),
    "MAL-": Publisher("OPENSSF", OWN, "https://osv.dev/vulnerability/{id}"),
    "MGASA-": Publisher("MAGEIA_CVE", BULLETIN, "https://osv.dev/vulnerability/{id}"),
    "MINIMOS-": Publisher("MINIMOS_CVE", TRACKER),
    "MINI-": Publisher("MINIMOS_CVE", BULLETIN, "https://osv.dev/vulnerability/{id}"),
    "OESA-": Publisher("OPENEULER_CVE", BULLETIN, "https://osv.dev/vulnerability/{id}"),
    "OSV-": Publisher("OSV", DATABASE, "https://osv.dev/vulnerability/{id}"),
    "OSEC-": Publisher("OCAML", DATABASE, "https://osv.dev/vulnerability/{id}"),
    "PHSA-": Publisher("PHOTON_CVE", BULLETIN),
    "PSF-": Publisher("PSF", DATABASE, "https://osv.dev/vulnerability/{id}"),
    "PYSEC-": Publisher("PYPA", DATABASE, "https://osv.dev/vulnerability/{id}"),
    "REDHAT-": Publisher("REDHAT_CVE", TRACKER, "https://access.redhat.com/security/cve/{cve}"),
    "RHBA-": Publisher("REDHAT_CVE", BULLETIN, "https://access.redhat.com/errata/{id}"),
    "RHEA-": Publisher("REDHAT_CVE", BULLETIN, "https://access.redhat.com/errata/{id}"),
    "RHSA-": Publisher("REDHAT_CVE", BULLETIN, "https://access.redhat.com/errata/{id}"),
    "RLBA-": Publisher("ROCKY_CVE", BULLETIN, "https://errata.rockylinux.org/{id}"),
    "RLSA-": Publisher("ROCKY_CVE", BULLETIN, "https://errata.rockylinux.org/{id}"),
    "ROOT-": Publisher("ROOT_CVE", TRACKER, "https://osv.dev/vulnerability/{id}"),
    "RSEC-": Publisher("RCONSORTIUM", DATABASE, "https://osv.dev/vulnerability/{id}"),
    "RUSTSEC-": Publisher("RUSTSEC", DATABASE, "https://rustsec.org/advisories/{id}.html"),
    "RXSA-": Publisher("ROCKY_CVE", BULLETIN, "https://errata.rockylinux.org/{id}"),
    "SUSE-": Publisher("SUSE_CVE", BULLETIN),
    "TEMP-": Publisher("DEBIAN_CVE", OWN, _DEBIAN),
    "UBUNTU-": Publisher("UBUNTU_CVE", TRACKER, "https://ubuntu.com/security/{cve}"),
    "USN-": Publisher("UBUNTU_CVE", BULLETIN, "https://ubuntu.com/security/notices/{id}"),
    "CHAINGUARD-": Publisher("CHAINGUARD_CVE", TRACKER),
    "WOLFI-": Publisher("WOLFI_CVE", TRACKER),
    "openSUSE-": Publisher("SUSE_CVE", BULLETIN),
}
"""By the beginning of identifiers, up to and with the first hyphen."""

_SAFE = regex(r"[\w.:-]+", re.A).fullmatch
"""Identifiers that stand in an address as they are."""

_UNKNOWN = Publisher("OSV", DATABASE)
_NVD = Publisher("NVD", TRACKER, "https://nvd.nist.gov/vuln/detail/{id}")
_OF_FEED = {"nvd": _NVD, "nvd-tables": _NVD}
"""Feeds whose records have plain CVE identifiers, and are their publisher's own."""


def publisher(identifier: str, feed: str = "osv") -> Publisher:
    """Who published an advisory, by its identifier and the feed that brought it."""
    start = identifier.partition("-")[0]
    if start == "CVE" and feed in _OF_FEED:
        return _OF_FEED[feed]
    found = BY_PREFIX.get(start + "-")
    if found is None and start.startswith("ALAS"):
        found = BY_PREFIX["ALAS"]
    return found or _UNKNOWN


def page(identifier: str, vulnerabilities: tuple[str, ...], feed: str = "osv") -> str | None:
    """The address of an advisory's page, where its publisher has a pattern for it."""
    pattern = publisher(identifier, feed).page
    if pattern is None:
        return None
    place = "{id}"
    if place not in pattern:
        place, identifier = "{cve}", vulnerabilities[0] if vulnerabilities else identifier
    return pattern.replace(place, identifier if _SAFE(identifier) else quote(identifier))
