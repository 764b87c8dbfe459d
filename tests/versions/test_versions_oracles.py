"""Every order agrees with the ecosystem's own comparator, on many generated pairs."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from shutil import which

import pytest
import version_oracles
from version_oracles import Oracle, Pair
from version_samples import pairs

from openinspector.versions import compare

COUNTS = [20_000, pytest.param(500_000, marks=pytest.mark.slow)]

ORACLES = [
    ("Debian", "dpkg", version_oracles.dpkg),
    ("Red Hat", "rpm", version_oracles.rpm),
    ("Alpine", "apk", version_oracles.apk),
    ("PyPI", "pep440", version_oracles.packaging),
    ("npm", "npm", version_oracles.npm_loose),
    ("crates.io", "semver", version_oracles.npm_strict),
    ("Go", "semver", version_oracles.npm_strict),
    ("RubyGems", "gem", version_oracles.gem),
    ("Packagist", "composer", version_oracles.php),
]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize(("ecosystem", "sample", "oracle"), ORACLES)
def test_order_is_the_oracles(ecosystem: str, sample: str, oracle: Oracle, count: int) -> None:
    asked = list(pairs(sample, count, seed=count))

    assert list(disagreements(ecosystem, asked, oracle(asked))) == []


@pytest.mark.parametrize("count", COUNTS)
def test_order_is_mavens_but_where_maven_contradicts_itself(count: int) -> None:
    asked = list(pairs("maven", count, seed=count))
    differing = list(disagreements("Maven", asked, version_oracles.maven(asked)))

    assert len(differing) < count / 50
    assert contradicted_by_maven(differing) == set(differing)


def contradicted_by_maven(ordered: Sequence[Pair]) -> set[Pair]:
    """The pairs (a, b) with a version between them, by Maven's own word: a <= it <= b, not both."""
    between = [(a, middle, b) for a, b in ordered for middle in beginnings(a, b)]
    to_middle = version_oracles.maven([(a, middle) for a, middle, _ in between])
    from_middle = version_oracles.maven([(middle, b) for _, middle, b in between])
    steps = zip(between, to_middle, from_middle, strict=True)
    return {(a, b) for (a, _, b), up, on in steps if max(up, on) <= 0 and min(up, on) < 0}


def beginnings(*versions: str) -> Iterator[str]:
    """Every version that a given one goes on from; a dot keeps its last word from being a list."""
    for version in versions:
        for cut in re.finditer(r"[.-]|(?<=[0-9])(?=[^0-9])|(?<=[^0-9])(?=[0-9])|$", version):
            yield from (version[: cut.start()], version[: cut.start()] + ".")


def disagreements(ecosystem: str, asked: Sequence[Pair], answers: Sequence[int]) -> Iterator[Pair]:
    """The pairs on which the oracle says otherwise, the lower first as we have them."""
    for (a, b), answer in zip(asked, answers, strict=True):
        ours = compare(ecosystem, a, b)
        if ours != answer:
            yield (a, b) if ours <= 0 else (b, a)


@pytest.mark.skipif(which("dpkg") is None, reason="needs dpkg")
def test_dpkg_itself_agrees_on_a_sample() -> None:
    asked = [*pairs("dpkg", 150, seed=1), ("9" * 50, "1" + "0" * 50), ("1." + "0" * 99, "1.")]

    for a, b in asked:
        relation = {-1: "lt", 0: "eq", 1: "gt"}[compare("Debian", a, b)]
        verdict = subprocess.run(["dpkg", "--compare-versions", a, relation, b], check=False)
        assert verdict.returncode == 0, (a, relation, b)
