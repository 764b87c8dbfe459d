"""Real lock files, counted a second time by other means: regular expressions and plain JSON."""

import json
import re
import zipfile
from pathlib import Path

import pytest

from openinspector.inventory.cataloger import run
from openinspector.inventory.language_purl import normalise_pypi
from openinspector.model import Gap, Package

from .test_samples import CATALOGERS

Pairs = set[tuple[str, str]]


def read(shared: Path, archive: str, member: str) -> bytes:
    with zipfile.ZipFile(shared / "data" / "inventories" / f"{archive}.zip") as container:
        return container.read(member)


def catalog(name: str, path: str, data: bytes) -> tuple[list[Package], list[str]]:
    results = run(CATALOGERS[name], path, data)
    packages = [result for result in results if isinstance(result, Package)]
    assert len({package.purl for package in packages}) == len(packages)
    return packages, [result.reason for result in results if isinstance(result, Gap)]


def pairs(packages: list[Package]) -> Pairs:
    return {(package.name, package.version) for package in packages}


def nested(dependencies: dict[str, dict[str, object]]) -> Pairs:
    found: Pairs = set()
    for name, entry in dependencies.items():
        found.add((name, str(entry["version"])))
        found |= nested(entry.get("dependencies", {}))  # type: ignore[arg-type]
    return found


def test_npm_version_1(shared: Path) -> None:
    data = read(shared, "npm-vuls", "package-lock.json")
    packages, gaps = catalog("javascript-npm-packagelock", "package-lock.json", data)
    assert pairs(packages) == nested(json.loads(data)["dependencies"])
    assert (len(packages), gaps) == (273, [])
    assert ("minimist", "0.0.8") in pairs(packages)


def test_npm_version_2_says_what_its_part_for_older_npm_says(shared: Path) -> None:
    data = read(shared, "npm-santatracker", "package-lock.json")
    lock = json.loads(data)
    packages, gaps = catalog("javascript-npm-packagelock", "package-lock.json", data)
    assert (len(packages), gaps) == (613, [])
    assert pairs(packages) == nested(lock["dependencies"])
    del lock["packages"]
    older, _ = catalog("javascript-npm-packagelock", "package-lock.json", json.dumps(lock).encode())
    assert {(x.purl, x.development) for x in older} == {(x.purl, x.development) for x in packages}
    assert sum(package.development for package in packages) == 47


def test_yarn_classic(shared: Path) -> None:
    data = read(shared, "yarn-v1", "yarn.lock")
    packages, gaps = catalog("javascript-yarn", "yarn.lock", data)
    blocks = re.findall(r'^"?(@?[^@\n"]+)@.*:\n  version "([^"]+)"', data.decode(), re.MULTILINE)
    assert pairs(packages) == set(blocks)
    assert (len(blocks), len(packages), gaps) == (11, 9, [])


def test_yarn_berry(shared: Path) -> None:
    data = read(shared, "yarn-berry", "yarn.lock")
    packages, gaps = catalog("javascript-yarn", "yarn.lock", data)
    resolved = re.findall(r'^  resolution: "(.+)@npm:([^"]+)"$', data.decode(), re.MULTILINE)
    assert pairs(packages) == set(resolved)
    assert (len(packages), gaps) == (8, [])


def test_pnpm_5(shared: Path) -> None:
    data = read(shared, "pnpm-v5", "pnpm-lock.yaml")
    packages, gaps = catalog("javascript-pnpm", "pnpm-lock.yaml", data)
    keys = re.findall(r"^  /(.+)/([^/_\n]+)(?:_\S+)?:$", data.decode(), re.MULTILINE)
    assert pairs(packages) == set(keys)
    assert (len(packages), gaps) == (134, [])
    assert sum(x.development for x in packages) == len(re.findall(rb"^    dev: true", data, re.M))


def test_pnpm_9(shared: Path) -> None:
    data = read(shared, "pnpm-v9", "pnpm-lock.yaml")
    packages, gaps = catalog("javascript-pnpm", "pnpm-lock.yaml", data)
    listed = data.decode().partition("\npackages:")[2].partition("\nsnapshots:")[0]
    keys = set(re.findall(r"^  '?(@?[^@\n']+)@([0-9][^:'\n]*)'?:$", listed, re.MULTILINE))
    elsewhere = {
        ("asynckit", "0.4.0"),
        ("debug", "4.3.5"),
        ("is-negative", "2.0.1"),
        ("lodash", "4.17.21"),
    }
    assert pairs(packages) == keys | elsewhere
    assert gaps == []
    assert {x.name for x in packages if x.development} == {"await-sleep", "jquery", "lodash"}


def test_uv(shared: Path) -> None:
    data = read(shared, "uv", "uv.lock")
    packages, gaps = catalog("python-uv", "uv.lock", data)
    entries = re.findall(
        r'^name = "(.+)"\nversion = "(.+)"\nsource = \{ registry', data.decode(), re.MULTILINE
    )
    assert pairs(packages) == set(entries)
    assert (len(packages), gaps) == (41, [])


def test_pylock(shared: Path) -> None:
    data = read(shared, "pylock", "pylock.toml")
    packages, gaps = catalog("python-pylock", "pylock.toml", data)
    assert pairs(packages) == set(
        re.findall(r'^name = "(.+)"\nversion = "(.+)"$', data.decode(), re.MULTILINE)
    )
    assert (len(packages), gaps) == (7, [])


def test_pipenv(shared: Path) -> None:
    data = read(shared, "pipenv", "Pipfile.lock")
    packages, gaps = catalog("python-pipenv", "Pipfile.lock", data)
    lock = json.loads(data)
    used, tools = (
        {
            (normalise_pypi(name), entry["version"][2:])
            for name, entry in lock[section].items()
            if "version" in entry
        }
        for section in ("default", "develop")
    )
    assert pairs(packages) == used | tools
    assert {(x.name, x.version) for x in packages if x.development} == tools - used
    assert gaps == ["1 entry not pinned to a version and not judged: django-postgres-extra"]


@pytest.mark.parametrize(("archive", "count"), [("bundler", 51), ("bundler-docs", 51)])
def test_bundler(shared: Path, archive: str, count: int) -> None:
    data = read(shared, archive, "Gemfile.lock")
    packages, gaps = catalog("ruby-gemfiles", "Gemfile.lock", data)
    locked = re.findall(r"^    (\S+) \(([^-)]+)[^)]*\)$", data.decode(), re.MULTILINE)
    # One is the project's own (`PATH`), one stands in a section that Bundler does not know.
    assert pairs(packages) == set(locked) - {
        ("google-cloud-errors", "1.3.0"),
        ("bad-entry", "5.5.5"),
    }
    assert (len(packages), gaps) == (count, [])


def test_composer(shared: Path) -> None:
    data = read(shared, "composer-2", "composer.lock")
    packages, gaps = catalog("php", "composer.lock", data)
    assert pairs(packages) == {("guzzlehttp/guzzle", "7.4.4"), ("guzzlehttp/psr7", "1.8.3")}
    assert gaps == []


def test_cocoapods(shared: Path) -> None:
    data = read(shared, "other-locks", "Podfile.lock")
    packages, gaps = catalog("cocoapods", "Podfile.lock", data)
    listed = re.findall(r'^  - "?([^/\s"]+)[^(]* \(([0-9][^)]*)\)', data.decode(), re.MULTILINE)
    assert pairs(packages) == set(listed)
    assert (len(packages), gaps) == (9, [])


def test_rebar(shared: Path) -> None:
    data = read(shared, "other-locks", "rebar.lock")
    packages, gaps = catalog("erlang-rebar", "rebar.lock", data)
    assert len(packages) == data.count(b"{pkg,") == 7
    assert ("ssl_verify_fun", "1.1.6") in pairs(packages)
    assert gaps == []


def test_stack(shared: Path) -> None:
    data = read(shared, "other-locks", "stack.yaml.lock")
    packages, gaps = catalog("haskell-stack", "stack.yaml.lock", data)
    listed = data.decode().partition("snapshots:")[0]
    assert len(packages) == listed.count("- completed:") == 10
    assert ("optparse-applicative", "0.16.1.0") in pairs(packages)
    assert len(gaps) == 1
