"""Disks of several volumes: which is the root, what is mounted where, and what cannot be read."""

import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from openinspector.inventory.collect import collect
from openinspector.inventory.limits import DEFAULT_LIMITS
from openinspector.inventory.trees.disk import unix
from openinspector.inventory.trees.disk.lvm_metadata import parse
from openinspector.inventory.trees.disk.mounts import Names, parse_fstab
from openinspector.inventory.trees.opening import open_target
from openinspector.model import Inventory, TargetError
from tests import disks
from tests.images import Entry, file, folder, link, write_folder
from tests.inventory.trees.toys import TOYS, inventory_of, told

OS = file("etc/os-release", "ID=debian\n")


def ext(place: Path, name: str, entries: list[Entry], *options: str) -> Path:
    return disks.ext(place / f"{name}.img", write_folder(place / name, entries), *options, size=8)


def of(disk: Path) -> Inventory:
    return inventory_of(disk, "disk")


def reasons(found: Inventory) -> set[tuple[str, str | None]]:
    return {(gap.reason, gap.path) for gap in found.gaps if "there is no package" not in gap.reason}


def pieces(place: Path, fstab: str) -> list[Path]:
    """A root, /usr and /var/lib of their own, and a volume that fstab does not name."""
    root = [OS, file("etc/fstab", fstab), file("a.toy", "root 1\n"), folder("usr"), folder("opt")]
    root += [file("var/lib/hidden.toy", "hidden 1\n"), link("toy.txt", "/usr/lib/real.txt")]
    return [
        ext(place, "root", root),
        ext(place, "usr", [file("lib/b.toy", "usr 1\n"), file("lib/real.txt", "link 1\n")]),
        ext(place, "lib", [file("c.toy", "lib 1\n")], "-L", "state", "-U", UUID),
        ext(place, "data", [file("toy.txt", "data 1\n"), link("x.toy", "../../etc/os-release")]),
    ]


UUID = "6f1f3f9e-6cbd-4e1c-9f0e-6a53b7a0a001"
MOUNTED = {
    ("root", "1", "a.toy"),
    ("usr", "1", "usr/lib/b.toy"),
    ("lib", "1", "var/lib/c.toy"),
    ("link", "1", "toy.txt"),
}


@pytest.mark.parametrize(
    "lines",
    [
        f"/dev/sda2 /usr ext4 ro 0 2\nUUID={UUID} /var/lib ext4 defaults\n",
        f'/dev/nvme0n1p2 /usr ext4\n# LABEL=x /y\nUUID="{UUID.upper()}" /var/lib/ ext4\n',
        "/dev/xvda2\t/usr\text4\nLABEL=state /var/lib ext4\ntmpfs /tmp tmpfs\n/swap none swap\n",
        f"/dev/disk/by-uuid/{UUID} /var/lib ext4\n/dev/vda2 /usr ext4\nnas:/x /mnt nfs\n",
    ],
)
@pytest.mark.parametrize("table", [disks.gpt, disks.mbr])
def test_volumes_are_mounted_as_fstab_says(table, lines: str, tmp_path: Path) -> None:
    found = of(table(tmp_path / "disk.img", pieces(tmp_path, lines)))
    assert told(found) == {*MOUNTED, ("data", "1", "partition-4/toy.txt")}
    assert found.target.is_root
    assert reasons(found) == set()


def test_the_copy_of_a_damaged_table(tmp_path: Path) -> None:
    volumes = pieces(tmp_path, f"/dev/sda2 /usr ext4\nUUID={UUID} /var/lib ext4\n")
    disk = disks.gpt(tmp_path / "disk.img", volumes)
    with disk.open("r+b") as image:
        image.seek(512 + 60)
        image.write(b"damage")
    assert told(of(disk)) >= MOUNTED
    with disk.open("r+b") as image:
        image.seek(-512, 2)
        image.write(bytes(512))
    why = "the disk: the partition table (GPT) is damaged, and so is its copy"
    assert (why, None) in reasons(of(disk))


def test_sectors_of_4096_bytes(tmp_path: Path) -> None:
    """The table that sgdisk wrote, moved to where a disk of such sectors has it."""
    volumes = pieces(tmp_path, f"/dev/sda2 /usr ext4\nUUID={UUID} /var/lib ext4\n")
    disk = disks.gpt(tmp_path / "disk.img", volumes)
    data = bytearray(disk.read_bytes())
    table = bytearray(data[1024 : 1024 + 128 * 128])
    for at in range(0, len(table), 128):
        first, last = struct.unpack_from("<QQ", table, at + 32)
        if first:
            struct.pack_into("<QQ", table, at + 32, first // 8, (last + 1) // 8 - 1)
    header = bytearray(data[512:604])
    struct.pack_into("<I", header, 88, zlib.crc32(table))
    struct.pack_into("<I", header, 16, 0)
    struct.pack_into("<I", header, 16, zlib.crc32(header))
    data[512 : 1024 + len(table)] = bytes(512 + len(table))
    data[4096:8192] = header.ljust(4096, b"\0")
    data[8192 : 8192 + len(table)] = table
    disk.write_bytes(data)
    assert told(of(disk)) >= MOUNTED


def test_partitions_are_found_by_their_own_identifier(tmp_path: Path) -> None:
    volumes = pieces(tmp_path, "PARTUUID=12345678-02 /usr ext4\nPARTUUID=12345678-03 /var/lib x\n")
    assert told(of(disks.mbr(tmp_path / "disk.img", volumes))) >= MOUNTED


def test_logical_partitions(tmp_path: Path) -> None:
    """More than four partitions of an MBR lie in a chain within the last."""
    volumes = pieces(tmp_path, "/dev/sda2 /usr ext4\n/dev/sda3 /var/lib ext4\n/dev/sda6 /opt x\n")
    volumes.append(ext(tmp_path, "opt-volume", [file("d.toy", "opt 1\n")]))
    found = of(disks.mbr(tmp_path / "disk.img", volumes))
    assert told(found) == {
        *MOUNTED,
        ("data", "1", "partition-5/toy.txt"),
        ("opt", "1", "opt/d.toy"),
    }


@pytest.mark.parametrize("members", [1, 2])
def test_logical_volumes(members: int, tmp_path: Path) -> None:
    """Volumes of two segments each, on one physical volume or dealt out on two."""
    fstab = "/dev/mapper/vg--0-usr--part /usr ext4\n/dev/vg-0/lib /var/lib ext4\n"
    root, usr, lib, data = pieces(tmp_path, fstab)
    paths = [tmp_path / f"pv{n}.img" for n in range(members)]
    physical = disks.lvm(paths, {"root": root, "usr-part": usr, "lib": lib, "data": data})
    for path in physical:
        said = subprocess.run(
            [disks.tool("pvck"), "--dump", "metadata", path], capture_output=True, check=True
        )
        assert b"vgname vg-0 seqno 1" in said.stdout, "LVM's own tool reads it"
    types = [disks.LVM] * members
    found = of(disks.gpt(tmp_path / "disk.img", physical, types))
    assert told(found) == {*MOUNTED, ("data", "1", "volume-vg-0-data/toy.txt")}
    assert reasons(found) == set()
    if members == 2:
        found = of(physical[0])
        lacking = "a physical volume of LVM that it lies on is not on this disk"
        assert (f"volume vg-0/root: {lacking}", None) in reasons(found)


def test_what_lvm_writes() -> None:
    text = 'vg {\nid = "a\\"b" # c\nn = -4\nlist = ["x", 1]\ns { t = 1.5 }\n}\nversion = 1\n'
    group = {"id": 'a"b', "n": -4, "list": ["x", 1], "s": {"t": 1}}
    assert parse(text) == {"vg": group, "version": 1}
    for damaged in ("vg {", "vg = {", "vg }", "= 1", "a = [", "a { b }", "a = $", "{" * 99):
        with pytest.raises(ValueError, match="metadata of LVM"):
            parse(damaged)


def test_what_need_not_be_read_is_a_note(tmp_path: Path) -> None:
    efi = disks.blank(tmp_path / "efi.img", 4 * disks.MEBIBYTE)
    disks.run("mkfs.vfat", efi)
    root = ext(tmp_path, "root", [OS, file("a.toy", "root 1\n")])
    unused = disks.blank(tmp_path / "unused.img", disks.MEBIBYTE)
    volumes = [efi, disks.swap(tmp_path / "swap.img"), unused, root]
    types = [disks.EFI, disks.SWAP, disks.LINUX, disks.LINUX]
    found = of(disks.gpt(tmp_path / "disk.img", volumes, types))
    assert told(found) == {("root", "1", "a.toy")}
    assert reasons(found) == set()
    assert found.notes[:3] == (
        "partition 1 was passed over: it holds boot loaders (EFI system partition)",
        "partition 2 was passed over: it is swap space",
        "partition 3 was passed over: it is blank (its first 256 KiB)",
    )


def luks(place: Path) -> Path:
    path = disks.blank(place / "luks.img", disks.MEBIBYTE)
    with path.open("r+b") as volume:
        volume.write(b"LUKS\xba\xbe\0\2")
    return path


def test_what_cannot_be_read_is_a_gap_where_it_is_mounted(tmp_path: Path) -> None:
    fstab = "/dev/sda2 /home ext4\n/dev/sda3 /srv btrfs\n/dev/sdb1 /data ext4 noauto\n"
    fstab += "UUID=0000-0001 /var xfs\n"
    root = [OS, file("etc/fstab", fstab), file("a.toy", "root 1\n"), folder("home")]
    files = write_folder(tmp_path / "b", [file("b.toy", "b 1\n")])
    noise = tmp_path / "noise.img"
    noise.write_bytes(bytes(range(1, 256)) * 9000)
    volumes = [
        ext(tmp_path, "root", root),
        luks(tmp_path),
        disks.btrfs(tmp_path / "btrfs.img", files),
        noise,
    ]
    found = of(disks.gpt(tmp_path / "disk.img", volumes))
    assert told(found) == {("root", "1", "a.toy")}
    assert reasons(found) == {
        ("partition 2: it is an encrypted volume (LUKS), which is not read", "home"),
        ("partition 3: it is Btrfs, which is not read", "srv"),
        ("it lies on UUID=0000-0001, which is not on this disk", "var"),
        (
            "partition 4: nothing is known at its beginning: an unknown file system, or none",
            None,
        ),
    }
    assert not any(gap.total for gap in found.gaps if "not read" in gap.reason)


def test_a_disk_of_which_nothing_can_be_read(tmp_path: Path) -> None:
    found = of(disks.gpt(tmp_path / "disk.img", [luks(tmp_path)]))
    assert not found.packages
    assert found.gaps
    assert all(gap.total for gap in found.gaps)
    assert {gap.part for gap in found.gaps} == set(found.examined)
    assert "os-packages" in found.examined


def test_the_root_may_be_what_cannot_be_read(tmp_path: Path) -> None:
    """A readable /boot beside a root of Btrfs must not look like a disk without a system."""
    boot = ext(tmp_path, "boot", [file("grub/a.toy", "boot 1\n")])
    system = write_folder(tmp_path / "system", [OS])
    volumes = [boot, disks.btrfs(tmp_path / "btrfs.img", system)]
    found = of(disks.gpt(tmp_path / "disk.img", volumes))
    assert told(found) == {("boot", "1", "partition-1/grub/a.toy")}
    gaps = [gap for gap in found.gaps if gap.part == "os-packages"]
    assert [gap.reason for gap in gaps] == ["partition 2: it is Btrfs, which is not read"]


def test_features_that_are_unknown_are_named(tmp_path: Path) -> None:
    image = ext(tmp_path, "root", [OS], "-O", "mmp")
    ((reason, _),) = reasons(of(image))
    assert re.fullmatch(
        r"the disk: its file system \(ext\) cannot be read: unsupported .*features.*", reason
    )


def test_a_second_operating_system_is_told(tmp_path: Path) -> None:
    first = [OS, folder("var/lib/rpm"), file("a.toy", "first 1\n")]
    second = [OS, file("a.toy", "second 1\n"), file("etc/toy-os", "never 1\n")]
    volumes = [ext(tmp_path, "second", second), ext(tmp_path, "first", first)]
    found = of(disks.gpt(tmp_path / "disk.img", volumes))
    assert told(found) == {("first", "1", "a.toy"), ("second", "1", "partition-1/a.toy")}
    why = "partition 1 holds another operating system, whose packages are not read"
    assert (why, "partition-1") in reasons(found)


def test_a_name_of_ours_does_not_hide_a_folder(tmp_path: Path) -> None:
    root = [OS, file("partition-2/a.toy", "root 1\n")]
    volumes = [ext(tmp_path, "root", root), ext(tmp_path, "data", [file("a.toy", "data 1\n")])]
    found = of(disks.gpt(tmp_path / "disk.img", volumes))
    assert told(found) == {("root", "1", "partition-2/a.toy"), ("data", "1", "partition-2_/a.toy")}


def test_a_disk_of_data_is_a_source_tree(tmp_path: Path) -> None:
    found = of(ext(tmp_path, "data", [file("app/a.toy", "data 1\n")]))
    assert told(found) == {("data", "1", "app/a.toy")}
    assert not found.target.is_root


def test_a_journal_that_was_not_replayed_is_told(tmp_path: Path) -> None:
    image = ext(tmp_path, "root", [OS, file("a.toy", "root 1\n")])
    disks.run("debugfs", "-w", "-R", "feature needs_recovery", image)
    assert (
        "the disk: it was in use when it was copied: its journal was not replayed"
        in of(image).notes
    )


def test_folders_in_circles(tmp_path: Path) -> None:
    """A damaged file system may name a folder within itself."""
    image = ext(tmp_path, "root", [OS, file("a/b/x.toy", "x 1\n")])
    disks.run("debugfs", "-w", "-R", "link /a /a/b/again", image)
    found = of(image)
    assert told(found) == {("x", "1", "a/b/x.toy")}
    why = "cannot be read: the folder is met a second time: the file system is damaged"
    assert (why, "a/b/again") in reasons(found)


def test_a_folder_that_claims_to_be_endless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [file(f"many/{number:05}.toy") for number in range(2000)]
    image = ext(tmp_path, "root", [OS, file("a/x.toy", "x 1\n"), *many])
    monkeypatch.setattr(unix, "LISTING", 40_000)
    found = of(image)
    assert told(found) == {("x", "1", "a/x.toy")}
    ((why, path),) = reasons(found)
    assert path == "many"
    assert "more of the disk would be read than such a thing can need" in why


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "root", [OS, file("a/x.toy", "x 1\n"), file("a/y.toy", "y 1\n")])
    Path(f"{root}/a/n\udcff.toy").write_text("n 1\n")
    found = of(disks.ext(tmp_path / "root.img", root))
    assert told(found) == {("x", "1", "a/x.toy"), ("y", "1", "a/y.toy")}
    assert ("cannot be read: 1 of its entries are damaged or no UTF-8", "a") in reasons(found)


def test_what_is_no_disk(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no disk at all\n" * 100)
    with pytest.raises(TargetError, match=r"notes.txt: .*expected the image of a disk"):
        of(text)
    with pytest.raises(TargetError, match="No such file"):
        of(tmp_path / "absent.img")
    with pytest.raises(TargetError, match="Is a directory"):
        of(tmp_path)
    with pytest.raises(TargetError, match=r"expected the image of a disk"):
        of(disks.blank(tmp_path / "empty.img", 0))


def test_images_that_need_others(tmp_path: Path) -> None:
    base = ext(tmp_path, "root", [OS])
    top = tmp_path / "top.qcow2"
    disks.run("qemu-img", "create", "-f", "qcow2", "-b", base, "-F", "raw", top)
    with pytest.raises(TargetError, match=r"only holds changes to .*root.img; write the whole"):
        of(top)
    flat = disks.convert(base, "vmdk", "-o", "subformat=monolithicFlat")
    descriptor = flat.read_text()
    flat.write_text(descriptor.replace("root-flat.vmdk", "../root-flat.vmdk"))
    with pytest.raises(TargetError, match=r"its data lies in \.\./root-flat.vmdk, which is not"):
        of(flat)


def test_excluded_folders_are_not_listed(tmp_path: Path) -> None:
    image = ext(tmp_path, "root", [OS, file("a/x.toy", "x 1\n"), file("b/y.toy", "y 1\n")])
    with open_target("disk", str(image)) as tree:
        found = collect(tree, TOYS, DEFAULT_LIMITS, exclude=["a"])
    assert told(found) == {("y", "1", "b/y.toy")}


def test_lines_of_fstab() -> None:
    lines = b"/dev/sda1 / ext4\nUUID=1 /a\\040b/c ext4 noauto,ro\nbad\n/dev/x relative\n"
    lines += b"x /../up ext4\n# y /z\n"
    (mount,) = parse_fstab(lines)
    assert (mount.path, mount.device, mount.is_local) == ("a b/c", "UUID=1", False)
    names = Names(label="state", partition=2)
    assert names.match("LABEL=state")
    assert not names.match("LABEL=")
    assert not names.match("UUID=")
    assert not names.match("/dev/sda")
    assert not names.match("/dev/disk/by-path/pci-0")


@pytest.fixture(autouse=True)
def _tidy(tmp_path: Path):
    """Images are large: they do not outlive their test."""
    yield
    shutil.rmtree(tmp_path, ignore_errors=True)
