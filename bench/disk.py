"""How much of a disk is read: `python bench/disk.py [--root FOLDER]`.

Writes the root file system of the image benchmark (or FOLDER) into an ext4 of 20 GB, scans that
and prints the bytes that were asked for, and what these would be in blocks of 512 KiB, in which
snapshots of Amazon EBS are fetched. The budget is 2 % of the disk.
"""

import argparse
import io
import shutil
import subprocess
import sys
import time
from pathlib import Path

from image import RECIPE, build

from openinspector.inventory.catalogers import table
from openinspector.inventory.collect import collect
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.inventory.trees.disk.disk_tree import open_disk

BUILD = Path(__file__).resolve().parent.parent / "build" / "bench" / f"recipe-{RECIPE}"
SIZE = 20 * 10**9
BUDGET = 0.02
EBS_BLOCK = 512 * 1024


class Counting(io.FileIO):
    """A file that counts what is read of it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.bytes = 0
        self.reads = 0
        self.blocks: set[int] = set()

    def read(self, size: int = -1) -> bytes:
        """As the file does, with the count kept."""
        start = self.tell()
        data = super().read(size) or b""
        self.bytes += len(data)
        self.reads += 1
        self.blocks.update(range(start // EBS_BLOCK, -(-(start + len(data)) // EBS_BLOCK)))
        return data


def root_folder() -> Path:
    """The layers of the image benchmark, one over another."""
    root = BUILD / "disk-root"
    if not root.exists():
        build(BUILD)
        for layer in ("debian", "python", "node"):
            # Devices of the layers are no files: a copy of /dev/full would fill the machine.
            shutil.copytree(
                BUILD / layer,
                root,
                symlinks=True,
                dirs_exist_ok=True,
                ignore=shutil.ignore_patterns("dev", "proc", "sys"),
            )
    return root


def make_disk(root: Path, path: Path) -> Path:
    """An ext4 of 20 GB; on this machine only what is used of it takes space."""
    program = shutil.which("mke2fs", path="/usr/sbin:/sbin:/usr/bin")
    if program is None:
        sys.exit("bench: mke2fs is not installed; on Debian: apt-get install e2fsprogs")
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.truncate(SIZE)
    subprocess.run([program, "-q", "-F", "-t", "ext4", "-d", root, path], check=True)
    return path


def main() -> None:
    """Make the disk, scan it, and print what was read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, help="a folder to take instead of the benchmark's")
    options = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    disk = make_disk(options.root or root_folder(), BUILD / "disk.img")
    used = disk.stat().st_blocks * 512
    try:
        with Counting(disk) as source:
            start = time.perf_counter()
            with open_disk(source, "disk.img", DEFAULT_LIMITS) as tree:
                found = collect(tree, table())
            seconds = time.perf_counter() - start
    finally:
        disk.unlink()
    blocks = len(source.blocks) * EBS_BLOCK
    share = source.bytes / SIZE
    print(f"{len(found.packages):,} packages in {seconds:.1f} s, {source.reads:,} reads")
    print(f"disk {SIZE / 1e9:.0f} GB, of which {used / 1e9:.2f} GB are in use")
    print(f"read {source.bytes / 1e6:,.1f} MB: {share:.2%} of the disk (budget {BUDGET:.0%})")
    print(f"in blocks of 512 KiB {blocks / 1e6:,.1f} MB: {blocks / SIZE:.2%} of the disk")


if __name__ == "__main__":
    main()
