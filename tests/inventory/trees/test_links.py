"""Symbolic and hard links, in every form: within the root, once, and never around in circles."""

from pathlib import Path

import pytest

from openinspector.model import Inventory
from tests.images import (
    Entry,
    Image,
    docker_archive,
    file,
    folder,
    hard_link,
    link,
    oci_layout,
    write_folder,
)

from .toys import inventory_of, told

FORMS = ("plain", "gzip", "folder")


def scanned(form: str, tmp_path: Path, *layers: list[Entry]) -> Inventory:
    if form == "folder":
        if len(layers) > 1:
            pytest.skip("a folder has no layers")
        return inventory_of(write_folder(tmp_path / "root", layers[0]), "directory")
    compression = None if form == "plain" else form
    return inventory_of(
        docker_archive(tmp_path / "image.tar", Image(layers, compression=compression))
    )


ROOT = file("etc/os-release", "ID=toy\n")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "target", ["../opt/list", "/opt/list", "../../../../opt/list", "../opt/./x/../list"]
)
def test_a_link_with_a_wanted_name_leads_within_the_root(
    form: str, tmp_path: Path, target: str
) -> None:
    entries = [ROOT, link("app/toy.txt", target), file("opt/list", "x 1\n"), folder("opt/x")]
    found = scanned(form, tmp_path, entries)
    assert told(found) == {("x", "1", "app/toy.txt")}
    assert not found.gaps


@pytest.mark.parametrize("form", FORMS)
def test_a_target_with_a_wanted_name_is_found_once(form: str, tmp_path: Path) -> None:
    entries = [ROOT, link("a.toy", "opt/b.toy"), file("opt/b.toy", "x 1\n")]
    assert told(scanned(form, tmp_path, entries)) == {("x", "1", "opt/b.toy")}


@pytest.mark.parametrize("form", FORMS)
def test_links_on_the_way_are_followed(form: str, tmp_path: Path) -> None:
    entries = [
        ROOT,
        link("app/toy.txt", "../current/list"),
        link("current", "opt/versions/latest"),
        folder("opt"),
        link("opt/versions", "/srv/versions"),
        link("srv/versions/latest", "3"),
        file("srv/versions/3/list", "x 3\n"),
    ]
    assert told(scanned(form, tmp_path, entries)) == {("x", "3", "app/toy.txt")}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "entries",
    [
        [link("toy.txt", "toy.txt")],
        [link("toy.txt", "a"), link("a", "b"), link("b", "a")],
        [link("toy.txt", "a/x/list"), link("a", "a/x")],
        [link("toy.txt", "nowhere")],
        [link("toy.txt", "etc")],
        [link("toy.txt", "/")],
        [link("toy.txt", "..")],
        [link("toy.txt", "/etc/hostname")],
    ],
    ids=["itself", "circle", "growing", "nowhere", "folder", "root", "above", "outside"],
)
def test_links_that_lead_nowhere_yield_nothing(
    form: str, tmp_path: Path, entries: list[Entry]
) -> None:
    found = scanned(form, tmp_path, [ROOT, *entries, file("opt/a.toy", "x 1\n")])
    assert told(found) == {("x", "1", "opt/a.toy")}


def test_a_link_never_leaves_the_scanned_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret 1\n")
    root = write_folder(tmp_path / "root", [link("toy.txt", str(tmp_path / "secret"))])
    (root / "a.toy").symlink_to("../secret")
    (root / "inner").symlink_to("..")
    (root / "b.toy").symlink_to("inner/secret")
    assert told(inventory_of(root, "directory")) == set()


@pytest.mark.parametrize("form", ["plain", "gzip"])
def test_a_link_counts_as_it_stands_in_the_end(form: str, tmp_path: Path) -> None:
    below = [link("toy.txt", "opt/one"), file("opt/one", "x 1\n"), file("opt/two", "x 2\n")]
    assert told(scanned(form, tmp_path, below, [file("opt/one", "y 1\n")])) == {
        ("y", "1", "toy.txt")
    }
    assert told(scanned(form, tmp_path, below, [link("toy.txt", "opt/two")])) == {
        ("x", "2", "toy.txt")
    }
    assert told(scanned(form, tmp_path, below, [file("toy.txt", "z 1\n")])) == {
        ("z", "1", "toy.txt")
    }


@pytest.mark.parametrize("form", FORMS)
def test_a_link_in_the_place_of_a_database_s_folder(form: str, tmp_path: Path) -> None:
    entries = [
        file("usr/lib/os-release", "ID=toy\n"),
        link("etc", "opt/settings"),
        file("opt/settings/toy-os", "x 1\n"),
    ]
    assert told(scanned(form, tmp_path, entries)) == {("x", "1", "etc/toy-os")}


@pytest.mark.parametrize("form", FORMS)
def test_hard_links_are_files_like_others(form: str, tmp_path: Path) -> None:
    entries = [
        file("a/b.toy", "x 1\n"),
        hard_link("c/toy.txt", "a/b.toy"),
        file("opt/list", "y 1\n"),
        hard_link("opt/d.toy", "opt/list"),
        file("run", b"\x7fTOYrun", 0o755),
        hard_link("walk", "run", 0o755),
        hard_link("name.txt", "run", 0o755),
    ]
    assert told(scanned(form, tmp_path, entries)) == {
        ("x", "1", "a/b.toy"),
        ("x", "1", "c/toy.txt"),
        ("y", "1", "opt/d.toy"),
        ("run", "binary", "run"),
        ("run", "binary", "walk"),
        ("run", "binary", "name.txt"),
        ("\x7fTOYrun", "none", "name.txt"),
    }


@pytest.mark.parametrize("form", ["plain", "gzip"])
def test_hard_links_far_behind_their_file(form: str, tmp_path: Path) -> None:
    """The file was passed unread, or is no longer held: the layer is read again."""
    large = b"x 1\n" + b"#" * 9 * 1024 * 1024
    entries = [
        file("store/list", "y 1\n"),
        file("large.toy", large),
        *(file(f"more/{n}.toy", b"#" * 1024 * 1024) for n in range(9)),
        hard_link("again.toy", "large.toy"),
        hard_link("b.toy", "store/list"),
        hard_link("store/second", "store/list"),
        hard_link("c.toy", "store/second"),
        hard_link("d.toy", "store/nothing"),
    ]
    found = scanned(form, tmp_path, entries)
    assert told(found) == {
        ("x", "1", "large.toy"),
        ("x", "1", "again.toy"),
        ("y", "1", "b.toy"),
        ("y", "1", "c.toy"),
    }
    assert [(gap.path, gap.reason) for gap in found.gaps] == [
        ("d.toy", "its hard link to store/nothing leads nowhere")
    ]


@pytest.mark.parametrize("form", ["plain", "gzip"])
def test_hard_links_are_hidden_as_files_are(form: str, tmp_path: Path) -> None:
    below = [file("run", b"\x7fTOYrun", 0o755), hard_link("walk", "run", 0o755)]
    found = scanned(form, tmp_path, below, [file("walk", "nothing")])
    assert told(found) == {("run", "binary", "run")}
    found = scanned(form, tmp_path, below, [file(".wh.run")])
    assert told(found) == {("run", "binary", "walk")}


def test_layout_files_are_not_followed_out_of_it(tmp_path: Path) -> None:
    layout = oci_layout(tmp_path / "layout", [[file("toy.txt", "x 1\n")]])
    (blob, *_) = sorted((layout / "blobs/sha256").iterdir(), key=lambda p: -p.stat().st_size)
    blob.rename(tmp_path / "moved")
    blob.symlink_to(tmp_path / "moved")
    found = inventory_of(layout)
    assert told(found) == set()
    assert all("is missing" in gap.reason for gap in found.gaps)
    assert found.gaps
