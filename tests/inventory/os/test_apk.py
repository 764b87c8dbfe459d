"""apk databases: fields, owned files, damage, real ones, and random ones."""

import string
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openinspector.inventory.cataloger import Owned, ReadError, run
from openinspector.inventory.catalogers import apk
from openinspector.model import Gap, Package

(CATALOGER,) = apk.CATALOGERS
PATH = "lib/apk/db/installed"

TEXT = """C:Q1yhJHGSZ80L7cL0y4UKKGrBPwrUQ=
P:libcrypto3
V:3.1.1-r1
A:x86_64
S:1
L:Apache-2.0
o:openssl
m:Ariadne Conill <ariadne@dereferenced.org>
F:
R:top
F:lib
R:libcrypto.so.3
a:0:0:755
Z:Q1
F:etc/ssl
R:a b:c.cnf

P:musl
V:1.2.4-r0
A:x86_64
L:MIT
o:musl
F:lib
R:ld-musl-x86_64.so.1

"""


def test_an_entry_as_apk_writes_it():
    first, second, owned = run(CATALOGER, PATH, TEXT.encode())
    assert (first.name, first.version, first.arch) == ("libcrypto3", "3.1.1-r1", "x86_64")
    assert (first.source_name, first.source_version) == ("openssl", None)
    assert first.licenses == ("Apache-2.0",)
    assert second.source_name is None
    assert owned == Owned(
        frozenset({"top", "lib/libcrypto.so.3", "etc/ssl/a b:c.cnf", "lib/ld-musl-x86_64.so.1"})
    )


def test_line_ends():
    assert run(CATALOGER, PATH, TEXT.replace("\n", "\r\n").encode()) == run(
        CATALOGER, PATH, TEXT.encode()
    )
    assert run(CATALOGER, PATH, TEXT.strip().encode()) == run(CATALOGER, PATH, TEXT.encode())


def test_damage_is_a_gap_and_the_rest_is_read():
    text = "P:a\n\nV:1\n\nP:b\nV:2\nL:\xff\n"
    found = run(CATALOGER, PATH, text.encode("latin-1"))
    assert [one.name for one in found if isinstance(one, Package)] == ["b"]
    assert found[0].licenses == ("\ufffd",)
    assert found[-1] == Gap("os-packages", "2 entries without package or version", PATH)


def test_the_binary_database_is_said_not_to_be_read():
    with pytest.raises(ReadError, match="binary"):
        run(CATALOGER, PATH, b"ADBd....")


@pytest.mark.parametrize(
    "archive, count, gaps, spot",
    [
        ("apk-alpine-3.18", 15, 0, ("libcrypto3", "openssl")),
        ("apk-alpine", 14, 0, ("alpine-baselayout-data", "alpine-baselayout")),
        ("apk-alpine-3.9", 15, 1, ("libcrypto1.0", "openssl")),
    ],
)
def test_real_databases(shared, archive, count, gaps, spot):
    data = zipfile.ZipFile(shared / f"data/inventories/{archive}.zip").read(PATH)
    found = run(CATALOGER, PATH, data)
    assert sum(isinstance(one, Package) for one in found) == count
    assert sum(isinstance(one, Gap) for one in found) == gaps
    assert spot in [(one.name, one.source_name) for one in found if isinstance(one, Package)]


VERSIONS = st.text(string.ascii_lowercase + string.digits + "+-._", min_size=1, max_size=12)
NAMES = st.from_regex(r"[a-z0-9][a-z0-9+._-]{0,11}", fullmatch=True)
PATHS = st.text(string.ascii_letters + "/:. é", min_size=1, max_size=12).filter(
    lambda text: text == text.strip("/ ")
)


@given(st.lists(st.tuples(NAMES, VERSIONS, NAMES, st.lists(st.tuples(PATHS, PATHS))), max_size=10))
def test_random_databases_read_back(entries):
    text = "".join(
        f"P:{name}\nV:{version}\no:{origin}\n"
        + "".join(f"F:{folder}\nR:{file}\na:0:0:755\n" for folder, file in files)
        + "\n"
        for name, version, origin, files in entries
    )
    found = run(CATALOGER, PATH, text.encode())
    expected = [(n, v, o if o != n else None) for n, v, o, _ in entries]
    packages = [one for one in found if isinstance(one, Package)]
    assert [(one.name, one.version, one.source_name) for one in packages] == expected
    owned = {path for one in found if isinstance(one, Owned) for path in one.paths}
    assert owned == {f"{folder}/{file}" for *_, files in entries for folder, file in files}
