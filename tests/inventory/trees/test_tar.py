"""Tar headers of every dialect, held against GNU tar and Python's tarfile; and hostile ones."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.inventory.trees import tar
from openinspector.inventory.trees.readers import FileReader, StreamReader
from openinspector.inventory.trees.tar_extensions import Damaged, expand, number
from tests.images import Entry, file, folder, hard_link, link
from tests.images import tar as write_tar


class Bytes:
    """An archive in memory, as a file and as a stream of small chunks."""

    def __init__(self, data: bytes, chunk: int | None = None) -> None:
        self.data = data
        self.chunk = chunk

    def read(self, tmp_path: Path) -> list[tuple[object, ...]]:
        """Path, kind, content or target of each entry, up to the damage if there is any."""
        if self.chunk:
            chunks = [self.data[i : i + self.chunk] for i in range(0, len(self.data), self.chunk)]
            return entries(StreamReader(iter(chunks)))
        path = tmp_path / "archive.tar"
        path.write_bytes(self.data)
        with path.open("rb") as opened:
            return entries(FileReader(opened.fileno()))


def entries(reader: tar.Reader) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    try:
        for path, kind, size, mode, target, at, stretches in tar.entries(reader):
            if kind != tar.FILE:
                found.append((path, kind, target, mode))
                continue
            if stretches is None:
                content = reader.take(at, size)
            else:
                content = expand(reader.take(at, sum(n for _, n in stretches)), size, stretches)
            found.append((path, kind, content, mode))
    except Damaged as error:
        found.append(("damaged", error.at, error.reason))
    return found


CHUNKS = [None, 1, 100, 512, 5000]
LONG = "d/" * 60 + "é" * 80
ENTRIES = [
    folder("etc"),
    file("etc/a", b"1" * 511, 0o600),
    file("./etc/b", b"2" * 512, 0o4755),
    file("/etc/c", b"3" * 513),
    file("etc//d/../e", b""),
    link("l", "../x"),
    hard_link("h", "etc/a"),
    file(LONG, b"long"),
    link("m", LONG),
    hard_link("n", LONG),
    file("big", b"x" * 70_000),
]


def expected(given: list[Entry]) -> list[tuple[object, ...]]:
    kinds = {
        tarfile.DIRTYPE: tar.FOLDER,
        tarfile.SYMTYPE: tar.SYMBOLIC_LINK,
        tarfile.LNKTYPE: tar.HARD_LINK,
        tarfile.REGTYPE: tar.FILE,
    }
    names = {"./etc/b": "etc/b", "/etc/c": "etc/c", "etc//d/../e": "etc/e"}
    return [
        (
            names.get(e.path, e.path),
            kinds[e.type],
            e.data if e.type == tarfile.REGTYPE else e.target,
            e.mode,
        )
        for e in given
    ]


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("dialect", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_dialects(tmp_path: Path, chunk: int | None, dialect: int) -> None:
    assert Bytes(write_tar(ENTRIES, dialect), chunk).read(tmp_path) == expected(ENTRIES)


def test_ustar_joins_its_prefix(tmp_path: Path) -> None:
    deep = [file("p" * 90 + "/" + "n" * 90, b"1"), file("a/" * 100 + "b", b"2")]
    assert Bytes(write_tar(deep, tarfile.USTAR_FORMAT)).read(tmp_path) == expected(deep)


def header(name: bytes = b"f", size: bytes = b"00000000000\0", flag: bytes = b"0", **more: bytes):
    """A raw header with a right checksum."""
    block = bytearray(512)
    block[: len(name)] = name
    block[100:108] = b"0000644\0"
    block[124:136] = size
    block[156:157] = flag
    block[257:265] = more.get("magic", b"ustar\x0000")
    for key, at in (("link", 157), ("prefix", 345)):
        block[at : at + len(more.get(key, b""))] = more.get(key, b"")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


END = bytes(1024)


def test_sizes_in_base_256(tmp_path: Path) -> None:
    size = b"\x80" + (600).to_bytes(11, "big")
    data = header(size=size) + b"y" * 600 + bytes(424) + header(b"g") + END
    assert Bytes(data).read(tmp_path)[0][2] == b"y" * 600
    assert [e[0] for e in Bytes(data).read(tmp_path)] == ["f", "g"]


@pytest.mark.parametrize(
    "size", [b"\xff" * 12, b"\x80" + b"\xff" * 11, b"-0000000001\0", b"9z\0" * 4]
)
def test_sizes_that_are_none(tmp_path: Path, size: bytes) -> None:
    data = header(b"a") + header(size=size) + END
    found = Bytes(data).read(tmp_path)
    assert found[0][0] == "a"
    assert found[1][:2] == ("damaged", 512)
    assert "number" in str(found[1][2])


def test_links_and_folders_have_no_content_whatever_their_size(tmp_path: Path) -> None:
    size = b"00000001000\0"
    data = b"".join(
        header(b"%d" % n, size, flag, link=b"f") for n, flag in enumerate((b"1", b"2", b"5", b"3"))
    )
    found = Bytes(data + header(b"last") + END).read(tmp_path)
    assert [e[0] for e in found] == ["0", "1", "2", "3", "last"]


def test_signed_checksums(tmp_path: Path) -> None:
    block = bytearray(header("é".encode()))
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(b - 256 if b > 127 else b for b in block)
    assert Bytes(bytes(block) + END).read(tmp_path)[0][0] == "é"


def test_a_wrong_checksum_ends_the_reading(tmp_path: Path) -> None:
    broken = bytearray(header(b"b"))
    broken[0:1] = b"c"
    found = Bytes(header(b"a") + bytes(broken) + header(b"d") + END).read(tmp_path)
    assert [e[0] for e in found] == ["a", "damaged"]
    assert found[1][1:] == (512, "a header's checksum is wrong")


@pytest.mark.parametrize("chunk", CHUNKS)
def test_truncated_anywhere(tmp_path: Path, chunk: int | None) -> None:
    """Everything before the cut is read; the cut is noticed unless it is at an entry's end."""
    given = [file("a", b"1" * 700), file("b", b"2" * 10), file("c", b"")]
    data = write_tar(given, tarfile.USTAR_FORMAT)
    whole = {"a": 512 + 700, "b": 1536 + 522, "c": 2560 + 512}
    for cut in range(0, 3200, 37):
        found = Bytes(data[:cut], chunk).read(tmp_path)
        names = [e[0] for e in found if e[0] != "damaged"]
        assert names == [name for name, end in whole.items() if end <= cut]
        damaged = bool(found) and found[-1][0] == "damaged"
        at_an_end = cut == 0 or any(end <= cut <= -(-end // 512) * 512 for end in whole.values())
        assert damaged == (not at_an_end and cut < 3072)


def test_zero_blocks(tmp_path: Path) -> None:
    one = header(b"a")
    assert [e[0] for e in Bytes(one).read(tmp_path)] == ["a"]
    assert [e[0] for e in Bytes(one + bytes(512)).read(tmp_path)] == ["a"]
    hidden = Bytes(one + bytes(512) + header(b"b") + END).read(tmp_path)
    assert hidden[1] == ("damaged", 512, "a zero block stands amid the archive")
    assert [e[0] for e in Bytes(one + END + b"whatever").read(tmp_path)] == ["a"]
    assert Bytes(b"").read(tmp_path) == []
    assert Bytes(END).read(tmp_path) == []


def pax(records: bytes, flag: bytes = b"x") -> bytes:
    return header(b"pax", b"%011o\0" % len(records), flag) + records + bytes(-len(records) % 512)


def record(key: str, value: str) -> bytes:
    body = f" {key}={value}\n".encode()
    length = len(body) + 1
    while len(str(length)) + len(body) != length:
        length += 1
    return str(length).encode() + body


def test_pax_records_go_before_headers(tmp_path: Path) -> None:
    records = record("path", "real") + record("size", "5") + record("comment", "x")
    data = pax(records) + header(b"fake") + b"12345" + bytes(507) + header(b"next") + END
    found = Bytes(data).read(tmp_path)
    assert [(e[0], e[2]) for e in found] == [("real", b"12345"), ("next", b"")]


def test_global_pax_headers_change_nothing(tmp_path: Path) -> None:
    data = pax(record("path", "all") + record("size", "9"), b"g") + header(b"a") + END
    assert [e[:2] for e in Bytes(data).read(tmp_path)] == [("a", tar.FILE)]


@pytest.mark.parametrize(
    "records",
    [
        b"12 path",
        b"x path=a\n",
        b"9999 path=a\n",
        b"0 path=a\n",
        b"11 path=abX",
        b"-5 path=a\n",
        record("size", "-1"),
        record("size", "abc"),
        record("size", "9" * 30),
        record("size", "²"),
    ],
)
def test_pax_records_that_are_none(tmp_path: Path, records: bytes) -> None:
    found = Bytes(header(b"a") + pax(records) + header(b"b") + END).read(tmp_path)
    assert [e[0] for e in found] == ["a", "damaged"]


def test_extension_headers_are_bounded(tmp_path: Path) -> None:
    size = b"%011o\0" % (64 << 20)
    for flag in (b"L", b"K", b"x", b"g"):
        found = Bytes(header(b"a") + header(b"n", size, flag) + END).read(tmp_path)
        assert found[1][0] == "damaged"
        assert "extension header" in str(found[1][2])


def test_an_archive_ends_after_an_extension_header(tmp_path: Path) -> None:
    data = header(b"a") + header(b"n", b"00000000003\0", b"L") + b"abc" + bytes(509) + END
    assert Bytes(data).read(tmp_path)[1][0] == "damaged"


@pytest.mark.parametrize(
    ("path", "normal"),
    [
        ("a/b", "a/b"),
        ("./a", "a"),
        ("/a", "a"),
        ("a/", "a"),
        ("a//b", "a/b"),
        ("a/./b", "a/b"),
        ("a/../b", "b"),
        ("../a", "../a"),
        ("../../a", "../a"),
        ("a/../../b", "../b"),
        ("./", ""),
        (".", ""),
        ("", ""),
        ("..", ".."),
        ("a/.b", "a/.b"),
        ("...", "..."),
        ("a/..", ""),
    ],
)
def test_normal_paths(path: str, normal: str) -> None:
    assert tar.normal_path(path) == normal


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=12, max_size=12))
def test_numbers_never_surprise(field: bytes) -> None:
    try:
        assert 0 <= number(field, 0) <= 1 << 62
    except Damaged:
        return


# --- sparse files, as GNU tar writes them ---


@pytest.fixture(scope="module")
def gnu_tar() -> str:
    program = shutil.which("tar")
    if not program or b"GNU" not in subprocess.check_output([program, "--version"]):
        pytest.skip("needs GNU tar")
    return program


@pytest.mark.parametrize("chunk", [None, 1000])
@pytest.mark.parametrize("how", ["gnu", "posix 0.0", "posix 0.1", "posix 1.0"])
@pytest.mark.parametrize("holes", [0, 1, 3, 40])
def test_sparse_files(
    tmp_path: Path, gnu_tar: str, how: str, holes: int, chunk: int | None
) -> None:
    content = b"".join(b"%06d" % n * 1000 + bytes(64 * 1024) for n in range(holes)) or bytes(
        200_000
    )
    with (tmp_path / "sparse").open("wb") as sparse:
        for start in range(0, len(content), 4096):
            part = content[start : start + 4096]
            if part.strip(b"\0"):
                sparse.seek(start)
                sparse.write(part)
        sparse.truncate(len(content))
    (tmp_path / "after").write_text("after")
    dialect, _, version = how.partition(" ")
    options = ["--sparse", f"--format={dialect}"]
    if version:
        options.append(f"--sparse-version={version}")
    archive = tmp_path / "sparse.tar"
    command = [gnu_tar, "-C", str(tmp_path), *options, "-cf", str(archive), "sparse", "after"]
    subprocess.run(command, check=True)
    assert archive.stat().st_size < len(content)
    found = Bytes(archive.read_bytes(), chunk).read(tmp_path)
    assert [(e[0], e[2]) for e in found] == [("sparse", content), ("after", b"after")]


def test_sparse_maps_must_fit(tmp_path: Path) -> None:
    for numbers in ("0,9", "5,1,0,1", "0,1,2", "0,99999999999999999999", "a,b", "9,1"):
        records = record("GNU.sparse.map", numbers) + record("GNU.sparse.size", "5")
        data = pax(records) + header(b"s", b"00000000001\0") + b"x" + bytes(511) + END
        assert Bytes(data).read(tmp_path)[0][0] == "damaged", numbers


# --- anything at all ---


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damage_anywhere_is_damage_or_another_answer(data: st.DataObject) -> None:
    """Never an exception of another kind, never more than the archive holds."""
    archive = bytearray(write_tar(ENTRIES[: data.draw(st.integers(1, 11))], tarfile.PAX_FORMAT))
    for _ in range(data.draw(st.integers(1, 8))):
        archive[data.draw(st.integers(0, len(archive) - 1))] = data.draw(st.integers(0, 255))
    chunks = iter([bytes(archive[i : i + 3000]) for i in range(0, len(archive), 3000)])
    found = entries(StreamReader(chunks))
    assert len(found) <= len(archive) // 512 + 1


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.builds(
            file,
            st.text("abcé/.\udcff", min_size=1, max_size=300).filter(
                lambda p: not p.endswith("/") and tar.normal_path(p) not in ("", "..")
            ),
            st.binary(max_size=1500),
            st.sampled_from([0, 0o644, 0o755, 0o7777]),
        ),
        max_size=6,
    ),
    st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
)
def test_agrees_with_tarfile(given_entries: list[Entry], dialect: int) -> None:
    data = write_tar(given_entries, dialect)
    found = entries(StreamReader(iter([data])))
    with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8") as oracle:
        theirs = [
            (tar.normal_path(member.name), member.mode, oracle.extractfile(member).read())
            for member in oracle
        ]
    assert [(e[0], e[3], e[2]) for e in found] == theirs
