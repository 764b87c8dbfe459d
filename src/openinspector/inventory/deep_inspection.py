"""Deep inspection of an instance: which of its language packages count, and within which limits.

Source: spec/ec2-scanning.md 7.1. Pure functions of an inventory.
"""

from collections.abc import Collection, Mapping

import msgspec

from openinspector.model import Gap, Inventory, Package

MOST_PACKAGES = 5_000
MOST_SECONDS = 15 * 60
_PART = "language-packages"

TOO_MANY = f"there are more than {MOST_PACKAGES:,} language packages: the rest was left out"
TOO_LONG = f"looking for language packages took over {MOST_SECONDS // 60} minutes: some are missing"
TOO_LARGE = "language packages were left out: Systems Manager took no more of this instance today"
NOT_HANDED_OVER = (
    "the SSM inventory holds packages of the operating system only; `openinspector agent` hands"
    " over the others"
)
EVERYWHERE = "language packages were looked for everywhere, not in the paths of deep inspection"
"""A note of inventories that are not to be narrowed."""

REASONS: Mapping[str, str] = {
    TOO_MANY: "DEEP_INSPECTION_PACKAGE_COLLECTION_LIMIT_EXCEEDED",
    TOO_LONG: "DEEP_INSPECTION_COLLECTION_TIME_LIMIT_EXCEEDED",
    TOO_LARGE: "DEEP_INSPECTION_DAILY_SSM_INVENTORY_LIMIT_EXCEEDED",
    NOT_HANDED_OVER: "DEEP_INSPECTION_NO_INVENTORY",
}
"""What coverage says, in the API's words, of an inventory with such a gap."""


def reason_of(inventory: Inventory) -> str | None:
    """Why language packages of an instance are not all known; None when they are."""
    told = {gap.reason for gap in inventory.gaps}
    return next((reason for words, reason in REASONS.items() if words in told), None)


def inspected(inventory: Inventory, active: bool, paths: Collection[str]) -> Inventory:
    """An inventory with those language packages that lie in some folders; none if not `active`.

    Packages of the operating system all stay. `paths` are absolute, as the API takes them.
    """
    folders = tuple(f"{path.strip('/')}/" for path in paths)
    anywhere = EVERYWHERE in inventory.notes

    def counts(package: Package) -> bool:
        if package.manager == "OS":
            return True
        here = anywhere or any(each.path.startswith(folders) for each in package.locations)
        return active and here

    kept = [each for each in inventory.packages if counts(each)]
    gaps = list(inventory.gaps)
    if not active:
        gaps = [each for each in gaps if each.part != _PART]
    languages = [each for each in kept if each.manager != "OS"]
    if len(languages) > MOST_PACKAGES:
        left_out = set(map(id, languages[MOST_PACKAGES:]))
        kept = [each for each in kept if id(each) not in left_out]
        gaps.append(Gap(_PART, TOO_MANY))
    return msgspec.structs.replace(inventory, packages=tuple(kept), gaps=tuple(gaps))


def without_languages(inventory: Inventory) -> Inventory:
    """The operating system's packages only, and a gap that says that there was no room."""
    packages = tuple(each for each in inventory.packages if each.manager == "OS")
    gap = Gap(_PART, TOO_LARGE, total=True)
    return msgspec.structs.replace(
        inventory, packages=packages, gaps=(*inventory.gaps, gap), subsumed=()
    )
