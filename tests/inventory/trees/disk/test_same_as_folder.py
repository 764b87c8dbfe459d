"""A disk gives the same inventory as the folder that it was made from, in every form."""

import io
import os
import shutil
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from openinspector.inventory.catalogers import table
from openinspector.inventory.collect import collect
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.inventory.trees.disk.disk_folders import DiskFolders
from openinspector.inventory.trees.disk.disk_tree import disk_image_tree, open_disk
from openinspector.inventory.trees.opening import open_target
from openinspector.model import Inventory, TargetKind
from tests import disks
from tests.conftest import REPOSITORY
from tests.inventory.languages_b.crafted import elf, inline_info

LOCK = '{"lockfileVersion": 3, "packages": {"node_modules/minimist": {"version": "1.2.0"}}}'


def inventory(path: Path, kind: TargetKind = "disk") -> Inventory:
    with open_target(kind, str(path)) as tree:
        return collect(tree, table())


def same(found: Inventory, expected: Inventory) -> None:
    """Everything but the target's name and kind; notes tell how the disk was read."""
    assert found.packages, "an empty inventory proves nothing"
    target = msgspec.structs.replace(found.target, kind="directory", name=expected.target.name)
    told = msgspec.structs.replace(found, target=target, notes=expected.notes)
    assert told == expected


def write_root(folder: Path) -> Path:
    """The demo's sample image as a root file system, with what is hard to read in one."""
    sys.path.insert(0, str(REPOSITORY / "demo"))
    from sample_image import write_sample_image

    image = write_sample_image(folder.with_suffix(".tar"))
    with tarfile.open(image) as outer:
        for member in outer.getmembers():
            if member.name.endswith("layer.tar") or member.name.endswith(".tar"):
                layer = outer.extractfile(member)
                assert layer is not None
                with tarfile.open(fileobj=io.BytesIO(layer.read())) as inner:
                    inner.extractall(folder, filter="data")
    add_hard_cases(folder)
    return folder


def add_hard_cases(root: Path) -> None:
    (root / "usr/lib").mkdir(parents=True, exist_ok=True)
    (root / "etc/os-release").rename(root / "usr/lib/os-release")
    (root / "etc/os-release").symlink_to("../usr/lib/os-release")
    many = root / "srv/many"
    many.mkdir(parents=True)
    for number in range(3000):
        (many / f"file-with-a-rather-long-name-{number:05}").touch()
    (many / "package-lock.json").write_text(LOCK)
    deep = root / "/".join(["srv", *(f"deep{n}" for n in range(60))])
    deep.mkdir(parents=True)
    (deep / "requirements.txt").write_text("requests==2.25.1\n")
    programs = root / "usr/local/bin"
    programs.mkdir(parents=True)
    noise = bytes(range(256)) * 8192
    (programs / "python3.11").write_bytes(elf([(".rodata", noise + b"\0" + b"3.11.2\0" + noise)]))
    (programs / "tool").write_bytes(elf([(".go.buildinfo", inline_info())]))
    for name in ("python3.11", "tool"):
        (programs / name).chmod(0o755)
    os.link(programs / "tool", programs / "another-name")
    (root / "opt/links").mkdir(parents=True)
    (root / "opt/links/package-lock.json").symlink_to("/srv/real.lock")
    (root / "srv/real.lock").write_text(LOCK.replace("minimist", "moment"))
    (root / "opt/links/poetry.lock").symlink_to("../../../../../../outside/poetry.lock")
    (root / "opt/links/circle").symlink_to("circle")
    (root / "opt/links/folder").symlink_to("/srv")
    with (root / "srv/sparse.jar").open("wb") as sparse:
        sparse.seek(3_000_000)
        sparse.write(b"no archive")


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_root(tmp_path_factory.mktemp("disks") / "root")


@pytest.fixture(scope="session")
def expected(root: Path) -> Inventory:
    found = inventory(root, "directory")
    assert found.target.is_root
    names = {package.name for package in found.packages}
    assert {"openssl", "lodash", "minimist", "moment", "requests", "python/python"} <= names
    assert {"usr/local/bin/tool", "usr/local/bin/another-name"} <= {
        package.locations[0].path for package in found.packages
    }
    return found


EXT = {
    "ext2": lambda path, root: disks.ext(path, root, kind="ext2"),
    "ext3": lambda path, root: disks.ext(path, root, kind="ext3"),
    "ext4": lambda path, root: disks.ext(path, root),
    "ext4 of blocks of 1 KiB": lambda path, root: disks.ext(path, root, "-b", "1024"),
    "ext4 with small files in inodes": lambda path, root: disks.ext(
        path, root, "-O", "inline_data", "-I", "256"
    ),
    "ext4 without 64 bits": lambda path, root: disks.ext(path, root, "-O", "^64bit,^metadata_csum"),
    "XFS": disks.xfs,
    "XFS without big time stamps": lambda path, root: disks.xfs(path, root, "-m", "bigtime=0"),
    "XFS of version 4": lambda path, root: disks.xfs(path, root, "-m", "crc=0"),
    "XFS of blocks of 1 KiB": lambda path, root: disks.xfs(path, root, "-b", "size=1024"),
}


@pytest.mark.parametrize("form", EXT)
def test_file_systems(form: str, root: Path, expected: Inventory, tmp_path: Path) -> None:
    make: Callable[[Path, Path], Path] = EXT[form]
    image = make(tmp_path / "disk.img", root)
    same(inventory(image), expected)
    assert everything(image) == files_of(root)


Files = dict[str, tuple[str, int, bytes]]
"""Kind, permissions and content (of links: their target) by path."""


def everything(image: Path) -> Files:
    """Every file of a disk of one file system, by way of what walks it."""
    with disk_image_tree(str(image), DEFAULT_LIMITS) as tree:
        places = DiskFolders(tree.layout.mounts)
        found: Files = {}
        folders = places.roots()
        while folders:
            above, folder = folders.pop()
            for node in places.entries(folder):
                path = f"{above}/{node.name}" if above else node.name
                mode = node.st_mode & 0o7777
                if node.is_dir():
                    folders.append((path, node))
                    found[path] = ("folder", mode, b"")
                elif node.is_symlink():
                    found[path] = ("link", 0o777, places.link(node).encode())
                else:
                    found[path] = ("file", mode, places.read(node))
        found.pop("lost+found", None)
        return found


def files_of(root: Path) -> Files:
    found: Files = {}
    for place in root.rglob("*"):
        mode = place.lstat().st_mode & 0o7777
        path = str(place.relative_to(root))
        if place.is_symlink():
            found[path] = ("link", 0o777, os.readlink(place).encode())
        elif place.is_dir():
            found[path] = ("folder", mode, b"")
        else:
            found[path] = ("file", mode, place.read_bytes())
    return found


def test_ntfs(root: Path, tmp_path: Path) -> None:
    """Without FUSE only the uppermost files can be written, and fewer are compared."""
    folder = tmp_path / "folder"
    shutil.copytree(root, folder, symlinks=True)
    (folder / "package-lock.json").write_bytes((root / "srv/many/package-lock.json").read_bytes())
    # What its driver shows: everything may be run, and hard links are read one by one.
    (folder / "usr/local/bin/another-name").unlink()
    image = disks.ntfs(tmp_path / "disk.img", folder)
    found = inventory(image)
    for place in folder.rglob("*"):
        if not place.is_symlink():
            place.chmod(0o777)
    same(found, inventory(folder, "directory"))
    assert everything(image) == files_of(folder)


@pytest.fixture(scope="session")
def small_disk(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disk with a GPT and one ext4."""
    place = tmp_path_factory.mktemp("disk")
    return disks.gpt(place / "disk.img", [disks.ext(place / "root.img", root)])


CONTAINERS = {
    "qcow2": ("qcow2",),
    "qcow2 compressed": ("qcow2", "-c"),
    "qcow2 of version 2": ("qcow2", "-o", "compat=0.10"),
    "vmdk": ("vmdk",),
    "vmdk for streams": ("vmdk", "-o", "subformat=streamOptimized"),
    "vmdk in two files": ("vmdk", "-o", "subformat=monolithicFlat"),
    "vmdk split": ("vmdk", "-o", "subformat=twoGbMaxExtentSparse"),
    "vhd": ("vpc",),
    "vhd of fixed size": ("vpc", "-o", "subformat=fixed"),
    "vhdx": ("vhdx",),
}


@pytest.mark.parametrize("form", CONTAINERS)
def test_containers(form: str, small_disk: Path, expected: Inventory, tmp_path: Path) -> None:
    copy = tmp_path / "disk.img"
    copy.symlink_to(small_disk)
    same(inventory(disks.convert(copy, *CONTAINERS[form])), expected)


def test_any_seekable_file(small_disk: Path, expected: Inventory) -> None:
    """A snapshot that is fetched by blocks is no file of this machine."""
    source = io.BytesIO(small_disk.read_bytes())
    with open_disk(source, "snap-1", DEFAULT_LIMITS) as tree:
        assert tree.target.name == "snap-1"
        same(collect(tree, table()), expected)


def test_the_disk_is_not_written(small_disk: Path) -> None:
    before = small_disk.stat()
    inventory(small_disk)
    after = small_disk.stat()
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
