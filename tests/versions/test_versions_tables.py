"""Every order agrees with what its specification says and with what others have published."""

import csv
from itertools import combinations
from pathlib import Path

import pytest

from openinspector.versions import compare, parse

TABLES = sorted((Path(__file__).resolve().parent / "tables").glob("*.tsv"))
PUBLISHED = [
    *("Alpine", "CRAN", "Debian", "Go", "Hackage", "Hex", "Maven", "NuGet", "Packagist", "Pub"),
    *("PyPI", "Red-Hat", "RubyGems", "crates.io", "npm"),
]


def chains(table: Path) -> list[list[list[str]]]:
    """Chains, an empty line between them, of steps: each line's versions are equal, and rising."""
    blocks = table.read_text().strip().split("\n\n")
    return [
        [line.split("\t") for line in block.splitlines() if not line.startswith("#")]
        for block in blocks
    ]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_order_is_the_specified(table: Path) -> None:
    for chain in chains(table):
        steps = [(step, version) for step, versions in enumerate(chain) for version in versions]
        assert len(steps) > 1
        for (earlier, a), (later, b) in combinations(steps, 2):
            expected = -1 if earlier < later else 0
            assert (a, b, compare(table.stem, a, b)) == (a, b, expected)
            assert (b, a, compare(table.stem, b, a)) == (b, a, -expected)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_specified_versions_are_readable(table: Path) -> None:
    versions = [version for chain in chains(table) for step in chain for version in step]

    assert [parse(table.stem, version).warning for version in versions] == [None] * len(versions)


@pytest.mark.parametrize("name", PUBLISHED)
def test_order_is_the_published(name: str, shared: Path) -> None:
    with (shared / "data" / "vercmp" / f"{name}.tsv").open(newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))

    assert rows
    wrong = [
        row
        for row in rows
        if compare(row["ecosystem"], row["a"], row["b"]) != int(row["expected"])
        or compare(row["ecosystem"], row["b"], row["a"]) != -int(row["expected"])
    ]
    assert wrong == []


# Where publishers contradict each other, the side taken is the ecosystem's own comparator.
CONFLICTS = [
    # Maven 3.9's ComparableVersion: a qualifier of its own list is below a number of its own list.
    ("Maven", "2.0.a", "2-1", -1),
    # The same: a dot before a final qualifier opens a list as a hyphen does.
    ("Maven", "1-foo", "1.foo", 0),
    ("Maven", "1-1-foo", "1-1.foo", 0),
    ("Maven", "2.0.a", "2.0.0.a", 0),
    ("Maven", "2-1", "2.0.0.a", 1),
    # The same: a release qualifier in the middle leaves its list behind.
    ("Maven", "1-1", "1-ga-1", 1),
    # The same: rc16 is above rc8, however each is joined to its number.
    ("Maven", "1.0.0-RC16", "1.0.0.RC8-beta", 1),
    ("Maven", "1.5.9.RC1", "1.5.9-RC0", 1),
    ("Maven", "6.1.12.rc5", "6.1.12rc1", 1),
    ("Maven", "1.0.0rc0", "1.0.beta8", 1),
    # The same: unknown qualifiers and numbers are above the release, so above its candidates.
    ("Maven", "1.0.0-gradle-rework-beta3", "1.0.0.RC7-3", 1),
    ("Maven", "2.9.0-1", "2.9.0.RC1", 1),
    ("Maven", "1.1.0-01-glassfish", "1.1.0.Beta1", 1),
    # The same: unknown qualifiers order as text, "sec" above "_noneautotype".
    ("Maven", "1.1.31.sec10", "1.1.31_noneautotype", 1),
    ("Maven", "1.2.8.sec10_noneautotype", "1.2.8_noneautotype", 1),
    # The same: the Java release a driver is built for is a qualifier, though it says nothing.
    ("Maven", "12.10.2", "12.10.2.jre11", -1),
    ("Maven", "12.10.2.jdk17", "12.10.2", 1),
    ("Maven", "12.10.2.jre11", "12.10.2.jdk17", 1),
    # Gem::Version: the third number decides.
    ("RubyGems", "0.0.1.0", "0.0.0.1", 1),
]


@pytest.mark.parametrize(("ecosystem", "a", "b", "expected"), CONFLICTS)
def test_side_taken_where_publishers_disagree(
    ecosystem: str, a: str, b: str, expected: int
) -> None:
    assert compare(ecosystem, a, b) == expected
