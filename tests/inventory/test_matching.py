"""Globs and look-ups, held against a slow and plain matcher of segments."""

import fnmatch
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.inventory.cataloger import Cataloger
from openinspector.inventory.matching import Matcher, glob_regex


def cataloger(name: str, **fields: object) -> Cataloger:
    return Cataloger(name, 1, "language-packages", lambda file, limits: (), **fields)  # type: ignore[arg-type]


def matches(glob: list[str], path: list[str]) -> bool:
    """The meaning of a glob, segment by segment."""
    if not glob:
        return not path
    if glob[0] == "**":
        if len(glob) == 1:
            return bool(path)
        return any(matches(glob[1:], path[i:]) for i in range(len(path) + 1))
    return bool(path) and fnmatch.fnmatchcase(path[0], glob[0]) and matches(glob[1:], path[1:])


SEGMENTS = st.sampled_from(
    [
        *("**", "*", "a", "b", "*.x", "a*", "*a*b", "?", "[ab]", "[!a]*", "a.x", "*a.x", "aab*"),
        *("*[.]x", "ab*[ab]x", "*[b]a[.]x"),
    ]
)
GLOBS = st.lists(SEGMENTS, min_size=1, max_size=5).map("/".join)
PATHS = st.lists(st.text("abAx.", min_size=1, max_size=5), min_size=1, max_size=5).map("/".join)


@settings(max_examples=2000, deadline=None)
@given(GLOBS, PATHS)
def test_globs_mean_what_they_say(glob: str, path: str) -> None:
    import re

    # `**` in a row is one.
    expected = matches(glob.split("/"), path.split("/"))
    assert (re.fullmatch(glob_regex(glob), path, re.DOTALL) is not None) == expected


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.tuples(GLOBS, st.booleans()), min_size=1, max_size=6), PATHS)
def test_lookups_decide_as_globs_do(globs: list[tuple[str, bool]], path: str) -> None:
    table = [cataloger(str(n), globs=(g,), fold_case=f) for n, (g, f) in enumerate(globs)]
    matcher = Matcher(table, True)
    expected = {
        str(n)
        for n, (glob, fold) in enumerate(globs)
        if matches(
            (glob.lower() if fold else glob).split("/"), (path.lower() if fold else path).split("/")
        )
    }
    assert {c.name for c in matcher.takers(matcher.by_path(path)).all} == expected


def names(matcher: Matcher, path: str) -> set[str]:
    return {c.name for c in matcher.takers(matcher.by_path(path)).all}


def test_every_kind_of_glob() -> None:
    globs = {
        "name": "**/go.mod",
        "ending": "**/*.jar",
        "double": "**/*.deps.json",
        "exact": "var/lib/dpkg/status",
        "folder": "var/lib/dpkg/info/*.list",
        "prefix": "**/python3*",
        "inner": "**/*.dist-info/METADATA",
        "two": "**/node_modules/**/package.json",
        "loose": "**/*requirements*.txt",
        "top": "*.lock",
        "hidden": "**/.x/*",
    }
    matcher = Matcher([cataloger(n, globs=(g,)) for n, g in globs.items()], True)
    for path, expected in {
        "go.mod": {"name"},
        "a/b/go.mod": {"name"},
        "a/go.mod/x": set(),
        "x.jar": {"ending"},
        "a/.jar": {"ending"},
        "a/jar": set(),
        "a.deps.json": {"double"},
        "a/deps.json": set(),
        "var/lib/dpkg/status": {"exact"},
        "x/var/lib/dpkg/status": set(),
        "var/lib/dpkg/info/libc6:amd64.list": {"folder"},
        "var/lib/dpkg/info/x/y.list": set(),
        "usr/bin/python3.11": {"prefix"},
        "usr/bin/python3": {"prefix"},
        "usr/bin/python": set(),
        "a/b-1.dist-info/METADATA": {"inner"},
        "b.dist-info/METADATA": {"inner"},
        "a/METADATA": set(),
        "node_modules/a/package.json": {"two"},
        "node_modules/package.json": {"two"},
        "a/package.json": set(),
        "dev-requirements-1.txt": {"loose"},
        "a/requirements.txt": {"loose"},
        "a.lock": {"top"},
        "b/a.lock": set(),
        "a/.x/y": {"hidden"},
    }.items():
        assert names(matcher, path) == expected, path


def test_case_is_folded_for_who_asks_for_it() -> None:
    table = [cataloger("any", globs=("**/Dockerfile",), fold_case=True)]
    matcher = Matcher([*table, cataloger("exact", globs=("**/Dockerfile", "a/*.JAR"))], True)
    assert names(matcher, "x/Dockerfile") == {"any", "exact"}
    assert names(matcher, "x/DOCKERFILE") == {"any"}
    assert names(matcher, "a/x.JAR") == {"exact"}
    assert names(matcher, "a/x.jar") == set()


def test_magics_are_for_executables_and_libraries() -> None:
    table = [cataloger("elf", magics=(b"\x7fELF",)), cataloger("pe", magics=(b"MZ", b"\x7fELF"))]
    matcher = Matcher(table, True)
    assert matcher.head == 4
    for path, mode, peeks in [
        ("usr/bin/x", 0o755, True),
        ("usr/bin/x", 0o644, True),
        ("usr/bin/x.txt", 0o644, False),
        ("x.txt", 0o744, True),
        ("test.elf", 0o644, True),
        ("x.exe", 0o600, True),
        (".git/objects/ab/cdef", 0o444, False),
        ("usr/bin/x", None, True),
        ("x", 0o001, True),
        ("libx.so", 0o644, True),
        ("libx.so.1.2", 0o644, True),
        ("a.dll", 0o644, True),
        ("a.dylib", 0o644, True),
        ("a.sox", 0o644, False),
    ]:
        assert matcher.peeks(path, mode) is peeks, (path, mode)
    both = matcher.takers(matcher.by_magic(b"\x7fELF"))
    assert {c.name for c in both.all} == {"elf", "pe"}
    assert {c.name for c in matcher.takers(matcher.by_magic(b"MZ\0\0")).all} == {"pe"}
    assert matcher.by_magic(b"M") == 0
    assert matcher.by_magic(b"") == 0
    assert not Matcher([cataloger("x")], True).peeks("x", 0o755)
    assert not Matcher(table, True, ["x"]).peeks("x", 0o755)


def test_companions_are_kept_and_their_catalogers_deferred() -> None:
    table = [
        cataloger("lock", globs=("**/go.mod",), companions=("**/go.sum",)),
        cataloger("sum", globs=("**/go.sum",)),
    ]
    matcher = Matcher(table, True)
    mod = matcher.takers(matcher.by_path("go.mod"))
    assert (mod.now, [c.name for c in mod.deferred], mod.keep) == ((), ["lock"], True)
    total = matcher.takers(matcher.by_path("go.sum"))
    assert ([c.name for c in total.now], total.deferred) == (["sum"], ())
    assert total.companion_of == {"lock"}
    assert total.keep
    assert matcher.takers(0).all == ()


def test_some_catalogers_are_for_root_file_systems_or_source_trees_only() -> None:
    table = [
        cataloger("root", globs=("a",), roots_only=True),
        cataloger("source", globs=("a",), sources_only=True),
        cataloger("both", globs=("a",)),
    ]
    assert names(Matcher(table, True), "a") == {"root", "both"}
    assert names(Matcher(table, False), "a") == {"source", "both"}


def test_parts_that_a_folder_may_hold() -> None:
    table = [
        Cataloger("os", 1, "os-packages", lambda f, x: (), globs=("var/lib/dpkg/status",)),
        Cataloger("some", 1, "applications", lambda f, x: (), globs=("opt/*/bin/x",)),
        cataloger("any", globs=("**/go.mod",)),
    ]
    matcher = Matcher(table, True)
    assert matcher.parts_below(None) == {"os-packages", "applications", "language-packages"}
    assert matcher.parts_below("home/x") == {"language-packages"}
    assert matcher.parts_below("var/lib") == {"os-packages", "language-packages"}
    assert matcher.parts_below("var/lib/dpkg") == {"os-packages", "language-packages"}
    assert matcher.parts_below("var/lib/dpkg/info") == {"language-packages"}
    assert matcher.parts_below("opt/y") == {"applications", "language-packages"}


@pytest.mark.parametrize(
    "glob", ["**/a/**/a/**/a/**/b", "**/*a*a*a*a*a*b", "**/a*/**/a*/**/a*/**/*ab"]
)
def test_hostile_paths_take_no_time(glob: str) -> None:
    """Time grows with the path, not with its square or worse."""
    matcher = Matcher([cataloger("x", globs=(glob,))], True, [glob])

    def seconds(path: str) -> float:
        start = time.process_time()
        for _ in range(3):
            matcher.by_path(path)
        return time.process_time() - start

    for path in ("a/" * 2000 + "b?", "a" * 4000, "a/" * 1000 + "a" * 2000):
        seconds(path)
        assert seconds(path) < 0.5
