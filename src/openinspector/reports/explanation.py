"""Why a vulnerability is found in a target, or which step ruled it out, as lines of text."""

from collections.abc import Iterator

from openinspector.assess.assessment import Assessment
from openinspector.assess.observation import PackageMatch, RuledOut
from openinspector.model import Inventory, Location, Package, Vulnerability
from openinspector.model.finding import Finding
from openinspector.reports.text import safe

REASONS: dict[str, str] = {
    "not-in-range": "the installed version is outside the affected versions",
    "fixed": "the installed version holds the fix",
    "not-affected": "the publisher says that it is not affected",
    "under-investigation": "the publisher is still investigating",
    "superseded": "another record about the same package counts for more",
    "release": "the advisory is about another release of the distribution",
    "module": "the advisory is about another module stream",
    "architecture": "the advisory is about another architecture",
    "kernel-in-container": "a container runs its host's kernel (--include-kernel judges it)",
    "kernel-not-running": "another kernel is the one that runs (--include-kernel judges it)",
    "kernel-headers": "kernel headers and tools hold no kernel (--include-kernel judges them)",
    "kernel-live-patched": "the running kernel is live-patched against it",
    "owned-by-distribution": "its files belong to an operating-system package, which is judged",
    "no-version": "the package names no version",
    "unreadable-version": "the package's version cannot be compared",
    "vex": "a VEX statement says so",
    "ignored": "the ignore file says so",
    "no-fix": "there is no fix, and --only-fixed was given",
}
"""Reasons of `RuledOut` in words."""


def unknown(asked: str) -> Iterator[str]:
    """What to say of an identifier (as the user wrote it) that the database does not know."""
    yield f"{safe(asked)}: the advisory database does not know this identifier."
    yield "Check its spelling, or update the database: openinspector db update."


def explanation(
    record: Vulnerability, inventory: Inventory, assessment: Assessment
) -> Iterator[str]:
    """Lines of text: what is known of the vulnerability, each package with it, each without.

    The assessment must have been made with `explain` naming it.
    """
    yield from _heading(record)
    observations = [each for each in assessment.observations if each.vulnerability.id == record.id]
    found = {
        each.package_vulnerability_details.vulnerability_id: each
        for each in assessment.findings
        if each.package_vulnerability_details
    }
    matches = [match for each in observations for match in each.matches]
    if matches:
        yield from _verdict(found.get(record.id), len(matches))
        for match in matches:
            yield from _affected(match, inventory)
    else:
        yield f"NOT FOUND in {safe(inventory.target.name)}."
    ruled_out = [each for each in assessment.ruled_out if each.vulnerability == record.id]
    if ruled_out:
        yield ""
        yield "Ruled out:"
        for each in ruled_out:
            yield from _ruled_out(each)
    elif not matches:
        yield "No package of the target is named by any advisory about it."
    yield from _reservations(assessment)


def _heading(record: Vulnerability) -> Iterator[str]:
    others = [*record.aliases, *record.advisories]
    yield safe(record.id) + (f" ({safe(', '.join(others[:8]))})" if others else "")
    text = record.summary or record.description
    if text:
        yield "  " + safe(" ".join(text.split())[:300])
    yield ""


def _verdict(finding: Finding | None, packages: int) -> Iterator[str]:
    noun = "package" if packages == 1 else "packages"
    if finding is None:
        yield f"FOUND in {packages} {noun}, but suppressed or filtered (see below)."
        return
    score = "" if finding.inspector_score is None else f", score {finding.inspector_score}"
    yield f"FOUND in {packages} {noun}: {finding.severity}{score}."


def _affected(match: PackageMatch, inventory: Inventory) -> Iterator[str]:
    package, advisory = match.package, match.advisory
    yield ""
    yield f"  {_name(package)}"
    yield f"    advisory    {safe(', '.join(match.advisories))} (feed {safe(advisory.feed)})"
    yield f"    speaks of   {safe(advisory.name)} in {safe(advisory.ecosystem)}"
    yield f"    comparison  {safe(match.compared)}"
    yield f"    fixed in    {safe(match.fixed_version or 'no fixed version is published')}"
    for location in package.locations:
        yield f"    proved by   {_place(location, inventory)}"


def _ruled_out(each: RuledOut) -> Iterator[str]:
    yield f"  {_name(each.package)}: {REASONS[each.reason]}"
    if each.detail:
        yield f"    {safe(each.detail)}"
    if each.advisory is not None:
        advisory = each.advisory
        yield f"    advisory    {safe(advisory.advisory)} (feed {safe(advisory.feed)})"


def _name(package: Package) -> str:
    source = f", built from {package.source_name}" if package.source_name else ""
    return safe(f"{package.name} {package.version} ({package.ecosystem}{source})")


def _place(location: Location, inventory: Inventory) -> str:
    if location.layer is None:
        return safe(location.path)
    image = inventory.target.image
    layers = image.layers if image else ()
    number = (
        f"layer {layers.index(location.layer) + 1} of {len(layers)}, "
        if (location.layer in layers)
        else ""
    )
    return f"{safe(location.path)} ({number}{safe(location.layer)})"


def _reservations(assessment: Assessment) -> Iterator[str]:
    lacking = [part for part in assessment.coverage if part.state != "scanned"]
    if not lacking:
        return
    yield ""
    yield "Not everything could be scanned, so this may be incomplete:"
    for part in lacking:
        for gap in part.gaps:
            place = f"{gap.path}: " if gap.path else ""
            yield f"  {part.part}: {safe(place + gap.reason)}"
