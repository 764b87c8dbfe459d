"""`python -m tests.fuzz.harness NAME FOLDER [libFuzzer options]`: fuzz one reader with atheris.

FOLDER holds the corpus; it is filled with small well-formed inputs first. Any exception but those
that a reader promises ends the run with a traceback and writes the input to `crash-*`; `-timeout`
and `-rss_limit_mb` catch what hangs and what eats memory. By hand, for ten minutes:

    python -m tests.fuzz.harness rpm-sqlite /tmp/corpus -max_total_time=600 -timeout=10
"""

import contextlib
import importlib
import pkgutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

from openinspector import inventory, versions

with atheris.instrument_imports(include=["openinspector.inventory", "openinspector.versions"]):
    for room in (inventory, versions):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            importlib.import_module(module.name)
    from openinspector.inventory.cataloger import ReadError, run
    from openinspector.inventory.catalogers import table
    from openinspector.inventory.catalogers.certificates import OPTIONAL_CATALOGERS
    from openinspector.inventory.collect import collect
    from openinspector.inventory.sbom.read import read_sbom
    from openinspector.inventory.trees.opening import open_target
    from openinspector.model import TargetError
    from openinspector.versions import key
    from openinspector.versions.ecosystems import SCHEMES

import msgspec

from tests.fuzz.seeds import SEEDS

Fuzz = Callable[[bytes], None]

_ROWS = (*table(), *OPTIONAL_CATALOGERS)
_SCRATCH = Path(tempfile.mkdtemp())


def _cataloger(path: str, *names: str) -> Fuzz:
    rows = [row for row in _ROWS if row.name in names]
    assert len({row.name for row in rows}) == len(names), names

    def fuzz(data: bytes) -> None:
        for row in rows:
            with contextlib.suppress(ReadError):
                run(row, path, data)

    return fuzz


def _target(kind: str, name: str) -> Fuzz:
    """A target that is opened and collected as `scan` does, and what any store can hold of it."""
    path = _SCRATCH / name

    def fuzz(data: bytes) -> None:
        path.write_bytes(data)
        with contextlib.suppress(TargetError), open_target(kind, str(path)) as tree:  # type: ignore[arg-type]
            msgspec.json.encode(collect(tree))

    return fuzz


def _sbom(data: bytes) -> None:
    with contextlib.suppress(TargetError):
        msgspec.json.encode(read_sbom(data, "fuzz"))


def _versions(data: bytes) -> None:
    first, _, second = data.decode("utf-8", "replace").partition("\n")
    for ecosystem in {scheme: name for name, scheme in SCHEMES.items()}.values():
        assert key(ecosystem, first) == key(ecosystem, first)
        key(ecosystem, second)


TARGETS: dict[str, Fuzz] = {
    "rpm-sqlite": _cataloger("var/lib/rpm/rpmdb.sqlite", "rhel-rpm"),
    "rpm-ndb": _cataloger("var/lib/rpm/Packages.db", "rhel-rpm"),
    "rpm-berkeley": _cataloger("var/lib/rpm/Packages", "rhel-rpm"),
    "os-texts": _cataloger("lib/apk/db/installed", "alpine-apk", "dpkg", "os-release"),
    "executables": _cataloger("usr/bin/program", "binaries", "nodejs-node", "microsoft-edge"),
    "jar": _cataloger("app/a.jar", "java-jar"),
    "json": _cataloger(
        "app/lock.json",
        *("javascript-npm-packagelock", "dotnet-lock", "dotnet-deps", "php", "python-pipenv"),
        *("conan", "swift-package-resolved", "r-renv", "conda"),
    ),
    "toml": _cataloger("app/poetry.lock", "python-poetry", "python-uv", "rust-cargo"),
    "yaml": _cataloger(
        "app/pnpm-lock.yaml",
        *("javascript-pnpm", "javascript-yarn", "dart-pubspec", "cocoapods", "conda-environment"),
    ),
    "xml": _cataloger("app/pom.xml", "java-pom", "dotnet-config", "dotnet-project"),
    "text": _cataloger(
        "app/go.mod",
        *("go-gopkg", "python-requirements", "ruby-gemfiles", "ruby-gemspec", "elixir-mix"),
        *("java-gradle", "dockerfile", "python-pkg", "erlang-rebar", "haskell-cabal"),
    ),
    "certificates": _cataloger("a.der", "certificates"),
    "image": _target("image", "image.tar"),
    "zip": _target("function", "function.zip"),
    "sbom": _sbom,
    "versions": _versions,
}


def main() -> None:
    """Write the seeds and fuzz until told to stop."""
    name, folder, *options = sys.argv[1:]
    corpus = Path(folder)
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS.get(name, list)()):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], *options, folder], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
