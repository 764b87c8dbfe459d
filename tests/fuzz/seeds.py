"""Small well-formed inputs for each fuzz target: where the mutations begin."""

import gzip
import io
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tests import images
from tests.inventory.languages_a.samples import SAMPLES
from tests.inventory.languages_b import crafted
from tests.inventory.os import rpm_samples
from tests.inventory.sbom.test_formats import SPDX_TAGS, cyclonedx, library

_PACKAGE = rpm_samples.with_files("bash", ["/bin/bash", "/etc/a"])
_POM = b"""<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>a</artifactId>
<version>1</version><properties><v>2.0</v></properties><dependencies><dependency><groupId>x</groupId>
<artifactId>y</artifactId><version>${v}</version></dependency></dependencies></project>"""


def _sqlite() -> Iterable[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        yield rpm_samples.sqlite(Path(folder), [_PACKAGE], page_size=512).read_bytes()


def _samples(*endings: str) -> Callable[[], Iterable[bytes]]:
    return lambda: [each.content.encode() for each in SAMPLES if each.path.endswith(endings)]


def _jar() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Implementation-Version: 1.0\n")
        archive.writestr(
            "META-INF/maven/g/a/pom.properties", "version=1\ngroupId=g\nartifactId=a\n"
        )
        archive.writestr("package-lock.json", '{"lockfileVersion": 3, "packages": {}}')
    return buffer.getvalue()


def _images() -> Iterable[bytes]:
    layers = [[images.file("lib/apk/db/installed", "P:a\nV:1\n\n"), images.link("a", "b")]]
    with tempfile.TemporaryDirectory() as folder:
        path = images.docker_archive(Path(folder) / "image.tar", layers)
        data = path.read_bytes()
    yield data
    yield gzip.compress(data)


SEEDS: dict[str, Callable[[], Iterable[bytes]]] = {
    "rpm-sqlite": _sqlite,
    "rpm-ndb": lambda: [rpm_samples.ndb([_PACKAGE])],
    "rpm-berkeley": lambda: [rpm_samples.berkeley([_PACKAGE])],
    "os-texts": lambda: [b"P:a\nV:1-r0\no:b\nF:etc\nR:x\n\n", b"Package: a\nVersion: 1\n\n"],
    "executables": lambda: [
        crafted.elf([(".go.buildinfo", crafted.inline_info())]),
        crafted.elf([(".go.buildinfo", crafted.inline_info())], 4, True),
        crafted.pe([(".rdata", b"node.js/v18.0.0")]),
        crafted.macho([("__go_buildinfo", crafted.inline_info())]),
        crafted.elf([(".dep-v0", crafted.crates_info(b'{"packages": []}'))]),
    ],
    "jar": lambda: [_jar()],
    "zip": lambda: [_jar()],
    "json": _samples(".json", ".lock"),
    "toml": _samples("poetry.lock", "uv.lock", "Cargo.lock", "pdm.lock"),
    "yaml": _samples(".yaml", ".yml", "yarn.lock", "pubspec.lock", "Podfile.lock"),
    "xml": lambda: [_POM, b'<packages><package id="a" version="1"/></packages>'],
    "text": _samples(".txt", "METADATA", "Gemfile.lock", ".gemspec", "mix.lock", "go.mod"),
    "image": _images,
    "sbom": lambda: [
        cyclonedx(library("pkg:npm/a@1")),
        SPDX_TAGS.encode(),
        b'<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><components/></bom>',
    ],
    "versions": lambda: [b"1.0-rc1\n1:2.3~4-5", b"v1.2.3-pre.4+b\n2.0.0.Final"],
}
