"""Coverage: what of a target was scanned, what was not, and why.

Nothing unscanned ever looks clean: a gap is a value that travels to every output.
"""

from typing import Literal

import msgspec

CoverageState = Literal["scanned", "partial", "not-scanned"]


class Gap(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that could not be read or judged, in plain words.

    `path` names the file (relative to the target's root) where there is one. `part` is the part
    of the target that suffers (`os-packages`, `language-packages`, `applications`,
    `configuration`, `advisories`).
    """

    part: str
    reason: str
    path: str | None = None
    total: bool = False
    """True when the whole part was not scanned, False when it was scanned except for this."""


class Coverage(msgspec.Struct, frozen=True, omit_defaults=True):
    """The state of one part of a target, with every gap that explains it."""

    part: str
    state: CoverageState
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()
    """Facts worth saying that do not lessen coverage (a distribution judged by its ID_LIKE)."""
