"""rpm databases: the header, the three formats, damage, real ones, and rpm itself as oracle."""

import os
import shutil
import sqlite3
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openinspector.inventory.cataloger import Owned, ReadError, run
from openinspector.inventory.catalogers import rpm
from openinspector.inventory.limits import Limits
from openinspector.inventory.rpmdb import header
from openinspector.model import Gap, Package

from . import rpm_samples as samples

DATABASE, MANIFEST = rpm.CATALOGERS
NAMES = {"sqlite": "rpmdb.sqlite", "ndb": "Packages.db", "berkeley": "Packages"}


def read(kind: str, data: bytes, companions: dict[str, bytes] | None = None) -> list:
    return run(DATABASE, f"var/lib/rpm/{NAMES[kind]}", data, companions)


def packages(found: list) -> list[Package]:
    return [one for one in found if isinstance(one, Package)]


def gaps(found: list) -> list[Gap]:
    return [one for one in found if isinstance(one, Gap)]


def owned(found: list) -> set[str]:
    return {path for one in found if isinstance(one, Owned) for path in one.paths}


def database(kind: str, blobs: list[bytes], folder: Path) -> bytes:
    if kind == "sqlite":
        return samples.sqlite(folder, blobs).read_bytes()
    return {"ndb": samples.ndb, "berkeley": samples.berkeley}[kind](blobs)


BASH = samples.header(
    name="bash",
    version="5.2.15",
    release="1.amzn2023.0.2",
    summary=["shell"],
    vendor="Amazon Linux",
    license="GPLv3+",
    arch="x86_64",
    source="bash-5.2.15-1.amzn2023.0.2.src.rpm",
    indexes=[0, 1],
    names=["bash", b"caf\xe9"],
    folders=["/usr/bin/", "/usr/share/"],
)
LIBS = samples.header(
    name="openssl-libs",
    version="3.0.8",
    release="1.el9",
    epoch=1,
    arch="x86_64",
    source="openssl-3.0.8-1.el9.src.rpm",
)
NPM = samples.header(
    name="npm",
    version="8.19",
    release="1.18.module",
    epoch=[1],
    source="nodejs-18.19-1.module.src.rpm",
    module="nodejs:18:8080020230825:63b34585",
)
KEY = samples.header(name="gpg-pubkey", version="8483c65d", release="5ccc5b19")


@pytest.mark.parametrize("kind", NAMES)
def test_a_database_of_each_format(kind, tmp_path):
    found = read(kind, database(kind, [BASH, KEY, LIBS, NPM], tmp_path))
    assert gaps(found) == []
    by_name = {one.name: one for one in packages(found)}
    assert sorted(by_name) == ["bash", "npm", "openssl-libs"]
    bash, libs, npm = by_name["bash"], by_name["openssl-libs"], by_name["npm"]
    assert (bash.version, bash.arch, bash.licenses) == (
        "5.2.15-1.amzn2023.0.2",
        "x86_64",
        ("GPLv3+",),
    )
    assert (bash.source_name, bash.source_version, bash.module) == (None, None, None)
    assert (libs.version, libs.source_name, libs.source_version) == (
        "1:3.0.8-1.el9",
        "openssl",
        None,
    )
    assert (npm.source_name, npm.source_version) == ("nodejs", "18.19-1.module")
    assert npm.module == "nodejs:18:8080020230825:63b34585"
    assert bash.locations[0].path == f"var/lib/rpm/{NAMES[kind]}"
    assert owned(found) == {"usr/bin/bash", "usr/share/caf\udce9"}


def test_header_of_old():
    found = header.parse(
        samples.header(name="a", version="1", release="2", epoch=0, old_names=["/bin/a", "/b"])
    )
    assert found.files == {"bin/a", "b"}
    assert found.epoch == 0


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\0\0\0\1",
        struct.pack(">II", 2**31, 2**31),
        samples.header(name="a"),
        samples.header(version="1"),
        samples.header(name="", version="1"),
        samples.header(name="/", version="1"),
        samples.header(name="a b", version="1"),
        samples.header(name="a", version="1")[:-1],
    ],
)
def test_headers_that_are_none(broken):
    with pytest.raises(ReadError):
        header.parse(broken)


@pytest.mark.parametrize(
    "lie",
    [
        {"names": ["a", "b"], "indexes": [0], "folders": ["/"]},
        {"names": ["a"], "indexes": [5], "folders": ["/"]},
        {"names": ["a"], "indexes": [0], "folders": []},
        {"names": ["a"], "folders": ["/"]},
        {"names": ["a"], "indexes": [0]},
        {"names": [""] * 9000, "indexes": [0] * 9000, "folders": ["/" + "x" * 9000]},
    ],
)
def test_file_lists_that_lie_are_damage(lie):
    blob = samples.header(name="a", version="1", release="1", **lie)
    assert header.parse(blob).files is None
    found = read("ndb", samples.ndb([blob]))
    assert [one.name for one in packages(found)] == ["a"]
    assert "list of files of a" in gaps(found)[0].reason


@pytest.mark.parametrize(
    "text, expected",
    [
        ("glibc-2.34-52.amzn2023.0.7.src.rpm", ("glibc", "2.34-52.amzn2023.0.7")),
        ("kernel-rt-5-1.nosrc.rpm", ("kernel-rt", "5-1")),
        ("(none)", (None, None)),
        ("a-1.src.rpm", (None, None)),
        (None, (None, None)),
    ],
)
def test_source_file_names(text, expected):
    assert rpm.split_source(text) == expected


def test_a_database_left_over_from_a_conversion_is_not_read_again(tmp_path):
    new = samples.sqlite(tmp_path, [BASH]).read_bytes()
    beside = {"var/lib/rpm/rpmdb.sqlite": new}
    assert read("berkeley", samples.berkeley([LIBS]), beside) == []
    assert read("ndb", samples.ndb([LIBS]), beside) == []
    assert len(packages(read("sqlite", new, beside))) == 1
    elsewhere = {"usr/lib/sysimage/rpm/rpmdb.sqlite": new}
    assert len(packages(read("berkeley", samples.berkeley([LIBS]), elsewhere))) == 1


def test_what_the_write_ahead_log_committed_counts(tmp_path):
    path = samples.sqlite(tmp_path, [BASH])
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("UPDATE Packages SET blob=?", (LIBS,))
    connection.execute("INSERT INTO Packages (blob) VALUES (?)", (NPM + b"\0" * 9000,))
    connection.commit()
    stale, log = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    connection.execute("DELETE FROM Packages")
    connection.commit()
    longer = Path(f"{path}-wal").read_bytes()
    connection.close()

    def names(journal: bytes) -> list[str]:
        found = read("sqlite", stale, {"var/lib/rpm/rpmdb.sqlite-wal": journal})
        assert gaps(found) == []
        return [one.name for one in packages(found)]

    assert names(b"") == ["bash"]
    assert names(log) == ["openssl-libs", "npm"]
    assert names(longer) == []
    assert names(longer[: len(log) + 100]) == ["openssl-libs", "npm"]  # a torn frame
    found = read("sqlite", stale, {"var/lib/rpm/rpmdb.sqlite-wal": b"x" * 5000})
    assert "write-ahead log" in gaps(found)[0].reason
    assert len(packages(found)) == 1


MANY = [
    samples.with_files(
        f"p{i}", [f"/usr/share/p{i}/{j}" for j in range(i * 7)], license="x" * (i * 31)
    )
    for i in range(1, 121)
]


@pytest.mark.parametrize("page_size", [512, 1024, 4096, 65536])
@pytest.mark.parametrize("wal", [True, False])
def test_sqlite_of_every_page_size(tmp_path, page_size, wal):
    found = read("sqlite", samples.sqlite(tmp_path, MANY, page_size, wal).read_bytes())
    assert gaps(found) == []
    assert sorted(one.name for one in packages(found)) == sorted(f"p{i}" for i in range(1, 121))
    assert len(owned(found)) == sum(i * 7 for i in range(1, 121))


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("page_size", [512, 4096, 32768])
def test_berkeley_of_either_byte_order(order, page_size):
    found = read("berkeley", samples.berkeley(MANY, order, page_size))
    assert gaps(found) == []
    assert [one.name for one in packages(found)] == [f"p{i}" for i in range(1, 121)]
    assert len(owned(found)) == sum(i * 7 for i in range(1, 121))


@pytest.mark.parametrize("kind", NAMES)
def test_a_damaged_page_costs_only_what_is_on_it(kind, tmp_path):
    data = bytearray(database(kind, MANY, tmp_path))
    middle = len(data) // 2 // 4096 * 4096
    if kind == "sqlite":  # the middle of an overflow page is only text: take a leaf
        middle = next(at for at in range(middle, len(data), 4096) if data[at] == 13)
    data[middle : middle + 512] = b"\xff" * 512
    found = read(kind, bytes(data))
    assert "damaged" in gaps(found)[0].reason
    assert 60 < len(packages(found)) < 120


@pytest.mark.parametrize("kind", NAMES)
def test_a_database_cut_short_is_a_gap_and_the_rest_is_read(kind, tmp_path):
    data = database(kind, MANY, tmp_path)
    found = read(kind, data[: len(data) * 3 // 4])
    assert len(gaps(found)) == 1
    assert 40 < len(packages(found)) < 120
    assert gaps(read(kind, data[:600]))


def test_what_is_no_database_is_a_gap():
    found = read("berkeley", b"nothing of the kind" * 100)
    assert "not an rpm database" in gaps(found)[0].reason
    assert read("berkeley", b"") == []
    btree = samples.berkeley([BASH])[:12] + struct.pack("<I", 0x053162) + bytes(600)
    assert "not an rpm database" in gaps(read("berkeley", btree))[0].reason
    with pytest.raises(ReadError):
        run(DATABASE, "var/lib/rpm/Packages", BASH, limits=Limits(file_bytes=3))


def test_sqlite_without_packages(tmp_path):
    path = tmp_path / "other"
    connection = sqlite3.connect(path)
    connection.execute("CREATE VIEW Packages AS SELECT 1 AS hnum, x'00' AS blob")
    connection.commit()
    connection.close()
    found = read("sqlite", path.read_bytes())
    assert "without a table of packages" in gaps(found)[0].reason


def test_overflow_pages_are_used_once():
    """A chain that turns on itself, or two values on one chain, end at once."""
    data = bytearray(samples.berkeley([MANY[50]], "<", 512))
    overflow = [p for p in range(len(data) // 512) if data[p * 512 + 25] == 7]
    struct.pack_into("<I", data, overflow[-1] * 512 + 16, overflow[0])
    struct.pack_into("<H", data, overflow[-1] * 512 + 22, 1)
    assert "overflow" in gaps(read("berkeley", bytes(data)))[0].reason


def test_slots_that_share_a_blob_end_at_once():
    data = bytearray(samples.ndb([MANY[119]]))
    slot = data[32:48]
    for at in range(48, 4096, 16):
        data[at : at + 16] = slot
    found = read("ndb", bytes(data))
    assert "promise more" in gaps(found)[0].reason
    assert len(packages(found)) == 1


def test_cells_that_share_a_payload_end_at_once(tmp_path):
    data = bytearray(samples.sqlite(tmp_path, [BASH + bytes(2000)], wal=False).read_bytes())
    leaf = next(p for p in range(4096, len(data), 4096) if BASH in data[p : p + 4096])
    struct.pack_into(">H", data, leaf + 3, 400)
    cell = data[leaf + 8 : leaf + 10]
    data[leaf + 8 : leaf + 808] = bytes(cell) * 400
    found = read("sqlite", bytes(data))
    assert "promise more" in gaps(found)[0].reason
    assert len(packages(found)) < 20


def test_manifest_of_an_image_without_a_database():
    text = (
        "openssl-libs\t1.1.1k-25.cm2\t1\t2\tMicrosoft\t0\t9\tx86_64\t0\topenssl-1.1.1k-25.cm2.src.rpm\n"
        "a\t1-1\t1\t2\tM\t(none)\t9\tnoarch\t2\t(none)\n"
        "gpg-pubkey\t1-1\t1\t2\tM\t(none)\t9\t(none)\t0\t(none)\n"
        "broken\n"
    )
    found = run(MANIFEST, "var/lib/rpmmanifest/container-manifest-2", text.encode())
    assert [(one.name, one.version, one.source_name) for one in packages(found)] == [
        ("openssl-libs", "1.1.1k-25.cm2", "openssl"),
        ("a", "2:1-1", None),
    ]
    assert gaps(found)[0].reason == "1 lines without name or version"


@pytest.mark.parametrize(
    "archive, name, expected",
    [
        ("rpm-bdb-1", "Packages", [("htop", "3.2.1-1.el8", "x86_64")]),
        ("rpm-bdb-2", "Packages", [("hello", "1:0.0.1-rls", "x86_64")]),
        (
            "rpm-sqlite-2",
            "rpmdb.sqlite",
            [("foo", "1.0-1", "noarch"), ("hlinktest", "1.0-1", "noarch")],
        ),
    ],
)
def test_real_databases(shared, archive, name, expected):
    path = f"var/lib/rpm/{name}"
    data = zipfile.ZipFile(shared / f"data/inventories/{archive}.zip").read(path)
    found = run(DATABASE, path, data)
    assert [(one.name, one.version, one.arch) for one in packages(found)] == expected
    assert gaps(found) == []


def tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed, and CI must have it")
        pytest.skip(f"needs {name}, which is not installed")
    return path


QUERY = "%{NAME}|%{EPOCHNUM}|%{VERSION}-%{RELEASE}|%{ARCH}|%{LICENSE}[|/%{FILENAMES}]\n"


def told_by_rpm(folder: Path, backend: str) -> list[list[str]]:
    command = [tool("rpm"), "--define", f"_db_backend {backend}", "--dbpath", str(folder)]
    answer = subprocess.run([*command, "-qa", "--qf", QUERY], capture_output=True, check=True)
    lines = answer.stdout.decode("utf-8", "surrogateescape").splitlines()
    return sorted(line.split("|") for line in lines)


def told_by_us(found: list) -> list[list[str]]:
    """The same rows: packages are followed by the files that they own."""
    rows: list[list[str]] = []
    for one in found:
        if isinstance(one, Package):
            epoch, _, version = one.version.rpartition(":")
            licenses = one.licenses[0] if one.licenses else "(none)"
            rows.append([one.name, epoch or "0", version, one.arch or "(none)", licenses])
        else:
            rows[-1] += sorted(f"//{path}" for path in one.paths)
    return sorted(rows)


SPEC = """
Name: %(name)s
Version: %(version)s
Release: %(release)s
Epoch: %(epoch)s
Summary: x
License: MIT
BuildArch: noarch
%%description
x
%%install
mkdir -p %%{buildroot}/usr/share/%(name)s
for i in $(seq %(files)s); do echo > %%{buildroot}/usr/share/%(name)s/$i; done
%%files
/usr/share/%(name)s
"""


@pytest.fixture(scope="session")
def installed(tmp_path_factory) -> Path:
    """A folder with an SQLite database that rpm itself filled from packages that it built."""
    top, folder = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("db")
    rows = [
        ("one", "1.0", "1.el9", 0, 3),
        ("two", "2.3~rc1", "4", 2, 900),
        ("three", "3^g", "1", 1, 1),
    ]
    for name, version, release, epoch, files in rows:
        fields = {"name": name, "version": version, "release": release, "epoch": epoch}
        spec = top / f"{name}.spec"
        spec.write_text(SPEC % {**fields, "files": files})
        command = [tool("rpmbuild"), "-bb", "--define", f"_topdir {top}", str(spec)]
        subprocess.run(command, capture_output=True, check=True)
    built = [str(path) for path in sorted(top.glob("RPMS/*/*.rpm"))]
    assert len(built) == 3
    command = [tool("rpm"), "--define", "_db_backend sqlite", "--dbpath", str(folder)]
    subprocess.run(
        [*command, "--justdb", "--nodeps", "-i", *built], capture_output=True, check=True
    )
    return folder


def test_rpm_and_we_read_the_same_from_sqlite(installed):
    expected = told_by_rpm(installed, "sqlite")
    found = read("sqlite", (installed / "rpmdb.sqlite").read_bytes())
    assert gaps(found) == []
    assert len(expected) == 3
    ours = told_by_us(found)
    assert [[*row[:5], *sorted(row[5:])] for row in expected] == ours


@pytest.mark.parametrize("order", ["1234", "4321"])
@pytest.mark.parametrize("page_size", [512, 4096, 65536])
def test_rpm_and_we_read_the_same_from_berkeley_db(installed, tmp_path, order, page_size):
    """Berkeley DB's own loader writes the headers that rpm made, rpm and we read them back."""
    loader = tool("db5.3_load")
    connection = sqlite3.connect(installed / "rpmdb.sqlite")
    rows = connection.execute("SELECT hnum, blob FROM Packages").fetchall()
    connection.close()
    rows += [(number, blob) for number, blob in enumerate(MANY, 100)]
    rows += [(0, struct.pack("<I", 1000))]
    byte_order = "<" if order == "1234" else ">"
    text = "VERSION=3\nformat=bytevalue\ntype=hash\nHEADER=END\n" + "".join(
        f" {struct.pack(f'{byte_order}I', number).hex()}\n {blob.hex()}\n" for number, blob in rows
    )
    path = tmp_path / "Packages"
    settings = ["-c", f"db_lorder={order}", "-c", f"db_pagesize={page_size}"]
    subprocess.run([loader, *settings, str(path)], input=f"{text}DATA=END\n".encode(), check=True)
    found = read("berkeley", path.read_bytes())
    assert gaps(found) == []
    assert len(packages(found)) == 123
    ours = [row[:5] for row in told_by_us(found)]
    assert [row[:5] for row in told_by_rpm(tmp_path, "bdb_ro")] == ours


NAMED = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,30}", fullmatch=True)
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=40
).filter(str.isprintable)
ENTRIES = st.lists(
    st.tuples(NAMED, TEXTS, st.one_of(st.none(), st.integers(0, 2**32 - 1)), st.integers(0, 4000)),
    max_size=8,
)


@given(ENTRIES, st.sampled_from(["ndb", "berkeley", "big"]))
@settings(max_examples=60)
def test_random_databases_read_back(entries, kind):
    blobs = [
        samples.header(
            name=name,
            version=version,
            release="1",
            **({} if epoch is None else {"epoch": epoch}),
            license="x" * padding,
        )
        for name, version, epoch, padding in entries
    ]
    if kind == "ndb":
        found = read("ndb", samples.ndb(blobs))
    else:
        found = read("berkeley", samples.berkeley(blobs, ">" if kind == "big" else "<"))
    expected = [
        (name, f"{epoch}:{version}-1" if epoch else f"{version}-1")
        for name, version, epoch, _ in entries
    ]
    assert [(one.name, one.version) for one in packages(found)] == expected
    assert gaps(found) == []
