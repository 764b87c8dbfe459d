"""Layers that were read are remembered in a folder; nothing is believed that may have changed."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from openinspector.inventory.trees import blobs
from openinspector.inventory.trees.layer import Layer
from openinspector.inventory.trees.remembered import RememberedLayers
from tests.images import Image, docker_archive, file, oci_archive, oci_layout, whiteout

from .registries import OwnRegistry
from .toys import inventory_of, told

BASE = [file("toy.txt", "base 1\n"), file("srv/other.toy", "other 1\n")]
TOP = [whiteout("srv/other.toy"), file("top.toy", "top 1\n")]
TOLD = {("base", "1", "toy.txt"), ("top", "1", "top.toy")}


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled as soon as they are written."""
    monkeypatch.setattr(blobs, "_SETTLED", 0)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Layer]:
    """The layers that are really read."""
    read: list[Layer] = []
    items = Layer.items

    def counted(self, wanted, visit):
        read.append(self)
        return items(self, wanted, visit)

    monkeypatch.setattr(Layer, "items", counted)
    return read


def form(name: str, path: Path) -> Path:
    layers = [BASE, TOP]
    if name == "docker archive":
        return docker_archive(path / "image.tar", layers)
    if name == "packed docker archive":
        return docker_archive(path / "image.tar.gz", layers, compression="gzip")
    if name == "OCI archive":
        return oci_archive(path / "oci.tar", layers)
    return oci_layout(path / "layout", layers)


@pytest.mark.parametrize(
    "name", ["docker archive", "packed docker archive", "OCI archive", "OCI layout"]
)
def test_an_image_is_read_once(name: str, tmp_path: Path, settled, reads) -> None:
    image = form(name, tmp_path)
    whole = inventory_of(image)
    assert told(whole) == TOLD
    reads.clear()
    for expected in (2, 2):
        remembered = RememberedLayers(tmp_path / "layers")
        assert inventory_of(image, records=remembered) == whole
        assert len(reads) == expected
    assert inventory_of(image) == whole


def test_a_file_that_was_written_to_is_read_again(tmp_path: Path, settled, reads) -> None:
    image = form("docker archive", tmp_path)
    folder = tmp_path / "layers"
    inventory_of(image, records=RememberedLayers(folder))
    before = image.stat()
    data = image.read_bytes()
    assert data.count(b"top 1\n") == 1
    with image.open("r+b") as same:
        same.write(data.replace(b"top 1\n", b"top 2\n"))
    os.utime(image, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = image.stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (
        *(before.st_ino, before.st_size, before.st_mtime_ns),
    )
    found = inventory_of(image, records=RememberedLayers(folder))
    assert ("top", "2", "top.toy") in told(found)


def test_a_file_written_just_now_is_not_remembered(tmp_path: Path, reads) -> None:
    image = form("docker archive", tmp_path)
    for expected in (2, 4):
        inventory_of(image, records=RememberedLayers(tmp_path / "layers"))
        assert len(reads) == expected
    assert not (tmp_path / "layers").exists()


def test_whole_seconds_tell_too_little(tmp_path: Path, settled, monkeypatch) -> None:
    image = form("docker archive", tmp_path)
    real = os.fstat

    def coarse(descriptor: int) -> SimpleNamespace:
        status = real(descriptor)
        names = [name for name in dir(status) if name.startswith("st_")]
        told = {name: getattr(status, name) for name in names}
        return SimpleNamespace(**told | {"st_ctime_ns": status.st_ctime_ns // 10**9 * 10**9})

    with image.open("rb") as opened:
        assert blobs.file_identity(opened.fileno())
        monkeypatch.setattr(os, "fstat", coarse)
        assert blobs.file_identity(opened.fileno()) == ""


def test_another_way_to_read_is_another_answer(tmp_path: Path, settled, reads) -> None:
    image = form("docker archive", tmp_path)
    folder = tmp_path / "layers"
    inventory_of(image, records=RememberedLayers(folder))
    narrow = RememberedLayers(folder, ["exclude *.toy"])
    assert told(inventory_of(image, records=narrow, exclude=("*.toy",))) == {
        ("base", "1", "toy.txt")
    }
    assert len(reads) == 4


@pytest.mark.parametrize("damage", [b"", b"no record at all", None])
def test_a_record_that_was_damaged_is_read_as_none(
    tmp_path: Path, settled, reads, damage: bytes | None
) -> None:
    image = form("OCI layout", tmp_path)
    folder = tmp_path / "layers"
    inventory_of(image, records=RememberedLayers(folder))
    for record in folder.iterdir():
        record.write_bytes(record.read_bytes()[:-1] if damage is None else damage)
    reads.clear()
    assert told(inventory_of(image, records=RememberedLayers(folder))) == TOLD
    assert len(reads) == 2


def test_a_folder_that_cannot_be_written_to_remembers_nothing(tmp_path: Path, settled) -> None:
    (tmp_path / "layers").write_text("a file in its place")
    records = RememberedLayers(tmp_path / "layers")
    assert told(inventory_of(form("OCI layout", tmp_path), records=records)) == TOLD


def test_what_is_old_or_too_much_is_forgotten(tmp_path: Path, monkeypatch) -> None:
    records = RememberedLayers(tmp_path)
    for name in ("old", "less old", "new"):
        records.keep(name, name.encode() * 10)
    times = {"old": 40, "less old": 20, "new": 0}
    for name, days in times.items():
        path = records._path(name)
        used = path.stat().st_mtime - days * 86400
        os.utime(path, (used, used))
    records.end()
    assert [bool(records._path(name).exists()) for name in times] == [False, True, True]
    monkeypatch.setattr("openinspector.inventory.trees.remembered._MOST", 60)
    records.keep("new", b"new" * 10)
    records.end()
    assert [bool(records._path(name).exists()) for name in times] == [False, False, True]
    assert records.find("new") == b"new" * 10


def test_layers_of_registries_are_not_downloaded_again(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    registry = OwnRegistry(Image([BASE, TOP], compression="gzip"))
    folder = tmp_path / "layers"
    with registry.serve():
        whole = inventory_of(f"{registry.host}/app", records=RememberedLayers(folder))
        assert told(whole) == TOLD
        assert registry.count("/blobs/") == 3
        again = inventory_of(f"{registry.host}/app", records=RememberedLayers(folder))
        assert again == whole
        # The configuration alone.
        assert registry.count("/blobs/") == 4


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch) -> None:
    write = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        write(self, data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    records = RememberedLayers(tmp_path)
    monkeypatch.setattr(Path, "write_bytes", full)
    records.keep("layer", b"record")
    assert list(tmp_path.iterdir()) == []
    assert records.find("layer") is None
