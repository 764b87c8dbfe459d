"""Advisories that speak of a package in another release of its distribution, for `explain`."""

from collections.abc import Iterator, Sequence

from openinspector.assess.observation import RuledOut
from openinspector.model import AffectedPackage, Knowledge, Package


def elsewhere(
    package: Package,
    names: Sequence[str],
    own: Sequence[str],
    knowledge: Knowledge,
    wanted: frozenset[str],
) -> Iterator[RuledOut]:
    """What is known of `wanted` vulnerabilities of a package in releases other than `own`.

    `names` are those under which the package is asked for; `wanted` leaves out what the own release
    says something of. One answer a vulnerability: the advisory of the first release, and all
    releases.
    """
    found: dict[str, dict[str, AffectedPackage]] = {}
    for ecosystem in knowledge.ecosystems():
        if ecosystem.partition(":")[0] != package.ecosystem or ecosystem in own:
            continue
        for record in (each for name in names for each in knowledge.affected(ecosystem, name)):
            for vulnerability in wanted.intersection(record.vulnerabilities):
                found.setdefault(vulnerability, {}).setdefault(ecosystem, record)
    for vulnerability, releases in sorted(found.items()):
        record = next(iter(releases.values()))
        told = f"is about {record.name} in {', '.join(releases)}, not in {own[0]}"
        yield RuledOut(vulnerability, package, "release", told, record)
