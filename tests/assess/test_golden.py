"""Real inventories against what their advisories say, as a person read them.

Each file in `golden/` names findings that must be there and near misses that must not, with the
line of the advisory that decides. They were written from the advisories, not from our output.
"""

import json
from pathlib import Path

import pytest

from openinspector.assess import Options, assess
from openinspector.inventory.distribution import identify

from .inventories import load
from .memory import NOW, inventory, package
from .shape import wire

GOLDEN = sorted(Path(__file__).with_name("golden").glob("*.json"))


def read(shared, name):
    """The inventory of a golden file: a real one of ../shared, or written out in the file."""
    expected = json.loads((Path(__file__).with_name("golden") / f"{name}.json").read_text())
    if "packages" not in expected:
        return load(shared / "data" / "inventories", name)
    packages = [
        package(
            ecosystem,
            name,
            version,
            module=more[0] if more else None,
            manager="OS" if "system" in expected else None,
        )
        for ecosystem, name, version, *more in expected["packages"]
    ]
    distribution = identify(expected["system"]) if "system" in expected else None
    return inventory(*packages, distribution=distribution)


@pytest.fixture(scope="module")
def assessed(shared, database):
    """Assess an inventory once."""
    known = {}

    def get(name):
        if name not in known:
            made = read(shared, name)
            known[name] = assess(made, database, Options(), NOW)
        return known[name]

    return get


def found(result):
    """(vulnerability, package, version) -> fixed version and severity."""
    severities = {
        each.package_vulnerability_details.vulnerability_id: each.severity
        for each in result.findings
        if each.package_vulnerability_details is not None
    }
    return {
        (each.vulnerability.id, match.package.name, match.package.version): (
            match.fixed_version,
            severities[each.vulnerability.id],
        )
        for each in result.observations
        for match in each.matches
    }


def test_there_are_enough():
    assert len(GOLDEN) >= 25


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden(path, assessed):
    expected = json.loads(path.read_text())
    result = assessed(path.stem)
    actual = found(result)
    wrong = []
    for want in expected["must"]:
        key = (want["vulnerability"], want["package"], want["version"])
        got = actual.get(key)
        if got is None:
            wrong.append(f"missing: {key}")
        elif got[0] != want["fixed"]:
            wrong.append(f"{key}: fixed in {got[0]}, not {want['fixed']}")
        elif want["severity"] not in (None, got[1]):
            wrong.append(f"{key}: {got[1]}, not {want['severity']}")
    names = {(vulnerability, name) for vulnerability, name, _ in actual}
    exact = {(vulnerability, f"{name}@{version}") for vulnerability, name, version in actual}
    for near in expected["must_not"]:
        if (near["vulnerability"], near["package"]) in names | exact:
            wrong.append(f"false alarm: {near}")
    states = {each.part: each.state for each in result.coverage}
    for part, state in expected["coverage"].items():
        if states.get(part) != state:
            wrong.append(f"{part} is {states.get(part)}, not {state}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_near_misses_are_of_packages_that_are_there(path, shared):
    """A near miss of a package that is not installed would prove nothing."""
    expected = json.loads(path.read_text())
    made = read(shared, path.stem)
    names = {each.name for each in made.packages}
    names |= {f"{each.name}@{each.version}" for each in made.packages}
    assert {near["package"] for near in expected["must_not"]} <= names


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_findings_have_the_shape_of_the_api(path, assessed):
    for finding in assessed(path.stem).findings:
        wire(finding)
