"""Every parser on mutated and truncated input: nothing but ReadError, and an end in time."""

import functools
import sqlite3
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openinspector.inventory.cataloger import Cataloger, ReadError, run
from openinspector.inventory.catalogers import apk, bottlerocket, dockerfile, dpkg, os_release, rpm
from openinspector.inventory.distribution import choose, stamp, unjudged
from openinspector.model import Distribution, Package

from . import rpm_samples as samples

BLOBS = [
    samples.with_files(
        f"package-{i}",
        [f"/usr/share/{i}/{j}" for j in range(i * 9)],
        epoch=i % 3,
        source=f"source-{i}-1-1.src.rpm",
        module="m:1:2:3",
    )
    for i in range(1, 12)
]


@functools.cache
def sqlite_sample(page_size: int) -> tuple[bytes, bytes]:
    """A database and a write-ahead log that is not checkpointed."""
    with tempfile.TemporaryDirectory() as folder:
        path = samples.sqlite(Path(folder), BLOBS[:6], page_size)
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(b,) for b in BLOBS[6:]])
        connection.commit()
        pair = path.read_bytes(), Path(f"{path}-wal").read_bytes()
        connection.close()
    return pair


STATUS = (
    b"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc (2.36-9)\n"
    b"Version: 1:2.36-9+b1\nConffiles:\n /etc/x d41d\n\nPackage: gone\n"
    b"Status: deinstall ok config-files\nVersion: 1\n\n"
)
INSTALLED = (
    b"C:Q1\nP:libssl\nV:3.1-r1\nA:x86_64\nL:MIT\no:openssl\nF:lib\nR:libssl.so\na:0:0:755\n\n"
)
RELEASE = b'NAME="Debian GNU/Linux"\nID=debian\nID_LIKE=\'x y\'\nVERSION_ID="12"\n'
DOCKERFILE = b'FROM x AS y\nRUN a && \\\n sudo b <<EOF\nEOF\nENV A=b\nUSER 0\nCMD ["curl", "-k"]\n'
MANIFEST = b"a\t1-1\t1\t2\tM\t(none)\t9\tnoarch\t2\ta-1-1.src.rpm\n"
INVENTORY = b'{"Content": [{"Name": "a", "Version": "1", "Release": "1", "Epoch": "0"}]}'

SAMPLES: dict[str, tuple[Cataloger, str, bytes]] = {
    "status": (dpkg.CATALOGERS[0], "var/lib/dpkg/status", STATUS * 3),
    "status.d": (dpkg.CATALOGERS[1], "var/lib/dpkg/status.d/a.md5sums", b"d41d  usr/a\n" * 5),
    "list": (dpkg.CATALOGERS[2], "var/lib/dpkg/info/a.list", b"/.\n/usr/a\n" * 5),
    "apk": (apk.CATALOGERS[0], "lib/apk/db/installed", INSTALLED * 3),
    "ndb": (rpm.CATALOGERS[0], "var/lib/rpm/Packages.db", samples.ndb(BLOBS)),
    "little": (rpm.CATALOGERS[0], "var/lib/rpm/Packages", samples.berkeley(BLOBS)),
    "big": (rpm.CATALOGERS[0], "var/lib/rpm/Packages", samples.berkeley(BLOBS, ">", 4096)),
    "sqlite": (rpm.CATALOGERS[0], "var/lib/rpm/rpmdb.sqlite", b""),
    "manifest": (
        rpm.CATALOGERS[1],
        "var/lib/rpmmanifest/container-manifest-2",
        MANIFEST * 3,
    ),
    "bottlerocket": (bottlerocket.CATALOGERS[0], "x.json", INVENTORY),
    "dockerfile": (dockerfile.CATALOGERS[0], "Dockerfile", DOCKERFILE),
    **{path: (os_release.CATALOGERS[0], path, RELEASE) for path in os_release.PRECEDENCE},
}


@st.composite
def mutated(draw: st.DrawFn, original: bytes) -> bytes:
    """A few bytes changed, a piece cut out, doubled or moved, or the end cut off."""
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 6))):
        if not data:
            break
        at = draw(st.integers(0, len(data) - 1))
        kind = draw(st.integers(0, 4))
        if kind == 0:
            data[at] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, 10, 32, 34, 47, 58]))
        elif kind == 1:
            data[at : at + 4] = draw(st.binary(min_size=4, max_size=4))
        elif kind == 2:
            del data[at : at + draw(st.integers(1, 600))]
        elif kind == 3:
            data[at:at] = data[at : at + draw(st.integers(1, 600))]
        else:
            del data[at:]
    return bytes(data)


@pytest.mark.parametrize("name", SAMPLES)
@given(data=st.data())
@settings(max_examples=60, deadline=10_000, suppress_health_check=[HealthCheck.too_slow])
def test_damage_ends_in_packages_or_gaps_or_a_read_error(name, data):
    cataloger, path, original = SAMPLES[name]
    companions = {}
    if name == "sqlite":
        original, journal = sqlite_sample(data.draw(st.sampled_from([512, 4096])))
        companions = {f"{path}-wal": data.draw(st.one_of(st.just(journal), mutated(journal)))}
    content = data.draw(mutated(original))
    try:
        found = run(cataloger, path, content, companions)
    except ReadError:
        return
    packages = [one for one in found if isinstance(one, Package)]
    assert all(one.name and one.version for one in packages)
    distributions = [(path, one) for one in found if isinstance(one, Distribution)]
    distribution = choose(distributions)
    stamped = stamp(packages, distribution)
    assert all(one.purl.startswith("pkg:") for one in stamped)
    assert bool(stamped) == bool(unjudged(stamped, None))


@pytest.mark.parametrize("name", SAMPLES)
def test_the_sample_itself_is_read(name):
    cataloger, path, original = SAMPLES[name]
    if name == "sqlite":
        original, journal = sqlite_sample(512)
        found = run(cataloger, path, original, {f"{path}-wal": journal})
        assert sum(isinstance(one, Package) for one in found) == len(BLOBS)
    else:
        found = run(cataloger, path, original)
        assert found or path == "etc/lsb-release"  # whose fields have other names
