"""Cargo.lock of all versions."""

import tomllib
import zipfile
from pathlib import Path

import pytest

from openinspector.inventory.cataloger import ReadError, run
from openinspector.inventory.catalogers.rust import CATALOGERS
from openinspector.model import Gap, Package

(LOCK,) = CATALOGERS

V3 = b"""
version = 3
[[package]]
name = "tool"
version = "0.1.0"
dependencies = ["serde"]
[[package]]
name = "serde"
version = "1.0.195"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "abc"
[[package]]
name = "sparse"
version = "2.0.0"
source = "sparse+https://index.crates.io/"
[[package]]
name = "from-git"
version = "0.3.0"
source = "git+https://example.org/x.git?branch=main#1a2b3c"
[[package]]
name = "private"
version = "0.3.0"
source = "registry+https://crates.example.org/index"
[[package]]
source = "registry+https://github.com/rust-lang/crates.io-index"
"""


def test_crates_with_a_source_are_listed() -> None:
    found = run(LOCK, "Cargo.lock", V3)
    packages = [each for each in found if isinstance(each, Package)]
    assert [each.purl for each in packages] == [
        "pkg:cargo/serde@1.0.195",
        "pkg:cargo/sparse@2.0.0",
        "pkg:cargo/from-git@0.3.0?vcs_url=git%2Bhttps://example.org/x.git%3Fbranch%3Dmain%401a2b3c",
        "pkg:cargo/private@0.3.0?repository_url=https://crates.example.org/index",
    ]
    assert {(each.ecosystem, each.manager) for each in packages} == {("crates.io", "CARGO")}
    assert [each.reason for each in found if isinstance(each, Gap)] == [
        "1 entry without a usable name and version, left out: (NoneType)"
    ]


def test_what_is_no_lock_is_refused() -> None:
    with pytest.raises(ReadError):
        run(LOCK, "Cargo.lock", b"package = 1\n")
    with pytest.raises(ReadError):
        run(LOCK, "Cargo.lock", b"[[package\n")


def test_a_real_lock(shared: Path) -> None:
    with zipfile.ZipFile(shared / "data/inventories/cargo.zip") as archive:
        data = archive.read("Cargo.lock")
    packages = [each for each in run(LOCK, "Cargo.lock", data) if isinstance(each, Package)]
    expected = {
        (each["name"], each["version"])
        for each in tomllib.loads(data.decode())["package"]
        if "source" in each
    }
    assert {(each.name, each.version) for each in packages} == expected
    assert len(packages) == 73
