"""The ecosystems' own comparators, each asked about many pairs in one process."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from apk_reference import compare as compare_apk
from packaging.version import Version

Pair = tuple[str, str]
Oracle = Callable[[Sequence[Pair]], list[int]]

PROGRAMS = Path(__file__).resolve().parent / "oracles"


def dpkg(pairs: Sequence[Pair]) -> list[int]:
    _need("perl", "Debian's perl and libdpkg-perl")
    if subprocess.run(["perl", "-MDpkg::Version", "-e", "1"], capture_output=True).returncode:
        _missing("Debian's package libdpkg-perl")
    return _ask(["perl", str(PROGRAMS / "dpkg.pl")], pairs)


def rpm(pairs: Sequence[Pair]) -> list[int]:
    _need("rpm", "Debian's package rpm")
    script = (PROGRAMS / "rpm.lua").read_text()
    return _ask(["rpm", "--eval", f"%{{lua:{script}}}"], pairs, PAIRS="/dev/stdin")


def npm_loose(pairs: Sequence[Pair]) -> list[int]:
    return _node("loose", pairs)


def npm_strict(pairs: Sequence[Pair]) -> list[int]:
    return _node("strict", pairs)


def maven(pairs: Sequence[Pair]) -> list[int]:
    _need("java", "a JDK")
    jars = [
        Path(os.environ.get("OPENINSPECTOR_MAVEN_ARTIFACT", "")),
        Path("/usr/share/java/maven3-artifact.jar"),
    ]
    jar = next((jar for jar in jars if jar.is_file()), None)
    if jar is None:
        _missing(
            "Debian's package libmaven3-core-java, or OPENINSPECTOR_MAVEN_ARTIFACT naming the jar"
        )
    return _ask(["java", "-cp", str(jar), str(PROGRAMS / "Maven.java")], pairs)


def gem(pairs: Sequence[Pair]) -> list[int]:
    _need("ruby", "Debian's package ruby", required=False)
    return _ask(["ruby", str(PROGRAMS / "gem.rb")], pairs)


def php(pairs: Sequence[Pair]) -> list[int]:
    _need("php", "Debian's package php-cli", required=False)
    return _ask(["php", str(PROGRAMS / "php.php")], pairs)


def packaging(pairs: Sequence[Pair]) -> list[int]:
    versions = {version: Version(version) for pair in pairs for version in pair}
    return [(versions[a] > versions[b]) - (versions[a] < versions[b]) for a, b in pairs]


def apk(pairs: Sequence[Pair]) -> list[int]:
    return [compare_apk(a, b) for a, b in pairs]


def _node(mode: str, pairs: Sequence[Pair]) -> list[int]:
    _need("node", "node with npm")
    _need("npm", "node with npm")
    # npm carries the very library whose order is npm's.
    root = subprocess.run(["npm", "root", "-g"], capture_output=True, text=True, check=True).stdout
    places = [
        Path(root.strip()) / "semver",
        Path(root.strip()) / "npm/node_modules/semver",
        Path("/usr/share/nodejs/semver"),
    ]
    library = next((place for place in places if place.is_dir()), None)
    if library is None:
        _missing("the npm package semver")
    return _ask(["node", str(PROGRAMS / "npm.js"), str(library), mode], pairs)


def _need(program: str, what: str, required: bool = True) -> None:
    if shutil.which(program) is None:
        _missing(what, required)


def _missing(what: str, required: bool = True) -> None:
    if required and os.environ.get("CI"):
        pytest.fail(f"CI must have {what}")
    pytest.skip(f"needs {what}")


def _ask(command: list[str], pairs: Sequence[Pair], **environment: str) -> list[int]:
    answers = subprocess.run(
        command,
        input="".join(f"{a}\t{b}\n" for a, b in pairs),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    orders = [int(line) for line in answers.stdout.split()]
    assert len(orders) == len(pairs), answers.stderr
    return orders
