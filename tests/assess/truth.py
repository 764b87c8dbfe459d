"""Our pairs of (vulnerability, component) against those of the real ScanSbom, and why they differ.

`python -m tests.assess.truth SHARED` writes `truth.tsv` anew and prints the numbers of
docs/truth.md; test_truth.py fails when the differences change without it.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from openinspector.assess.ecosystems import is_operating_system
from openinspector.assess.packages import match
from openinspector.inventory.sbom.read import read_sbom
from openinspector.model import Inventory, Package

from .knowledge import Until, compile_database

DAY = "2024-05-22"
"""The day on which the scans were made."""

NAMES = (
    "alpine-3.18.2",
    "amazonlinux-latest",
    "debian-stable-20240130",
    "dockerfile-checks",
    "golang-latest",
    "python-latest",
    "ruby-latest",
)

RESOURCE = Path(__file__).with_name("truth.tsv")


class Pair(NamedTuple):
    """A vulnerability and the component that it affects (its package URL, decoded, or its name)."""

    vulnerability: str
    component: str


class Difference(NamedTuple):
    """One class of differing pairs of one SBOM and component."""

    sbom: str
    side: str
    reason: str
    component: str
    vulnerabilities: tuple[str, ...]


class Comparison(NamedTuple):
    """One SBOM: both sides' pairs, and the fixed version of each."""

    name: str
    inventory: Inventory
    ours: dict[Pair, str | None]
    theirs: dict[Pair, str | None]


def _components(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in found:
        yield each
        yield from _components(each.get("components", []))


def _answer(folder: Path, name: str) -> dict[Pair, str | None]:
    path = folder / f"{name}.answer.json.gz"
    if not path.exists():
        path = folder / f"{name}.answer-cyclonedx.json.gz"
    document = json.loads(gzip.decompress(path.read_bytes()))
    document = document.get("sbom", document)
    components = {each["bom-ref"]: each for each in _components(document["components"])}
    pairs: dict[Pair, str | None] = {}
    for vulnerability in document["vulnerabilities"]:
        fixes = {
            each["name"].rpartition(":")[2]: each["value"]
            for each in vulnerability.get("properties", [])
            if ":fixed_version:" in each["name"]
        }
        for affected in vulnerability["affects"]:
            component = components[affected["ref"]]
            named = unquote(component.get("purl") or component["name"])
            pairs[Pair(vulnerability["id"], named)] = fixes.get(affected["ref"])
    return pairs


def compare(shared: Path, knowledge: Until, name: str) -> Comparison:
    """Scan one SBOM as ScanSbom did (kernel packages included), and read its answer."""
    folder = shared / "data" / "scansbom"
    made = read_sbom((folder / f"{name}.sbom.json.gz").read_bytes(), name)
    matching = match(made, knowledge, include_kernel=True)
    ours = {
        Pair(each.vulnerability.id, unquote(one.package.purl)): one.fixed_version
        for each in matching.observations
        for one in each.matches
    }
    return Comparison(name, made, ours, _answer(folder, name))


def differences(comparison: Comparison, knowledge: Until) -> list[Difference]:
    """Every differing pair with its reason, in order."""
    packages = {unquote(each.purl): each for each in comparison.inventory.packages}
    reasons: dict[tuple[str, str, str], list[str]] = {}
    for pair in comparison.theirs.keys() - comparison.ours.keys():
        reason = _missed(pair, packages.get(pair.component), comparison, knowledge)
        reasons.setdefault(("theirs", reason, pair.component), []).append(pair.vulnerability)
    for pair in comparison.ours.keys() - comparison.theirs.keys():
        reason = _extra(pair, packages, comparison)
        reasons.setdefault(("ours", reason, pair.component), []).append(pair.vulnerability)
    for pair in comparison.theirs.keys() & comparison.ours.keys():
        ours, theirs = comparison.ours[pair], comparison.theirs[pair]
        if not same_fix(ours, theirs):
            reason = f"fixed in {ours}, they say {theirs}"
            reasons.setdefault(("both", reason, pair.component), []).append(pair.vulnerability)
    return sorted(
        Difference(comparison.name, *key, tuple(sorted(found))) for key, found in reasons.items()
    )


def _source(package: Package) -> str:
    return package.source_name or package.name


def _missed(pair: Pair, package: Package | None, comparison: Comparison, knowledge: Until) -> str:
    """Why ScanSbom reports what we do not."""
    if pair.vulnerability.startswith("IN-"):
        return "reported-as-check"
    assert package is not None, pair
    if not is_operating_system(package):
        held = knowledge.affected(package.ecosystem, package.name)
        named = any(pair.vulnerability in each.vulnerabilities for each in held)
        return "feed-ends-too-early" if named else "other-project"
    distribution = comparison.inventory.distribution
    assert distribution is not None
    base = f"{distribution.ecosystem}:{distribution.release}"
    asked = [base, base.replace("Ubuntu:", "Ubuntu:Pro:")]
    if not any(knowledge.knows(each) for each in asked):
        return "feed-lacks-release"
    if pair.vulnerability.startswith("USN-"):
        return "bulletin-without-cve"
    held = [each for name in asked for each in knowledge.affected(name, _source(package))]
    if any(pair.vulnerability in each.vulnerabilities for each in held):
        return "unexplained"
    return "feed-lacks-advisory"


def _extra(pair: Pair, packages: dict[str, Package], comparison: Comparison) -> str:
    """Why we report what ScanSbom does not."""
    package = packages[pair.component]
    siblings = {
        _source(packages[each.component])
        for each in comparison.theirs
        if each.vulnerability == pair.vulnerability and each.component in packages
    }
    if _source(package) in siblings:
        return "other-binary-of-the-source"
    if comparison.ours[pair] is None and package.ecosystem == "Ubuntu":
        return "unfixed-in-ubuntu"
    if package.ecosystem == "Ubuntu":
        return "left-out-by-them"
    return "unexplained"


def write(found: list[Difference]) -> str:
    """The differences as tab-separated lines."""
    head = "sbom\tside\treason\tcomponent\tvulnerabilities\n"
    return head + "".join(
        "\t".join((*each[:4], " ".join(each.vulnerabilities))) + "\n" for each in found
    )


def main(shared: Path) -> None:
    """Write the resource anew, and print numbers for docs/truth.md."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        database = compile_database(shared, Path(folder) / "advisories.db")
        knowledge = Until(database, DAY)
        everything: list[Difference] = []
        for name in NAMES:
            comparison = compare(shared, knowledge, name)
            both = comparison.ours.keys() & comparison.theirs.keys()
            found = differences(comparison, knowledge)
            everything += found
            counted: dict[tuple[str, str], int] = {}
            for each in found:
                key = (each.side, "other fix" if each.side == "both" else each.reason)
                counted[key] = counted.get(key, 0) + len(each.vulnerabilities)
            print(name, len(comparison.theirs), len(comparison.ours), len(both), counted)
        RESOURCE.write_text(write(everything))


def same_fix(ours: str | None, theirs: str | None) -> bool:
    """Whether two fixed versions are the same, an epoch of 0 written out or not."""
    return (ours or "").removeprefix("0:") == (theirs or "").removeprefix("0:")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
