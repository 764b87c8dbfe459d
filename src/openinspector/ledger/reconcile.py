"""What a scan means for the findings that are stored: pure, no database, no clock.

Source: spec/findings.md 8. All findings that one reconcile changes share one instant. What changes
nothing of meaning moves no timestamp.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from openinspector.model import Coverage
from openinspector.model.finding import Finding, FindingStatus
from openinspector.store.findings import StoredFinding
from openinspector.store.transitions import Transition

REOPENED_WITHIN = 7 * 86_400
"""Seconds after closing within which the same issue is the same finding again."""

REMEDIATED = "REMEDIATED"
RESOURCE_GONE = "RESOURCE_GONE"

Suppressed = Callable[[Finding], bool]


def reconcile(
    stored: Mapping[str, StoredFinding],
    observed: Iterable[Finding],
    suppressed: Suppressed,
    unseen: Callable[[Finding], bool],
    now: float,
) -> list[Transition]:
    """The transitions of one resource's findings.

    `suppressed` says whether a rule hides a finding; `unseen` whether a finding that was not
    observed may be in a part that was not scanned, and must stay. `now` is in epoch seconds.
    """
    found: list[Transition] = []
    names = set()
    for each in observed:
        names.add(each.finding_arn)
        before = stored.get(each.finding_arn)
        changed = _observed(before, each, suppressed, now)
        if changed is not None:
            found.append(changed)
    for arn, before in stored.items():
        gone = arn not in names and before.finding.status != "CLOSED"
        if gone and not unseen(before.finding):
            found.append(closed(before.finding, REMEDIATED, now))
    return found


def _observed(
    before: StoredFinding | None, each: Finding, suppressed: Suppressed, now: float
) -> Transition | None:
    fresh = msgspec.structs.replace(
        each, first_observed_at=now, last_observed_at=now, updated_at=now, status="ACTIVE"
    )
    if before is None:
        return Transition("OPENED", _born(fresh, suppressed))
    known = before.finding
    if known.status == "CLOSED":
        if now - before.valid_from / 1000 > REOPENED_WITHIN:
            return Transition("OPENED", _born(fresh, suppressed))
        kept = msgspec.structs.replace(fresh, first_observed_at=known.first_observed_at)
        return Transition("REOPENED", _born(kept, suppressed))
    kept = msgspec.structs.replace(fresh, first_observed_at=known.first_observed_at)
    kept = _born(kept, suppressed)
    if kept.status != known.status:
        hidden = kept.status == "SUPPRESSED"
        return Transition("SUPPRESSED" if hidden else "UNSUPPRESSED", kept)
    return None if meaning(kept) == meaning(known) else Transition("UPDATED", kept)


def _born(each: Finding, suppressed: Suppressed) -> Finding:
    if suppressed(each):
        return msgspec.structs.replace(each, status="SUPPRESSED")
    return each


def closed(each: Finding, because: str, now: float) -> Transition:
    """A finding closes: updatedAt moves, lastObservedAt does not, for nobody observed it."""
    return Transition(
        "CLOSED", msgspec.structs.replace(each, status="CLOSED", updated_at=now), because
    )


def restated(each: Finding, hidden: bool, now: float) -> Transition:
    """A rule hides a finding, or no longer does: a change of state, not an observation."""
    status: FindingStatus = "SUPPRESSED" if hidden else "ACTIVE"
    changed = msgspec.structs.replace(each, status=status, updated_at=now)
    return Transition("SUPPRESSED" if hidden else "UNSUPPRESSED", changed)


def meaning(each: Finding) -> Finding:
    """A finding without its timestamps: what must differ for an update."""
    return msgspec.structs.replace(
        each, first_observed_at=0.0, last_observed_at=0.0, updated_at=None
    )


def unseen_parts(parts: Iterable[Coverage]) -> Callable[[Finding], bool]:
    """Whether a finding may come from what was not scanned: unreachable is not empty.

    A part that was not scanned at all keeps its findings. One that was scanned in part keeps those
    of files at or under a path that could not be read, and all of them where the gap has no path.
    """
    states = {part.part: part for part in parts}

    def unseen(each: Finding) -> bool:
        part = states.get(_part(each))
        if part is None or part.state == "scanned":
            return False
        if part.state == "not-scanned" or any(gap.path is None for gap in part.gaps):
            return True
        paths = [gap.path for gap in part.gaps if gap.path]
        return any(_under(file, path) for file in _files(each) for path in paths)

    return unseen


def _part(each: Finding) -> str:
    if each.code_vulnerability_details is not None:
        return "configuration"
    details = each.package_vulnerability_details
    packages = (details.vulnerable_packages or ()) if details else ()
    managers = {package.package_manager for package in packages}
    if "OS" in managers or not managers:
        return "os-packages"
    return "applications" if managers == {None} else "language-packages"


def _files(each: Finding) -> list[str]:
    details = each.package_vulnerability_details
    packages = (details.vulnerable_packages or ()) if details else ()
    code = each.code_vulnerability_details
    files = [package.file_path for package in packages if package.file_path]
    return [*files, code.file_path.file_path] if code else files


def _under(file: str, path: str) -> bool:
    file, path = file.lstrip("/"), path.lstrip("/").rstrip("/")
    return file == path or file.startswith((f"{path}/", f"{path}!"))
