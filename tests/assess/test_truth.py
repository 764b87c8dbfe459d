"""The real ScanSbom's answers: every difference is known, and has its reason (docs/truth.md)."""

import json
import re

import pytest

from openinspector.assess import Options, assess
from openinspector.assess.packages import match
from openinspector.inventory.sbom.read import read_sbom
from openinspector.model import AffectedPackage

from . import truth
from .inventories import files, load
from .knowledge import Until
from .memory import NOW, Memory, advisory


@pytest.fixture(scope="module")
def knowledge(database):
    return Until(database, truth.DAY)


@pytest.fixture(scope="module")
def comparisons(shared, knowledge):
    return [truth.compare(shared, knowledge, name) for name in truth.NAMES]


def test_the_differences_are_those_that_are_written_down(comparisons, knowledge):
    found = [
        each for comparison in comparisons for each in truth.differences(comparison, knowledge)
    ]
    assert truth.write(found).splitlines() == truth.RESOURCE.read_text().splitlines()


def test_every_difference_has_a_reason_that_is_explained(shared):
    document = (truth.RESOURCE.parents[2] / "docs" / "truth.md").read_text()
    for line in truth.RESOURCE.read_text().splitlines()[1:]:
        _, side, reason, *_ = line.split("\t")
        assert side == "both" or f"`{reason}`" in document, line


def test_the_numbers_of_the_document_are_true(comparisons):
    document = (truth.RESOURCE.parents[2] / "docs" / "truth.md").read_text()
    for each in comparisons:
        both = len(each.ours.keys() & each.theirs.keys())
        row = rf"\| `{re.escape(each.name)}` \| {len(each.theirs)} \| {len(each.ours)} \| {both} \|"
        assert re.search(row, document), (each.name, len(each.theirs), len(each.ours), both)


def _echo(comparison) -> list[AffectedPackage]:
    """Advisories that say what the answer says, in the words of a feed."""
    distribution = comparison.inventory.distribution
    packages = {truth.unquote(each.purl): each for each in comparison.inventory.packages}
    records = set()
    for pair, fixed in comparison.theirs.items():
        one = packages.get(pair.component)
        if one is None:
            continue
        ecosystem, name = one.ecosystem, one.name
        if ecosystem == distribution.ecosystem:
            release = f":{distribution.release}"
            source = ecosystem != "Amazon Linux"
            name = (one.source_name or name) if source else name
            fixed = (fixed or "").removeprefix("0:")
        else:
            release = ""
        records.add((pair.vulnerability, ecosystem + release, name, f"0,{fixed or ''}"))
    return [advisory(f"X-{each[0]}", *each[1:], cves=[each[0]]) for each in sorted(records)]


@pytest.mark.parametrize(
    "name",
    [
        "alpine-3.18.2",
        "amazonlinux-latest",
        "debian-stable-20240130",
        "golang-latest",
        "python-latest",
        "ruby-latest",
    ],
)
def test_with_the_same_advisories_we_reach_the_same_pairs(name, comparisons):
    """Where our data lacks the advisories their own answer stands in for them."""
    (comparison,) = [each for each in comparisons if each.name == name]
    matching = match(comparison.inventory, Memory(_echo(comparison)), include_kernel=True)
    ours = {
        truth.Pair(each.vulnerability.id, truth.unquote(one.package.purl))
        for each in matching.observations
        for one in each.matches
    }
    missing = comparison.theirs.keys() - ours
    assert not missing
    sources = {}
    for each in comparison.inventory.packages:
        sources[truth.unquote(each.purl)] = each.source_name or each.name
    theirs = {(each.vulnerability, sources[each.component]) for each in comparison.theirs}
    assert {(each.vulnerability, sources[each.component]) for each in ours} == theirs
    if name == "amazonlinux-latest":
        # By name: the generator adds `ncurses`, noarch, as a parent that holds its binaries.
        names = {each: each.component.partition("@")[0] for each in ours}
        assert {(each.vulnerability, names[each]) for each in ours} == {
            (each.vulnerability, each.component.partition("@")[0]) for each in comparison.theirs
        }


def test_kernel_packages_of_containers_only_when_asked(comparisons):
    (comparison,) = [each for each in comparisons if each.name == "golang-latest"]
    knowledge = Memory(_echo(comparison))
    silent = match(comparison.inventory, knowledge)
    assert not any(
        one.package.name == "linux" for each in silent.observations for one in each.matches
    )
    assert silent.uncounted["kernel-headers"] == 2


def test_checks_and_end_of_life_are_findings_too(shared, database):
    path = shared / "data" / "scansbom" / "dockerfile-checks.sbom.json.gz"
    made = read_sbom(path.read_bytes(), "dockerfile-checks")
    result = assess(made, database, Options(), NOW)
    found = {
        each.code_vulnerability_details.detector_id
        for each in result.findings
        if each.code_vulnerability_details is not None
    } | {
        each.package_vulnerability_details.vulnerability_id
        for each in result.findings
        if each.package_vulnerability_details is not None
    }
    expected = {
        line.split("\t")[4]
        for line in truth.RESOURCE.read_text().splitlines()
        if "\treported-as-check\t" in line
    }
    assert {each for line in expected for each in line.split()} <= found


REPORTS = {
    "ubuntu-16.04-image": set(),
    "ubuntu-18.04-image": {
        # Installed is 8.4.0-1ubuntu1~18.04, after the fix 8.3.0-26ubuntu1~18.04.
        ("CVE-2019-15847", "gcc-8-base"),
        ("CVE-2019-15847", "libgcc1"),
        ("CVE-2019-15847", "libstdc++6"),
    },
    "ubuntu-20.04-image": set(),
}


@pytest.mark.parametrize(("name", "known"), REPORTS.items())
def test_a_second_opinion(name, known, shared, database):
    """claircore's reports: what they find and our data has an advisory for, we find too."""
    folder = shared / "data" / "inventories"
    document = json.loads(next(iter(files(folder, name).values())))
    theirs = {
        (
            re.search(r"CVE-\d+-\d+", document["vulnerabilities"][each]["name"])[0],
            document["packages"][package]["name"],
        )
        for package, found in document["package_vulnerabilities"].items()
        for each in found
        if "CVE-" in document["vulnerabilities"][each]["name"]
    }
    made = load(folder, name)
    sources = {each.name: each.source_name or each.name for each in made.packages}
    release = made.distribution.release
    held = {
        (vulnerability, binary)
        for vulnerability, binary in theirs
        for ecosystem in (f"Ubuntu:{release}", f"Ubuntu:Pro:{release}")
        for each in database.affected(ecosystem, sources[binary])
        if vulnerability in each.vulnerabilities
    }
    matching = match(made, database)
    ours = {
        (each.vulnerability.id, one.package.name)
        for each in matching.observations
        for one in each.matches
    }
    assert len(held) >= 18
    assert held - ours == known
