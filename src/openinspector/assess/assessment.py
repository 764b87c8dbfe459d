"""The whole assessment of one target: match, filter, score, word, and say what was covered."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import msgspec

from openinspector.assess import checks, coverage
from openinspector.assess.filters import apply_filters
from openinspector.assess.findings import Context, package_finding
from openinspector.assess.ignore import Entry
from openinspector.assess.observation import Observation, RuledOut
from openinspector.assess.packages import Matching, match
from openinspector.assess.resources import Place, resource_of
from openinspector.assess.score import Reachability
from openinspector.assess.vex import Statement
from openinspector.model import Coverage, Gap, Inventory, Knowledge
from openinspector.model.finding import Finding, Resource, Severity

SEVERITIES: tuple[Severity, ...] = (
    "CRITICAL",
    "HIGH",
    "MEDIUM",
    "LOW",
    "INFORMATIONAL",
    "UNTRIAGED",
)
"""Worst first."""


class Options(msgspec.Struct, frozen=True):
    """What a caller may choose.

    - `include_kernel`: report packages of the kernel whether or not they run.
    - `only_fixed`: drop what has no fix.
    - `vex`, `ignore`: parsed statements and entries.
    - `explain`: vulnerabilities (any identifier) for which every reason against is kept.
    - `place`: account, region and partition of the findings.
    - `resource`: what the findings are about, where AWS told; else the target itself.
    - `reachability`: of the instance, where it was analysed.
    - `gaps`, `notes`: of the database, for coverage (a starter set, an old one).
    """

    include_kernel: bool = False
    only_fixed: bool = False
    vex: tuple[Statement, ...] = ()
    ignore: tuple[Entry, ...] = ()
    explain: tuple[str, ...] = ()
    place: Place = Place()
    resource: Resource | None = None
    reachability: Reachability | None = None
    gaps: tuple[Gap, ...] = ()
    notes: tuple[str, ...] = ()


class Summary(msgspec.Struct, frozen=True, rename="camel"):
    """Counts for people and gates: findings by severity, what was suppressed, what was judged."""

    severities: dict[str, int]
    findings: int
    suppressed: int
    without_fix: int
    packages: int
    ecosystems: tuple[coverage.Tally, ...]


class Assessment(msgspec.Struct, frozen=True):
    """Everything that can be said of a target.

    `findings` are those that count, worst first, and `identities` what tells each of them from the
    others of its resource, in the same order (`finding_arn`); `suppressed` are those that a VEX
    statement or an ignore entry took out (status SUPPRESSED). `observations` hold the evidence of
    both kinds.
    """

    findings: tuple[Finding, ...]
    identities: tuple[tuple[str, ...], ...]
    suppressed: tuple[Finding, ...]
    observations: tuple[Observation, ...]
    ruled_out: tuple[RuledOut, ...]
    coverage: tuple[Coverage, ...]
    summary: Summary
    resource: Resource
    notes: tuple[str, ...] = ()


def assess(
    inventory: Inventory,
    knowledge: Knowledge,
    options: Options,
    now: datetime,
    matching: Matching | None = None,
) -> Assessment:
    """Judge an inventory. `now` is an aware time: the instant of every finding.

    `matching` is what `match` said of the same inventory, knowledge and options, where somebody
    asked before: resources that hold the same differ in their findings, not in what matches.
    """
    if matching is None:
        matching = match(
            inventory, knowledge, include_kernel=options.include_kernel, explain=options.explain
        )
    filtered = apply_filters(
        matching.observations,
        inventory,
        now,
        vex=options.vex,
        ignore=options.ignore,
        only_fixed=options.only_fixed,
    )
    resource = options.resource or resource_of(inventory, options.place)
    context = Context.of(inventory, now, options.place, resource, options.reachability)
    identified: dict[tuple[str, ...], Finding] = {
        (each.vulnerability.id,): package_finding(each, context) for each in filtered.observations
    }
    distribution = inventory.distribution
    if distribution is not None and coverage.end_of_life(distribution, now):
        identified[checks.DISCONTINUED,] = checks.discontinued_finding(distribution, context)
    for check in inventory.checks:
        identified.setdefault(checks.identity_of(check), checks.check_finding(check, context))
    identity = {each.finding_arn: name for name, each in identified.items()}
    suppressed = [
        msgspec.structs.replace(package_finding(each, context), status="SUPPRESSED")
        for each in filtered.suppressed
    ]
    covered = coverage.coverage(
        inventory, knowledge, matching.uncounted, now, gaps=options.gaps, notes=options.notes
    )
    ordered = worst_first(list(identified.values()))
    return Assessment(
        findings=ordered,
        identities=tuple(identity[each.finding_arn] for each in ordered),
        suppressed=worst_first(suppressed),
        observations=filtered.observations,
        ruled_out=(*matching.ruled_out, *filtered.ruled_out),
        coverage=covered,
        summary=_summary(ordered, suppressed, inventory, knowledge),
        resource=context.resource,
        notes=filtered.notes,
    )


def worst_first(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """By severity, then score, then title: the same findings always come in the same order."""
    rank = {severity: place for place, severity in enumerate(SEVERITIES)}
    return tuple(
        sorted(
            findings,
            key=lambda each: (
                rank[each.severity],
                -(each.inspector_score or 0.0),
                each.title or "",
                each.finding_arn,
            ),
        )
    )


def _summary(
    findings: Sequence[Finding],
    suppressed: Sequence[Finding],
    inventory: Inventory,
    knowledge: Knowledge,
) -> Summary:
    counted = Counter(each.severity for each in findings)
    return Summary(
        severities={severity: counted[severity] for severity in SEVERITIES},
        findings=len(findings),
        suppressed=len(suppressed),
        without_fix=sum(each.fix_available == "NO" for each in findings),
        packages=len(inventory.packages),
        ecosystems=coverage.tally(inventory, knowledge),
    )
