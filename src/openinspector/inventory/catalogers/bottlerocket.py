"""Bottlerocket: an image without package manager that keeps a list of what it is built from."""

from collections.abc import Iterator

from openinspector.inventory.cataloger import Cataloger, File, Yield
from openinspector.inventory.documents import load_json, mapping, sequence, text
from openinspector.inventory.limits import Limits
from openinspector.inventory.os_packages import is_name, is_version
from openinspector.model import Gap, Location, Package


def parse(file: File, limits: Limits) -> Iterator[Yield]:
    """Yield the packages of `application-inventory.json`: entries with Name, Version, Release.

    The layout is that of the inventory that AWS Systems Manager collects (AWS:Application).
    """
    location = (Location(file.path),)
    broken = 0
    for entry in map(mapping, sequence(mapping(load_json(file, limits)).get("Content"))):
        name, version = text(entry.get("Name")), text(entry.get("Version"))
        release, epoch = text(entry.get("Release")), text(entry.get("Epoch"))
        if not is_version(version) or not is_name(name):
            broken += 1
            continue
        whole = f"{version}-{release}" if release else version
        yield Package(
            ecosystem="",
            name=name,
            version=f"{epoch}:{whole}" if epoch.strip("0") else whole,
            purl="",
            manager="OS",
            cataloger="bottlerocket",
            collector="bottlerocket",
            locations=location,
            arch=text(entry.get("Architecture")) or None,
        )
    if broken:
        yield Gap("os-packages", f"{broken} entries without name or version", file.path)


_FILE = "usr/share/bottlerocket/application-inventory.json"

CATALOGERS = (
    Cataloger(
        name="bottlerocket",
        version=1,
        part="os-packages",
        parse=parse,
        globs=(_FILE, f"*/sys-root/{_FILE}"),
        roots_only=True,
    ),
)
"""On the disk, /usr is a link into the build's sys-root folder, named after the architecture."""
