"""Folders on disk: what they are, what is passed over, and what cannot be read."""

import os
import socket
import tempfile
from pathlib import Path

import pytest

from openinspector.inventory.collect import collect
from openinspector.inventory.limits import DEFAULT_LIMITS, Limits
from openinspector.inventory.trees import directory, host
from openinspector.inventory.trees.directory import (
    DirectoryTree,
    OwnFolders,
    is_root_file_system,
)
from openinspector.inventory.trees.opening import open_target
from openinspector.model import TargetError
from tests.images import file, folder, link, write_folder

from .toys import TOYS, inventory_of, told

ONE = file("toy.txt", "one 1\n")


@pytest.mark.parametrize(
    ("entries", "answer"),
    [
        ([file("etc/os-release")], True),
        ([file("usr/lib/os-release")], True),
        ([link("etc/os-release", "/absolute/elsewhere")], True),
        ([file("var/lib/dpkg/status")], True),
        ([folder("var/lib/dpkg/status.d")], True),
        ([file("lib/apk/db/installed")], True),
        ([folder("var/lib/rpm")], True),
        ([folder("etc"), link("bin/sh", "busybox")], True),
        ([folder("etc"), file("package.json")], False),
        ([file("bin/sh")], False),
        ([], False),
    ],
)
def test_root_file_systems_are_told_from_source_trees(
    tmp_path: Path, entries: list, answer: bool
) -> None:
    root = write_folder(tmp_path / "x", entries)
    assert is_root_file_system(str(root)) is answer
    found = inventory_of(root, "directory")
    assert found.target.is_root is answer
    assert found.target.kind == "directory"
    assert ("os-packages" in found.examined) is answer


def test_what_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="No such file or directory; expected a folder"):
        inventory_of(tmp_path / "absent", "directory")


def test_what_is_no_file_is_passed_over(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "x", [ONE])
    os.mkfifo(root / "fifo.toy")
    (root / "folder.toy").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        os.chdir(root)
        try:
            listener.bind("socket.toy")
        finally:
            os.chdir(here)
        found = inventory_of(root, "directory")
    assert told(found) == {("one", "1", "toy.txt")}
    assert not found.gaps


def test_what_may_not_be_read_is_a_gap() -> None:
    entries = [ONE, file("secret.toy", "x 1\n", 0), file("closed/a.toy", "y 1\n")]
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        root = write_folder(Path(place) / "x", entries)
        (root / "closed").chmod(0)
        is_root = os.geteuid() == 0
        inventory_of(root, "directory")  # imports what another user may not read
        try:
            if is_root:
                os.seteuid(65534)
            found = inventory_of(root, "directory")
        finally:
            if is_root:
                os.seteuid(0)
            (root / "closed").chmod(0o755)
    assert told(found) == {("one", "1", "toy.txt")}
    denied = "cannot be read: Permission denied"
    assert sorted((gap.path, gap.part, gap.reason) for gap in found.gaps) == [
        ("closed", "applications", denied),
        ("closed", "language-packages", denied),
        ("secret.toy", "language-packages", f"toy-lines: {denied}"),
    ]


def test_excluded_files_and_folders(tmp_path: Path) -> None:
    entries = [ONE, file("a/b.toy", "x 1\n"), file("a/c/b.toy", "y 1\n"), file("d.toy", "z 1\n")]
    root = write_folder(tmp_path / "x", entries)

    def left(*globs: str) -> set[str]:
        return {path for _, _, path in told(inventory_of(root, "directory", exclude=globs))}

    assert left() == {"toy.txt", "a/b.toy", "a/c/b.toy", "d.toy"}
    assert left("a") == {"toy.txt", "d.toy"}
    assert left("c/") == {"toy.txt", "a/b.toy", "d.toy"}
    assert left("b.toy") == {"toy.txt", "d.toy"}
    assert left("a/*.toy") == {"toy.txt", "a/c/b.toy", "d.toy"}
    assert left("a/**/*.toy") == {"toy.txt", "d.toy"}
    assert left("/*.toy") == {"toy.txt", "a/b.toy", "a/c/b.toy"}
    assert left("./d.toy", "**/c/**") == {"toy.txt", "a/b.toy"}
    assert left("**") == set()


def test_too_many_entries(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "x", [file(f"{n:03}.toy", f"x {n}\n") for n in range(30)])
    found = inventory_of(root, "directory", limits=Limits(entries=10))
    assert len(found.packages) == 10
    assert "more than 10 files and folders" in found.gaps[0].reason


def test_files_that_change_while_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vanished, exchanged for a link or a folder, or grown: a gap, and nothing from elsewhere."""
    (tmp_path / "secret").write_text("secret 1\n")
    root = write_folder(tmp_path / "x", [file(f"{n}.toy", "x 1\n") for n in range(5)])

    class Meddling(OwnFolders):
        def status(self, place):
            made = super().status(place)
            victim = root / place
            if place == "0.toy":
                victim.unlink()
            elif place == "1.toy":
                victim.unlink()
                victim.symlink_to(tmp_path / "secret")
            elif place == "2.toy":
                victim.unlink()
                victim.mkdir()
            elif place == "3.toy":
                victim.write_text("x 1\n" * 100)
            return made

    monkeypatch.setattr(directory, "OwnFolders", Meddling)
    limits = Limits(file_bytes=200)
    with DirectoryTree(str(root), limits) as tree:
        found = collect(tree, TOYS, limits)
    assert told(found) == {("x", "1", "4.toy")}
    reasons = {gap.path: gap.reason.partition(": ")[2] for gap in found.gaps}
    assert "No such file" in reasons["0.toy"]
    assert "Too many levels of symbolic links" in reasons["1.toy"]
    assert "no regular file any more" in reasons["2.toy"]
    assert "grown to 400 bytes" in reasons["3.toy"]


def test_names_of_any_bytes(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "x", [ONE])
    (root / os.fsdecode(b"\xff\xfe.toy")).write_text("x 1\n")
    (root / "new\nline.toy").write_text("y 1\n")
    assert {name for name, _, _ in told(inventory_of(root, "directory"))} == {"one", "x", "y"}


def test_deep_folders(tmp_path: Path) -> None:
    here = Path.cwd()
    (tmp_path / "x").mkdir()
    os.chdir(tmp_path / "x")
    try:
        for _ in range(900):
            os.mkdir("deeper")
            os.chdir("deeper")
        Path("a.toy").write_text("x 1\n")
    finally:
        os.chdir(here)
    found = inventory_of(tmp_path / "x", "directory")
    # Paths beyond PATH_MAX cannot be opened by name: found, or told.
    assert told(found) or found.gaps


# --- this machine ---

MOUNTS = [
    ("/", "ext4"),
    ("/proc", "proc"),
    ("/home", "ext4"),
    ("/srv/share", "nfs4"),
    ("/run/user/1 2", "tmpfs"),
    ("/sys/fs/cgroup", "cgroup2"),
]


def test_mounts_that_are_not_this_machine_s_software(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "isdir", lambda path: path == "/var/lib/docker")
    folders, notes = host._passed_over(MOUNTS)
    assert folders == {"proc", "srv/share", "sys/fs/cgroup", "var/lib/docker"}
    assert notes == (
        "/srv/share was passed over: nfs4, on another machine",
        "/var/lib/docker was passed over: container images are targets of their own",
    )


def test_mountinfo_is_read() -> None:
    mounts = dict(host._mounts())
    assert mounts["/proc"] == "proc"
    assert host._unescape("/a\\040b\\134") == "/a b\\"


def test_this_machine_is_a_root_file_system() -> None:
    with open_target("host") as tree:
        assert tree.target.kind == "host"
        assert tree.target.is_root
        assert tree.target.name == os.uname().nodename
        assert tree.kernel.release == os.uname().release
        assert "proc" in tree._passed_over


def test_the_kernel_s_folders_are_not_entered(tmp_path: Path) -> None:
    """Of a root file system somewhere else they are entered, unless something is mounted there."""
    root = write_folder(tmp_path / "x", [file("etc/os-release"), file("dev/toy.txt", "x 1\n")])
    assert told(inventory_of(root, "directory")) == {("x", "1", "dev/toy.txt")}
    assert {"proc", "sys", "dev"} <= DirectoryTree("/", DEFAULT_LIMITS)._passed_over
