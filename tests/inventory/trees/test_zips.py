"""Functions and packed source trees: zips as they are, as they should not be, and tars."""

import contextlib
import gzip
import hashlib
import io
import os
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.inventory.limits import Limits
from openinspector.inventory.trees.readers import FileReader
from openinspector.inventory.trees.zip_entries import Zip
from openinspector.model import TargetError
from tests.images import Entry, file, link, tar

from .toys import inventory_of, told

Members = dict[str, bytes]


def zipped(members: Members | list[tuple[zipfile.ZipInfo, bytes]], method: int = 8) -> bytes:
    buffer = io.BytesIO()
    pairs = members.items() if isinstance(members, dict) else members
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in pairs:
            archive.writestr(name, data)
    return buffer.getvalue()


def info(name: str, mode: int = 0o100644, system: int = 3) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    entry.create_system = system
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def scan(tmp_path: Path, data: bytes, limits: Limits | None = None):
    (tmp_path / "code.zip").write_bytes(data)
    return inventory_of(tmp_path / "code.zip", "function", limits=limits or Limits())


ONE = {"toy.txt": b"one 1\n"}


# --- functions ---


def test_code_and_layers_lie_where_they_are_when_the_function_runs(tmp_path: Path) -> None:
    first = tmp_path / "first.zip"
    first.write_bytes(zipped({"a.toy": b"a 1\n", "b.toy": b"b 1\n"}))
    second = tmp_path / "second.zip"
    second.write_bytes(zipped({"b.toy": b"b 2\n"}))
    code = tmp_path / "code.zip"
    code.write_bytes(zipped({"b.toy": b"own 1\n", "bin/": b"", "x/name.txt": b"n"}))
    layers = (str(first), str(second))
    found = inventory_of(code, "function", layers=layers)
    assert told(found) == {
        ("a", "1", "opt/a.toy"),
        ("b", "2", "opt/b.toy"),
        ("own", "1", "var/task/b.toy"),
        ("n", "none", "var/task/x/name.txt"),
    }
    assert found.target.kind == "function"
    assert found.target.function_layers == layers
    assert not found.target.is_root
    digests = {p.name: p.locations[0].layer for p in found.packages}
    assert digests["own"] is None
    assert digests["a"] == "sha256:" + hashlib.sha256(first.read_bytes()).hexdigest()
    assert digests["b"] == "sha256:" + hashlib.sha256(second.read_bytes()).hexdigest()
    assert "os-packages" not in found.examined


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_modes_decide_who_is_executable(tmp_path: Path, method: int) -> None:
    members = [
        (info("run", 0o100755), b"\x7fTOYrun"),
        (info("data.txt", 0o100644), b"\x7fTOYdata"),
        (info("unknown", 0, system=0), b"\x7fTOYunknown"),
        (info("lib.so", 0o100644), b"\x7fTOYlib"),
        (info("folder/", 0o40755), b""),
        (info("device", 0o020755), b"\x7fTOYdevice"),
    ]
    for entry, _ in members:
        entry.compress_type = method
    assert {name for name, _, _ in told(scan(tmp_path, zipped(members)))} == {
        "run",
        "unknown",
        "lib",
    }


def test_links_in_zips(tmp_path: Path) -> None:
    members = [
        (info("app/toy.txt", 0o120777), b"../list"),
        (info("loop.toy", 0o120777), b"loop.toy"),
        (info("out.toy", 0o120777), b"/etc/passwd"),
        (info("list"), b"x 1\n"),
    ]
    assert told(scan(tmp_path, zipped(members))) == {("x", "1", "var/task/app/toy.txt")}


def test_names_of_windows(tmp_path: Path) -> None:
    assert told(scan(tmp_path, zipped({"a\\toy.txt": b"x 1\n"}))) == {
        ("x", "1", "var/task/a/toy.txt")
    }


# --- wrong and hostile zips ---


def test_what_is_no_zip(tmp_path: Path) -> None:
    for data in (b"", b"PK", b"hello" * 100, b"\x1f\x8b" + bytes(100), b"PK\x05\x06"):
        with pytest.raises(TargetError, match="expected a function's deployment zip"):
            scan(tmp_path, data)
    with pytest.raises(TargetError, match="No such file or directory; expected"):
        inventory_of(tmp_path / "absent.zip", "function")
    with pytest.raises(TargetError, match="expected a function's deployment zip"):
        inventory_of(tmp_path, "function")
    (tmp_path / "code.zip").write_bytes(zipped(ONE))
    with pytest.raises(TargetError, match="expected the zip of a function's layer"):
        inventory_of(tmp_path / "code.zip", "function", layers=(str(tmp_path / "no"),))


def test_an_empty_zip_is_one(tmp_path: Path) -> None:
    found = scan(tmp_path, zipped({}))
    assert not found.packages
    assert not found.gaps


def test_names_that_leave_the_archive(tmp_path: Path) -> None:
    members = {"../toy.txt": b"x 1\n", "a/../../b.toy": b"y 1\n", "/c.toy": b"z 1\n", "../..": b""}
    found = scan(tmp_path, zipped(members))
    assert told(found) == {("z", "1", "var/task/c.toy")}
    assert [(gap.path, gap.part) for gap in found.gaps] == [
        ("../toy.txt", "language-packages"),
        ("../b.toy", "language-packages"),
    ]


def test_bombs(tmp_path: Path) -> None:
    data = zipped({"a.toy": bytes(8 << 20), "b.toy": b"x 1\n"})
    found = scan(tmp_path, data, Limits(inflate_ratio=100))
    assert told(found) == {("x", "1", "var/task/b.toy")}
    assert "would inflate to 8,388,608" in found.gaps[0].reason
    members = {f"{n}.toy": os.urandom(50_000).hex().encode() for n in range(20)}
    found = scan(tmp_path, zipped(members), Limits(archive_inflated_bytes=1_000_000))
    assert len(found.gaps) == 10
    assert "inflates to over 1,000,000" in found.gaps[0].reason


def patched(data: bytes, at: str, offset: int, value: bytes) -> bytes:
    """Change the first central directory record (or local header) in place."""
    start = data.index(b"PK\x01\x02" if at == "central" else b"PK\x03\x04")
    return data[: start + offset] + value + data[start + offset + len(value) :]


@pytest.mark.parametrize(
    ("offset", "value", "said"),
    [
        (24, struct.pack("<L", 3), "should have 3 bytes"),
        (24, struct.pack("<L", 9), "should have 9 bytes"),
        (16, struct.pack("<L", 1), "checksum is wrong"),
        (8, struct.pack("<H", 1), "encrypted"),
        (10, struct.pack("<H", 99), "method 99"),
        (20, struct.pack("<L", 1 << 30), "the archive ends within it"),
        (42, struct.pack("<L", 7), "points to where it is not"),
        (42, struct.pack("<L", 1 << 30), "points to where it is not"),
    ],
)
def test_directories_that_lie(tmp_path: Path, offset: int, value: bytes, said: str) -> None:
    data = patched(zipped({"a.toy": b"x 1\n" * 2, "b.toy": b"y 1\n"}), "central", offset, value)
    found = scan(tmp_path, data)
    assert told(found) == {("y", "1", "var/task/b.toy")}
    wanted = [gap for gap in found.gaps if gap.path == "var/task/a.toy"]
    assert said in wanted[0].reason
    assert wanted[0].part == "language-packages"


def test_encrypted_files_that_nobody_wants_by_name_are_counted(tmp_path: Path) -> None:
    data = patched(zipped({"run": b"\x7fTOYrun"}), "central", 8, struct.pack("<H", 1))
    found = scan(tmp_path, data)
    assert {gap.reason for gap in found.gaps} == {
        f"{tmp_path}/code.zip: 1 encrypted files were not read"
    }


def test_entries_that_share_their_bytes(tmp_path: Path) -> None:
    """The way of a zip bomb without nesting: one stream, many names."""
    data = bytearray(zipped({f"{n:03}.toy": b"x %d\n" % n * 1000 for n in range(3)}))
    records = [i for i in range(len(data)) if data[i : i + 4] == b"PK\x01\x02"]
    first = data[records[0] + 42 : records[0] + 46]
    for at in records[1:]:
        data[at + 42 : at + 46] = first
    found = scan(tmp_path, bytes(data))
    assert told(found) == {("x", "0", "var/task/000.toy")}
    assert [gap.reason for gap in found.gaps] == ["it shares its bytes with another entry"] * 2


@pytest.mark.parametrize("streamed", [False, True])
def test_a_truncated_zip_is_read_from_its_beginning(tmp_path: Path, streamed: bool) -> None:
    members = {f"{n}.toy": os.urandom(1000).hex().encode() + b"\nx %d\n" % n for n in range(9)}
    if streamed:

        class Pipe(io.BytesIO):
            def seekable(self) -> bool:
                return False

            def seek(self, *_: object) -> int:
                raise OSError("a pipe")

        buffer = Pipe()
        with zipfile.ZipFile(buffer, "w", 8) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        whole = buffer.getvalue()
    else:
        whole = zipped(members)
    found = scan(tmp_path, whole[: len(whole) // 2])
    assert {name for name, _, _ in told(found)} == {"x"}
    assert 3 <= len(found.packages) <= 5
    assert {gap.part for gap in found.gaps} == {"language-packages", "applications"}
    assert "unreadable from offset" in found.gaps[0].reason
    found = scan(tmp_path, whole[: whole.index(b"PK\x01\x02")])
    assert len(found.packages) == 9
    assert "its directory is missing" in found.gaps[0].reason


def test_a_name_that_runs_past_the_end(tmp_path: Path) -> None:
    """Of an entry whose sizes follow, in an archive without directory."""
    header = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 8, 8, 0, 0, 0, 0, 0, 3, 60_000)
    good = zipped({"a.toy": b"x 1\n"})
    found = scan(tmp_path, good[: good.index(b"PK\x01\x02")] + header + b"b.t")
    assert told(found) == {("x", "1", "var/task/a.toy")}
    assert "the archive ends within a file" in found.gaps[0].reason


def test_too_many_entries(tmp_path: Path) -> None:
    data = zipped({f"{n}.toy": b"x %d\n" % n for n in range(30)})
    found = scan(tmp_path, data, Limits(archive_entries=10))
    assert len(found.packages) == 10
    assert "more than 10 entries" in found.gaps[0].reason


def test_what_stands_before_the_archive(tmp_path: Path) -> None:
    """Self-extracting archives are programs with a zip behind them."""
    found = scan(tmp_path, b"#!/bin/sh\nexit\n" * 50 + zipped(ONE))
    assert told(found) == {("one", "1", "var/task/toy.txt")}
    assert not found.gaps


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.text("abé./", min_size=1, max_size=12).filter(
            lambda n: all(part not in ("", ".", "..") for part in n.split("/"))
        ),
        st.binary(max_size=300),
        max_size=8,
    ),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    st.binary(max_size=30),
    st.binary(max_size=30).filter(lambda b: b"PK" not in b),
)
def test_agrees_with_zipfile(
    tmp_path_factory: pytest.TempPathFactory,
    members: Members,
    method: int,
    before: bytes,
    comment: bytes,
) -> None:
    buffer = io.BytesIO()
    buffer.write(before)
    with zipfile.ZipFile(buffer, "a", method) as archive:
        archive.comment = comment
        for name, data in members.items():
            archive.writestr(name, data)
    path = tmp_path_factory.mktemp("zip") / "x.zip"
    path.write_bytes(buffer.getvalue())
    with path.open("rb") as opened:
        ours = Zip(FileReader(opened.fileno()), Limits())
        assert {entry.name: ours.read(entry) for entry in ours.entries()} == members
        assert ours.problem is None


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damage_anywhere_is_a_gap_or_another_answer(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    archive = bytearray(zipped({f"{n}.toy": b"x %d\n" % n * 50 for n in range(4)}))
    for _ in range(data.draw(st.integers(1, 6))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("zip")
    with contextlib.suppress(TargetError):
        scan(path, bytes(archive[: data.draw(st.integers(0, len(archive)))]))


def test_zip_64(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.toy", "w", force_zip64=True) as member,
    ):
        member.write(b"x 1\n")
    data = buffer.getvalue()
    assert told(scan(tmp_path, data)) == {("x", "1", "var/task/a.toy")}
    # As written by programs that put every number into the extra field.
    at = data.index(b"PK\x01\x02")
    compressed, size = struct.unpack_from("<2L", data, at + 20)
    extra = struct.pack("<2H3Q", 1, 24, size, compressed, 0)
    record = bytearray(data[at : at + 46])
    struct.pack_into("<2L", record, 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<H", record, 30, len(extra))
    struct.pack_into("<L", record, 42, 0xFFFFFFFF)
    directory = bytes(record) + b"a.toy" + extra
    end_64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, len(directory), at)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at + len(directory), 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    data = data[:at] + directory + end_64 + locator + end
    assert zipfile.ZipFile(io.BytesIO(data)).read("a.toy") == b"x 1\n"
    assert told(scan(tmp_path, data)) == {("x", "1", "var/task/a.toy")}


# --- packed source trees and root file systems ---

PACKED: list[Entry] = [file("repo/toy.txt", "x 1\n"), link("repo/l/toy.txt", "../toy.txt")]


@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz"])
def test_source_archives(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"repo.{form}"
    if form == "zip":
        path.write_bytes(zipped({"repo/toy.txt": b"x 1\n"}))
    else:
        data = tar(PACKED)
        path.write_bytes(gzip.compress(data) if form == "tar.gz" else data)
    found = inventory_of(path, "directory")
    assert told(found) == {("x", "1", "repo/toy.txt")}
    assert found.target.kind == "directory"
    assert not found.target.is_root


@pytest.mark.parametrize("form", ["zip", "tar"])
def test_packed_root_file_systems(tmp_path: Path, form: str) -> None:
    members = {"./etc/os-release": b"ID=toy\n", "./etc/toy-os": b"x 1\n"}
    path = tmp_path / "root"
    path.write_bytes(
        zipped(members) if form == "zip" else tar(file(n, d) for n, d in members.items())
    )
    found = inventory_of(path, "directory")
    assert found.target.is_root
    assert told(found) == {("x", "1", "etc/toy-os")}


def test_a_truncated_source_archive(tmp_path: Path) -> None:
    entries = [file(f"{n}.toy", os.urandom(3000).hex() + f"\nx {n}\n") for n in range(40)]
    for data in (tar(entries), gzip.compress(tar(entries))):
        (tmp_path / "repo").write_bytes(data[: len(data) // 2])
        found = inventory_of(tmp_path / "repo", "directory")
        assert 10 < len(found.packages) < 25
        assert any("unreadable from" in gap.reason for gap in found.gaps)


def test_what_is_no_source_archive(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello\n" * 200)
    with pytest.raises(
        TargetError, match="expected a folder, a zip or tar archive of one, or a file"
    ):
        inventory_of(tmp_path / "notes.txt", "directory")
