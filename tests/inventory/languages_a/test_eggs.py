"""Zipped eggs, which old setuptools installed and Python imports from as they are."""

import io
import zipfile

import pytest

from openinspector.inventory.cataloger import ReadError, run
from openinspector.inventory.catalogers.python_installed import CATALOGERS
from openinspector.model import Package

[EGG] = [each for each in CATALOGERS if each.name == "python-egg"]
PATH = "usr/lib/python3.10/site-packages/monotonic-1.6-py3.10.egg"


def egg(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "headers", ["Name: monotonic\nVersion: 1.6\n\nText: x\n", "Summary: named by its file\n"]
)
def test_a_zipped_egg(headers: str) -> None:
    data = egg(**{"monotonic.py": "", "EGG-INFO/PKG-INFO": headers})

    [package] = run(EGG, PATH, data)

    assert isinstance(package, Package)
    assert (package.name, package.version, package.manager) == ("monotonic", "1.6", "PYTHONPKG")
    assert package.locations[0].path == PATH


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (egg(**{"a.py": ""}), "it holds no EGG-INFO/PKG-INFO"),
        (b"not a zip", "it is not a zip archive"),
        (egg(**{"EGG-INFO/PKG-INFO": "x: y\n" * 40_000_000}), "inflates"),
    ],
)
def test_what_is_no_egg_is_told(data: bytes, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        run(EGG, PATH, data)
