"""An advisory after normalisation: what matching asks for, and the facts that users see."""

from __future__ import annotations

import msgspec

from openinspector.model import AffectedPackage, CvssEntry

LONGEST_DESCRIPTION = 1024
"""Findings show no more (spec/findings.md 2)."""


class Facts(msgspec.Struct, frozen=True, array_like=True):
    """What one advisory says of its vulnerability, apart from the description.

    `exploit` is True where it points to a public exploit or proof.
    """

    summary: str = ""
    cvss: tuple[CvssEntry, ...] = ()
    cwes: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    exploit: bool = False
    malicious: bool = False


class Record(msgspec.Struct, frozen=True):
    """One advisory, ready to be compiled.

    - `vulnerabilities`, `aliases`: see `identities.Identity`; `related`: bulletins that mention it.
    - `word`: the publisher's severity word for it as a whole.
    - `published`, `modified`: seconds since 1970, UTC.
    - `url`: its page, where the publisher has no pattern for it.
    """

    id: str
    vulnerabilities: tuple[str, ...]
    aliases: tuple[str, ...]
    related: tuple[str, ...]
    affected: tuple[AffectedPackage, ...]
    facts: Facts
    description: str = ""
    word: str | None = None
    url: str | None = None
    published: int | None = None
    modified: int | None = None
