"""An inventory of Windows out of what Systems Manager holds: programs and updates.

Source: the attributes of `AWS:Application` and `AWS:WindowsUpdate` (Systems Manager user guide,
"Metadata collected by inventory"). Nothing of it can be judged: what Microsoft publishes of its
updates (MSKB) is among no advisories here, so a gap says so.
"""

from collections.abc import Iterable, Mapping

from openinspector.inventory.plain_text import plain
from openinspector.model import Distribution, Gap, Inventory, Location, Package, Target

_UNJUDGED = "Microsoft's updates are among no advisories: nothing of Windows was judged"
_REGISTRY = Location("Windows/System32/config/SOFTWARE")


def windows_inventory(
    name: str,
    version: str,
    applications: Iterable[Mapping[str, str]],
    updates: Iterable[Mapping[str, str]],
) -> Inventory:
    """The programs and installed updates of an instance; for an SBOM, nothing else comes of it."""
    packages = [_package(e.get("Name", ""), e.get("Version", "")) for e in applications]
    packages += [_package(e.get("HotFixId", ""), e.get("InstalledTime", "")) for e in updates]
    found = sorted(
        {each for each in packages if each is not None}, key=lambda each: (each.name, each.version)
    )
    inventory = Inventory(
        target=Target("host", "", is_root=True),
        packages=tuple(found),
        distribution=Distribution(id="windows", name=name, version=version, ecosystem=""),
        gaps=(Gap("os-packages", _UNJUDGED, total=True),),
        examined=("os-packages",),
    )
    return plain(inventory)


def _package(name: str, version: str) -> Package | None:
    if not name:
        return None
    return Package(
        ecosystem="",
        name=name,
        version=version or "0",
        purl="",
        manager="OS",
        cataloger="windows",
        collector="ssm-inventory",
        locations=(_REGISTRY,),
    )
