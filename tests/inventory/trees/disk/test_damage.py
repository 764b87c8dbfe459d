"""Damaged disks: an answer with gaps or one clear error, whatever was cut off or changed.

Each form is damaged in a process of its own: a C reader that ends it would be seen, and told.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import disks
from tests.conftest import REPOSITORY
from tests.images import file, link, write_folder

FORMS = ("ext4", "ext2", "xfs", "ntfs", "gpt", "mbr", "lvm", "qcow2", "vmdk", "vpc", "vhdx")


def make(form: str, place: Path) -> Path:
    root = write_folder(
        place / "root",
        [
            file("etc/os-release", "ID=debian\n"),
            file("etc/fstab", "/dev/sda2 /opt ext4\n"),
            file("a/b/c/x.toy", "x 1\n" * 3000),
            file("run", b"\x7fTOYprogram", 0o755),
            link("toy.txt", "a/b/c/x.toy"),
            *(file(f"many/{n:04}.txt") for n in range(300)),
        ],
    )
    image = place / "disk.img"
    if form.startswith("ext"):
        return disks.ext(image, root, kind=form, size=4)
    if form == "xfs":
        return disks.xfs(image, root, size=300)
    if form == "ntfs":
        return disks.ntfs(image, root, size=4)
    volume = disks.ext(place / "volume.img", root, size=4)
    if form == "gpt":
        return disks.gpt(image, [volume, volume])
    if form == "mbr":
        return disks.mbr(image, [volume] * 5)
    if form == "lvm":
        return disks.lvm([image], {"root": volume})[0]
    return disks.convert(volume, form)


@pytest.mark.parametrize("form", FORMS)
def test_damage(form: str, tmp_path: Path) -> None:
    check(make(form, tmp_path), 40, 1)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_much_damage(form: str, tmp_path: Path) -> None:
    check(make(form, tmp_path), 1500, 2)


def check(image: Path, times: int, seed: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.inventory.trees.disk.damaging", image, str(times), str(seed)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=1500,
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0, f"after {lines[-1:]}: {done.returncode} {done.stderr[-2000:]}"
    answers = [json.loads(line) for line in lines]
    assert len(answers) == times
    assert any(answer["packages"] for answer in answers), "some damage does not matter"
    assert any(answer["gaps"] or answer["error"] for answer in answers), "some does"
