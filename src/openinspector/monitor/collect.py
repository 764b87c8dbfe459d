"""Evidence of one resource's software, by what it is and how it is scanned."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO, cast

import msgspec

from openinspector.aws import ecr, functions, ssm
from openinspector.aws.trouble import AwsTrouble, Gone, Unfit
from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.deep_inspection import inspected
from openinspector.inventory.ssm import distribution_of, inventory_of, unpack
from openinspector.inventory.windows import windows_inventory
from openinspector.ledger.hosts import STALE, STALE_REASON
from openinspector.model import Gap, Inventory, Package, Target, TargetError
from openinspector.model.discovered import Discovered, ScanMode
from openinspector.model.finding import Finding, Resource, VulnerablePackage
from openinspector.monitor.layers import StoredLayers
from openinspector.monitor.monitor import Monitor
from openinspector.organization.deep_inspection import deep_inspection

if TYPE_CHECKING:
    from openinspector.aws.ebs import Volume
    from openinspector.inventory.trees.disk.layout import Layout

AGENTLESS: ScanMode = "EC2_AGENTLESS"
_NO_SOFTWARE = ("NO_INVENTORY", STALE_REASON)


class Collected(msgspec.Struct, frozen=True):
    """An inventory, and how it was come by where there are several ways."""

    inventory: Inventory
    mode: ScanMode | None


def collect(monitor: Monitor, found: Discovered) -> Collected:
    """The inventory of a resource as it is now.

    An instance of which SSM has nothing fresh is scanned by its disks, where the account wants
    that. Raises `Unfit` when it cannot be scanned, `Gone` when it is not there, another
    `AwsTrouble` when asking did not work.
    """
    way = found.mode or found.resource.type
    try:
        return Collected(_WAYS[way](monitor, found), found.mode)
    except Unfit as trouble:
        if trouble.reason not in _NO_SOFTWARE or not found.source.get("hybrid"):
            raise
    return Collected(_of_disks(monitor, found), AGENTLESS)


def _of_agent(monitor: Monitor, found: Discovered) -> Inventory:
    """What the instance handed to SSM, as far as deep inspection looks."""
    if found.metadata["ec2"]["platform"] == "WINDOWS":
        return _of_windows(monitor, found)
    with monitor.store.read() as connection:
        chosen = deep_inspection(connection, found.account)
    return inspected(_handed_over(monitor, found), chosen.active, chosen.paths)


def _of_windows(monitor: Monitor, found: Discovered) -> Inventory:
    place = (found.account, found.region, found.resource.id)
    listed = _fresh(
        found, ssm.software_inventory(monitor.sessions, *place, ssm.APPLICATIONS), monitor
    )
    updates = ssm.software_inventory(monitor.sessions, *place, ssm.UPDATES)
    name, version = found.source.get("platform") or ("Microsoft Windows", "")
    return windows_inventory(name, version, listed.entries, updates.entries if updates else ())


def _handed_over(monitor: Monitor, found: Discovered) -> Inventory:
    """Our agent's whole inventory, else SSM's own of packages."""
    place = (found.account, found.region, found.resource.id)
    whole = ssm.software_inventory(monitor.sessions, *place, ssm.WHOLE)
    gap = None
    if whole is not None and _is_fresh(whole.captured, monitor.now()):
        try:
            return unpack(whole.entries)
        except ReadError as error:
            gap = Gap("language-packages", str(error), total=True)
    listed = _fresh(
        found, ssm.software_inventory(monitor.sessions, *place, ssm.APPLICATIONS), monitor
    )
    name, version = found.source.get("platform") or ("", "")
    inventory = inventory_of(distribution_of(name, version), listed.entries)
    if gap is not None:
        inventory = msgspec.structs.replace(inventory, gaps=(*inventory.gaps, gap))
    return inventory


def _fresh(
    found: Discovered, listed: ssm.SoftwareInventory | None, monitor: Monitor
) -> ssm.SoftwareInventory:
    """What was handed over, if it was and lately. Raises `Unfit`."""
    if listed is None:
        raise Unfit("NO_INVENTORY", f"{found.resource.id} handed no inventory to SSM")
    if not _is_fresh(listed.captured, monitor.now()):
        raise Unfit(STALE_REASON, f"{found.resource.id}: its inventory is of {listed.captured}")
    return listed


def _is_fresh(captured: str, now: datetime) -> bool:
    try:
        moment = datetime.fromisoformat(captured)
    except ValueError as error:
        raise AwsTrouble(f"SSM says that an inventory is of {captured[:40]!r}") from error
    return now - (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) <= STALE


def _of_image(monitor: Monitor, found: Discovered) -> Inventory:
    inventory = ecr.pull(
        monitor.sessions,
        found.account,
        found.region,
        found.source["repository"],
        found.source["digest"],
        StoredLayers(monitor),
    )
    # The same image in other repositories and accounts is one inventory.
    target = msgspec.structs.replace(inventory.target, name="")
    if target.image is not None:
        target = msgspec.structs.replace(
            target, image=msgspec.structs.replace(target.image, tags=())
        )
    return msgspec.structs.replace(inventory, target=target)


def _of_disks(monitor: Monitor, found: Discovered) -> Inventory:
    """What is on the volumes of an instance, read from snapshots of them."""
    from openinspector.aws.ebs import snapshots

    place = (found.account, found.region, found.resource.id)
    with snapshots(monitor.sessions, *place, found.source["volumes"]) as volumes:
        return of_volumes(found.resource.id, volumes, found.source.get("root") or "")


def of_volumes(name: str, volumes: "Mapping[str, Volume]", device: str) -> Inventory:
    """What is on the volumes of an instance or a machine image, by device; `device` is the root's.

    Raises `Unfit` when there is no operating system on it.
    """
    device_of = {volume.name: device for device, volume in volumes.items()}
    root = volumes.get(device) or next(iter(volumes.values()), None)
    if root is None:
        raise Gone(f"{name} has no volumes any more")
    inventory = _of_disk(root, device_of[root.name])
    if inventory.distribution is None:
        raise Unfit("UNSUPPORTED_OS", f"{name}: {_told(inventory)}")
    others = [each for each in volumes.values() if each is not root]
    return with_data_volumes(inventory, [_of_disk(each, device_of[each.name]) for each in others])


def _of_disk(volume: "Volume", device: str) -> Inventory:
    from openinspector.inventory.collect import collect as collect_from
    from openinspector.inventory.limits import DEFAULT_LIMITS
    from openinspector.inventory.trees.disk.disk_tree import open_disk

    try:
        with open_disk(cast("BinaryIO", volume), "", DEFAULT_LIMITS) as tree:
            inventory = _located(collect_from(tree), device, tree.layout)
    except TargetError as error:
        inventory = Inventory(Target("disk", ""), gaps=(Gap("os-packages", str(error)),))
    if volume.trouble is not None:
        # What could not be fetched looks like damage of the disk: nothing may be concluded from it.
        raise volume.trouble
    return inventory


def _located(inventory: Inventory, device: str, layout: "Layout") -> Inventory:
    """Language packages by device, partition and path: instances of one image hold the same."""

    def placed(package: Package) -> Package:
        if package.manager == "OS":
            return package
        places = tuple(
            msgspec.structs.replace(each, path=f"{device}:{layout.located(each.path)}")
            for each in package.locations
        )
        return msgspec.structs.replace(package, locations=places)

    return msgspec.structs.replace(inventory, packages=tuple(map(placed, inventory.packages)))


def by_volume(found: Discovered, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Findings that call devices by the volumes that they are (spec/ec2-scanning.md 4.2)."""
    volumes: Mapping[str, str] = found.source.get("volumes") or {}
    return tuple(_by_volume(volumes, each) for each in findings) if volumes else findings


def _by_volume(volumes: Mapping[str, str], finding: Finding) -> Finding:
    details = finding.package_vulnerability_details
    if details is None or not details.vulnerable_packages:
        return finding

    def named(package: VulnerablePackage) -> VulnerablePackage:
        device, _, path = (package.file_path or "").partition(":")
        if device not in volumes:
            return package
        return msgspec.structs.replace(package, file_path=f"{volumes[device]}:{path}")

    packages = [named(each) for each in details.vulnerable_packages]
    told = msgspec.structs.replace(details, vulnerable_packages=packages)
    return msgspec.structs.replace(finding, package_vulnerability_details=told)


def _told(inventory: Inventory) -> str:
    """Why no operating system was found, in the words of the first gap."""
    return next((gap.reason for gap in inventory.gaps), "no operating system on its disks")


def with_data_volumes(root: Inventory, others: Sequence[Inventory]) -> Inventory:
    """The inventory of the root's volume, and the software that lies on the others."""
    packages, gaps = list(root.packages), list(root.gaps)
    for other in others:
        packages += [each for each in other.packages if each.manager != "OS"]
        gaps += [each for each in other.gaps if each.part != "os-packages"]
    return msgspec.structs.replace(root, packages=tuple(packages), gaps=tuple(gaps))


def _of_function(monitor: Monitor, found: Discovered) -> Inventory:
    return functions.download(
        monitor.sessions,
        found.account,
        found.region,
        found.source["name"],
        StoredLayers(monitor),
    )


_WAYS: Mapping[str, Callable[[Monitor, Discovered], Inventory]] = {
    "EC2_SSM_AGENT_BASED": _of_agent,
    "EC2_AGENTLESS": _of_disks,
    "AWS_ECR_CONTAINER_IMAGE": _of_image,
    "AWS_LAMBDA_FUNCTION": _of_function,
}
"""How an instance is scanned, or what else a resource is, and its collector."""


def told_by(resource: Resource, inventory: Inventory) -> Resource:
    """A resource with what only its inventory knows: platform, architecture, author."""
    details = resource.details
    system = inventory.distribution.platform if inventory.distribution else None
    if details is None:
        return resource
    if details.aws_ec2_instance is not None and system:
        instance = msgspec.structs.replace(details.aws_ec2_instance, platform=system)
        details = msgspec.structs.replace(details, aws_ec2_instance=instance)
    elif details.aws_ecr_container_image is not None:
        known = inventory.target.image
        image = msgspec.structs.replace(
            details.aws_ecr_container_image,
            platform=system,
            architecture=known.architecture if known else None,
            author=(known.author if known else None) or None,
        )
        details = msgspec.structs.replace(details, aws_ecr_container_image=image)
    return msgspec.structs.replace(resource, details=details)
