"""Manifests without a lock file are told as a gap; with one, or installed, they are not."""

from pathlib import Path

import pytest

from openinspector.inventory.catalogers.unlocked import MANIFESTS, NOT_LOCKED
from openinspector.inventory.collect import collect
from openinspector.inventory.trees.opening import open_target
from openinspector.model import Inventory

DECLARING = {
    "package.json": '{"name": "a", "dependencies": {"lodash": "^4.17.0"}}',
    "pyproject.toml": '[project]\nname = "x"\ndependencies = ["django>=3"]\n',
    "Pipfile": '[packages]\nrequests = "*"\n',
    "Gemfile": 'source "https://rubygems.org"\ngem "rails", "~> 5.0"\n',
    "composer.json": '{"require": {"php": ">=8", "symfony/http-kernel": "^4.0"}}',
    "Cargo.toml": '[package]\nname = "x"\n[dependencies]\ntime = "0.1"\n',
    "build.gradle": 'dependencies { implementation "org.slf4j:slf4j-api:2.0.0" }\n',
    "build.gradle.kts": 'dependencies {\n    implementation("org.slf4j:slf4j-api:2.0.0")\n}\n',
    "mix.exs": 'defp deps do\n  [{:phoenix, "~> 1.7"}]\nend\n',
    "pubspec.yaml": "name: x\ndependencies:\n  http: ^1.0.0\n",
    "Package.swift": '.package(url: "https://github.com/a/b", from: "1.0.0"),\n',
    "Podfile": "target 'x' do\n  pod 'AFNetworking', '~> 4.0'\nend\n",
}
PLAIN = {
    "package.json": '{"name": "a", "dependencies": {}}',
    "pyproject.toml": "[tool.ruff]\nx = 1\n[tool.poetry.dependencies]\npython = '^3.9'\n",
    "Pipfile": "[packages]\n",
    "Gemfile": 'source "https://rubygems.org"\n',
    "composer.json": '{"require": {"php": ">=8", "ext-json": "*"}}',
    "Cargo.toml": '[package]\nname = "x"\n',
    "build.gradle": "plugins { id 'java' }\n",
    "mix.exs": "defmodule X do\nend\n",
    "pubspec.yaml": "name: x\n",
    "Package.swift": 'let package = Package(name: "x")\n',
    "Podfile": "platform :ios\n",
}


def scanned(folder: Path, files: dict[str, str]) -> Inventory:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    with open_target("directory", str(folder)) as tree:
        return collect(tree)


def told(inventory: Inventory) -> list[str | None]:
    return [gap.path for gap in inventory.gaps if gap.reason.startswith(NOT_LOCKED)]


def test_every_manifest_has_a_sample() -> None:
    assert {manifest.name for manifest in MANIFESTS} == DECLARING.keys()


@pytest.mark.parametrize("name", DECLARING)
def test_a_manifest_alone_does_not_look_clean(name: str, tmp_path: Path) -> None:
    inventory = scanned(tmp_path, {f"app/{name}": DECLARING[name]})
    assert told(inventory) == [f"app/{name}"]
    (gap,) = inventory.gaps
    assert gap.part == "language-packages"


@pytest.mark.parametrize("name", PLAIN)
def test_a_manifest_without_dependencies_lacks_nothing(name: str, tmp_path: Path) -> None:
    assert told(scanned(tmp_path, {name: PLAIN[name]})) == []


@pytest.mark.parametrize(
    ("manifest", "lock"), [(row.name, lock) for row in MANIFESTS for lock in row.locks]
)
def test_a_lock_file_beside_it_or_above_answers(manifest: str, lock: str, tmp_path: Path) -> None:
    files = {f"packages/a/{manifest}": DECLARING[manifest], lock: "{}"}
    assert told(scanned(tmp_path, files)) == []


def test_what_is_installed_answers_too(tmp_path: Path) -> None:
    installed = {"app/node_modules/lodash/package.json": '{"name": "lodash", "version": "4.17.0"}'}
    files = {"app/package.json": DECLARING["package.json"], **installed}
    assert told(scanned(tmp_path, files)) == []
    files = {"other/package.json": DECLARING["package.json"], **installed}
    assert told(scanned(tmp_path, files)) == ["other/package.json"]


def test_in_a_root_file_system_it_is_what_is_installed_that_counts(tmp_path: Path) -> None:
    files = {"etc/os-release": "ID=alpine\n", "srv/package.json": DECLARING["package.json"]}
    assert told(scanned(tmp_path, files)) == []
