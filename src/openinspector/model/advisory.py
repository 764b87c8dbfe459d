"""What the world knows: advisories as compiled for matching, and vulnerabilities as shown."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

FixState = Literal["fixed", "unfixed", "will-not-fix", "not-affected", "under-investigation"]


class AffectedRange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One interval of affected versions, over version keys (`openinspector.versions.key`).

    `introduced` is inclusive, b"" means from the beginning. At most one of `fixed` (exclusive) and
    `last_affected` (inclusive) is set; neither: no end. `introduced_version` and `end_version` are
    the texts for people.
    """

    introduced: bytes = b""
    fixed: bytes | None = None
    last_affected: bytes | None = None
    introduced_version: str = "0"
    end_version: str | None = None


class AffectedPackage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one advisory says of one package.

    `vulnerabilities` are the identities that it speaks of: CVE ids where there are any, else the
    advisory's own id. `ecosystem` is as published, with release (`Debian:12`); `name` is the
    source package for distributions that publish by source, else the binary's or the library's.
    `versions` are keys of enumerated affected versions. `state` tells fixed, unfixed,
    will-not-fix, not-affected apart; `fixed_version` is the version to upgrade to (the first fix
    at or after an affected one is found through the range that matched).
    """

    advisory: str
    feed: str
    ecosystem: str
    name: str
    vulnerabilities: tuple[str, ...]
    state: FixState
    ranges: tuple[AffectedRange, ...] = ()
    versions: tuple[bytes, ...] = ()
    arches: tuple[str, ...] = ()
    module: str | None = None
    vendor_severity: str | None = None
    url: str | None = None
    published: str | None = None
    modified: str | None = None
    note: str | None = None
    """The publisher's own reason for `state` (`no-dsa: Minor issue`), where it gives one."""


class CvssEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One published CVSS vector. `source` is Inspector's word: NVD, AMAZON_CVE, GITHUB, ..."""

    version: str
    vector: str
    score: float
    source: str


class Epss(msgspec.Struct, frozen=True):
    """FIRST's exploit prediction: probability and percentile in 0..1, and the day of the model."""

    score: float
    percentile: float
    date: str


class KnownExploited(msgspec.Struct, frozen=True, omit_defaults=True):
    """CISA's entry in Known Exploited Vulnerabilities (dates are RFC 3339 days)."""

    added: str
    due: str
    action: str = ""
    ransomware: bool = False


class Exploit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A public exploit is known; `last_seen` is the RFC 3339 time of its latest report."""

    last_seen: str | None = None


class Vulnerability(msgspec.Struct, frozen=True, omit_defaults=True):
    """What all feeds together say of one vulnerability, folded over its aliases.

    `id` is the CVE where there is one. `advisories` are other identifiers (GHSA, DSA, ALAS, USN).
    `vendor` maps a feed's source word (DEBIAN_CVE, UBUNTU_CVE, AMAZON_CVE ...) to its severity
    word.
    """

    id: str
    summary: str = ""
    description: str = ""
    aliases: tuple[str, ...] = ()
    advisories: tuple[str, ...] = ()
    cvss: tuple[CvssEntry, ...] = ()
    cwes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    published: str | None = None
    modified: str | None = None
    epss: Epss | None = None
    known_exploited: KnownExploited | None = None
    exploit: Exploit | None = None
    vendor: tuple[tuple[str, str], ...] = ()
    malicious: bool = False


class Knowledge(Protocol):
    """What matching asks of an advisory database; pure look-ups, no network, no clock."""

    def affected(self, ecosystem: str, name: str) -> Sequence[AffectedPackage]:
        """All that is published of one package: `ecosystem` with release, `name` normalised."""
        ...

    def vulnerability(self, identity: str) -> Vulnerability | None:
        """The folded record of a vulnerability by any of its identifiers."""
        ...

    def knows(self, ecosystem: str) -> bool:
        """Whether any advisory of this ecosystem (with release) is held."""
        ...

    def ecosystems(self) -> Sequence[str]:
        """Every ecosystem (with release) that advisories are held for, by name."""
        ...
