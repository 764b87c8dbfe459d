"""What of a target was judged, and what was not: the three states of every part.

Nothing unscanned looks clean: a package that no advisory could speak of is counted and named.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from openinspector.assess import ecosystems
from openinspector.assess.observation import Reason
from openinspector.model import Coverage, CoverageState, Distribution, Gap, Inventory, Knowledge

PARTS = ("os-packages", "language-packages", "applications", "configuration", "advisories")
"""The parts of a target, in the order in which they are shown."""

_TOLD: dict[Reason, str] = {
    "kernel-headers": "{n} packages of kernel headers and tools hold no kernel: not judged",
    "kernel-in-container": "{n} kernel packages were not judged: a container has its host's kernel",
    "kernel-not-running": "{n} kernel packages were not judged: another kernel release runs",
    "owned-by-distribution": "{n} language packages were judged as the OS packages that own them",
}
"""Packages left out on purpose: worth a note, no loss of coverage."""

_MISSED: dict[Reason, str] = {
    "no-version": "{n} packages name no version and could not be judged",
    "unreadable-version": "{n} packages have a version that cannot be compared",
}
"""Packages that should have been judged and could not be."""


class Tally(msgspec.Struct, frozen=True, rename="camel"):
    """How many packages of one ecosystem there are, and whether advisories could speak of them."""

    ecosystem: str
    packages: int
    judged: bool
    reason: str = ""


def tally(inventory: Inventory, knowledge: Knowledge) -> tuple[Tally, ...]:
    """Every ecosystem of the inventory, in order, with what the database knows of it."""
    distribution = inventory.distribution
    counted = Counter(package.ecosystem for package in inventory.packages)
    return tuple(
        _tally(ecosystem, number, distribution, knowledge)
        for ecosystem, number in sorted(counted.items())
    )


def _tally(
    ecosystem: str, number: int, distribution: Distribution | None, knowledge: Knowledge
) -> Tally:
    if ecosystem in ecosystems.LANGUAGE_ECOSYSTEMS:
        if knowledge.knows(ecosystem):
            return Tally(ecosystem, number, True)
        return Tally(ecosystem, number, False, f"the database holds no advisories for {ecosystem}")
    if distribution is None or distribution.ecosystem != ecosystem:
        name = ecosystem or "operating system"
        return Tally(name, number, False, f"the distribution of {number} packages is unknown")
    names = ecosystems.distribution_ecosystems(distribution)
    if any(knowledge.knows(name) for name in names):
        return Tally(names[0], number, True)
    return Tally(names[0], number, False, f"the database holds no advisories for {names[0]}")


def _number(packages: int) -> str:
    return "1 package" if packages == 1 else f"{packages:,} packages"


def part_of(ecosystem: str) -> str:
    """The part of a target that an ecosystem's packages belong to."""
    if ecosystem == "generic":
        return "applications"
    return "language-packages" if ecosystem in ecosystems.LANGUAGE_ECOSYSTEMS else "os-packages"


def coverage(
    inventory: Inventory,
    knowledge: Knowledge,
    uncounted: dict[Reason, int],
    now: datetime,
    *,
    gaps: Iterable[Gap] = (),
    notes: Sequence[str] = (),
) -> tuple[Coverage, ...]:
    """The state of every part that was looked at or that something is known to be missing from.

    `uncounted` says how many packages matching left out, by reason. `gaps` and `notes` are further
    ones, of the database (a starter set, an old one) or of filters.
    """
    found: list[Gap] = [*inventory.gaps, *gaps]
    tallies = tally(inventory, knowledge)
    found.extend(_unknown(tallies, inventory))
    found.extend(_missed(uncounted))
    told: dict[str, list[str]] = {part: [] for part in PARTS}
    for entry in tallies:
        if entry.judged:
            told[_part(entry, inventory)].append(
                f"{entry.ecosystem}: {_counted(entry.packages)} judged"
            )
    for reason, text in _TOLD.items():
        if uncounted.get(reason):
            part = "language-packages" if reason == "owned-by-distribution" else "os-packages"
            told[part].append(text.format(n=uncounted[reason]))
    told["os-packages"].extend(_about_distribution(inventory.distribution, now))
    told["advisories"].extend(notes)
    if inventory.notes:
        told[_home(inventory)].extend(inventory.notes)
    return tuple(
        _part_coverage(part, [gap for gap in found if gap.part == part], tuple(told.get(part, ())))
        for part in _parts(inventory, found, told)
    )


def _counted(packages: int) -> str:
    return "1 package" if packages == 1 else f"{packages:,} packages"


def _home(inventory: Inventory) -> str:
    """The part under which notes of the inventory stand: the first that was looked at."""
    return next((part for part in PARTS if part in inventory.examined), PARTS[0])


def _part(entry: Tally, inventory: Inventory) -> str:
    distribution = inventory.distribution
    if distribution is not None and entry.ecosystem.startswith(distribution.ecosystem):
        return "os-packages"
    return part_of(entry.ecosystem)


def _parts(inventory: Inventory, gaps: Sequence[Gap], told: dict[str, list[str]]) -> Iterable[str]:
    """Parts in order, those left out that were not examined and of which nothing is said."""
    present = {*inventory.examined, *(gap.part for gap in gaps)}
    present.update(part for part, notes in told.items() if notes)
    known = [part for part in PARTS if part in present]
    return [*known, *sorted(present.difference(PARTS))]


def _part_coverage(part: str, gaps: Sequence[Gap], notes: tuple[str, ...]) -> Coverage:
    state: CoverageState = "scanned"
    if gaps:
        state = "not-scanned" if any(gap.total for gap in gaps) else "partial"
    return Coverage(part, state, tuple(gaps), notes)


def _unknown(tallies: Sequence[Tally], inventory: Inventory) -> Iterable[Gap]:
    """Ecosystems that the database cannot judge; total when nothing of the part was judged.

    A distribution that is unknown is told by the inventory's own gap, once.
    """
    judged = {_part(entry, inventory) for entry in tallies if entry.judged}
    told = {gap.part for gap in inventory.gaps if gap.total}
    for entry in tallies:
        part = _part(entry, inventory)
        if entry.judged or (part in told and "unknown" in entry.reason):
            continue
        yield Gap(part, f"{entry.reason} ({_number(entry.packages)})", total=part not in judged)


def _missed(uncounted: dict[Reason, int]) -> Iterable[Gap]:
    for reason, text in _MISSED.items():
        number = uncounted.get(reason)
        if number:
            yield Gap("language-packages", text.format(n=number))


def _about_distribution(distribution: Distribution | None, now: datetime) -> Iterable[str]:
    """What is worth saying of the distribution itself."""
    if distribution is None:
        return
    if distribution.like and distribution.like != distribution.name:
        yield f"{distribution.name} was judged by the advisories of {distribution.like}"
    if end_of_life(distribution, now):
        yield (
            f"{distribution.name} {distribution.version} reached its end of life on "
            f"{distribution.end_of_life}: later vulnerabilities may go unreported"
        )


def end_of_life(distribution: Distribution | None, now: datetime) -> bool:
    """Whether the vendor's support has ended."""
    if distribution is None or not distribution.end_of_life:
        return False
    return now.date().isoformat() > distribution.end_of_life[:10]
