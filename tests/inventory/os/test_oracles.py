"""Whole databases against those who know: dpkg on this machine, and real generator output."""

import gzip
import json
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

import pytest

from openinspector.inventory.cataloger import Owned, run
from openinspector.inventory.catalogers import apk, dpkg, os_release
from openinspector.inventory.distribution import choose, from_purl, identify, stamp, unjudged
from openinspector.model import Gap, Package

FORMAT = (
    "${Package}|${Version}|${Architecture}|${source:Package}|${source:Version}|"
    "${db:Status-Status}\n"
)


def test_dpkg_and_we_read_the_same_of_this_machine():
    query, status = shutil.which("dpkg-query"), Path("/var/lib/dpkg/status")
    if query is None or not status.exists():
        pytest.skip("needs a machine with dpkg")
    answer = subprocess.run([query, "-W", "-f", FORMAT], capture_output=True, text=True, check=True)
    rows = [line.split("|") for line in answer.stdout.splitlines()]
    expected = sorted(row[:5] for row in rows if row[5] not in ("config-files", "not-installed"))
    found = run(dpkg.CATALOGERS[0], "var/lib/dpkg/status", status.read_bytes())
    ours = sorted(
        [
            one.name,
            one.version,
            one.arch,
            one.source_name or one.name,
            one.source_version or one.version,
        ]
        for one in found
    )
    assert len(ours) > 50
    assert ours == expected


# sample, os-release fields of that image
SAMPLES = [
    ("debian-stable-20240130", {"ID": "debian", "VERSION_ID": "12", "NAME": "Debian GNU/Linux"}),
    ("ruby-latest", {"ID": "debian", "VERSION_ID": "12", "NAME": "Debian GNU/Linux"}),
    ("python-latest", {"ID": "debian", "VERSION_ID": "12", "NAME": "Debian GNU/Linux"}),
    ("golang-latest", {"ID": "debian", "VERSION_ID": "12", "NAME": "Debian GNU/Linux"}),
    ("amazonlinux-latest", {"ID": "amzn", "VERSION_ID": "2023", "NAME": "Amazon Linux"}),
    ("alpine-3.18.2", {"ID": "alpine", "VERSION_ID": "3.18.2", "NAME": "Alpine Linux"}),
    ("dockerfile-checks", {"ID": "ubuntu", "VERSION_ID": "14.04", "NAME": "Ubuntu"}),
]
CATALOGER_OF = {"deb": "dpkg", "rpm": "rhel-rpm", "apk": "alpine-apk"}


def components(tree: list[dict]) -> Iterator[dict]:
    for component in tree:
        yield component
        yield from components(component.get("components", []))


def properties(component: dict) -> dict[str, str]:
    return {one["name"].rpartition(":")[2]: one["value"] for one in component.get("properties", [])}


@pytest.mark.parametrize("sample, fields", SAMPLES)
def test_package_urls_are_those_of_the_real_generator(shared, sample, fields):
    data = (shared / f"data/scansbom/{sample}.sbom.json.gz").read_bytes()
    tree = json.loads(gzip.decompress(data))["components"]
    distribution = identify(fields)
    (system,) = [one for one in components(tree) if one["type"] == "operating-system"]
    assert (distribution.name, distribution.version) == (system["name"], system["version"])
    count = 0
    for component in components(tree):
        purl = component.get("purl", "")
        kind, _, rest = purl.removeprefix("pkg:").partition("/")
        if kind not in CATALOGER_OF:
            continue
        count += 1
        qualifiers = dict(pair.split("=") for pair in purl.partition("?")[2].split("&"))
        epoch = qualifiers.get("epoch", "0")
        version = unquote(rest.partition("@")[2].partition("?")[0])
        package = Package(
            ecosystem="",
            name=component["name"],
            version=version if epoch == "0" else f"{epoch}:{version}",
            purl="",
            manager="OS",
            cataloger=CATALOGER_OF[kind],
            collector=CATALOGER_OF[kind].replace("dpkg", "debian-dpkg"),
            arch=qualifiers["arch"],
            source_name=unquote(qualifiers.get("source", "")) or None,
        )
        (stamped,) = stamp([package], distribution)
        assert stamped.purl == purl
        told = properties(component)
        if told:  # a source package that is not installed itself has none
            assert stamped.cataloger == told["source_file_scanner"]
            assert stamped.collector == told["source_package_collector"]
        again = from_purl(kind, rest.partition("/")[0], qualifiers["distro"])
        assert (again.ecosystem, again.release) == (distribution.ecosystem, distribution.release)
    assert count > 5


@pytest.mark.parametrize(
    "archive, release, names",
    [
        ("alpine-3.10-image", "v3.10", ("musl", "busybox", "libcrypto1.1", "apk-tools", "zlib")),
        ("alpine-3.11-image", "v3.11", ("musl", "busybox", "libcrypto1.1", "apk-tools", "zlib")),
    ],
)
def test_the_layer_of_a_real_image(shared, archive, release, names):
    """All files of the layer that a cataloger wants, read and stamped together."""
    with zipfile.ZipFile(shared / f"data/inventories/{archive}.zip") as outer:
        content = outer.read(outer.namelist()[0])
    with tarfile.open(fileobj=BytesIO(content)) as image:
        layers = json.load(image.extractfile("manifest.json"))[0]["Layers"]
        with tarfile.open(fileobj=image.extractfile(layers[0])) as layer:
            check_layer(layer, release, names)


def check_layer(layer: tarfile.TarFile, release: str, names: tuple[str, ...]) -> None:
    distributions, packages, owned = [], [], set()
    for cataloger in (*os_release.CATALOGERS, *apk.CATALOGERS):
        for path in cataloger.globs:
            if path not in layer.getnames() or not layer.getmember(path).isfile():
                continue
            for item in run(cataloger, path, layer.extractfile(path).read()):
                if isinstance(item, Package):
                    packages.append(item)
                elif isinstance(item, Owned):
                    owned |= item.paths
                elif not isinstance(item, Gap):
                    distributions.append((path, item))
    distribution = choose(distributions)
    stamped = stamp(packages, distribution)
    assert (distribution.ecosystem, distribution.release) == ("Alpine", release)
    assert unjudged(stamped, distribution) == []
    assert set(names) <= {one.name for one in stamped}
    assert all(one.ecosystem == "Alpine" for one in stamped)
    files = {one.name for one in layer.getmembers() if one.isfile()}
    assert len(owned & files) > 20
    assert "bin/busybox" in owned
