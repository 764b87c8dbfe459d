"""Under which ecosystem, release, name and version advisories may speak of a package.

The same questions that matching asks (`assess.packages`), so that stored packages and the ranges of
an advisory database meet by equality. A test holds the two against each other.
"""

import re
from collections.abc import Iterator

from openinspector.advisories import names
from openinspector.assess import ecosystems, kernel
from openinspector.assess.packages import NO_VERSION
from openinspector.model import Inventory, Package

Spoken = tuple[str, str, str, str]
"""Ecosystem without release, release (empty outside distributions), name, version."""

LONGEST = 1024
"""Bytes of a name or version; advisories have no longer ones, and an index takes only so much."""

_UBUNTU_PRO = re.compile(r"Pro:(?:FIPS(?:-updates)?:)?")
_CPE_SEPARATOR = re.compile(r"(?<!\\):")


def spoken_names(inventory: Inventory) -> Iterator[Spoken]:
    """All that advisories may say of an inventory's packages; what cannot be compared is left out.

    What is longer than `LONGEST` is no name that any advisory has.
    """
    for package in inventory.packages:
        for each in _of_package(package, inventory):
            name, version = each[2:]
            if version not in NO_VERSION and _fits(name) and _fits(version):
                yield each


def split_release(ecosystem: str) -> tuple[str, str]:
    """The two parts of an ecosystem as advisories are keyed: `Debian:12` is (Debian, 12).

    Ubuntu's archives of paid support speak of the same release.
    """
    base, _, release = ecosystem.partition(":")
    return base, _UBUNTU_PRO.sub("", release, count=1) if base == "Ubuntu" else release


def _fits(text: str) -> bool:
    return len(text.encode("utf-8", "replace")) <= LONGEST


def _of_package(package: Package, inventory: Inventory) -> Iterator[Spoken]:
    if not ecosystems.is_operating_system(package):
        name = names.package(package.ecosystem, package.name)
        yield package.ecosystem, "", name, package.version
        yield from _platforms(package)
        return
    distribution = inventory.distribution
    if distribution is None or distribution.ecosystem != package.ecosystem:
        return
    asked = ecosystems.lookup_names(package)
    if kernel.is_kernel(package):
        source, signed = kernel.source_name(package), kernel.advisory_source(package)
        asked = tuple(signed if each[0] == source else each for each in asked)
    for name, version in asked:
        yield package.ecosystem, distribution.release or "", name, version


def _platforms(package: Package) -> Iterator[Spoken]:
    """NVD speaks of applications by vendor and product (CPE 2.3 formatted strings)."""
    for name, value in package.properties:
        parts = _CPE_SEPARATOR.split(value) if name == "cpe" else ()
        if len(parts) > 5:
            vendor, product = parts[3].replace("\\", ""), parts[4].replace("\\", "")
            spoken = names.package("generic", f"{vendor}/{product}")
            yield "generic", "", spoken, package.version
