"""Any text has a place: unreadable versions too, and none takes long or raises."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.versions import LOWEST, Key, compare, key, parse, scheme
from openinspector.versions.ecosystems import ENCODERS, SCHEMES

ONE_OF_EACH = {name: ecosystem for ecosystem, name in SCHEMES.items()}
EVERY_SCHEME = sorted(ONE_OF_EACH.values())

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=40)
VERSION_LIKE = st.from_regex(
    re.compile(r"[v=]?[0-9]{0,3}([.+~^!:_-]{0,2}([0-9]{1,4}|[a-z]{1,5}|[A-Z]|\*)){0,6}[.+-]?"),
    fullmatch=True,
)

HOSTILE = [
    *("", " ", "\n", "\x00", "\x01", "\x001", "1\x00", "\ud800", "1.\udfff", "\U0001f600", "1.é"),
    *("-", ".", "..", "~", "^", "+", ":", "!", "v", "=", "*", "-1", "1-", "1.", ".1", "1:", ":1"),
    *("²", "١.٢", "1.²", "１.２", "İ1", "1!", "!1", "1+", "+1", "go", "go1.", "1_", "_1", "trunk"),
    *(piece * 100_000 for piece in ["1", "0", "a", ".", "-", "~", "_", " ", "\n", "é", "\ud800"]),
    *(
        piece * 30_000
        for piece in ["1.", "0.", "a.", "1-", "-a", "a1", "1a", "~~", "^1", "_p", ".-"]
    ),
    *(piece * 10_000 for piece in ["_alpha", "-r1", ".dev", "-rc.", "1!", "+a", ".post1", ":1"]),
    *(
        "1." + piece * 50_000 + "!"
        for piece in ["0", "1", ".1", "a", "-", "+", " ", ".", "rc", "=v"]
    ),
]


@pytest.mark.parametrize("ecosystem", EVERY_SCHEME)
@settings(deadline=None)
@given(version=ANYTHING | VERSION_LIKE)
def test_any_text_has_one_place(ecosystem: str, version: str) -> None:
    placed = parse(ecosystem, version)

    assert placed == parse(ecosystem, version)
    assert placed.bytes == key(ecosystem, version) > LOWEST
    assert (placed.warning is not None) == (placed.bytes[:1] == b"\x00")
    assert compare(ecosystem, version, version) == 0


@pytest.mark.parametrize("ecosystem", EVERY_SCHEME)
def test_hostile_text_has_a_place(ecosystem: str) -> None:
    for version in HOSTILE:
        placed = parse(ecosystem, version)
        assert placed.bytes == key(ecosystem, version) > LOWEST
        assert placed.warning is None or len(placed.warning) < 1000


@pytest.mark.parametrize("ecosystem", EVERY_SCHEME)
def test_numbers_of_any_size_order_by_value(ecosystem: str) -> None:
    rising = [
        "1",
        "9",
        "10",
        "9" * 30,
        "1" + "0" * 30,
        "1" + "0" * 31,
        "9" * 5000,
        "1" + "0" * 5000,
    ]
    keys = [key(ecosystem, f"1.{number}") for number in rising]

    assert keys == sorted(set(keys))


@pytest.mark.parametrize(
    ("ecosystem", "unreadable"),
    [
        ("Debian", "a:1.0"),
        ("Debian", ""),
        ("Alpine", "edge"),
        ("PyPI", "1.0-final-fix"),
        ("npm", "latest"),
        ("npm", "1.2.3.4"),
        ("crates.io", "1.2.x"),
        ("Go", "(devel)"),
        ("Packagist", "!"),
        ("RubyGems", "1.0_1"),
        ("NuGet", "1.2.3.4.5"),
        ("Pub", "any"),
        ("CRAN", "1.0a"),
        ("Hackage", "head"),
        ("Conda", "1..2"),
        ("generic", "trunk"),
        ("ConanCenter", ""),
    ],
)
def test_unreadable_is_below_all_and_says_so(ecosystem: str, unreadable: str) -> None:
    placed = parse(ecosystem, unreadable)

    assert placed.warning is not None
    assert repr(unreadable) in placed.warning
    assert ecosystem in placed.warning
    assert LOWEST < placed.bytes < key(ecosystem, "0")
    assert parse(ecosystem, "0").warning is None


def test_unreadable_versions_order_naturally_among_themselves() -> None:
    rising = ["nightly-2024-05-09", "nightly-2024-05-10", "nightly-2024-10-01", "trunk", "trunk2"]

    assert [parse("npm", version).warning is None for version in rising] == [False] * len(rising)
    assert sorted(rising, key=lambda version: key("npm", version)) == rising


@pytest.mark.parametrize("ecosystem", EVERY_SCHEME)
def test_lowest_is_before_the_version_0_and_its_pre_releases(ecosystem: str) -> None:
    assert all(
        key(ecosystem, version) > LOWEST for version in ("0", "0-alpha", "0~~", "0.dev0", "")
    )


@pytest.mark.parametrize(
    ("ecosystem", "name"),
    [
        ("Debian:12", "dpkg"),
        ("Ubuntu:Pro:16.04:LTS", "dpkg"),
        ("Alpine:v3.18", "apk"),
        ("Wolfi", "apk"),
        ("Red Hat:enterprise_linux:9::baseos", "rpm"),
        ("Amazon Linux:2023", "rpm"),
        ("openSUSE:Leap 15.5", "rpm"),
        ("PyPI", "pep440"),
        ("crates.io", "semver"),
        ("Hex", "hex"),
        ("GitHub Actions", "semver"),
        ("CocoaPods", "gem"),
        ("Julia", "pub"),
        ("Bitnami", "generic"),
        ("ConanCenter", "conan"),
        ("CleanStart", "apk"),
        ("opam", "dpkg"),
        ("Echo", "dpkg"),
        ("Echo:PyPI", "pep440"),
        ("TuxCare:Red Hat", "rpm"),
        ("TuxCare:npm", "generic"),
        ("TuxCare:TuxCare:npm", "generic"),
        ("Docker Hardened Images:Alpine:3.23", "apk"),
        ("Docker Hardened Images:Debian:trixie", "dpkg"),
        ("Root:Maven", "maven"),
        ("Plan 9", "generic"),
        ("", "generic"),
    ],
)
def test_scheme_of_an_ecosystem(ecosystem: str, name: str) -> None:
    assert scheme(ecosystem) == name


def test_a_release_makes_no_difference() -> None:
    assert key("Debian:12", "1.0~rc1-1") == key("Debian", "1.0~rc1-1")
    assert key("Alpine:v3.18", "1.0_rc1") == key("Wolfi", "1.0_rc1")
    assert key("Plan 9", "1.0k") == key("generic", "1.0k")


def test_rebuilds_are_above_what_they_rebuild() -> None:
    assert compare("Root:npm", "1.0.0.root.io.1", "1.0.0") == 1
    assert compare("Root:npm", "1.0.0.root.io.1", "1.0.1") == -1
    assert compare("Echo:npm", "1.2.3+echo.2", "1.2.3+echo.1") == 1
    assert compare("Root:PyPI", "1.0.0+root.io.2", "1.0.0+root.io.10") == -1


def test_every_scheme_is_some_ecosystems() -> None:
    assert set(SCHEMES.values()) == set(ENCODERS)


def test_key_is_a_value() -> None:
    assert parse("npm", "1.2.3") == Key(key("npm", "1.2.3"), None)


def test_a_numbered_branch_of_composer_is_after_its_releases() -> None:
    """By Composer's `VersionParser`, for which 2.x-dev is 2.9999999.9999999.9999999-dev."""
    rising = ["1.9", "2.0.0", "2.1.7", "2.1.x-dev", "2.2.0", "2.99.0", "v2.x-dev", "3.0.0-beta1"]

    keys = [key("Packagist", each) for each in rising]
    assert keys == sorted(set(keys))
    assert compare("Packagist", "2.X-dev", "2.x-dev") == 0
