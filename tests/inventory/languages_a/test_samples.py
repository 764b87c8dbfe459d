"""Every format of these catalogers, read from a small manifest that was verified by hand."""

import importlib

import pytest

from openinspector.inventory.cataloger import Cataloger, run
from openinspector.model import Gap, Package

from .samples import SAMPLES, Sample

MODULES = (
    "bun_lock",
    "conan",
    "conda",
    "dart",
    "erlang",
    "github_actions",
    "haskell",
    "javascript_installed",
    "julia",
    "npm_lock",
    "php",
    "pnpm_lock",
    "python_installed",
    "python_locks",
    "python_requirements",
    "r_packages",
    "ruby",
    "swift",
    "yarn_lock",
)
CATALOGERS: dict[str, Cataloger] = {
    row.name: row
    for module in MODULES
    for row in importlib.import_module(f"openinspector.inventory.catalogers.{module}").CATALOGERS
}


def told(package: Package) -> str:
    return f"{package.name} {package.version}{'*' if package.development else ''}"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.path)
def test_sample_says_what_it_says(sample: Sample) -> None:
    results = run(CATALOGERS[sample.cataloger], sample.path, sample.content.encode())
    packages = [result for result in results if isinstance(result, Package)]
    gaps = [result for result in results if isinstance(result, Gap)]
    assert tuple(told(package) for package in packages) == tuple(filter(None, sample.packages))
    assert len(gaps) == len(sample.gaps)
    for gap, words in zip(gaps, sample.gaps, strict=True):
        assert words in gap.reason
        assert (gap.part, gap.path, gap.total) == ("language-packages", sample.path, False)
    for package in packages:
        assert package.cataloger == sample.cataloger
        assert [location.path for location in package.locations] == [sample.path]


# An empty line ends the headers of one and a continued line of the other.
LINES_APART = tuple(
    sample for sample in SAMPLES if sample.cataloger not in ("python-pkg", "python-requirements")
)


@pytest.mark.parametrize(
    ("sample", "newline"),
    [(sample, "\r\n") for sample in SAMPLES] + [(sample, "\n\n") for sample in LINES_APART],
)
def test_other_line_ends_say_the_same(sample: Sample, newline: str) -> None:
    content = sample.content.replace("\r\n", "\n").replace("\n", newline)
    results = run(CATALOGERS[sample.cataloger], sample.path, content.encode())
    packages = [told(result) for result in results if isinstance(result, Package)]
    assert tuple(packages) == tuple(filter(None, sample.packages))


def test_every_cataloger_has_a_sample() -> None:
    """But the one that reads no text, which has tests of its own (`test_eggs.py`)."""
    assert {sample.cataloger for sample in SAMPLES} == set(CATALOGERS) - {"python-egg"}


def test_rows_of_the_table_are_sane() -> None:
    rows = [
        row
        for module in MODULES
        for row in importlib.import_module(
            f"openinspector.inventory.catalogers.{module}"
        ).CATALOGERS
    ]
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        assert row.part == "language-packages"
        assert row.globs
        assert row.version >= 1


@pytest.mark.parametrize(
    ("name", "manager", "collector"),
    [
        ("python-pkg", "PYTHONPKG", "python-pkg"),
        ("python-requirements", "PIP", "python-requirements"),
        ("python-poetry", "POETRY", "python-poetry"),
        ("python-pipenv", "PIPENV", "python-pipenv"),
        ("python-uv", "PIP", "python-uv"),
        ("javascript-nodejs", "NODEPKG", "javascript-nodejs"),
        ("javascript-npm-packagelock", "NPM", "javascript-npm-packagelock"),
        ("javascript-yarn", "YARN", "javascript-yarn"),
        ("javascript-pnpm", "NPM", "javascript-pnpm"),
        ("ruby-gemfiles", "BUNDLER", "ruby-gemfiles"),
        ("ruby-gemspec", "GEMSPEC", "ruby-gemspec"),
        ("php", "COMPOSER", "php"),
        ("conan", None, "conan"),
        ("elixir-mix", None, "elixir-mix"),
    ],
)
def test_managers_and_collectors(name: str, manager: str | None, collector: str) -> None:
    sample = next(sample for sample in SAMPLES if sample.cataloger == name)
    package = run(CATALOGERS[name], sample.path, sample.content.encode())[0]
    assert isinstance(package, Package)
    assert (package.manager, package.collector) == (manager, collector)
