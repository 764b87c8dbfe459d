"""What matching says: observations (affected, and why) and what was ruled out (and why)."""

from typing import Literal

import msgspec

from openinspector.model import AffectedPackage, AffectedRange, Package, Vulnerability

Reason = Literal[
    "not-in-range",
    "fixed",
    "not-affected",
    "under-investigation",
    "superseded",
    "release",
    "module",
    "architecture",
    "kernel-in-container",
    "kernel-not-running",
    "kernel-headers",
    "kernel-live-patched",
    "owned-by-distribution",
    "no-version",
    "unreadable-version",
    "vex",
    "ignored",
    "no-fix",
]
"""Why a package is not reported for a vulnerability that some advisory names.

- `not-in-range`: the version is before, or between, the affected versions.
- `fixed`: the version is at or after a fix, or after the last affected one.
- `not-affected`, `under-investigation`: the publisher says so.
- `superseded`: another record about the same vulnerability and package counts for more.
- `release`: the distribution's advisories speak of it in other releases only.
- `module`, `architecture`: the advisory is about another module stream, another machine.
- `kernel-*`: a package of the kernel that is not the kernel that runs (`kernel.py`).
- `owned-by-distribution`: the files belong to an OS package, which is judged instead.
- `no-version`: the package names no version.
- `unreadable-version`: its version cannot be compared, and no advisory names just that text.
- `vex`, `ignored`, `no-fix`: filtered by a VEX statement, an ignore file, `--only-fixed`.
"""


class PackageMatch(msgspec.Struct, frozen=True):
    """One package that a vulnerability affects, and the evidence.

    - `advisory`: the record that decided; `advisories`: every advisory that agrees, its id first.
    - `range`: the interval of `advisory` that holds the version; None: the version is enumerated.
    - `version`: the text that was compared (the source package's where advisories speak of
      sources), `key` its bytes.
    - `fixed_version`: the smallest version that clears the vulnerability; None: there is none.
    """

    package: Package
    advisory: AffectedPackage
    range: AffectedRange | None
    version: str
    key: bytes
    fixed_version: str | None
    advisories: tuple[str, ...]

    @property
    def compared(self) -> str:
        """The comparison in words: `0 <= 1.2-3 < 1.2-4, the first fix`."""
        return describe_comparison(self.version, self.range, self.advisory)


class Observation(msgspec.Struct, frozen=True):
    """One vulnerability of a target with every package in it, in order (spec/findings.md 4.1)."""

    vulnerability: Vulnerability
    matches: tuple[PackageMatch, ...]


class RuledOut(msgspec.Struct, frozen=True):
    """One package that is not reported for a vulnerability, and the step that ruled it out.

    `advisory` is None where no single advisory decided (a kernel that does not run).
    """

    vulnerability: str
    package: Package
    reason: Reason
    detail: str
    advisory: AffectedPackage | None = None


def describe_comparison(version: str, range_: AffectedRange | None, record: AffectedPackage) -> str:
    """Say how a version stands to an affected range, as text for people."""
    if range_ is None:
        return f"{version} is one of the {len(record.versions)} versions that are named"
    start = "" if not range_.introduced else f"{range_.introduced_version} <= "
    if range_.fixed is not None:
        return f"{start}{version} < {range_.end_version} (fixed)"
    if range_.last_affected is not None:
        return f"{start}{version} <= {range_.end_version} (last affected)"
    return f"{start}{version} (no fixed version)"
