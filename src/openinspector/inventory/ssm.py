"""An inventory out of what Systems Manager holds of an instance: pure, no AWS.

Source: the attributes of `AWS:Application` (Systems Manager user guide, "Metadata collected by
inventory") and what its agent fills them with: of rpm packages version, release and epoch apart and
the source package as PackageId; of Debian packages the whole version, and no source package.
"""

import base64
import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import zstandard

from openinspector.inventory.cataloger import ReadError
from openinspector.inventory.catalogers.rpm import make_package
from openinspector.inventory.deep_inspection import NOT_HANDED_OVER
from openinspector.inventory.distribution import identify, kind_of, stamp, unjudged
from openinspector.inventory.os_packages import is_name, is_version
from openinspector.inventory.plain_text import plain
from openinspector.inventory.rpmdb.header import Header
from openinspector.model import Distribution, Gap, Inventory, Location, Package, Target

_PART_CHARACTERS = 4_000
"""An attribute of custom inventory takes 4,096 characters (PutInventory)."""
_MOST_BYTES = 64 * 1024 * 1024

_IDENTIFIERS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), identifier)
    for pattern, identifier in (
        (r"amazon linux", "amzn"),
        (r"ubuntu", "ubuntu"),
        (r"debian", "debian"),
        (r"red hat", "rhel"),
        (r"centos", "centos"),
        (r"oracle", "ol"),
        (r"rocky", "rocky"),
        (r"alma", "almalinux"),
        (r"fedora", "fedora"),
        (r"opensuse", "opensuse-leap"),
        (r"suse|sles", "sles"),
        (r"bottlerocket", "bottlerocket"),
        (r"photon", "photon"),
        (r"azure ?linux|mariner", "azurelinux"),
    )
)
"""SSM's PlatformName, and the os-release identifier that it means."""


def distribution_of(name: str, version: str) -> Distribution | None:
    """The distribution that SSM calls by PlatformName and PlatformVersion."""
    for pattern, identifier in _IDENTIFIERS:
        if pattern.search(name):
            return identify({"ID": identifier, "NAME": name, "VERSION_ID": version})
    return identify({"NAME": name, "VERSION_ID": version}) if name else None


def inventory_of(
    distribution: Distribution | None, applications: Iterable[Mapping[str, str]]
) -> Inventory:
    """The inventory of an instance by its `AWS:Application` entries."""
    kind = kind_of(distribution) if distribution else ""
    read = {"deb": _debian, "rpm": _rpm}.get(kind)
    packages: list[Package] = []
    broken = 0
    for entry in applications if read else ():
        package = read(entry) if read else None
        if package is None:
            broken += 1
        else:
            packages.append(package)
    packages = sorted(
        stamp(packages, distribution), key=lambda each: (each.ecosystem, each.name, each.version)
    )
    gaps = unjudged(packages, distribution)
    if broken:
        gaps.append(Gap("os-packages", f"{broken} entries of the SSM inventory have no version"))
    if kind == "deb" and packages:
        gaps.append(Gap("os-packages", _NO_SOURCES))
    gaps.append(Gap("language-packages", NOT_HANDED_OVER, total=True))
    inventory = Inventory(
        target=Target("host", "", is_root=True),
        packages=tuple(dict.fromkeys(packages)),
        distribution=distribution,
        gaps=tuple(gaps),
        examined=("os-packages",),
    )
    return plain(inventory)


_NO_SOURCES = (
    "the SSM inventory of Debian packages does not name their sources, by which advisories are"
    " published: those whose source has another name were not judged; `openinspector agent` hands"
    " them over"
)


def _debian(entry: Mapping[str, str]) -> Package | None:
    name, version = entry.get("Name", ""), entry.get("Version", "")
    epoch, release = entry.get("Epoch") or "", entry.get("Release") or ""
    if release and not version.endswith(f"-{release}"):
        version = f"{version}-{release}"
    if epoch not in ("", "0") and ":" not in version:
        version = f"{epoch}:{version}"
    if not (is_name(name) and is_version(version)):
        return None
    arch = {"x86_64": "amd64"}.get(entry.get("Architecture", ""), entry.get("Architecture"))
    return Package(
        ecosystem="",
        name=name,
        version=version,
        purl="",
        manager="OS",
        cataloger="dpkg",
        collector="debian-dpkg",
        locations=(Location("var/lib/dpkg/status"),),
        arch=arch or None,
    )


def _rpm(entry: Mapping[str, str]) -> Package | None:
    name, version, release = (entry.get(word) or "" for word in ("Name", "Version", "Release"))
    epoch = entry.get("Epoch") or ""
    if not release or not (is_name(name) and is_version(version) and is_version(release)):
        return None
    source = entry.get("PackageId") or None
    found = Header(
        name=name,
        version=version,
        release=release,
        epoch=int(epoch) if epoch.isdecimal() and len(epoch) < 10 else None,
        arch=entry.get("Architecture") or None,
        source_rpm=source if source and source.endswith(".src.rpm") else None,
        module=None,
        license=None,
        vendor=entry.get("Publisher") or None,
        files=frozenset(),
    )
    return make_package(found, (Location("var/lib/rpm"),))


def pack(inventory: Inventory) -> list[dict[str, str]]:
    """An inventory as entries of custom inventory, which `unpack` puts together again."""
    neutral = msgspec.structs.replace(inventory, target=Target("host", "", is_root=True))
    body = zstandard.ZstdCompressor(level=19).compress(msgspec.json.encode(neutral))
    text = base64.b64encode(body).decode()
    parts = [text[at : at + _PART_CHARACTERS] for at in range(0, len(text), _PART_CHARACTERS)]
    return [
        {"Part": str(number), "Parts": str(len(parts)), "Data": part}
        for number, part in enumerate(parts)
    ]


def unpack(entries: Sequence[Mapping[str, str]]) -> Inventory:
    """The inventory of `pack`'s entries, in any order. Raises `ReadError`."""
    try:
        parts = {int(each["Part"]): each["Data"] for each in entries}
        if sorted(parts) != list(range(int(entries[0]["Parts"]))):
            raise ReadError(f"{len(parts)} of {entries[0]['Parts']} parts came")
        packed = base64.b64decode("".join(parts[at] for at in sorted(parts)), validate=True)
        with zstandard.ZstdDecompressor().stream_reader(packed) as reader:
            body = reader.read(_MOST_BYTES + 1)
        if len(body) > _MOST_BYTES:
            raise ReadError(f"it unpacks to over {_MOST_BYTES} bytes")
        return plain(msgspec.json.decode(body, type=Inventory))
    except (KeyError, ValueError, IndexError, zstandard.ZstdError, RecursionError) as error:
        raise ReadError(f"the agent's inventory cannot be read: {error}") from error
