"""Advisories in the OSV schema, as far as matching and showing need them.

The schema is https://ossf.github.io/osv-schema/ (1.7). Unknown members are ignored and absent or
null ones are taken for empty, so that one publisher's novelty does not cost an advisory.
"""

from __future__ import annotations

from typing import Any

import msgspec

from openinspector.model import FixState

LONGEST = 32 << 20
"""No advisory is larger than this many bytes; the longest known are a few megabytes."""


class Malformed(Exception):
    """A record is no advisory that we can use; the message says why, in plain words."""


class Event(msgspec.Struct):
    """One event of a range: exactly one member is set."""

    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class Range(msgspec.Struct):
    """A timeline of events: `type` is SEMVER, ECOSYSTEM or GIT."""

    type: str = ""
    events: list[Event] | None = None


class PackageName(msgspec.Struct):
    """Which package: `ecosystem` with its release suffix, `name` as published."""

    ecosystem: str = ""
    name: str = ""


class Severity(msgspec.Struct):
    """A CVSS vector (`CVSS_V2`, `CVSS_V3`, `CVSS_V4`) or a publisher's word (`Ubuntu`)."""

    type: str = ""
    score: str = ""
    source: str | None = None
    """Not in the schema: our readers name the publisher of a vector here, in Inspector's words."""


class Claim(msgspec.Struct, omit_defaults=True):
    """What a publisher says beyond ranges. Not in the schema: our own readers fill it.

    `state` overrules what the ranges tell; `note` is the publisher's reason; `severity` its word
    for this package; `arches` and `module` narrow what is meant.
    """

    state: FixState | None = None
    note: str | None = None
    severity: str | None = None
    arches: tuple[str, ...] = ()
    module: str | None = None


class Affected(msgspec.Struct):
    """What the advisory says of one package."""

    package: PackageName | None = None
    ranges: list[Range] | None = None
    versions: list[str] | None = None
    severity: list[Severity] | None = None
    ecosystem_specific: Any = None
    database_specific: Any = None
    claim: Claim | None = msgspec.field(default=None, name="openinspector")


class Reference(msgspec.Struct):
    """A page about it; `type` is ADVISORY, FIX, EVIDENCE, WEB ..."""

    url: str = ""
    type: str = ""


class Advisory(msgspec.Struct):
    """One record."""

    id: str
    modified: str | None = None
    published: str | None = None
    withdrawn: str | None = None
    aliases: list[str] | None = None
    upstream: list[str] | None = None
    related: list[str] | None = None
    summary: str | None = None
    details: str | None = None
    severity: list[Severity] | None = None
    affected: list[Affected] | None = None
    references: list[Reference] | None = None
    database_specific: Any = None


_decoder = msgspec.json.Decoder(Advisory)


def decode(data: bytes | memoryview) -> Advisory:
    """Read one record.

    Raises `Malformed` for what is no JSON, no object of this schema, too large or too deep.
    """
    if len(data) > LONGEST:
        raise Malformed(f"is larger than {LONGEST >> 20} MB")
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Malformed(f"is not an OSV record: {error}") from None
    except RecursionError:
        raise Malformed("is nested too deeply") from None
