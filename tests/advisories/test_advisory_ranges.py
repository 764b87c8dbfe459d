"""OSV's evaluation algorithm, by the examples of the schema's documentation and its corners."""

import json

import pytest
from advisory_samples import affected, is_affected

from openinspector.advisories.osv import Malformed, decode
from openinspector.advisories.ranges import intervals


@pytest.mark.parametrize(
    ("entry", "inside", "outside"),
    [
        (
            affected("npm", "a", ("introduced", "0"), ("fixed", "1.0.2"), kind="SEMVER"),
            ["0.0.0-alpha", "0.9.0", "1.0.1", "1.0.2-rc.1"],
            ["1.0.2", "2.0.0"],
        ),
        (
            affected(
                "Go",
                "a",
                ("introduced", "1.0.0"),
                ("fixed", "1.14.14"),
                ("introduced", "1.15.0"),
                ("fixed", "1.15.17"),
                kind="SEMVER",
            ),
            ["1.0.0", "1.14.13", "1.15.0", "1.15.16"],
            ["0.9.0", "1.14.14", "1.14.99", "1.15.17", "1.16.0"],
        ),
        (
            affected("PyPI", "a", ("introduced", "0"), ("last_affected", "2.1.214")),
            ["0.1", "2.1.214"],
            ["2.1.214.post1", "2.1.215"],
        ),
        (affected("PyPI", "a", ("introduced", "3.0")), ["3.0", "99"], ["2.9", "3.0rc1"]),
        (
            affected("PyPI", "a", ("introduced", "0"), ("limit", "2.0")),
            ["0", "1.9"],
            ["2.0", "3.0"],
        ),
        (
            affected("PyPI", "a", ("introduced", "0"), ("limit", "2.0"), ("limit", "3.0")),
            ["2.0", "2.9"],
            ["3.0"],
        ),
        (affected("PyPI", "a", ("introduced", "0"), ("limit", "*")), ["0", "99"], []),
        (
            affected("PyPI", "a", versions=["1.0", "1.2"]),
            ["1.0", "1.0.0", "1.2"],
            ["1.1", "1.3"],
        ),
        (
            affected("PyPI", "a", ("introduced", "2"), ("fixed", "3"), versions=["1.0"]),
            ["1.0", "2.5"],
            ["1.1", "3"],
        ),
        (
            # Events may come in any order.
            affected("npm", "a", ("fixed", "2.0.0"), ("introduced", "1.0.0")),
            ["1.0.0", "1.9.9"],
            ["0.9.9", "2.0.0"],
        ),
        (
            # Introduced and fixed in the same version: nothing is affected.
            affected("npm", "a", ("introduced", "1.0.0"), ("fixed", "1.0.0")),
            [],
            ["0.9.0", "1.0.0", "1.1.0"],
        ),
        (
            affected(
                "npm",
                "a",
                ("introduced", "0"),
                ("fixed", "1.0.0"),
                ("introduced", "1.0.0"),
                ("fixed", "1.1.0"),
            ),
            ["0.5.0", "1.0.0"],
            ["1.1.0"],
        ),
        (
            # A preview as the last of what its release introduces: not everything since then.
            affected(
                "Maven",
                "a",
                ("introduced", "3"),
                ("last_affected", "3.2.4.RELEASE"),
                ("introduced", "4"),
                ("last_affected", "4.0.0.M3"),
            ),
            ["3.0.1", "3.2.4.RELEASE", "4.0.0.M3"],
            ["3.2.5.RELEASE", "4", "4.0.0.RELEASE", "4.3.26.RELEASE"],
        ),
        (
            # Without such kinship it is a list in no order, and open at its end.
            affected(
                "Maven", "a", ("introduced", "5"), ("last_affected", "3"), ("introduced", "2")
            ),
            ["2", "3", "5", "99"],
            ["1", "4"],
        ),
        (
            # Fixes of two branches without a second introduction: the first ends it.
            affected("npm", "a", ("introduced", "0"), ("fixed", "1.5.0"), ("fixed", "2.1.0")),
            ["1.4.0"],
            ["1.5.0", "2.0.0"],
        ),
        (
            affected("Debian:12", "a", ("introduced", "0"), ("fixed", "1:2.0~rc1-1+deb12u1")),
            ["1:2.0~beta1-1", "3.0-1"],
            ["1:2.0~rc1-1+deb12u1", "1:2.0-1"],
        ),
    ],
)
def test_the_algorithm(entry: dict, inside: list[str], outside: list[str]) -> None:
    assert [v for v in inside if not is_affected(entry, v)] == []
    assert [v for v in outside if is_affected(entry, v)] == []


def _part(entry: dict):
    record = decode(json.dumps({"id": "A-1", "affected": [entry]}).encode())
    assert record.affected
    return record.affected[0]


def test_commits_have_no_order() -> None:
    entry = affected("PyPI", "a", ("introduced", "0"), ("fixed", "a7c02f1a"), kind="GIT")
    assert intervals(_part(entry), "PyPI") == ()


def test_a_range_that_never_begins_is_malformed() -> None:
    with pytest.raises(Malformed, match="nothing introduces"):
        intervals(_part(affected("PyPI", "a", ("fixed", "1.0"))), "PyPI")


def test_the_end_of_a_limit_is_no_fix() -> None:
    entry = affected("PyPI", "a", ("introduced", "0"), ("limit", "2.0"))
    (interval,) = intervals(_part(entry), "PyPI")
    assert interval.fixed is not None
    assert interval.end_version is None


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [("<= 2.3.1", ["1.0", "2.3.1"], ["2.3.2"]), ("< 2.0.0", ["1.9"], ["2.0.0"])],
)
def test_the_last_version_that_github_knows_to_be_affected(
    text: str, inside: list[str], outside: list[str]
) -> None:
    specific = {"last_known_affected_version_range": text}
    entry = affected("Maven", "a:b", ("introduced", "0"), database_specific=specific)
    assert all(is_affected(entry, version) for version in inside)
    assert not any(is_affected(entry, version) for version in outside)
    fixed = affected(
        "Maven", "a:b", ("introduced", "0"), ("fixed", "4.0"), database_specific=specific
    )
    assert is_affected(fixed, "3.9"), "a known fix says more"


def test_many_events_stay_fast() -> None:
    pairs = []
    for number in range(20_000):
        pairs += [("introduced", f"{number}.0.0"), ("fixed", f"{number}.5.0")]
    found = intervals(_part(affected("npm", "a", *pairs)), "npm")
    assert len(found) == 20_000
    with pytest.raises(Malformed, match="events"):
        intervals(_part(affected("npm", "a", *[("introduced", "1")] * 100_001)), "npm")
