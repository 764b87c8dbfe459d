"""Evidence of one resource's software, by what it is and how it is scanned."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from openinspector.aws import ecr, functions, ssm
from openinspector.aws.trouble import AwsTrouble, Unfit
from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.ssm import distribution_of, inventory_of, unpack
from openinspector.model import Gap, Inventory
from openinspector.model.discovered import Discovered
from openinspector.model.finding import Resource
from openinspector.monitor.monitor import Monitor

STALE = timedelta(days=7)
"""Age of an inventory that says nothing any more (spec/ec2-scanning.md 8)."""


def collect(monitor: Monitor, found: Discovered) -> Inventory:
    """The inventory of a resource as it is now.

    Raises `Unfit` when it cannot be scanned, `Gone` when it is not there, another `AwsTrouble`
    when asking did not work.
    """
    way = found.mode or found.resource.type
    return _WAYS[way](monitor, found)


def _of_agent(monitor: Monitor, found: Discovered) -> Inventory:
    """What the instance handed to SSM: our agent's whole inventory, else SSM's own of packages."""
    place = (found.account, found.region, found.resource.id)
    whole = ssm.software_inventory(monitor.sessions, *place, ssm.WHOLE)
    gap = None
    if whole is not None and _is_fresh(whole.captured, monitor.now()):
        try:
            return unpack(whole.entries)
        except ReadError as error:
            gap = Gap("language-packages", str(error), total=True)
    listed = ssm.software_inventory(monitor.sessions, *place, ssm.APPLICATIONS)
    if listed is None:
        raise Unfit("NO_INVENTORY", f"{found.resource.id} handed no inventory to SSM")
    if not _is_fresh(listed.captured, monitor.now()):
        raise Unfit(
            "STALE_INVENTORY", f"{found.resource.id}: its inventory is of {listed.captured}"
        )
    name, version = found.source.get("platform") or ("", "")
    inventory = inventory_of(distribution_of(name, version), listed.entries)
    if gap is not None:
        inventory = msgspec.structs.replace(inventory, gaps=(*inventory.gaps, gap))
    return inventory


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
    )
    # The same image in other repositories and accounts is one inventory.
    target = msgspec.structs.replace(inventory.target, name="")
    if target.image is not None:
        target = msgspec.structs.replace(
            target, image=msgspec.structs.replace(target.image, tags=())
        )
    return msgspec.structs.replace(inventory, target=target)


def _of_function(monitor: Monitor, found: Discovered) -> Inventory:
    return functions.download(monitor.sessions, found.account, found.region, found.source["name"])


_WAYS: Mapping[str, Callable[[Monitor, Discovered], Inventory]] = {
    "EC2_SSM_AGENT_BASED": _of_agent,
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
