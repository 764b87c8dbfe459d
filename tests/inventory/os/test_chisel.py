"""Chisel's manifest of chiselled Ubuntu images."""

import json
from pathlib import Path

import pytest
import zstandard

from openinspector.inventory.cataloger import Owned, ReadError, run
from openinspector.inventory.catalogers.chisel import CATALOGERS
from openinspector.inventory.collect import collect
from openinspector.inventory.trees.opening import open_target
from openinspector.model import Gap, Package
from tests.images import docker_archive, file

[CHISEL] = CATALOGERS
PATH = "var/lib/chisel/manifest.wall"
HEAD = {"jsonwall": "1.0", "schema": "1.0", "count": 6}


def wall(*lines: object) -> bytes:
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in (HEAD, *lines))
    return zstandard.compress(text.encode())


def test_packages_and_the_files_that_stand() -> None:
    data = wall(
        {"kind": "content", "slice": "openssl_bins", "path": "/usr/bin/openssl"},
        {"kind": "package", "name": "libssl3t64", "version": "3.0.13-0ubuntu3", "arch": "amd64"},
        {"kind": "package", "name": "openssl", "version": "3.0.13-0ubuntu3", "arch": "amd64"},
        {"kind": "path", "path": "/usr/bin/openssl", "mode": "0755"},
        {"kind": "slice", "name": "openssl_bins"},
        {"kind": "package", "name": "no version"},
    )

    found = run(CHISEL, PATH, data)

    assert [(x.name, x.version, x.arch) for x in found if isinstance(x, Package)] == [
        ("libssl3t64", "3.0.13-0ubuntu3", "amd64"),
        ("openssl", "3.0.13-0ubuntu3", "amd64"),
    ]
    assert Owned(frozenset({"usr/bin/openssl"})) in found
    reasons = [each.reason for each in found if isinstance(each, Gap)]
    assert reasons[0] == "1 entries without package or version"
    assert "does not name the sources" in reasons[1]


def test_packages_of_a_chiselled_image_are_ubuntu_s(tmp_path: Path) -> None:
    data = wall({"kind": "package", "name": "openssl", "version": "3.0.2-0ubuntu1"})
    image = docker_archive(
        tmp_path / "image.tar",
        [[file("etc/os-release", b'ID=ubuntu\nVERSION_ID="22.04"\n'), file(PATH, data)]],
    )

    with open_target("image", str(image)) as tree:
        [package] = collect(tree).packages

    assert package.ecosystem == "Ubuntu"
    assert package.purl == "pkg:deb/ubuntu/openssl@3.0.2-0ubuntu1?distro=22.04&epoch=0"


def test_a_manifest_that_was_cut_short_says_so() -> None:
    found = run(CHISEL, PATH, wall({"kind": "package", "name": "a", "version": "1"}))

    assert "it has 2 of 6 lines" in {each.reason for each in found if isinstance(each, Gap)}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"plain",
        zstandard.compress(b"{}"),
        wall({"kind": "package", "name": "a"})[:-3],
        zstandard.compress(b'{"jsonwall"' + b" " * (65 << 20)),
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(ReadError):
        run(CHISEL, PATH, data)
