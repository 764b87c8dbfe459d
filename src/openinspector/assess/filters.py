"""Take from the observations what VEX, an ignore file or `--only-fixed` rule out.

What is taken out is kept, with its reason: suppressed findings are counted, never lost.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from openinspector.assess.ignore import Entry, Ignores
from openinspector.assess.observation import Observation, PackageMatch, RuledOut
from openinspector.assess.vex import Statement, Vex
from openinspector.model import Inventory, Vulnerability


class Filtered(msgspec.Struct, frozen=True):
    """What remains, what was taken out, and what to tell."""

    observations: tuple[Observation, ...]
    suppressed: tuple[Observation, ...] = ()
    """Observations with the matches that were taken out, as findings with status SUPPRESSED."""
    ruled_out: tuple[RuledOut, ...] = ()
    notes: tuple[str, ...] = ()


def apply_filters(
    observations: Sequence[Observation],
    inventory: Inventory,
    now: datetime,
    *,
    vex: Sequence[Statement] = (),
    ignore: Sequence[Entry] = (),
    only_fixed: bool = False,
) -> Filtered:
    """Filter package by package; an observation goes when its last package goes.

    `only_fixed` drops what has no fix without calling it suppressed: nobody decided about it.
    """
    if not vex and not ignore and not only_fixed:
        return Filtered(tuple(observations))
    statements, ignores = Vex(vex, inventory), Ignores(ignore, now)
    kept, suppressed, ruled_out = [], [], []
    for observation in observations:
        stay: list[PackageMatch] = []
        decided: list[PackageMatch] = []
        for match in observation.matches:
            out = _decision(observation.vulnerability, match, statements, ignores)
            if out is not None:
                ruled_out.append(out)
                decided.append(match)
            elif only_fixed and match.fixed_version is None:
                ruled_out.append(_unfixed(observation.vulnerability, match))
            else:
                stay.append(match)
        if stay:
            kept.append(_with(observation, stay))
        if decided:
            suppressed.append(_with(observation, decided))
    return Filtered(tuple(kept), tuple(suppressed), tuple(ruled_out), ignores.notes())


def _decision(
    vulnerability: Vulnerability, match: PackageMatch, statements: Vex, ignores: Ignores
) -> RuledOut | None:
    """Who decided that a match does not count; a supplier's word first."""
    said = statements.rule_out(vulnerability, match.package)
    if said is None:
        said = ignores.rule_out(vulnerability, match.package)
    return None if said is None else msgspec.structs.replace(said, advisory=match.advisory)


def _unfixed(vulnerability: Vulnerability, match: PackageMatch) -> RuledOut:
    detail = "no version with a fix is published"
    return RuledOut(vulnerability.id, match.package, "no-fix", detail, match.advisory)


def _with(observation: Observation, matches: list[PackageMatch]) -> Observation:
    if len(matches) == len(observation.matches):
        return observation
    return msgspec.structs.replace(observation, matches=tuple(matches))
