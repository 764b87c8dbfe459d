"""One layer of an image is damaged or hostile: what lies in the others is reported all the same.

And coverage, every format and the exit code under --strict say what could not be read.
"""

import gzip
import io
import json
import random
import tarfile
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.images import digest, file, tar

LODASH = json.dumps({"name": "lodash", "version": "4.17.15"}).encode()
SYSTEM = [file("etc/os-release", b"ID=debian\nVERSION_ID=11\n"), file("var/lib/dpkg/status", b"")]
ABOVE = [file("srv/node_modules/lodash/package.json", LODASH)]
NOISE = random.Random(1).randbytes(200_000)
MIDDLE = tar(
    [
        file("usr/noise", NOISE),
        file("opt/node_modules/lodash/package.json", LODASH),
        file("usr/more", NOISE),
    ]
)


def _lying(size: int) -> bytes:
    """The middle layer with another size in the header of its second file."""
    data = bytearray(MIDDLE)
    at = data.index(b"opt/node_modules")
    header = tarfile.TarInfo.frombuf(bytes(data[at : at + 512]), "utf-8", "strict")
    header.size = size
    data[at : at + 512] = header.tobuf(tarfile.GNU_FORMAT)
    return bytes(data)


def _bomb() -> bytes:
    """One file of 40 GiB of zeros, as much of it as 2 GiB are."""
    header = tarfile.TarInfo("zeros")
    header.size = 40 << 30
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=1, mtime=0) as packed:
        packed.write(header.tobuf(tarfile.GNU_FORMAT))
        block = bytes(1 << 24)
        for _ in range(128):
            packed.write(block)
    return buffer.getvalue()


def _archive(path: Path, middle: bytes, cut: int | None = None) -> Path:
    """A docker archive whose second of three layers is `middle`, its list first."""
    layers = [tar(SYSTEM), middle, tar(ABOVE)]
    config = json.dumps(
        {
            "os": "linux",
            "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": [digest(each) for each in layers]},
        }
    ).encode()
    names = ["0.tar", "2.tar", "1.tar"]
    listed = [{"Config": "c.json", "RepoTags": ["a:1"], "Layers": ["0.tar", "1.tar", "2.tar"]}]
    files = [file("manifest.json", json.dumps(listed).encode()), file("c.json", config)]
    files += [file(name, layers[int(name[0])]) for name in names]
    path.write_bytes(tar(files)[:cut])
    return path


DAMAGED = {
    "cut short": MIDDLE[:250_000],
    "cut short within gzip": gzip.compress(MIDDLE, 1)[:150_000],
    "overwritten within gzip": gzip.compress(MIDDLE, 1)[:90_000] + b"\0" * 300_000,
    "a size beyond the layer": _lying(8 << 30),
    "a size that leads astray": _lying(700),
    "no tar at all": b"\x1f\x8b" + NOISE[:5000],
}


def _check(run: Run, database: Path, image: Path) -> None:
    asked = ("scan", "image", image, "--db", database, "--strict", "--format")
    done = run(*asked, "json")
    document = json.loads(done.stdout)
    paths = {
        package.get("filePath")
        for finding in document["findings"]
        if "packageVulnerabilityDetails" in finding
        for package in finding["packageVulnerabilityDetails"]["vulnerablePackages"]
    }
    assert "srv/node_modules/lodash/package.json" in paths
    [languages] = [x for x in document["coverage"]["parts"] if x["part"] == "language-packages"]
    assert languages["state"] == "partial"
    assert any("layer 2 of 3" in gap["reason"] for gap in languages["gaps"]), languages
    assert done.returncode == 4
    assert "scanned only in part" in done.stderr
    assert "layer 2 of 3" in " ".join(run(*asked, "table").stdout.split())


@pytest.mark.parametrize("middle", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_layer_hides_no_other(
    run: Run, database: Path, tmp_path: Path, middle: bytes
) -> None:
    _check(run, database, _archive(tmp_path / "image.tar", middle))


def test_a_bomb_hides_no_other_layer(run: Run, database: Path, tmp_path: Path) -> None:
    _check(run, database, _archive(tmp_path / "image.tar", _bomb()))


def test_an_archive_that_ends_within_a_layer(run: Run, database: Path, tmp_path: Path) -> None:
    whole = _archive(tmp_path / "whole.tar", MIDDLE)
    cut = whole.stat().st_size - 300_000
    _check(run, database, _archive(tmp_path / "image.tar", MIDDLE, cut))


def test_the_sound_image_is_scanned_whole(run: Run, database: Path, tmp_path: Path) -> None:
    """Without damage the same image shows both packages and no gap of a layer."""
    image = _archive(tmp_path / "image.tar", MIDDLE)
    done = run("scan", "image", image, "--db", database, "--format", "json")
    assert "opt/node_modules/lodash/package.json" in done.stdout
    assert "srv/node_modules/lodash/package.json" in done.stdout
    assert "layer 2 of 3" not in done.stdout
