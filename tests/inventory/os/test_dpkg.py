"""dpkg databases: states, sources, damage, owned files, real ones, and random ones."""

import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openinspector.inventory.cataloger import Owned, ReadError, run
from openinspector.inventory.catalogers import dpkg
from openinspector.inventory.limits import Limits
from openinspector.model import Gap, Package

STATUS, DISTROLESS, LISTS = dpkg.CATALOGERS
PATH = "var/lib/dpkg/status"


def packages(data: bytes) -> list[Package]:
    return [one for one in run(STATUS, PATH, data) if isinstance(one, Package)]


def stanza(**fields: str) -> str:
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


@pytest.mark.parametrize(
    "status, counts",
    [
        ("install ok installed", True),
        ("hold ok installed", True),
        ("deinstall ok installed", True),
        ("install ok unpacked", True),
        ("install ok half-configured", True),
        ("install reinstreq half-installed", True),
        ("install ok triggers-awaited", True),
        ("install ok triggers-pending", True),
        ("deinstall ok config-files", False),
        ("purge ok not-installed", False),
        ("unknown ok not-installed", False),
    ],
)
def test_states(status, counts):
    found = run(STATUS, PATH, stanza(Package="a", Status=status, Version="1").encode())
    assert len(found) == counts
    assert not any(isinstance(one, Gap) for one in found)


@pytest.mark.parametrize(
    "source, version, expected",
    [
        ("glibc", "2.36-9", ("glibc", None)),
        ("gcc-12 (12.2.0-14)", "12.2.0-14+b1", ("gcc-12", "12.2.0-14")),
        ("x (1-1)", "1-1", ("x", None)),
        ("x ( 1:2-3 )", "1", ("x", "1:2-3")),
        ("a", "1", (None, None)),
        ("a (2)", "1", (None, "2")),
        ("", "1", (None, None)),
    ],
)
def test_source(source, version, expected):
    (found,) = packages(stanza(Package="a", Source=source, Version=version).encode())
    assert (found.source_name, found.source_version) == expected


def test_a_stanza_as_dpkg_writes_it():
    text = (
        "Package: libc6\nStatus: install ok installed\nPriority: optional\nConffiles:\n"
        " /etc/ld.so.conf.d/x.conf d4e7a7b88a71b5ffd9e2644e71a0cfab\n"
        "Architecture: amd64\nMulti-Arch: same\nSource: glibc\nVersion: 2.36-9+deb12u4\n"
        "Description: GNU C Library\n Version: 9 in a folded line is no field\n .\n more\n"
    )
    (found,) = packages(text.encode())
    assert (found.name, found.version, found.arch) == ("libc6", "2.36-9+deb12u4", "amd64")
    assert (found.manager, found.cataloger, found.collector) == ("OS", "dpkg", "debian-dpkg")
    assert found.locations[0].path == PATH
    assert (found.ecosystem, found.purl) == ("", "")


def test_one_package_of_two_architectures():
    both = "\n".join(
        stanza(Package="libc6", Version="1", Architecture=a) for a in ("i386", "amd64")
    )
    assert [one.arch for one in packages(both.encode())] == ["i386", "amd64"]


@pytest.mark.parametrize(
    "text",
    [
        "Package: a\r\nVersion: 1\r\n\r\nPackage: b\r\nVersion: 2\r\n",
        "Package: a\nVersion: 1\n\n\n\nPackage: b\nVersion: 2",
        "Package: a\nVersion: 1\n \t\nPackage: b\nVersion: 2\n\n",
        "\n\nPackage:a\nVersion:1\n\nPackage:\tb\nVersion:\t2\n",
        "package: a\nVERSION: 1\n\nPackage : b\nVersion : 2\n",
        "Package: a\nVersion: 1\nVersion: 9\n\nPackage: b\nVersion: 2\n",
        "Package: a\nMaintainer: \xff\xfe\nVersion: 1\n\nPackage: b\nVersion: 2\n",
    ],
)
def test_line_ends_and_spacing(text):
    found = run(STATUS, PATH, text.encode("latin-1"))
    assert [(one.name, one.version) for one in found] == [("a", "1"), ("b", "2")]


def test_damaged_stanzas_are_a_gap_and_the_others_are_read():
    text = "Package: a\nVersion: 1\n\nVersion: 3\nnoise\n\nPackage: c\n\nPackage: d\nVersion: 4\n"
    found = run(STATUS, PATH, text.encode())
    assert [one.name for one in found[:2]] == ["a", "d"]
    assert found[2] == Gap("os-packages", "2 entries without package or version", PATH)


def test_too_large_is_said():
    with pytest.raises(ReadError, match="over 10 bytes"):
        run(STATUS, PATH, b"Package: a\n", limits=Limits(manifest_bytes=10))


def test_distroless():
    (found,) = run(
        DISTROLESS,
        "var/lib/dpkg/status.d/base",
        b"Package: base-files\nVersion: 12.4\nArchitecture: amd64\n",
    )
    assert (found.name, found.cataloger) == ("base-files", "dpkg")
    (owned,) = run(
        DISTROLESS,
        "var/lib/dpkg/status.d/base.md5sums",
        b"d41d8cd98f00b204e9800998ecf8427e  etc/host name\nd41d  ./usr/bin/x\nbroken\n",
    )
    assert owned == Owned(frozenset({"etc/host name", "usr/bin/x"}))


def test_file_lists():
    path = "var/lib/dpkg/info/libc6:amd64.list"
    (owned,) = run(LISTS, path, b"/.\n/usr\n/usr/lib/caf\xe9\nrelative\n\n/usr/bin/a b\n")
    assert owned.paths == {".", "usr", "usr/lib/caf\udce9", "usr/bin/a b"}


@pytest.mark.parametrize(
    "archive, count, spot",
    [
        ("dpkg-texlive", 357, ("libquadmath0", "8.4.0-1ubuntu1~18.04", "gcc-8")),
        ("dpkg-postgresql", 3, ("postgresql-client-common", "200+deb10u5", "postgresql-common")),
        ("dpkg-ubuntu-18.04", 90, ("libustr-1.0-1", "1.0.4-3+b2", "ustr")),
    ],
)
def test_real_databases(shared, archive, count, spot):
    data = zipfile.ZipFile(shared / f"data/inventories/{archive}.zip").read(PATH)
    found = run(STATUS, PATH, data)
    assert len(found) == count
    assert all(isinstance(one, Package) for one in found)
    assert spot in [(one.name, one.version, one.source_name) for one in found]


NAMES = st.from_regex(r"[a-z0-9][a-z0-9+.-]{1,11}", fullmatch=True)
VERSIONS = st.from_regex(r"(\d:)?[0-9][0-9a-z.+~]{0,8}(-[0-9a-z.+~]{1,5})?", fullmatch=True)


@given(
    st.lists(
        st.tuples(NAMES, VERSIONS, st.booleans(), st.one_of(st.none(), NAMES)),
        max_size=20,
    ),
    st.sampled_from(["\n", "\r\n"]),
)
def test_random_databases_read_back(entries, newline):
    text = "\n".join(
        stanza(
            Package=name,
            Status="install ok installed" if present else "deinstall ok config-files",
            **({"Source": source} if source else {}),
            Version=version,
            Description="x\n .\n Package: y",
        )
        for name, version, present, source in entries
    ).replace("\n", newline)
    expected = [
        (name, version, source if source != name else None)
        for name, version, present, source in entries
        if present
    ]
    found = [(one.name, one.version, one.source_name) for one in packages(text.encode())]
    assert found == expected
