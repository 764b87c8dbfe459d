"""Rules that one sample cannot show: what is left out, what wins, what is normalised."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packageurl import PackageURL

from openinspector.inventory import language_purl as purls
from openinspector.inventory.cataloger import MemoryFile, ReadError, run
from openinspector.inventory.development import names_development, only_for_development
from openinspector.inventory.language_packages import (
    MOST_PACKAGES,
    Origin,
    Packages,
    inside_installed_package,
)
from openinspector.model import Gap, Package

from .test_samples import CATALOGERS, told

NPM = Origin(purls.NPM, "NPM", "test", "test")
ECOSYSTEMS = [value for value in vars(purls).values() if isinstance(value, purls.Ecosystem)]


def names(cataloger: str, path: str, content: str, **others: str) -> list[str]:
    companions = {name: value.encode() for name, value in others.items()}
    results = run(CATALOGERS[cataloger], path, content.encode(), companions)
    return [told(result) for result in results if isinstance(result, Package)]


# --- package URLs --------------------------------------------------------------------------------


@given(
    ecosystem=st.sampled_from(ECOSYSTEMS),
    name=st.from_regex(r"(?a)(@[a-z][\w.~-]{0,9}/)?[A-Za-z][\w.~-]{0,9}[a-z]", fullmatch=True),
    version=st.from_regex(r"(?a)[0-9][\w.~+!:^ -]{0,9}[a-z0-9]", fullmatch=True),
    qualifiers=st.dictionaries(
        st.sampled_from(["build", "subdir", "type", "uuid"]),
        st.from_regex(r"(?a)[\w.+/: -]{0,8}[a-z]", fullmatch=True),
    ),
    subpath=st.sampled_from(["", "Core", "NSData+zlib", "init/sub path"]),
)
def test_purls_are_those_of_the_reference(
    ecosystem: purls.Ecosystem, name: str, version: str, qualifiers: dict[str, str], subpath: str
) -> None:
    if ecosystem is purls.HACKAGE:
        name = name.replace("_", "-")  # Its names never hold one.
    if ecosystem is purls.PUB:
        name = re.sub("[^A-Za-z0-9]", "_", name)  # Its names hold nothing else.
    normal = ecosystem.normalise(name)
    namespace, _, last = normal.rpartition("/")
    expected = PackageURL(
        ecosystem.purl_type, namespace or None, last, version, qualifiers or None, subpath or None
    ).to_string()
    written = purls.language_purl(ecosystem, normal, version, qualifiers.items(), subpath)
    assert written == expected


@pytest.mark.parametrize(
    ("ecosystem", "name", "version", "purl"),
    [
        (purls.NPM, "@babel/core", "7.0.0", "pkg:npm/%40babel/core@7.0.0"),
        (purls.PYPI, "zope-interface", "1!2.0+x", "pkg:pypi/zope-interface@1%212.0%2Bx"),
        (purls.PACKAGIST, "a/b", "v1.0", "pkg:composer/a/b@v1.0"),
        (purls.SWIFT, "github.com/O/n", "1.0", "pkg:swift/github.com/O/n@1.0"),
        (purls.GITHUB_ACTIONS, "Actions/Checkout", "v1", "pkg:github/actions/checkout@v1"),
        (purls.RUBYGEMS, "http_parser.rb", "0.8.1", "pkg:gem/http_parser.rb@0.8.1"),
    ],
)
def test_purls_by_hand(ecosystem: purls.Ecosystem, name: str, version: str, purl: str) -> None:
    assert purls.language_purl(ecosystem, name, version) == purl


def test_qualifiers_of_conda_and_julia() -> None:
    record = '{"name": "_x", "version": "1.0", "build_string": "b_0", "subdir": "noarch", "fn": 7}'
    [package] = run(CATALOGERS["conda"], "c/conda-meta/x.json", record.encode())
    assert isinstance(package, Package)
    assert package.purl == "pkg:conda/_x@1.0?build=b_0&subdir=noarch"
    manifest = '[[JSON]]\nuuid = "682c"\nversion = "0.21.4"\n'
    [package] = run(CATALOGERS["julia-manifest"], "Manifest.toml", manifest.encode())
    assert isinstance(package, Package)
    assert package.purl == "pkg:julia/JSON@0.21.4?uuid=682c"


def test_conan_owner_is_in_the_purl() -> None:
    lock = '{"requires": ["lib/1.0@me/stable#00", "zlib/1.3@_/_", "lib/[>1]"]}'
    results = run(CATALOGERS["conan"], "conan.lock", lock.encode())
    assert [getattr(result, "purl", None) for result in results] == [
        "pkg:conan/lib@1.0?channel=stable&user=me",
        "pkg:conan/zlib@1.3",
        None,
    ]


# --- gathering -----------------------------------------------------------------------------------


def test_same_package_is_one_and_used_wins_over_development() -> None:
    packages = Packages(MemoryFile("lock", b""), NPM)
    packages.add("a", "1", development=True)
    packages.add("a", "1")
    packages.add("b", "1", development=True)
    packages.add("b", "1", development=True)
    packages.add("c", "1")
    packages.add("c", "1", development=True)
    assert [told(x) for x in packages.results() if isinstance(x, Package)] == ["a 1", "b 1*", "c 1"]


@pytest.mark.parametrize(
    "value",
    ["", " ", "a\nb", "a\x00", "a\x1b[31m", "a\u202eb", "x" * 1025, "\ud800", 7, None, ["a"], {}],
)
def test_unusable_names_and_versions_are_left_out_and_told(value: object) -> None:
    for name, version in ((value, "1"), ("a", value)):
        packages = Packages(MemoryFile("lock", b""), NPM)
        packages.add(name, version)
        packages.add("good", "1")
        good, gap = packages.results()
        assert isinstance(good, Package)
        assert isinstance(gap, Gap)
        assert gap.reason.isprintable()
        assert len(gap.reason) < 300


def test_gap_names_some_and_counts_all() -> None:
    packages = Packages(MemoryFile("lock", b""), NPM)
    for index in range(12):
        packages.unpinned(f"name{index}")
        packages.unpinned(f"name{index}")
    [gap] = packages.results()
    assert isinstance(gap, Gap)
    assert gap.reason == (
        "12 entries not pinned to a version and not judged: "
        "name0, name1, name2, name3, name4, name5, name6, name7 and 4 more"
    )


def test_packages_beyond_the_limit_are_counted() -> None:
    packages = Packages(MemoryFile("lock", b""), NPM)
    for index in range(MOST_PACKAGES + 3):
        packages.add("a", str(index))
    *kept, gap = packages.results()
    assert len(kept) == MOST_PACKAGES
    assert isinstance(gap, Gap)
    assert "3 were left out" in gap.reason


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("app/node_modules/a/package-lock.json", True),
        ("usr/lib/python3/site-packages/a/requirements.txt", True),
        ("usr/lib/python3/dist-packages/a/requirements.txt", True),
        ("usr/lib/ruby/gems/3.1.0/gems/rbs-3.4.0/Gemfile.lock", True),
        ("app/package-lock.json", False),
        ("app/gems/mine/Gemfile.lock", False),
        ("node_modules.bak/package-lock.json", False),
    ],
)
def test_manifests_of_installed_packages(path: str, inside: bool) -> None:
    assert inside_installed_package(path) is inside


@pytest.mark.parametrize(
    ("cataloger", "path", "content"),
    [
        ("javascript-npm-packagelock", "node_modules/a/package-lock.json", "{}"),
        ("javascript-yarn", "node_modules/a/yarn.lock", "a@1:\n  version 1\n"),
        ("python-requirements", "x/site-packages/a/requirements.txt", "a==1\n"),
        ("ruby-gemfiles", "x/gems/rbs-3.4.0/Gemfile.lock", "GEM\n  specs:\n    a (1)\n"),
        ("ruby-gemspec", "x/gems/rbs-3.4.0/rbs.gemspec", 's.name = "a"\ns.version = "1"\n'),
        ("php", "app/vendor/a/b/composer.lock", '{"packages": [{"name": "c/d", "version": "1"}]}'),
    ],
)
def test_they_say_nothing(cataloger: str, path: str, content: str) -> None:
    assert run(CATALOGERS[cataloger], path, content.encode()) == []


@pytest.mark.parametrize("cataloger", sorted(set(CATALOGERS) - {"javascript-bun-binary"}))
def test_what_is_something_else_is_an_error_or_nothing(cataloger: str) -> None:
    path = CATALOGERS[cataloger].globs[0].replace("**/", "a/").replace("*", "x")
    for content in (b"", b"hello, world\n", b"[]", b"\x7fELF\x00\xff"):
        try:
            results = run(CATALOGERS[cataloger], path, content)
        except ReadError as error:
            assert len(str(error)) > 10  # noqa: PT017 - both outcomes are right
        else:
            assert not [result for result in results if isinstance(result, Package)]


# --- development ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("requirements-dev.txt", True),
        ("test_requirements.txt", True),
        ("Develop", True),
        ("requirements.txt", False),
        ("devices", False),
        ("latest", False),
        ("default", False),
    ],
)
def test_names_for_development(label: str, expected: bool) -> None:
    assert names_development(label) is expected


def test_reached_only_for_development() -> None:
    edges = {"a": ["b"], "d": ["b", "e"], "e": ["d"], "z": ["e"]}
    assert only_for_development(["d"], ["a"], lambda x: edges.get(x, ())) == {"d", "e"}
    assert only_for_development(["d"], ["z"], lambda x: edges.get(x, ())) == set()


# --- JavaScript ----------------------------------------------------------------------------------

INSTALLED = '{"name": "%s", "version": "%s"}'


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("node_modules/a/package.json", INSTALLED % ("a", "1.0.0"), ["a 1.0.0"]),
        ("node_modules/alias/package.json", INSTALLED % ("real", "1.0.0"), ["real 1.0.0"]),
        ("node_modules/a/package.json", '{"version": "1.0.0"}', ["a 1.0.0"]),
        ("usr/lib/node_modules/a/node_modules/@b/c/package.json", '{"version": "2"}', ["@b/c 2"]),
        ("x/node_modules/.pnpm/a@1/node_modules/a/package.json", '{"version": "1"}', ["a 1"]),
        ("opt/yarn-v1.22.19/package.json", INSTALLED % ("yarn", "1.22.19"), ["yarn 1.22.19"]),
        ("node_modules/a/package.json", '{"type": "module"}', []),
        ("node_modules/a/package.json", '{"name": "a"}', []),
        ("node_modules/a/package.json", '{"name": "a", "version": 1}', []),
        # A copy of another package is there; entry points, tests, stubs and private ones are not.
        ("node_modules/a/dist/b/package.json", INSTALLED % ("b", "1.0.0"), ["b 1.0.0"]),
        ("node_modules/a/dist/package.json", INSTALLED % ("a", "1.0.0"), []),
        ("node_modules/a/esm/package.json", '{"name": "a/esm", "type": "module"}', []),
        ("node_modules/a/b/package.json", INSTALLED % ("a/b/c", "1.0.0"), []),
        ("node_modules/a/test/b/package.json", INSTALLED % ("b", "1.0.0"), []),
        ("node_modules/a/test-app/b/package.json", INSTALLED % ("b", "1.0.0"), []),
        ("node_modules/a/lib/b/package.json", INSTALLED % ("b", "0.0.0-dev"), []),
        ("node_modules/a/lib/b/package.json", INSTALLED % ("b", "next"), []),
        (
            "node_modules/a/lib/b/package.json",
            '{"name": "b", "version": "1.0.0", "private": true}',
            [],
        ),
    ],
)
def test_installed_packages_of_node(path: str, content: str, expected: list[str]) -> None:
    assert names("javascript-nodejs", path, content) == expected


def test_licenses_of_node() -> None:
    for text, expected in (
        ('"license": "MIT"', ("MIT",)),
        ('"license": {"type": "MIT", "url": "x"}', ("MIT",)),
        ('"licenses": [{"type": "MIT"}, "ISC", 3]', ("MIT", "ISC")),
        ('"license": 3', ()),
    ):
        content = f'{{"name": "a", "version": "1", {text}}}'
        [package] = run(
            CATALOGERS["javascript-nodejs"], "node_modules/a/package.json", content.encode()
        )
        assert isinstance(package, Package)
        assert package.licenses == expected


def test_shrinkwrap_takes_the_place_of_the_lock_beside_it() -> None:
    lock = '{"lockfileVersion": 1, "dependencies": {"a": {"version": "1.0.0"}}}'
    beside = {"app/npm-shrinkwrap.json": lock}
    assert names("javascript-npm-packagelock", "app/package-lock.json", lock, **beside) == []
    assert names("javascript-npm-packagelock", "lib/package-lock.json", lock, **beside) == [
        "a 1.0.0"
    ]
    root = {"npm-shrinkwrap.json": lock}
    assert names("javascript-npm-packagelock", "package-lock.json", lock, **root) == []
    assert names("javascript-npm-packagelock", "app/npm-shrinkwrap.json", lock, **beside) == [
        "a 1.0.0"
    ]


def test_one_odd_entry_of_a_lock_does_not_hide_the_others() -> None:
    lock = (
        '{"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0"},'
        ' "node_modules/b": 7, "node_modules/c": {"version": ["1"]},'
        ' "node_modules/d": {"version": "1.0.0", "dev": "yes", "name": "e"}}}'
    )
    results = run(CATALOGERS["javascript-npm-packagelock"], "package-lock.json", lock.encode())
    assert [told(result) for result in results if isinstance(result, Package)] == [
        "a 1.0.0",
        "e 1.0.0",
    ]
    [gap] = [result for result in results if isinstance(result, Gap)]
    assert "2 entries without a usable name" in gap.reason


def test_a_deep_old_lock_is_read() -> None:
    inner = '{"version": "1.0.0"}'
    for _ in range(300):
        inner = f'{{"version": "1.0.0", "dependencies": {{"a": {inner}}}}}'
    lock = f'{{"lockfileVersion": 1, "dependencies": {{"a": {inner}}}}}'
    assert names("javascript-npm-packagelock", "package-lock.json", lock) == ["a 1.0.0"]


def test_binary_lock_of_bun_is_a_gap_unless_a_text_lock_stands_beside_it() -> None:
    row = CATALOGERS["javascript-bun-binary"]
    assert len(run(row, "app/bun.lockb", b"", {"bun.lock": b"{}"})) == 1
    assert run(row, "app/bun.lockb", b"", {"app/bun.lock": b"{}"}) == []
    assert run(row, "bun.lockb", b"", {"bun.lock": b"{}"}) == []
    assert run(row, "node_modules/a/bun.lockb", b"") == []


def test_pnpm_files_of_two_documents() -> None:
    lock = "lockfileVersion: '9.0'\npackages:\n  a@1.0.0: {}\n---\nlockfileVersion: '9.0'\n"
    assert names("javascript-pnpm", "pnpm-lock.yaml", lock + "packages:\n  b@2.0.0: {}\n") == [
        "a 1.0.0",
        "b 2.0.0",
    ]


# --- Python and others ---------------------------------------------------------------------------


def test_python_metadata_without_headers_falls_back_on_the_folder() -> None:
    assert names("python-pkg", "x/a_b-1.0.dist-info/METADATA", "Name: a_b\n") == ["a-b 1.0"]
    with pytest.raises(ReadError, match="no usable name and version"):
        names("python-pkg", "x/no-version.egg-info/PKG-INFO", "Name: no-version\n")


def test_python_licenses() -> None:
    for headers, expected in (
        ("License-Expression: MIT\nLicense: other", ("MIT",)),
        ("License: BSD", ("BSD",)),
        ("License: " + "x" * 200 + "\nClassifier: License :: OSI Approved :: MIT License", None),
        ("Classifier: License :: OSI Approved", ()),
    ):
        metadata = f"Name: a\nVersion: 1\n{headers}\n"
        [package] = run(CATALOGERS["python-pkg"], "a.dist-info/METADATA", metadata.encode())
        assert isinstance(package, Package)
        assert package.licenses == (("MIT License",) if expected is None else expected)


def test_requirements_in_utf16_as_powershell_writes_them() -> None:
    data = "attrs==20.3.0\r\nsix==1.16.0\r\n".encode("utf-16")
    results = run(CATALOGERS["python-requirements"], "requirements.txt", data)
    assert [told(result) for result in results if isinstance(result, Package)] == [
        "attrs 20.3.0",
        "six 1.16.0",
    ]


def test_prose_is_no_requirements_file() -> None:
    prose = "These are the requirements.\nThe system shall work, always.\nAnd be fast.\n"
    assert run(CATALOGERS["python-requirements"], "docs/requirements.txt", prose.encode()) == []


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        # Bundler's own folder for gems from repositories: nothing else tells of them.
        (
            "x/bundler/gems/forked-0a1b2c/forked.gemspec",
            's.name = "forked"\ns.version = "3.0"',
            ["forked 3.0"],
        ),
        ("forked.gemspec", 's.name = "forked"\ns.version = "3.0"', []),
        ("lib/a.gemspec", 'spec.name = "a"\nspec.version = A::VERSION', []),
        ("lib/a.gemspec", 'spec.name = "a"\nspec.version = "1.#{x}"', []),
        (
            "lib/a.gemspec",
            "gem.name = 'a'\ngem.version = Gem::Version.new('1.2')",
            ["a 1.2"],
        ),
        (
            "x/specifications/nokogiri-1.13.0-x86_64-linux.gemspec",
            "# stub: nokogiri 1.13.0 x86_64-linux lib\n",
            ["nokogiri 1.13.0"],
        ),
    ],
)
def test_gemspecs(path: str, content: str, expected: list[str]) -> None:
    assert names("ruby-gemspec", path, content) == expected


def test_gemfile_lock_with_marks_of_a_conflict_keeps_both_sides() -> None:
    lock = "GEM\n  specs:\n<<<<<<< HEAD\n    a (1)\n=======\n    a (2)\n>>>>>>> x\n    b (3)\n"
    assert names("ruby-gemfiles", "Gemfile.lock", lock) == ["a 1", "a 2", "b 3"]


def test_bioconductor_is_told_from_cran() -> None:
    lock = '{"Packages": {"a": {"Version": "1", "Repository": "BioCsoft"}, "b": {"Version": "2"}}}'
    results = run(CATALOGERS["r-renv"], "renv.lock", lock.encode())
    assert [(x.ecosystem, x.purl) for x in results if isinstance(x, Package)] == [
        ("Bioconductor", "pkg:bioconductor/a@1"),
        ("CRAN", "pkg:cran/b@2"),
    ]


def test_sources_of_r_packages_are_not_installed() -> None:
    assert names("r-description", "pkg/DESCRIPTION", "Package: a\nVersion: 1\n") == []


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("https://github.com/apple/swift-nio.git", "github.com/apple/swift-nio"),
        ("https://user:secret@GitHub.com/a/b/", "github.com/a/b"),
        ("git@github.com:a/b.git", "github.com/a/b"),
        ("ssh://git@gitlab.com/a/b/c.git", "gitlab.com/a/b/c"),
        ("../local", ""),
        ("/srv/local", ""),
        ("", ""),
        ("nothing", ""),
    ],
)
def test_names_of_swift_repositories(location: str, name: str) -> None:
    from openinspector.inventory.catalogers.swift import repository_name

    assert repository_name(location) == name
