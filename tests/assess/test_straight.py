"""Our matching beside a straight reading of the same advisories (`straight.py`).

Over all real inventories, and over versions at, just below and just above the bounds of random
advisories of every ecosystem. Where the product weighs records by a rule of its own
(docs/matching.md), the rule is written here again, in a line.
"""

import random
import re
from collections import defaultdict

import pytest

from openinspector.assess.packages import match
from openinspector.inventory.distribution import identify, stamp
from openinspector.model import Inventory, Package, Target
from openinspector.versions import parse

from . import straight
from .inventories import load

SYSTEMS = {
    "AlmaLinux": ("rhel-rpm", lambda release: {"ID": "almalinux", "VERSION_ID": f"{release}.4"}),
    "Alpine": ("alpine-apk", lambda release: {"ID": "alpine", "VERSION_ID": f"{release[1:]}.0"}),
    "Debian": ("dpkg", lambda release: {"ID": "debian", "VERSION_ID": release}),
    "Ubuntu": ("dpkg", lambda release: {"ID": "ubuntu", "VERSION_ID": release.split(":")[0]}),
    "Wolfi": ("alpine-apk", lambda release: {"ID": "wolfi", "VERSION_ID": "20230201"}),
}
BY_SOURCE = ("Alpine", "Debian", "Ubuntu", "Wolfi")
LIBRARIES = (
    *("Go", "Maven", "NuGet", "Packagist", "PyPI", "RubyGems", "crates.io", "npm"),
    *SYSTEMS,
)
NEIGHBOURS = {
    # What lies just below and just above a version, by ecosystem.
    "AlmaLinux": ("{}~", "{}.1"),
    "Debian": ("{}~", "{}+b1"),
    "Maven": ("{}-SNAPSHOT", "{}.1"),
    "NuGet": ("{}-beta", "{}.1"),
    "Packagist": ("{}-beta1", "v{}.1"),
    "PyPI": ("{}.dev0", "{}.post1"),
    "RubyGems": ("{}.pre", "{}.1"),
    "Ubuntu": ("{}~", "{}+b1"),
    "npm": ("{}-0", "{}+build"),
}
A_SAMPLE = 25
"""Packages of each ecosystem whose bounds are tried."""


@pytest.fixture(scope="module")
def advisories(shared):
    """The straight reading of the zips, by ecosystem and name as the ecosystem normalises it."""
    found = defaultdict(list)
    for (ecosystem, name), records in straight.read(shared / "data" / "osv").items():
        found[ecosystem, spelled(ecosystem, name)] += records
    return found


def spelled(ecosystem, name):
    if ecosystem == "PyPI":
        return re.sub(r"[-_.]+", "-", name).lower()
    return name.lower() if ecosystem in ("NuGet", "Packagist") else name


def expected(advisories, places, name, ecosystem, version):
    """The vulnerabilities of a version by the straight reading."""
    records = [each for place in places for each in advisories.get((place, name), ())]
    if ecosystem not in SYSTEMS:
        # A record that calls every version affected was written before one that knows the end.
        ended = {cve for each in records if not each.is_open for cve in each.speaks_of}
        records = [each for each in records if not each.is_open or not each.speaks_of & ended]
    held = [each for each in records if each.holds(ecosystem, version)]
    return {cve for each in held for cve in each.speaks_of if not cve.startswith(("ALBA", "ALEA"))}


def places_of(ecosystem, release):
    """The ecosystems to ask: of Ubuntu its paid archive, too."""
    own = f"{ecosystem}:{release}" if release else ecosystem
    return (own, own.replace("Ubuntu:", "Ubuntu:Pro:")) if ecosystem == "Ubuntu" else (own,)


def folded(database, vulnerabilities):
    """Each by the name under which findings show it."""
    known = ((each, database.vulnerability(each)) for each in vulnerabilities)
    return {record.id if record else name for name, record in known}


def found(result):
    """Package (name, version, ecosystem) -> vulnerabilities."""
    pairs = defaultdict(set)
    for observation in result.observations:
        for each in observation.matches:
            package = each.package
            pairs[package.name, package.version, package.ecosystem].add(
                observation.vulnerability.id
            )
    return pairs


def question(inventory, package):
    """Ecosystems, name and version to look for, read from the documentation."""
    system = inventory.distribution
    if system is None or package.manager != "OS":
        name = spelled(package.ecosystem, package.name)
        return (package.ecosystem,), name, package.version
    name, version = package.name, package.version
    if package.ecosystem in BY_SOURCE:
        name, version = package.source_name or name, package.source_version or version
        # Debian signs its kernel under other sources than the one its advisories name.
        name = re.sub(r"linux-signed-\w+", "linux", name)
        version = version if name != "linux" else package.version
    return places_of(system.ecosystem, system.release), name, version


def test_every_real_inventory_is_judged_as_the_advisories_read(shared, database, advisories):
    wrong, pairs = [], 0
    folder = shared / "data" / "inventories"
    for path in sorted(folder.glob("*.zip")):
        inventory = load(folder, path.stem)
        actual = found(match(inventory, database, include_kernel=True))
        wanted = defaultdict(set)
        for package in inventory.packages:
            if package.ecosystem == "Amazon Linux":
                continue  # its bulletins are not in the zips
            places, name, version = question(inventory, package)
            key = (package.name, package.version, package.ecosystem)
            wanted[key] |= expected(advisories, places, name, package.ecosystem, version)
        for key in {*actual, *wanted}:
            if key[2] != "Amazon Linux":
                want = folded(database, wanted[key])
                pairs += len(want)
                wrong += [(path.stem, key, each) for each in want ^ actual.get(key, set())]
    assert not wrong, wrong[:20]
    assert pairs > 3000


@pytest.mark.parametrize("ecosystem", LIBRARIES)
def test_verdicts_around_every_bound_are_the_straight_reading(database, advisories, ecosystem):
    chosen = [
        place
        for place in sorted(advisories)
        if place[0].partition(":")[0] == ecosystem and not place[0].startswith("Ubuntu:Pro")
        if ecosystem not in SYSTEMS or ":v" in place[0] or ecosystem != "Alpine"
    ]
    generator = random.Random(ecosystem)
    wrong, verdicts = [], 0
    for place, name in generator.sample(chosen, min(A_SAMPLE, len(chosen))):
        records = advisories[place, name]
        bounds = sorted({bound for each in records for bound in each.bounds})
        for bound in generator.sample(bounds, min(3, len(bounds))):
            patterns = ("{}", *NEIGHBOURS.get(ecosystem, ()))
            for version in (pattern.format(bound) for pattern in patterns):
                if parse(ecosystem, version).warning or _weighed(ecosystem, records, version):
                    continue
                got = _judged(database, place, ecosystem, name, version)
                places = places_of(ecosystem, place.partition(":")[2])
                want = expected(advisories, places, name, ecosystem, version)
                want = folded(database, want)
                verdicts += len(want | got)
                wrong += [(place, name, version, each) for each in want ^ got]
    assert not wrong, wrong[:20]
    assert verdicts > 20


def _weighed(ecosystem, records, version):
    """Whether a rule beyond OSV's decides: modules and minor releases, previews of a release."""
    if ecosystem == "AlmaLinux":
        texts = [version, *(bound for each in records for bound in each.bounds)]
        return any(".module" in text for text in texts) or re.search(r"\.el\d+_", version)
    events = (dict(events) for each in records for events in each.ranges)
    return ecosystem == "Maven" and any(
        each["last_affected"].startswith(each["introduced"])
        for each in events
        if "last_affected" in each and "introduced" in each
    )


def _judged(database, place, ecosystem, name, version):
    target = Target("image", "x", is_root=True)
    if ecosystem not in SYSTEMS:
        library = Package(ecosystem, name, version, "", "PIP", "test", "test")
        judged = Inventory(target, (library,))
    else:
        cataloger, release = SYSTEMS[ecosystem]
        system = identify(release(place.partition(":")[2]))
        package = Package("", name, version, "", "OS", cataloger, cataloger)
        judged = Inventory(target, tuple(stamp([package], system)), system)
    result = match(judged, database, include_kernel=True)
    return {observation.vulnerability.id for observation in result.observations}
