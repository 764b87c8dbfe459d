"""What holds for every row of the table of catalogers, whoever wrote it."""

import base64
import io
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openinspector.inventory.cataloger import Cataloger, Owned, ReadError, run
from openinspector.inventory.catalogers import table
from openinspector.inventory.catalogers.certificates import OPTIONAL_CATALOGERS
from openinspector.inventory.matching import Matcher
from openinspector.model import ConfigurationCheck, Distribution, Gap, Package
from tests.conftest import REPOSITORY

ROWS = (*table(), *OPTIONAL_CATALOGERS)
PARTS = {"os-packages", "language-packages", "applications", "configuration"}


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Implementation-Version: 1.0\n")
    return buffer.getvalue()


HOSTILE: tuple[bytes, ...] = (
    b"",
    b"\x00" * 512,
    b"\xff\xfe\xfd" * 100,
    b"[" * 100_000,
    b"{" * 100_000,
    b'{"a":' * 20_000,
    b"<a>" * 50_000,
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><a>&d;</a>',
    b"a: &x [b]\n" + b"".join(b"k%d: *x\n" % number for number in range(2000)),
    b"- " * 20_000 + b"x",
    b"name\n" * 50_000,
    b"x" * 1_000_000,
    b"Package: \x1b[31m\nVersion: 1\nStatus: install ok installed\n\n",
    b'{"name": "\\u001b]0;x\\u0007", "version": "1\\n2"}',
    b'{"name": ["not", "text"], "version": {"a": 1}, "packages": 3, "dependencies": []}',
    b"\x7fELF" + b"\xff" * 300,
    b"MZ" + b"\xff" * 300,
    b"\xcf\xfa\xed\xfe" + b"\xff" * 300,
    b"SQLite format 3\x00" + b"\xff" * 4096,
    _zip(),
    _zip()[:-10],
)


def _a_path(row: Cataloger) -> str:
    """Some path that the row wants."""
    if not row.globs:
        return "usr/bin/program"
    glob = row.globs[0]
    return (
        glob.replace("**/", "folder/").replace("**", "folder").replace("*", "x").replace("?", "y")
    )


def test_names_and_parts() -> None:
    for row in ROWS:
        assert row.part in PARTS
        assert row.version >= 1
        assert row.globs or row.magics
    assert max(Counter((row.name, row.globs, row.magics) for row in ROWS).values()) == 1


def test_no_parser_reaches_network_programs_or_files() -> None:
    lines = [
        f"{number}\0{_a_path(row)}\0{base64.b64encode(content).decode()}"
        for number, row in enumerate(ROWS)
        for content in HOSTILE
        if len(content) <= 100_000
    ]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("confined.py"))],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=REPOSITORY,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(done.stdout.splitlines()) == len(lines)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}-{row.globs[:1]}")
def test_hostile_content_ends_in_results_or_a_read_error(row: Cataloger) -> None:
    for content in HOSTILE:
        _run(row, content)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.name}-{row.globs[:1]}")
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    content=st.binary(max_size=2000)
    | st.text(max_size=2000).map(lambda t: t.encode("utf-8", "surrogatepass"))
)
def test_arbitrary_content_ends_in_results_or_a_read_error(row: Cataloger, content: bytes) -> None:
    _run(row, content)


def _run(row: Cataloger, content: bytes) -> None:
    try:
        items = run(row, _a_path(row), content)
    except ReadError:
        return
    for item in items:
        assert isinstance(item, Package | Owned | ConfigurationCheck | Distribution | Gap)
        if isinstance(item, Package):
            assert item.name
            assert item.name.isprintable(), item
            assert item.version.isprintable(), item


def test_every_glob_wants_a_path() -> None:
    for row in table():
        if row.globs:
            matcher = Matcher((row,), not row.sources_only, ())
            assert matcher.by_path(_a_path(row)), row
