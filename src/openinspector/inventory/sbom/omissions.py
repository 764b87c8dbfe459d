"""What an SBOM lists but nobody can assess, gathered so that one gap speaks for each reason."""

from openinspector.inventory.sbom.ecosystems import part_of
from openinspector.model import Distribution, Gap, Package

_NAMED = 5
"""Names that a gap spells out before it says how many more there are."""

_REASONS: dict[str, tuple[str, str]] = {
    "no-purl": ("language-packages", "{n} without a package URL not assessed"),
    "invalid-purl": ("language-packages", "{n} with an invalid package URL not assessed"),
    "no-version": ("language-packages", "{n} without a version not assessed"),
    "other-distribution": ("os-packages", "{n} of another distribution not assessed"),
    "image": ("applications", "{n} that is a container image: only its listed contents assessed"),
    "malformed": ("language-packages", "{n} that could not be read not assessed"),
    "too-deep": ("language-packages", "{n} nested too deeply, and all beneath, not assessed"),
    "over-limit": ("language-packages", "packages beyond the limit not assessed"),
}
"""Reason: the part of the target that suffers, and the sentence for people."""


class Omissions:
    """Counts omissions by reason, keeping the first few names of each."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._names: dict[str, list[str]] = {}

    def add(self, reason: str, name: str) -> None:
        """Count one component; `reason` is a key of the table above."""
        self._counts[reason] = self._counts.get(reason, 0) + 1
        names = self._names.setdefault(reason, [])
        if len(names) < _NAMED:
            names.append(name[:200])

    def gaps(
        self, packages: list[Package] | None = None, distribution: Distribution | None = None
    ) -> list[Gap]:
        """One gap for each reason, and one for packages whose distribution is unknown."""
        result = [self._gap(reason) for reason in _REASONS if reason in self._counts]
        orphans = (
            sum(part_of(x) == "os-packages" for x in packages or ()) if distribution is None else 0
        )
        if orphans:
            plural = "s" if orphans > 1 else ""
            why = (
                f"{orphans} package{plural} of an operating system that the document does not name"
            )
            result.append(Gap("os-packages", why, total=True))
        return result

    def _gap(self, reason: str) -> Gap:
        part, sentence = _REASONS[reason]
        count, names = self._counts[reason], self._names[reason]
        what = "1 component" if count == 1 else f"{count} components"
        more = f" and {count - len(names)} more" if count > len(names) else ""
        return Gap(part, f"{sentence.format(n=what)}: {', '.join(names)}{more}")
