"""A dependency asked for by the address of its archive, as five package managers write it.

The locks are cut from what npm 10, Yarn 1.22, Yarn 4, pnpm 9 and Bun 1.4 wrote for
`"tarred": "https://registry.example/minimist/-/minimist-1.2.0.tgz"`.
"""

import pytest

from openinspector.inventory.cataloger import run
from openinspector.inventory.catalogers import table
from openinspector.inventory.npm_archives import published
from openinspector.model import Package

ADDRESS = "https://registry.example/minimist/-/minimist-1.2.0.tgz"
LOCKS = {
    "package-lock.json": (
        '{"lockfileVersion": 1, "dependencies": {"tarred": {"version": "' + ADDRESS + '"}}}'
    ),
    "npm-shrinkwrap.json": (
        '{"lockfileVersion": 3, "packages": {"node_modules/tarred": {"name": "minimist", '
        '"version": "1.2.0", "resolved": "' + ADDRESS + '"}}}'
    ),
    "yarn.lock": (
        f'# yarn lockfile v1\n\n"tarred@{ADDRESS}":\n  version "1.2.0"\n'
        f'  resolved "{ADDRESS}#a35008b20f41383eec1fb914f4cd5df79a264284"\n'
    ),
    "berry/yarn.lock": (
        f'__metadata:\n  version: 8\n\n"tarred@{ADDRESS}":\n  version: 1.2.0\n'
        f'  resolution: "tarred@{ADDRESS}"\n  languageName: node\n  linkType: hard\n'
    ),
    "pnpm-lock.yaml": (
        "lockfileVersion: '9.0'\npackages:\n  minimist@1.2.0:\n    resolution: {integrity: x}\n"
    ),
    "bun.lock": (
        '{"lockfileVersion": 1, "workspaces": {}, "packages": {'
        f'"tarred": ["minimist@{ADDRESS}", {{}}, "sha512-x"],}}}}'
    ),
}


@pytest.mark.parametrize("path", LOCKS)
def test_it_is_the_package_in_the_archive(path: str) -> None:
    name = path.rpartition("/")[2]
    (row,) = [row for row in table() if f"**/{name}" in row.globs]
    found = run(row, path, LOCKS[path].encode())
    assert [(each.name, each.version) for each in found if isinstance(each, Package)] == [
        ("minimist", "1.2.0")
    ]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://npm.example.org/all/@babel/core/-/core-7.1.0.tgz#x", ("@babel/core", "7.1.0")),
        ("https://registry.example.org/@a%2fb/-/b-1.0.0-rc.1.tgz", ("@a/b", "1.0.0-rc.1")),
        ("https://codeload.github.com/a/b/tar.gz/1234", None),
        ("https://example.org/minimist-1.2.0.tgz", None),
        ("https://example.org/minimist/-/other-1.2.0.tgz", None),
        ("git+https://github.com/a/b.git#1234", None),
    ],
)  # fmt: skip
def test_addresses(address: str, expected: tuple[str, str] | None) -> None:
    assert published(address) == expected
