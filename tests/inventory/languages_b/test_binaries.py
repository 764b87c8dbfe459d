"""Go and Rust programs, in every format, whole, damaged and hostile."""

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.inventory.cataloger import ReadError, run
from openinspector.inventory.catalogers.binaries import CATALOGERS
from openinspector.inventory.executables import go_build_info
from openinspector.inventory.go_modules import linked_version, toolchain_version
from openinspector.inventory.limits import DEFAULT_LIMITS, Limits
from openinspector.model import Gap, Package

from . import crafted

(BINARIES,) = CATALOGERS

GO_PURLS = {
    "pkg:golang/example.org/tool@v1.4.0",
    "pkg:golang/golang.org/x/net@v0.17.0",
    "pkg:golang/github.com/new/thing/v2@v2.1.0",
    "pkg:golang/github.com/Azure/legacy@v3.2.1%2Bincompatible",
}


def read(data: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[list[Package], list[Gap]]:
    found = run(BINARIES, "usr/bin/tool", data, limits=limits)
    return (
        [each for each in found if isinstance(each, Package)],
        [each for each in found if isinstance(each, Gap)],
    )


def purls(packages: list[Package]) -> set[str]:
    return {package.purl for package in packages}


INLINE = crafted.inline_info()
FORMS = {
    "elf 64": crafted.elf([(".text", b"x" * 99), (".go.buildinfo", INLINE)]),
    "elf 32": crafted.elf([(".go.buildinfo", INLINE)], pointer=4),
    "elf big-endian": crafted.elf([(".go.buildinfo", INLINE)], big=True),
    "pe": crafted.pe([(".text", b"x" * 99), (".data", bytes(32) + INLINE)]),
    "mach-o": crafted.macho([("__text", b"x"), ("__go_buildinfo", INLINE)]),
    "mach-o big-endian": crafted.macho([("__go_buildinfo", INLINE)], big=True),
    "mach-o without the section": crafted.macho([("__data", bytes(64) + INLINE)]),
}
FORMS["universal"] = crafted.universal([FORMS["mach-o"], FORMS["mach-o big-endian"]])


@pytest.mark.parametrize("form", FORMS)
def test_go_modules_are_read_from_every_format(form: str) -> None:
    packages, gaps = read(FORMS[form])
    assert purls(packages) == {*GO_PURLS, "pkg:golang/stdlib@1.22.3"}
    assert gaps == []
    by_name = {package.name: package for package in packages}
    legacy = by_name["github.com/Azure/legacy"]
    assert (legacy.ecosystem, legacy.version) == ("Go", "3.2.1+incompatible")
    assert (legacy.manager, legacy.cataloger, legacy.collector) == (
        "GOBINARY",
        "binaries",
        "go-binary",
    )
    assert legacy.locations[0].path == "usr/bin/tool"
    assert by_name["stdlib"].properties == (("go_toolchain", "go1.22.3"),)


@pytest.mark.parametrize("pointer, big", [(8, False), (4, False), (8, True), (4, True)])
def test_the_format_before_go_1_18_holds_pointers(pointer: int, big: bool) -> None:
    info = crafted.pointer_info(0x10000, pointer, big)
    packages, gaps = read(crafted.elf([(".go.buildinfo", info)], pointer, big))
    assert purls(packages) == {*GO_PURLS, "pkg:golang/stdlib@1.16.3"}
    assert gaps == []


def test_pointers_are_followed_in_pe_and_mach_o() -> None:
    pe = crafted.pe([(".data", crafted.pointer_info(0x401000, 8, False))])
    macho = crafted.macho([("__go_buildinfo", crafted.pointer_info(0x100000000, 8, False))])
    for data in (pe, macho):
        assert purls(read(data)[0]) == {*GO_PURLS, "pkg:golang/stdlib@1.16.3"}


def test_an_elf_without_section_table_is_searched_by_its_segments() -> None:
    data = bytearray(FORMS["elf 64"])
    data[40:48] = bytes(8)
    assert purls(read(bytes(data))[0]) == {*GO_PURLS, "pkg:golang/stdlib@1.22.3"}


def test_what_a_cut_off_file_still_holds_is_reported_with_a_gap() -> None:
    packages, gaps = read(FORMS["elf 64"][:-100])
    assert purls(packages) == {*GO_PURLS, "pkg:golang/stdlib@1.22.3"}
    assert [gap.reason for gap in gaps] == [
        "its ELF section table lies beyond its end: it was cut off"
    ]
    assert gaps[0].path == "usr/bin/tool"


def test_build_information_that_is_cut_off_is_a_gap() -> None:
    packages, gaps = read(crafted.elf([(".go.buildinfo", INLINE)])[: 64 + 64 + 80])
    assert packages == []
    assert "its Go build information is cut off" in [gap.reason for gap in gaps]


def test_a_marker_out_of_alignment_is_not_build_information() -> None:
    assert read(crafted.elf([(".go.buildinfo", b"12345678" + INLINE)])) == ([], [])
    after_a_string = b"\xff Go buildinf: is the marker".rjust(40) + bytes(8) + INLINE
    packages, _ = read(crafted.elf([(".go.buildinfo", after_a_string)]))
    assert purls(packages) == {*GO_PURLS, "pkg:golang/stdlib@1.22.3"}


def test_a_go_program_without_module_list_says_so() -> None:
    packages, gaps = read(crafted.elf([(".go.buildinfo", crafted.inline_info("go1.11.1", ""))]))
    assert purls(packages) == {"pkg:golang/stdlib@1.11.1"}
    assert [gap.reason for gap in gaps] == ["it is a Go program that does not list its modules"]


MAIN = {
    "from a checkout": ("(devel)", "", "", None),
    "untagged checkout": ("v0.0.0-20240101000000-abcdefabcdef", "", "", None),
    "installed by a pseudo-version": (
        "v0.0.0-20240101000000-abcdefabcdef",
        "h1:x=",
        "",
        "0.0.0-20240101000000-abcdefabcdef",
    ),
    "stamped from a tag": ("v1.2.3+dirty", "", "", "1.2.3+dirty"),
    "flags": ("(devel)", "", "-X main.version=2.0.1", "2.0.1"),
    "flags of another module": ("(devel)", "", "-X other.org/x.Version=2.0.1", None),
}


@pytest.mark.parametrize("case", MAIN)
def test_the_main_module_is_listed_only_with_a_real_version(case: str) -> None:
    version, hashed, flags, expected = MAIN[case]
    modules = f'path\tx.org/m\nmod\tx.org/m\t{version}\t{hashed}\nbuild\t-ldflags="{flags}"\n'
    packages, gaps = read(crafted.elf([(".go.buildinfo", crafted.inline_info(modules=modules))]))
    found = [package.version for package in packages if package.name == "x.org/m"]
    assert found == ([expected] if expected else [])
    assert gaps == []


def test_a_program_built_without_modules_may_still_say_its_version() -> None:
    modules = (
        "path\tgithub.com/docker/docker/cmd/dockerd\n"
        'build\t-ldflags="-w -X \\"github.com/docker/docker/dockerversion.Version=20.10.24\\""\n'
    )
    packages, gaps = read(crafted.elf([(".go.buildinfo", crafted.inline_info(modules=modules))]))
    assert purls(packages) == {
        "pkg:golang/stdlib@1.22.3",
        "pkg:golang/github.com/docker/docker@v20.10.24",
    }
    assert gaps == []


@pytest.mark.parametrize(
    "flags, expected",
    [
        ("-s -w -X main.Version=v1.2.3", "v1.2.3"),
        ("-X 'main.version=1.2.3' -X main.commit=abc", "v1.2.3"),
        ('-X "github.com/a/b/internal/version.Version=1.2.3-rc.1"', "v1.2.3-rc.1"),
        ("-X=main.version=1.2", "v1.2.0"),
        ("-X main.version=v1.2.3-5-g1a2b3c4", "v1.2.3+5.g1a2b3c4"),
        ("-X main.version=v1.2.3-dirty", "v1.2.3+dirty"),
        ("-X main.version=1.0.0 -X github.com/a/b/version.Version=2.0.0", "v1.0.0"),
        ("-X github.com/a/b/x.Version=1.0.0 -X github.com/a/b/y.Version=2.0.0", None),
        ("-X github.com/a/b/x/y/z.Version=1.0.0 -X github.com/a/b.Version=2.0.0", "v2.0.0"),
        ("-X github.com/a/bc.Version=1.0.0", None),
        ("-X main.version=dev", None),
        ("-X main.version=1.2.3.4", None),
        ("-X main.goversion=1.22.3", None),
        ("-X", None),
    ],
)
def test_a_version_set_by_linker_flags(flags: str, expected: str | None) -> None:
    assert linked_version(flags, "github.com/a/b") == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("go1.22.3", "1.22.3"),
        ("go1.20", "1.20"),
        ("1.21", "1.21"),
        ("go1.22rc1", "1.22.0-rc.1"),
        ("go1.18beta2", "1.18.0-beta.2"),
        ("go1.20.4 X:boringcrypto", "1.20.4"),
        ("go1.22.5 (Red Hat 1.22.5-1.el9)", "1.22.5"),
        ("go1.21.3-vendor", "1.21.3"),
        ("devel go1.23-1a2b3c4 Mon Jan 1", None),
        ("devel +1a2b3c4", None),
        ("unknown", None),
    ],
)
def test_versions_of_toolchains(text: str, expected: str | None) -> None:
    assert toolchain_version(text) == expected


def test_settings_are_unquoted() -> None:
    info = go_build_info.parse_modules(
        "go1.22", 'build\tA="a \\"b\\" \\x41\\u00e9\\n"\nbuild\tB=`x`'
    )
    assert info.settings == {"A": 'a "b" A\u00e9\n', "B": "x"}


# --- Rust ----------------------------------------------------------------------------------------

CRATES = json.dumps(
    {
        "packages": [
            {"name": "tool", "version": "0.1.0", "source": "local", "root": True},
            {"name": "serde", "version": "1.0.195", "source": "crates.io", "dependencies": [0]},
            {"name": "cc", "version": "1.0.83", "source": "crates.io", "kind": "build"},
        ],
        "format": 1,
    }
).encode()


@pytest.mark.parametrize("write", [crafted.elf, crafted.pe, crafted.macho])
def test_crates_are_read_from_every_format(write: object) -> None:
    assert callable(write)
    packages, gaps = read(write([(".dep-v0", crafted.crates_info(CRATES))]))
    assert purls(packages) == {"pkg:cargo/tool@0.1.0", "pkg:cargo/serde@1.0.195"}
    assert gaps == []
    assert {(each.ecosystem, each.manager) for each in packages} == {("crates.io", "CARGO")}


@pytest.mark.parametrize(
    "section, reason",
    [
        (crafted.crates_info(b" " * 100_000), "inflates to over 1,000 bytes"),
        (crafted.crates_info(CRATES)[:-12], "cut off"),
        (b"nonsense", "cannot be inflated"),
        (crafted.crates_info(b"[]"), "not the JSON that was expected"),
        (crafted.crates_info(b"[" * 900), "not the JSON that was expected"),
    ],
)
def test_broken_crate_lists_are_gaps(section: bytes, reason: str) -> None:
    packages, gaps = read(crafted.elf([(".dep-v0", section)]), Limits(manifest_bytes=1000))
    assert packages == []
    assert len(gaps) == 1
    assert reason in gaps[0].reason


# --- what is not an executable -------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"\xca\xfe\xba\xbe\x00\x00\x00\x34" + b"\0" * 100,  # a Java class
        b"MZ" + b"\0" * 200,  # a DOS program
        b"MZ",
        b"#!/bin/sh\n",
        b"",
    ],
)
def test_lookalikes_are_passed_over(data: bytes) -> None:
    assert read(data) == ([], [])


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF",
        b"\x7fELF" + b"\x09" * 100,
        FORMS["pe"][:100],
        FORMS["mach-o"][:60],
        b"\xca\xfe\xba\xbe\x00\x00\x00\x09",
    ],
)
def test_broken_headers_are_refused(data: bytes) -> None:
    with pytest.raises(ReadError):
        read(data)


@settings(max_examples=400, deadline=2000)
@given(
    st.sampled_from(sorted(FORMS)),
    st.lists(st.tuples(st.integers(0, 1023), st.binary(min_size=1, max_size=8)), max_size=6),
    st.integers(0, 4096),
)
def test_mutated_executables_end_in_an_answer_or_a_read_error(
    form: str, edits: list[tuple[int, bytes]], cut: int
) -> None:
    data = bytearray(FORMS[form])
    for at, new in edits:
        data[at : at + len(new)] = new
    try:
        packages, _ = read(bytes(data[: len(data) - cut] if cut % 3 == 0 else data))
    except ReadError:
        return
    assert all(package.version and package.name for package in packages)


# --- against the real things ---------------------------------------------------------------------


def test_a_real_go_program(shared: Path) -> None:
    with zipfile.ZipFile(shared / "data/inventories/go-binary-elf.zip") as archive:
        data = archive.read("test.elf")
    packages, gaps = read(data)
    assert gaps == []
    # As `go version -m` prints.
    assert purls(packages) == {
        "pkg:golang/stdlib@1.15.2",
        "pkg:golang/github.com/aquasecurity/go-pep440-version@v0.0.0-20210121094942-22b2f8951d46",
        "pkg:golang/github.com/aquasecurity/go-version@v0.0.0-20210121072130-637058cfe492",
        "pkg:golang/golang.org/x/xerrors@v0.0.0-20200804184101-5ec99f83aff1",
    }


def _oracle(path: Path) -> set[tuple[str, str]]:
    """The modules that `go version -m` prints, replacements applied, without local ones."""
    text = subprocess.run(
        ["go", "version", "-m", str(path)], capture_output=True, text=True, check=True
    ).stdout
    found: list[tuple[str, str]] = []
    for line in text.splitlines()[1:]:
        kind, *fields = line.strip().split("\t")
        if kind == "=>":
            found.pop()
        if kind in ("dep", "=>"):
            found.append((fields[0], fields[1]))
    return {each for each in found if each[1].startswith("v")}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("go") is None, reason="needs Go's own tool chain")
@pytest.mark.parametrize(
    "target",
    ["linux/amd64", "linux/386", "linux/arm64", "linux/s390x", "windows/amd64", "darwin/arm64"],
)
def test_agrees_with_go_version_on_what_go_builds(target: str, tmp_path: Path) -> None:
    program = tmp_path / "src"
    for name in ("example.org/dep", "example.org/old", "example.org/local"):
        folder = program / "vendor" / name
        folder.mkdir(parents=True)
        (folder / "lib.go").write_text("package lib\n")
    (program / "go.mod").write_text(
        "module example.org/tool\ngo 1.20\nrequire (\n\texample.org/dep v1.2.3\n"
        "\texample.org/old v1.0.0\n\texample.org/local v1.0.0\n)\n"
        "replace example.org/old => example.org/new v1.9.0\nreplace example.org/local => ./local\n"
    )
    (program / "vendor/modules.txt").write_text(
        "# example.org/dep v1.2.3\n## explicit\nexample.org/dep\n"
        "# example.org/local v1.0.0 => ./local\n## explicit\nexample.org/local\n"
        "# example.org/old v1.0.0 => example.org/new v1.9.0\n## explicit\nexample.org/old\n"
        "# example.org/local => ./local\n# example.org/old => example.org/new v1.9.0\n"
    )
    (program / "main.go").write_text(
        'package main\nimport (\n\t_ "example.org/dep"\n\t_ "example.org/local"\n'
        '\t_ "example.org/old"\n)\nvar version string\nfunc main() { println(version) }\n'
    )
    system, machine = target.split("/")
    environment = {
        "GOOS": system,
        "GOARCH": machine,
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=vendor",
        "HOME": str(Path.home()),
        "PATH": os.environ["PATH"],
        "GOTOOLCHAIN": "local",
    }
    subprocess.run(
        ["go", "build", "-ldflags", "-s -w -X main.version=v3.1.4", "-o", "tool", "."],
        cwd=program,
        env=environment,
        check=True,
    )
    packages, gaps = read((program / "tool").read_bytes())
    assert gaps == []
    modules = {(each.name, "v" + each.version) for each in packages if each.name != "stdlib"}
    assert modules == _oracle(program / "tool") | {("example.org/tool", "v3.1.4")}
    assert [each.name for each in packages].count("stdlib") == 1
